//! Tables of expressions with what they mean.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

/// The time of a civil date and time in UTC.
fn at(text: &str) -> Timestamp {
    let time: jiff::civil::DateTime = text.parse().unwrap();
    let since = time.duration_since(jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0));
    Timestamp::from_micros(u64::try_from(since.as_micros()).unwrap())
}

fn day(micros: i64) -> String {
    let time = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);
    let time = time.checked_add(jiff::SignedDuration::from_micros(micros)).unwrap();
    let midnight = micros.rem_euclid(86_400_000_000) == 0;
    if midnight { time.date().to_string() } else { time.strftime("%Y-%m-%d %H:%M").to_string() }
}

fn shown(text: &str, told: Timestamp) -> String {
    let mut lines = Vec::new();
    for it in mentions(text, told) {
        let what = match it.time {
            Time::At { interval, granularity, approximate } => {
                let last =
                    if granularity == Granularity::Instant { interval.to } else { interval.to - 1 };
                let last = day(if granularity == Granularity::Instant {
                    last
                } else {
                    last.div_euclid(86_400_000_000) * 86_400_000_000
                });
                let first = day(interval.from);
                let to = if first == last || granularity == Granularity::Instant {
                    String::new()
                } else {
                    format!(" to {last}")
                };
                let open = if approximate { " or so" } else { "" };
                format!("{granularity:?} {first}{to}{open}")
            }
            Time::Lasting { least, most, unit } if least == most => {
                format!("lasting {least} {unit:?}")
            }
            Time::Lasting { least, most, unit } => format!("lasting {least}-{most} {unit:?}"),
            Time::Recurring => "recurring".to_owned(),
        };
        let bound =
            if it.bound == Bound::Within { String::new() } else { format!(", {:?}", it.bound) };
        let basis = if it.basis == Basis::Absolute { ", absolute" } else { "" };
        lines.push(format!("[{}] {what}{bound}{basis}", &text[it.span]));
    }
    if lines.is_empty() { "-".to_owned() } else { lines.join("; ") }
}

#[track_caller]
fn check(told: &str, texts: &[&str], expected: Expect) {
    for text in texts {
        let all = grammar::read(text, at(told), true).mentions;
        assert_eq!(all, mentions(text, at(told)), "{text}: an opening word is missing");
    }
    let lines: Vec<_> =
        texts.iter().map(|it| format!("{it}\n    {}\n", shown(it, at(told)))).collect();
    expected.assert_eq(&lines.concat());
}

#[test]
fn days_near_the_telling() {
    let texts = [
        "I went there yesterday.",
        "Today was long, tonight will be short.",
        "See you tomorrow morning!",
        "this morning we left",
        "Last night was amazing",
        "the day before yesterday",
        "the day after tomorrow",
        "I saw her the other day.",
        "yesterday at 3 pm",
        "3:30 pm tomorrow",
    ];
    check(
        "2023-05-17T10:00:00",
        &texts,
        expect![[r#"
        I went there yesterday.
            [yesterday] Day 2023-05-16
        Today was long, tonight will be short.
            [Today] Day 2023-05-17; [tonight] Day 2023-05-17
        See you tomorrow morning!
            [tomorrow morning] Day 2023-05-18
        this morning we left
            [this morning] Day 2023-05-17
        Last night was amazing
            [Last night] Day 2023-05-16
        the day before yesterday
            [the day before yesterday] Day 2023-05-15
        the day after tomorrow
            [the day after tomorrow] Day 2023-05-19
        I saw her the other day.
            [other day] Range 2023-05-12 to 2023-05-15 or so
        yesterday at 3 pm
            [yesterday at 3 pm] Instant 2023-05-16 15:00
        3:30 pm tomorrow
            [3:30 pm tomorrow] Instant 2023-05-18 15:30
    "#]],
    );
}

#[test]
fn weekdays_said_on_a_wednesday() {
    let texts = [
        "last Friday",
        "I met her on Friday.",
        "I'll meet her on Friday.",
        "this Friday",
        "We had a party this Friday.",
        "this past Friday",
        "next Friday",
        "next Monday",
        "last Wednesday",
        "next Wednesday",
        "on Wed we met",
        "last Tues I joined",
        "the Friday before",
        "the Friday before last",
        "Friday of next week",
        "Friday night was fun",
    ];
    check(
        "2023-05-17T10:00:00",
        &texts,
        expect![[r#"
            last Friday
                [last Friday] Day 2023-05-12
            I met her on Friday.
                [Friday] Day 2023-05-12
            I'll meet her on Friday.
                [Friday] Day 2023-05-19
            this Friday
                [this Friday] Day 2023-05-19
            We had a party this Friday.
                [this Friday] Day 2023-05-12
            this past Friday
                [this past Friday] Day 2023-05-12
            next Friday
                [next Friday] Day 2023-05-26
            next Monday
                [next Monday] Day 2023-05-22
            last Wednesday
                [last Wednesday] Day 2023-05-10
            next Wednesday
                [next Wednesday] Day 2023-05-24
            on Wed we met
                [Wed] Day 2023-05-10
            last Tues I joined
                [last Tues] Day 2023-05-16
            the Friday before
                [the Friday before] Day 2023-05-12
            the Friday before last
                [the Friday before last] Day 2023-05-05
            Friday of next week
                [Friday of next week] Day 2023-05-26
            Friday night was fun
                [Friday night] Day 2023-05-12
        "#]],
    );
}

#[test]
fn weekdays_said_on_a_saturday_and_a_friday() {
    let texts =
        ["last Friday", "next Friday", "this Friday", "I met her on Friday.", "I'll go on Friday."];
    check(
        "2023-07-15T10:00:00",
        &texts,
        expect![[r#"
        last Friday
            [last Friday] Day 2023-07-14
        next Friday
            [next Friday] Day 2023-07-21
        this Friday
            [this Friday] Day 2023-07-21
        I met her on Friday.
            [Friday] Day 2023-07-14
        I'll go on Friday.
            [Friday] Day 2023-07-21
    "#]],
    );
    check(
        "2023-07-14T10:00:00",
        &texts,
        expect![[r#"
        last Friday
            [last Friday] Day 2023-07-07
        next Friday
            [next Friday] Day 2023-07-21
        this Friday
            [this Friday] Day 2023-07-14
        I met her on Friday.
            [Friday] Day 2023-07-07
        I'll go on Friday.
            [Friday] Day 2023-07-21
    "#]],
    );
}

#[test]
fn weeks_weekends_months_and_years() {
    let texts = [
        "last week",
        "this week",
        "next week",
        "the week before last",
        "the last week was hard",
        "last weekend",
        "this weekend",
        "We camped this weekend.",
        "next weekend",
        "over the weekend we camped",
        "two weekends ago",
        "last month",
        "this month",
        "next month",
        "last year",
        "next year",
        "the past year",
        "the last three months",
        "in the past few days",
        "the next two weeks",
        "earlier this month",
        "late last year",
        "the end of the year",
        "early next week",
        "this decade",
    ];
    check(
        "2023-05-17T10:00:00",
        &texts,
        expect![[r#"
            last week
                [last week] Week 2023-05-08 to 2023-05-14
            this week
                [this week] Week 2023-05-15 to 2023-05-21
            next week
                [next week] Week 2023-05-22 to 2023-05-28
            the week before last
                [the week before last] Week 2023-05-01 to 2023-05-07
            the last week was hard
                [last week] Range 2023-05-10 to 2023-05-17 or so
            last weekend
                [last weekend] Weekend 2023-05-13 to 2023-05-14
            this weekend
                [this weekend] Weekend 2023-05-20 to 2023-05-21
            We camped this weekend.
                [this weekend] Weekend 2023-05-13 to 2023-05-14
            next weekend
                [next weekend] Weekend 2023-05-27 to 2023-05-28
            over the weekend we camped
                [over the weekend] Weekend 2023-05-13 to 2023-05-14
            two weekends ago
                [two weekends ago] Weekend 2023-05-06 to 2023-05-07
            last month
                [last month] Month 2023-04-01 to 2023-04-30
            this month
                [this month] Month 2023-05-01 to 2023-05-31
            next month
                [next month] Month 2023-06-01 to 2023-06-30
            last year
                [last year] Year 2022-01-01 to 2022-12-31
            next year
                [next year] Year 2024-01-01 to 2024-12-31
            the past year
                [past year] Range 2022-05-17 to 2023-05-17 or so
            the last three months
                [last three months] Range 2023-02-17 to 2023-05-17 or so
            in the past few days
                [past few days] Range 2023-05-12 to 2023-05-17 or so
            the next two weeks
                [next two weeks] Range 2023-05-17 to 2023-05-31 or so
            earlier this month
                [earlier this month] Range 2023-05-01 to 2023-05-10 or so
            late last year
                [late last year] Range 2022-09-01 to 2022-12-31 or so
            the end of the year
                [the end of the year] Range 2023-09-01 to 2023-12-31 or so
            early next week
                [early next week] Range 2023-05-22 to 2023-05-23 or so
            this decade
                [this decade] Decade 2020-01-01 to 2029-12-31
        "#]],
    );
    check(
        "2023-07-16T10:00:00",
        &["last weekend", "this weekend", "next weekend"],
        expect![[r#"
        last weekend
            [last weekend] Weekend 2023-07-08 to 2023-07-09
        this weekend
            [this weekend] Weekend 2023-07-15 to 2023-07-16
        next weekend
            [next weekend] Weekend 2023-07-22 to 2023-07-23
    "#]],
    );
}

#[test]
fn distances() {
    let texts = [
        "two weeks ago",
        "a couple of days ago",
        "a few months ago",
        "several years ago",
        "in 3 days",
        "I'm back in two weeks",
        "three years ago",
        "about a month ago",
        "a decade ago",
        "ten days ago",
        "a year and a half ago",
        "twenty-one years ago",
        "2-3 weeks ago",
        "5 minutes ago",
        "in an hour",
        "a week from now",
        "in two weeks' time",
        "a fortnight ago",
        "three weeks back",
        "a year ago",
        "the previous week",
        "the past weekend",
        "I had a quiet weekend.",
        "How was your weekend?",
        "a weekend bag",
    ];
    check(
        "2023-05-17T10:00:00",
        &texts,
        expect![[r#"
            two weeks ago
                [two weeks ago] Week 2023-05-01 to 2023-05-07
            a couple of days ago
                [a couple of days ago] Range 2023-05-14 to 2023-05-15 or so
            a few months ago
                [a few months ago] Range 2022-12-01 to 2023-03-31 or so
            several years ago
                [several years ago] Range 2016-01-01 to 2020-12-31 or so
            in 3 days
                [in 3 days] Day 2023-05-20
            I'm back in two weeks
                [in two weeks] Week 2023-05-29 to 2023-06-04
            three years ago
                [three years ago] Year 2020-01-01 to 2020-12-31
            about a month ago
                [about a month ago] Month 2023-04-01 to 2023-04-30 or so
            a decade ago
                [a decade ago] Year 2013-01-01 to 2013-12-31
            ten days ago
                [ten days ago] Day 2023-05-07
            a year and a half ago
                [a year and a half ago] Month 2021-11-01 to 2021-11-30 or so
            twenty-one years ago
                [twenty-one years ago] Year 2002-01-01 to 2002-12-31
            2-3 weeks ago
                [2-3 weeks ago] Range 2023-04-24 to 2023-05-07 or so
            5 minutes ago
                [5 minutes ago] Instant 2023-05-17 09:55 or so
            in an hour
                [in an hour] Instant 2023-05-17 11:00 or so
            a week from now
                [a week from now] Week 2023-05-22 to 2023-05-28
            in two weeks' time
                [in two weeks' time] Week 2023-05-29 to 2023-06-04
            a fortnight ago
                [a fortnight ago] Week 2023-05-01 to 2023-05-07
            three weeks back
                [three weeks back] Week 2023-04-24 to 2023-04-30
            a year ago
                [a year ago] Month 2022-05-01 to 2022-05-31
            the previous week
                [previous week] Week 2023-05-08 to 2023-05-14
            the past weekend
                [past weekend] Weekend 2023-05-13 to 2023-05-14
            I had a quiet weekend.
                [weekend] Weekend 2023-05-13 to 2023-05-14
            How was your weekend?
                [weekend] Weekend 2023-05-13 to 2023-05-14
            a weekend bag
                -
        "#]],
    );
}

#[test]
fn dates() {
    let texts = [
        "7 May 2023",
        "May 7, 2023",
        "May 7th",
        "the 4th of July",
        "4 July",
        "2023-05-07",
        "2023/5/7",
        "05/07/2023",
        "25/07/2023",
        "07/25/2023",
        "5/5/2023",
        "31/31/2023",
        "Friday, 7 July 2023",
        "1:56 pm on 8 May, 2023",
        "2024-02-29",
        "2023-02-29",
        "29 February",
        "May '23",
        "Sept. 3, 2021",
        "the 15th floor",
        "I met them on the 15th.",
        "The bill is due on the 15th.",
        "12 March 1952",
        "5-6 November 2022",
        "October 30 to 31, 2022",
        "between August 11 and August 15 2023",
        "from June to August 2022",
        "from November 2022 to January 2023",
        "between 11 and 15 August",
        "from 2019 to 2021",
        "2019-2021",
        "1 January 0001",
        "31 December 9999",
        "April.2023",
        "It was in April. 2023 people came.",
    ];
    check(
        "2023-05-17T10:00:00",
        &texts,
        expect![[r#"
            7 May 2023
                [7 May 2023] Day 2023-05-07, absolute
            May 7, 2023
                [May 7, 2023] Day 2023-05-07, absolute
            May 7th
                [May 7th] Day 2023-05-07
            the 4th of July
                [the 4th of July] Day 2023-07-04
            4 July
                [4 July] Day 2023-07-04
            2023-05-07
                [2023-05-07] Day 2023-05-07, absolute
            2023/5/7
                [2023/5/7] Day 2023-05-07, absolute
            05/07/2023
                -
            25/07/2023
                [25/07/2023] Day 2023-07-25, absolute
            07/25/2023
                [07/25/2023] Day 2023-07-25, absolute
            5/5/2023
                [5/5/2023] Day 2023-05-05, absolute
            31/31/2023
                -
            Friday, 7 July 2023
                [Friday, 7 July 2023] Day 2023-07-07, absolute
            1:56 pm on 8 May, 2023
                [1:56 pm on 8 May, 2023] Instant 2023-05-08 13:56, absolute
            2024-02-29
                [2024-02-29] Day 2024-02-29, absolute
            2023-02-29
                -
            29 February
                [29 February] Day 2024-02-29
            May '23
                [May '23] Month 2023-05-01 to 2023-05-31, absolute
            Sept. 3, 2021
                [Sept. 3, 2021] Day 2021-09-03, absolute
            the 15th floor
                -
            I met them on the 15th.
                [the 15th] Day 2023-05-15
            The bill is due on the 15th.
                [the 15th] Day 2023-06-15
            12 March 1952
                [12 March 1952] Day 1952-03-12, absolute
            5-6 November 2022
                [5-6 November 2022] Range 2022-11-05 to 2022-11-06, absolute
            October 30 to 31, 2022
                [October 30 to 31, 2022] Range 2022-10-30 to 2022-10-31, absolute
            between August 11 and August 15 2023
                [between August 11 and August 15 2023] Range 2023-08-11 to 2023-08-15, absolute
            from June to August 2022
                [from June to August 2022] Range 2022-06-01 to 2022-08-31, absolute
            from November 2022 to January 2023
                [from November 2022 to January 2023] Range 2022-11-01 to 2023-01-31, absolute
            between 11 and 15 August
                [between 11 and 15 August] Range 2023-08-11 to 2023-08-15
            from 2019 to 2021
                [from 2019 to 2021] Range 2019-01-01 to 2021-12-31, absolute
            2019-2021
                [2019-2021] Range 2019-01-01 to 2021-12-31, absolute
            1 January 0001
                [1 January 0001] Day 0001-01-01, absolute
            31 December 9999
                [31 December 9999] Day 9999-12-31, absolute
            April.2023
                [April.2023] Month 2023-04-01 to 2023-04-30, absolute
            It was in April. 2023 people came.
                [April] Month 2023-04-01 to 2023-04-30
        "#]],
    );
}

#[test]
fn months_seasons_years_and_decades() {
    let texts = [
        "in June",
        "We met in June.",
        "We'll meet in June.",
        "last June",
        "next June",
        "last May",
        "June 2023",
        "In July, 2022",
        "December, 2023",
        "mid-August",
        "early May",
        "late May 2022",
        "early 2021",
        "the end of October 2023",
        "in 2021",
        "since 2019",
        "until March",
        "by June 2024",
        "the summer of 2022",
        "summer 2023",
        "last summer",
        "this summer",
        "next summer",
        "last winter",
        "in the fall",
        "in the spring of 2020",
        "the 1990s",
        "the '80s",
        "early 90s",
        "Q3 2023",
        "in Q1",
        "last Christmas",
        "Christmas Eve 2022",
        "on Halloween",
        "the first week of June 2023",
        "last week of August 2023",
        "the last Friday in May",
        "first weekend of August 2023",
        "the second month of 2022",
        "the week before 9 June 2023",
        "the weekend before 17 July 2023",
        "two weekends before 17 July 2023",
        "The sunday before 25 May 2023",
        "two days before 3 July 2023",
        "a few days before May 24, 2023",
        "Saturday after 11 September, 2023",
        "The week of 23 August 2023",
        "the weekend of 3 June 2023",
        "the day after Christmas 2022",
        "Last week before 13 October 2022.",
    ];
    check(
        "2023-05-17T10:00:00",
        &texts,
        expect![[r#"
            in June
                [June] Month 2023-06-01 to 2023-06-30
            We met in June.
                [June] Month 2022-06-01 to 2022-06-30
            We'll meet in June.
                [June] Month 2023-06-01 to 2023-06-30
            last June
                [last June] Month 2022-06-01 to 2022-06-30
            next June
                [next June] Month 2023-06-01 to 2023-06-30
            last May
                [last May] Month 2022-05-01 to 2022-05-31
            June 2023
                [June 2023] Month 2023-06-01 to 2023-06-30, absolute
            In July, 2022
                [July, 2022] Month 2022-07-01 to 2022-07-31, absolute
            December, 2023
                [December, 2023] Month 2023-12-01 to 2023-12-31, absolute
            mid-August
                [mid-August] Range 2023-08-11 to 2023-08-20 or so
            early May
                [early May] Range 2023-05-01 to 2023-05-10 or so
            late May 2022
                [late May 2022] Range 2022-05-21 to 2022-05-31 or so, absolute
            early 2021
                [early 2021] Range 2021-01-01 to 2021-04-30 or so, absolute
            the end of October 2023
                [the end of October 2023] Range 2023-10-21 to 2023-10-31 or so, absolute
            in 2021
                [2021] Year 2021-01-01 to 2021-12-31, absolute
            since 2019
                [since 2019] Year 2019-01-01 to 2019-12-31, Since, absolute
            until March
                [until March] Month 2023-03-01 to 2023-03-31, Until
            by June 2024
                [by June 2024] Month 2024-06-01 to 2024-06-30, Until, absolute
            the summer of 2022
                [summer of 2022] Season 2022-06-01 to 2022-08-31, absolute
            summer 2023
                [summer 2023] Season 2023-06-01 to 2023-08-31, absolute
            last summer
                [last summer] Season 2022-06-01 to 2022-08-31
            this summer
                [this summer] Season 2023-06-01 to 2023-08-31
            next summer
                [next summer] Season 2023-06-01 to 2023-08-31
            last winter
                [last winter] Season 2022-12-01 to 2023-02-28
            in the fall
                [fall] Season 2023-09-01 to 2023-11-30
            in the spring of 2020
                [spring of 2020] Season 2020-03-01 to 2020-05-31, absolute
            the 1990s
                [1990s] Decade 1990-01-01 to 1999-12-31, absolute
            the '80s
                ['80s] Decade 1980-01-01 to 1989-12-31, absolute
            early 90s
                [early 90s] Range 1990-01-01 to 1993-05-01 or so, absolute
            Q3 2023
                [Q3 2023] Range 2023-07-01 to 2023-09-30, absolute
            in Q1
                [Q1] Range 2023-01-01 to 2023-03-31
            last Christmas
                [last Christmas] Day 2022-12-25
            Christmas Eve 2022
                [Christmas Eve 2022] Day 2022-12-24, absolute
            on Halloween
                [Halloween] Day 2023-10-31
            the first week of June 2023
                [the first week of June 2023] Week 2023-05-29 to 2023-06-04, absolute
            last week of August 2023
                [last week of August 2023] Week 2023-08-28 to 2023-09-03, absolute
            the last Friday in May
                [the last Friday in May] Day 2023-05-26
            first weekend of August 2023
                [first weekend of August 2023] Weekend 2023-08-05 to 2023-08-06, absolute
            the second month of 2022
                [the second month of 2022] Month 2022-02-01 to 2022-02-28, absolute
            the week before 9 June 2023
                [the week before 9 June 2023] Week 2023-05-29 to 2023-06-04, absolute
            the weekend before 17 July 2023
                [the weekend before 17 July 2023] Weekend 2023-07-15 to 2023-07-16, absolute
            two weekends before 17 July 2023
                [two weekends before 17 July 2023] Weekend 2023-07-08 to 2023-07-09, absolute
            The sunday before 25 May 2023
                [The sunday before 25 May 2023] Day 2023-05-21, absolute
            two days before 3 July 2023
                [two days before 3 July 2023] Day 2023-07-01, absolute
            a few days before May 24, 2023
                [a few days before May 24, 2023] Range 2023-05-19 to 2023-05-22 or so, absolute
            Saturday after 11 September, 2023
                [Saturday after 11 September, 2023] Day 2023-09-16, absolute
            The week of 23 August 2023
                [The week of 23 August 2023] Week 2023-08-21 to 2023-08-27, absolute
            the weekend of 3 June 2023
                [the weekend of 3 June 2023] Weekend 2023-06-03 to 2023-06-04, absolute
            the day after Christmas 2022
                [the day after Christmas 2022] Day 2022-12-26, absolute
            Last week before 13 October 2022.
                [Last week before 13 October 2022] Week 2022-10-03 to 2022-10-09, absolute
        "#]],
    );
}

#[test]
fn lengths_and_repetitions() {
    let texts = [
        "for two years",
        "a two-week trip",
        "It took three hours",
        "We waited for a week.",
        "nearly four months",
        "she is 18 years old",
        "a day at the beach",
        "seven years now",
        "for a couple of months",
        "every Friday",
        "on Sundays",
        "twice a week",
        "weekly",
        "every other day",
        "each morning",
        "every 3 days",
    ];
    check(
        "2023-05-17T10:00:00",
        &texts,
        expect![[r#"
        for two years
            [two years] lasting 2 Year
        a two-week trip
            [two-week] lasting 2 Week
        It took three hours
            [three hours] lasting 3 Hour
        We waited for a week.
            [a week] lasting 1 Week
        nearly four months
            [nearly four months] lasting 4 Month
        she is 18 years old
            -
        a day at the beach
            -
        seven years now
            [seven years] lasting 7 Year
        for a couple of months
            [a couple of months] lasting 2-3 Month
        every Friday
            [every Friday] recurring
        on Sundays
            [Sundays] recurring
        twice a week
            [twice a week] recurring
        weekly
            [weekly] recurring
        every other day
            [every other day] recurring
        each morning
            [each morning] recurring
        every 3 days
            [every 3 days] recurring
    "#]],
    );
}

#[test]
fn times_of_day() {
    let texts = [
        "at 15:30",
        "3 pm",
        "10 a.m. on Monday",
        "noon",
        "at 7 o'clock",
        "12:30am",
        "the score was 3:2",
        "25:30",
        "ratio 1:20:300",
        "at 5",
        "2023-05-07T15:30:00Z",
        "May 7 at 9 am",
    ];
    check(
        "2023-05-17T10:00:00",
        &texts,
        expect![[r#"
            at 15:30
                [at 15:30] Instant 2023-05-17 15:30
            3 pm
                [3 pm] Instant 2023-05-17 15:00
            10 a.m. on Monday
                [10 a.m. on Monday] Instant 2023-05-15 10:00
            noon
                [noon] Instant 2023-05-17 12:00
            at 7 o'clock
                [at 7 o'clock] Instant 2023-05-17 07:00
            12:30am
                [12:30am] Instant 2023-05-17 00:30
            the score was 3:2
                -
            25:30
                -
            ratio 1:20:300
                -
            at 5
                -
            2023-05-07T15:30:00Z
                [2023-05-07T15:30:00Z] Instant 2023-05-07 15:30, absolute
            May 7 at 9 am
                [May 7 at 9 am] Instant 2023-05-07 09:00
        "#]],
    );
}

#[test]
fn false_friends() {
    let texts = [
        "It may rain.",
        "May I come in?",
        "This may be wrong.",
        "They march on.",
        "a second chance",
        "wait a second",
        "The sun was out and she sat down.",
        "the fall of Rome",
        "I had a bad fall",
        "the last fall hurt",
        "a spring broke",
        "the last week of practice",
        "in my last year at school",
        "the first day of school",
        "April said yes",
        "June is my aunt",
        "2000 people came",
        "room 2021",
        "it costs 1999 dollars",
        "Sunday School",
        "Black Friday",
        "version 1.2.2023.4",
        "we wed in spring",
        "mon ami",
        "Will you march in March?",
        "May may come in May.",
        "the Sun is a star",
        "last time",
        "next door",
        "an august body",
        "call 555-2023",
        "1995 was good",
        "10 December street",
    ];
    check(
        "2023-05-17T10:00:00",
        &texts,
        expect![[r#"
            It may rain.
                -
            May I come in?
                -
            This may be wrong.
                -
            They march on.
                -
            a second chance
                -
            wait a second
                -
            The sun was out and she sat down.
                -
            the fall of Rome
                -
            I had a bad fall
                -
            the last fall hurt
                -
            a spring broke
                -
            the last week of practice
                -
            in my last year at school
                -
            the first day of school
                -
            April said yes
                -
            June is my aunt
                -
            2000 people came
                -
            room 2021
                -
            it costs 1999 dollars
                -
            Sunday School
                -
            Black Friday
                [Black Friday] Day 2022-11-25
            version 1.2.2023.4
                -
            we wed in spring
                [spring] Season 2023-03-01 to 2023-05-31
            mon ami
                -
            Will you march in March?
                [March] Month 2024-03-01 to 2024-03-31
            May may come in May.
                [May] Month 2023-05-01 to 2023-05-31
            the Sun is a star
                -
            last time
                -
            next door
                -
            an august body
                -
            call 555-2023
                -
            1995 was good
                [1995] Year 1995-01-01 to 1995-12-31, absolute
            10 December street
                [10 December] Day 2022-12-10
        "#]],
    );
}

#[test]
fn counted_days_seasons_and_what_lies_beyond_the_next() {
    let texts = [
        "the week after next",
        "the weekend after next",
        "the Friday after next",
        "the summer before last",
        "two Fridays ago",
        "a couple of Fridays ago",
        "two summers ago",
        "three Christmases ago",
        "a week ago Friday",
        "two weeks ago on Friday",
        "a week from Friday",
        "two weeks from Saturday",
        "two days from tomorrow",
        "See you Friday week.",
        "tomorrow week",
        "Monday last week",
        "last week on Tuesday",
        "last week's Sunday",
        "wednesday next week",
        "the night before last",
        "I saw her the other week.",
        "the other night",
        "in recent weeks",
        "in the coming days",
        "the last 24 hours",
        "in the last hour",
        "this time last year",
        "this time last week",
        "the same day last month",
        "last quarter",
        "next quarter",
        "3d ago",
        "Tuesday the 16th",
        "Friday the 13th",
    ];
    check(
        "2023-05-17T10:00:00",
        &texts,
        expect![[r#"
        the week after next
            [the week after next] Week 2023-05-29 to 2023-06-04
        the weekend after next
            [the weekend after next] Weekend 2023-06-03 to 2023-06-04
        the Friday after next
            [the Friday after next] Day 2023-06-02
        the summer before last
            [summer before last] Season 2021-06-01 to 2021-08-31
        two Fridays ago
            [two Fridays ago] Day 2023-05-05
        a couple of Fridays ago
            [a couple of Fridays ago] Range 2023-04-28 to 2023-05-05 or so
        two summers ago
            [two summers ago] Season 2021-06-01 to 2021-08-31
        three Christmases ago
            [three Christmases ago] Day 2020-12-25
        a week ago Friday
            [a week ago Friday] Day 2023-05-05
        two weeks ago on Friday
            [two weeks ago on Friday] Day 2023-05-05
        a week from Friday
            [a week from Friday] Day 2023-05-26
        two weeks from Saturday
            [two weeks from Saturday] Day 2023-06-03
        two days from tomorrow
            [two days from tomorrow] Day 2023-05-20
        See you Friday week.
            [Friday week] Day 2023-05-26
        tomorrow week
            [tomorrow week] Day 2023-05-25
        Monday last week
            [Monday last week] Day 2023-05-08
        last week on Tuesday
            [last week on Tuesday] Day 2023-05-09
        last week's Sunday
            [last week's Sunday] Day 2023-05-14
        wednesday next week
            [wednesday next week] Day 2023-05-24
        the night before last
            [night before last] Day 2023-05-15
        I saw her the other week.
            [other week] Range 2023-04-24 to 2023-05-14 or so
        the other night
            [other night] Range 2023-05-12 to 2023-05-15 or so
        in recent weeks
            [recent weeks] Range 2023-04-12 to 2023-05-17 or so
        in the coming days
            [coming days] Range 2023-05-17 to 2023-05-22 or so
        the last 24 hours
            [last 24 hours] Range 2023-05-16 10:00 to 2023-05-17 or so
        in the last hour
            [last hour] Range 2023-05-17 09:00 to 2023-05-17 or so
        this time last year
            [this time last year] Month 2022-05-01 to 2022-05-31 or so
        this time last week
            [this time last week] Day 2023-05-10 or so
        the same day last month
            [same day last month] Day 2023-04-17
        last quarter
            [last quarter] Range 2023-01-01 to 2023-03-31
        next quarter
            [next quarter] Range 2023-07-01 to 2023-09-30
        3d ago
            [3d ago] Day 2023-05-14
        Tuesday the 16th
            [Tuesday the 16th] Day 2023-05-16
        Friday the 13th
            [Friday the 13th] Day 2023-01-13
    "#]],
    );
}

#[test]
fn distances_as_people_say_them() {
    let texts = [
        "I saw her two or three weeks ago.",
        "three to four days ago",
        "She left a day or two ago.",
        "a year or two ago",
        "in a month or two",
        "A week or so ago I hurt my knee.",
        "ten years or so ago",
        "for a week or two",
        "I quit smoking a year ago today.",
        "two weeks ago yesterday",
        "three months ago tomorrow",
        "ten years ago tonight",
        "a week from today",
        "a month from tomorrow",
        "two years from Friday",
        "a week from now",
        "in two weeks time",
        "two evenings ago",
        "a couple of mornings ago",
        "6 mos ago",
        "See you tmrw!",
        "tmr morning",
        "I'll go tommorow.",
        "Last year, in March, we met.",
        "last month, on the 15th.",
        "I was ill last month, on the 15th floor.",
        "last year in June 2021",
        "this past Christmas",
        "past Christmas lights",
        "Fri night was fun",
        "Sun evening",
        "Take it one day at a time.",
        "One day I'll go.",
        "for one day",
        "one night last week",
        "two or three people",
        "ten to six",
        "a day or night",
    ];
    check(
        "2023-05-17T10:00:00",
        &texts,
        expect![[r#"
        I saw her two or three weeks ago.
            [two or three weeks ago] Range 2023-04-24 to 2023-05-07 or so
        three to four days ago
            [three to four days ago] Range 2023-05-13 to 2023-05-14 or so
        She left a day or two ago.
            [a day or two ago] Range 2023-05-15 to 2023-05-16 or so
        a year or two ago
            [a year or two ago] Range 2021-01-01 to 2022-12-31 or so
        in a month or two
            [in a month or two] Range 2023-06-01 to 2023-07-31 or so
        A week or so ago I hurt my knee.
            [A week or so ago] Week 2023-05-08 to 2023-05-14 or so
        ten years or so ago
            [ten years or so ago] Year 2013-01-01 to 2013-12-31 or so
        for a week or two
            [a week or two] lasting 1-2 Week
        I quit smoking a year ago today.
            [a year ago today] Day 2022-05-17
        two weeks ago yesterday
            [two weeks ago yesterday] Day 2023-05-02
        three months ago tomorrow
            [three months ago tomorrow] Day 2023-02-18
        ten years ago tonight
            [ten years ago tonight] Day 2013-05-17
        a week from today
            [a week from today] Day 2023-05-24
        a month from tomorrow
            [a month from tomorrow] Day 2023-06-18
        two years from Friday
            [two years from Friday] Day 2025-05-19
        a week from now
            [a week from now] Week 2023-05-22 to 2023-05-28
        in two weeks time
            [in two weeks time] Week 2023-05-29 to 2023-06-04
        two evenings ago
            [two evenings ago] Day 2023-05-15
        a couple of mornings ago
            [a couple of mornings ago] Range 2023-05-14 to 2023-05-15 or so
        6 mos ago
            [6 mos ago] Month 2022-11-01 to 2022-11-30
        See you tmrw!
            [tmrw] Day 2023-05-18
        tmr morning
            [tmr morning] Day 2023-05-18
        I'll go tommorow.
            [tommorow] Day 2023-05-18
        Last year, in March, we met.
            [Last year, in March] Month 2022-03-01 to 2022-03-31
        last month, on the 15th.
            [last month, on the 15th] Day 2023-04-15
        I was ill last month, on the 15th floor.
            [last month] Month 2023-04-01 to 2023-04-30
        last year in June 2021
            [last year] Year 2022-01-01 to 2022-12-31; [June 2021] Month 2021-06-01 to 2021-06-30, absolute
        this past Christmas
            [this past Christmas] Day 2022-12-25
        past Christmas lights
            -
        Fri night was fun
            [Fri night] Day 2023-05-12
        Sun evening
            [Sun evening] Day 2023-05-14
        Take it one day at a time.
            -
        One day I'll go.
            -
        for one day
            [one day] lasting 1 Day
        one night last week
            [last week] Week 2023-05-08 to 2023-05-14
        two or three people
            -
        ten to six
            -
        a day or night
            -
    "#]],
    );
}

#[test]
fn halves_and_large_numbers() {
    let texts = [
        "half a year ago",
        "half an hour ago",
        "a month and a half ago",
        "two and a half years ago",
        "2.5 years ago",
        "1.2 years ago",
        "for two and a half years",
        "for a week and a half",
        "an hour and a half",
        "a hundred years ago",
        "two hundred and fifty years ago",
        "10,000 years ago",
        "1,000 days ago",
    ];
    check(
        "2023-05-17T10:00:00",
        &texts,
        expect![[r#"
        half a year ago
            [half a year ago] Month 2022-11-01 to 2022-11-30 or so
        half an hour ago
            [half an hour ago] Instant 2023-05-17 09:30 or so
        a month and a half ago
            [a month and a half ago] Week 2023-04-03 to 2023-04-09 or so
        two and a half years ago
            [two and a half years ago] Month 2020-11-01 to 2020-11-30 or so
        2.5 years ago
            [2.5 years ago] Month 2020-11-01 to 2020-11-30 or so
        1.2 years ago
            -
        for two and a half years
            [two and a half years] lasting 30 Month
        for a week and a half
            [a week and a half] lasting 10-11 Day
        an hour and a half
            [an hour and a half] lasting 90 Minute
        a hundred years ago
            [a hundred years ago] Year 1923-01-01 to 1923-12-31
        two hundred and fifty years ago
            [two hundred and fifty years ago] Year 1773-01-01 to 1773-12-31
        10,000 years ago
            [10,000 years] lasting 10000 Year
        1,000 days ago
            [1,000 days ago] Day 2020-08-20
    "#]],
    );
}

#[test]
fn parts_of_years_and_centuries() {
    let texts = [
        "the first half of 2022",
        "the second half of last year",
        "first half of May",
        "H2 2022",
        "the third quarter of 2024",
        "4th quarter 2018",
        "2024-Q3",
        "in mid-2021",
        "in the nineties",
        "the mid-seventies",
        "the 1800s",
        "the early 1900s",
        "the 19th century",
        "the twentieth century",
        "the 3rd century BC",
        "in the summer of '69",
        "in '98",
        "winter 2022/23",
        "the 2022/23 season",
        "in 2022/23",
        "in May last year",
        "in March of this year",
        "last year in June",
        "May to July 2022",
        "Jan-Mar 2023",
        "2010 to 2012",
        "the last Friday of the month",
        "the last day of the year",
        "the first of May",
        "the Fourth of July",
        "July 4th weekend",
        "the twenty-third of June",
        "March third, 2015",
        "the 5th of next month",
        "next month on the 5th",
        "May 30 to June 2",
        "May 5 - May 9, 2022",
        "between Monday and Friday",
        "the week of the 8th",
        "week beginning 8 May",
        "by EOD",
        "by EOM",
        "on may 5th",
        "june 3 we met",
        "since june",
        "aug 2021",
    ];
    check(
        "2023-05-17T10:00:00",
        &texts,
        expect![[r#"
        the first half of 2022
            [the first half of 2022] Range 2022-01-01 to 2022-06-30, absolute
        the second half of last year
            [the second half of last year] Range 2022-07-01 to 2022-12-31
        first half of May
            [first half of May] Range 2023-05-01 to 2023-05-15
        H2 2022
            [H2 2022] Range 2022-07-01 to 2022-12-31, absolute
        the third quarter of 2024
            [the third quarter of 2024] Range 2024-07-01 to 2024-09-30, absolute
        4th quarter 2018
            [4th quarter 2018] Range 2018-10-01 to 2018-12-31, absolute
        2024-Q3
            [2024-Q3] Range 2024-07-01 to 2024-09-30, absolute
        in mid-2021
            [mid-2021] Range 2021-05-01 to 2021-08-31 or so, absolute
        in the nineties
            [nineties] Decade 1990-01-01 to 1999-12-31, absolute
        the mid-seventies
            [the mid-seventies] Range 1973-05-02 to 1976-08-30 or so, absolute
        the 1800s
            [1800s] Range 1800-01-01 to 1899-12-31, absolute
        the early 1900s
            [the early 1900s] Range 1900-01-01 to 1933-05-01 or so, absolute
        the 19th century
            [19th century] Range 1800-01-01 to 1899-12-31, absolute
        the twentieth century
            [twentieth century] Range 1900-01-01 to 1999-12-31, absolute
        the 3rd century BC
            -
        in the summer of '69
            [summer of '69] Season 1969-06-01 to 1969-08-31, absolute
        in '98
            ['98] Year 1998-01-01 to 1998-12-31, absolute
        winter 2022/23
            [winter 2022/23] Season 2022-12-01 to 2023-02-28, absolute
        the 2022/23 season
            -
        in 2022/23
            [2022/23] Range 2022-01-01 to 2023-12-31, absolute
        in May last year
            [May last year] Month 2022-05-01 to 2022-05-31
        in March of this year
            [March of this year] Month 2023-03-01 to 2023-03-31
        last year in June
            [last year in June] Month 2022-06-01 to 2022-06-30
        May to July 2022
            [May to July 2022] Range 2022-05-01 to 2022-07-31, absolute
        Jan-Mar 2023
            [Jan-Mar 2023] Range 2023-01-01 to 2023-03-31, absolute
        2010 to 2012
            [2010 to 2012] Range 2010-01-01 to 2012-12-31, absolute
        the last Friday of the month
            [the last Friday of the month] Day 2023-05-26
        the last day of the year
            [the last day of the year] Day 2023-12-31
        the first of May
            [the first of May] Day 2023-05-01
        the Fourth of July
            [the Fourth of July] Day 2023-07-04
        July 4th weekend
            [July 4th weekend] Weekend 2023-07-01 to 2023-07-02
        the twenty-third of June
            [the twenty-third of June] Day 2023-06-23
        March third, 2015
            [March third, 2015] Day 2015-03-03, absolute
        the 5th of next month
            [5th of next month] Day 2023-06-05
        next month on the 5th
            [next month on the 5th] Day 2023-06-05
        May 30 to June 2
            [May 30 to June 2] Range 2023-05-30 to 2023-06-02
        May 5 - May 9, 2022
            [May 5 - May 9, 2022] Range 2022-05-05 to 2022-05-09, absolute
        between Monday and Friday
            [between Monday and Friday] Range 2023-05-15 to 2023-05-19
        the week of the 8th
            [the week of the 8th] Week 2023-05-08 to 2023-05-14
        week beginning 8 May
            [week beginning 8 May] Week 2023-05-08 to 2023-05-14
        by EOD
            [by EOD] Day 2023-05-17, Until
        by EOM
            [by EOM] Day 2023-05-31, Until
        on may 5th
            [may 5th] Day 2023-05-05
        june 3 we met
            [june 3] Day 2022-06-03
        since june
            [since june] Month 2022-06-01 to 2022-06-30, Since
        aug 2021
            [aug 2021] Month 2021-08-01 to 2021-08-31, absolute
    "#]],
    );
}

#[test]
fn feasts() {
    let texts = [
        "New Year's Eve",
        "on new years day",
        "at New Year",
        "Boxing Day 2021",
        "Christmas last year",
        "over Christmas",
        "on Christmas morning",
        "Easter 2024",
        "last Easter",
        "Good Friday",
        "on Easter Monday",
        "Ash Wednesday 2024",
        "the week after Easter",
        "Thanksgiving 2022",
        "at Thanksgiving",
        "next Thanksgiving",
        "Black Friday 2022",
        "Labor Day weekend",
        "Thanksgiving weekend",
        "Memorial Day",
        "MLK Day 2022",
        "Mother's Day",
        "last Father's Day",
        "on Valentine's Day",
        "St. Patrick's Day",
        "Leap Day 2024",
        "Leap Day 2023",
        "every Christmas",
    ];
    check(
        "2023-05-17T10:00:00",
        &texts,
        expect![[r#"
        New Year's Eve
            [New Year's Eve] Day 2022-12-31
        on new years day
            [new years day] Day 2023-01-01
        at New Year
            [New Year] Day 2023-01-01
        Boxing Day 2021
            [Boxing Day 2021] Day 2021-12-26, absolute
        Christmas last year
            [Christmas last year] Day 2022-12-25
        over Christmas
            [Christmas] Day 2022-12-25 or so
        on Christmas morning
            [Christmas morning] Day 2022-12-25
        Easter 2024
            [Easter 2024] Day 2024-03-31, absolute
        last Easter
            [last Easter] Day 2023-04-09
        Good Friday
            [Good Friday] Day 2023-04-07
        on Easter Monday
            [Easter Monday] Day 2023-04-10
        Ash Wednesday 2024
            [Ash Wednesday 2024] Day 2024-02-14, absolute
        the week after Easter
            [the week after Easter] Week 2023-04-10 to 2023-04-16
        Thanksgiving 2022
            [Thanksgiving 2022] Day 2022-11-24, absolute
        at Thanksgiving
            [Thanksgiving] Day 2022-11-24
        next Thanksgiving
            [next Thanksgiving] Day 2023-11-23
        Black Friday 2022
            [Black Friday 2022] Day 2022-11-25, absolute
        Labor Day weekend
            [Labor Day weekend] Weekend 2023-09-02 to 2023-09-03
        Thanksgiving weekend
            [Thanksgiving weekend] Weekend 2022-11-26 to 2022-11-27
        Memorial Day
            [Memorial Day] Day 2023-05-29
        MLK Day 2022
            [MLK Day 2022] Day 2022-01-17, absolute
        Mother's Day
            [Mother's Day] Day 2023-05-14
        last Father's Day
            [last Father's Day] Day 2022-06-19
        on Valentine's Day
            [Valentine's Day] Day 2023-02-14
        St. Patrick's Day
            [St. Patrick's Day] Day 2023-03-17
        Leap Day 2024
            [Leap Day 2024] Day 2024-02-29, absolute
        Leap Day 2023
            -
        every Christmas
            [every Christmas] recurring
    "#]],
    );
}

#[test]
fn dates_in_digits() {
    let texts = [
        "2024-05-17T10:00Z",
        "2024-05-17T10:00:00+02:00",
        "2024-05-17 10:00:00.123",
        "2024-05-17 10:00:00 -0500",
        "2024-05-17 10:00 -05:00",
        "2023-05-07: done",
        "(2023-05-07)",
        "**2023-05-07**",
        "2024-W15",
        "2024-W15-3",
        "2020-W53",
        "2021-W53",
        "week 15 of 2024",
        "CW 15",
        "week 15 of the course",
        "2024-05",
        "2010-12",
        "05/2024",
        "7.5.2023",
        "version 7.5.2023",
        "5/17/23",
        "05/07/23",
        "on 5/17",
        "on 5/7",
        "5/17 tests",
        "17-May-2023",
        "[17/May/2023:10:00:00 +0000]",
        "Wed May 17 10:00:00 2023 +0200",
        "Wed May 17 10:00:00 CEST 2023",
        "2023.1.2",
        "20240517",
    ];
    check(
        "2023-05-17T10:00:00",
        &texts,
        expect![[r#"
            2024-05-17T10:00Z
                [2024-05-17T10:00Z] Instant 2024-05-17 10:00, absolute
            2024-05-17T10:00:00+02:00
                [2024-05-17T10:00:00+02:00] Instant 2024-05-17 08:00, absolute
            2024-05-17 10:00:00.123
                [2024-05-17 10:00:00.123] Instant 2024-05-17 10:00, absolute
            2024-05-17 10:00:00 -0500
                [2024-05-17 10:00:00 -0500] Instant 2024-05-17 15:00, absolute
            2024-05-17 10:00 -05:00
                [2024-05-17 10:00 -05:00] Instant 2024-05-17 15:00, absolute
            2023-05-07: done
                [2023-05-07] Day 2023-05-07, absolute
            (2023-05-07)
                [2023-05-07] Day 2023-05-07, absolute
            **2023-05-07**
                [2023-05-07] Day 2023-05-07, absolute
            2024-W15
                [2024-W15] Week 2024-04-08 to 2024-04-14, absolute
            2024-W15-3
                [2024-W15-3] Day 2024-04-10, absolute
            2020-W53
                [2020-W53] Week 2020-12-28 to 2021-01-03, absolute
            2021-W53
                -
            week 15 of 2024
                [week 15 of 2024] Week 2024-04-08 to 2024-04-14, absolute
            CW 15
                [CW 15] Week 2023-04-10 to 2023-04-16
            week 15 of the course
                -
            2024-05
                [2024-05] Month 2024-05-01 to 2024-05-31, absolute
            2010-12
                [2010] Year 2010-01-01 to 2010-12-31, absolute
            05/2024
                [05/2024] Month 2024-05-01 to 2024-05-31, absolute
            7.5.2023
                [7.5.2023] Day 2023-05-07, absolute
            version 7.5.2023
                -
            5/17/23
                [5/17/23] Day 2023-05-17, absolute
            05/07/23
                -
            on 5/17
                [5/17] Day 2023-05-17
            on 5/7
                -
            5/17 tests
                -
            17-May-2023
                [17-May-2023] Day 2023-05-17, absolute
            [17/May/2023:10:00:00 +0000]
                [17/May/2023:10:00:00 +0000] Instant 2023-05-17 10:00, absolute
            Wed May 17 10:00:00 2023 +0200
                [Wed May 17 10:00:00 2023 +0200] Instant 2023-05-17 08:00, absolute
            Wed May 17 10:00:00 CEST 2023
                [Wed May 17 10:00:00 CEST 2023] Instant 2023-05-17 10:00, absolute
            2023.1.2
                -
            20240517
                -
        "#]],
    );
}

#[test]
fn more_times_of_day() {
    let texts = [
        "half past three",
        "half past 3 pm",
        "a quarter to four",
        "at ten to six",
        "ten to one",
        "tonight at 8",
        "8 tonight",
        "this evening at 7",
        "at 7 in the evening",
        "3 o'clock in the afternoon",
        "9am to 5pm",
        "9-11am",
        "11-1pm",
        "from 9:30 to 11:00 on Friday",
        "Friday 9:30 - 11:00",
        "3.30pm",
        "10:00:00",
        "line 12:30",
        "main.rs:12:30",
        "John 3:16",
        "three take it in the morning",
    ];
    check(
        "2023-05-17T10:00:00",
        &texts,
        expect![[r#"
        half past three
            [half past three] Instant 2023-05-17 03:30
        half past 3 pm
            [half past 3 pm] Instant 2023-05-17 15:30
        a quarter to four
            [a quarter to four] Instant 2023-05-17 03:45
        at ten to six
            [at ten to six] Instant 2023-05-17 05:50
        ten to one
            -
        tonight at 8
            [tonight at 8] Instant 2023-05-17 20:00
        8 tonight
            [8 tonight] Instant 2023-05-17 20:00
        this evening at 7
            [this evening at 7] Instant 2023-05-17 19:00
        at 7 in the evening
            [at 7 in the evening] Instant 2023-05-17 19:00
        3 o'clock in the afternoon
            [3 o'clock in the afternoon] Instant 2023-05-17 15:00
        9am to 5pm
            [9am to 5pm] Instant 2023-05-17 09:00
        9-11am
            [9-11am] Instant 2023-05-17 09:00
        11-1pm
            [11-1pm] Instant 2023-05-17 11:00
        from 9:30 to 11:00 on Friday
            [9:30 to 11:00 on Friday] Instant 2023-05-12 09:30
        Friday 9:30 - 11:00
            [Friday 9:30 - 11:00] Instant 2023-05-12 09:30
        3.30pm
            [3.30pm] Instant 2023-05-17 15:30
        10:00:00
            [10:00:00] Instant 2023-05-17 10:00
        line 12:30
            -
        main.rs:12:30
            -
        John 3:16
            -
        three take it in the morning
            -
    "#]],
    );
}

#[test]
fn more_false_friends() {
    let texts = [
        "in the first place",
        "872feb9 and dec5 are commits",
        "measured in 1000s of bytes",
        "sha256 of w2023x, build12 May",
        "2019 bugs",
        "in 2000 words",
        "from 2000 to 3000 users",
        "2021-nCoV",
        "10.0.0.1",
        "192.168.10.2023",
        "/var/log/2023/05/17/app.log",
        "https://example.com/2023/05/17/title",
        "ubuntu 22.04",
        "release 22.04.3",
        "the third quarter was slow",
        "the second half hurt",
        "a quarter of the cake",
        "a quarter to each",
        "half the time",
        "Easter eggs",
        "the Christmas tree",
        "a thanksgiving dinner",
        "a good friday evening meal",
        "Chinese New Year",
        "New York",
        "my mother's birthday",
        "the labor market",
        "H1 heading",
        "the q1 switch",
        "a W15 form",
        "week 3 of the course",
        "by the 3rd attempt",
        "he is in his nineties",
        "temperatures in the 80s",
        "Monday.com",
        "Saturday Night Live",
        "in summer camp",
        "In May second graders paint.",
        "march 5 miles",
        "I take two in the morning.",
        "24/7",
        "2/3 of users",
        "1-2 spoons",
        "the last two minutes of the game",
        "the last weeks of school",
        "at the end of the day",
        "the other half",
        "this one last year",
    ];
    check(
        "2023-05-17T10:00:00",
        &texts,
        expect![[r#"
            in the first place
                -
            872feb9 and dec5 are commits
                -
            measured in 1000s of bytes
                -
            sha256 of w2023x, build12 May
                -
            2019 bugs
                -
            in 2000 words
                -
            from 2000 to 3000 users
                -
            2021-nCoV
                -
            10.0.0.1
                -
            192.168.10.2023
                -
            /var/log/2023/05/17/app.log
                -
            https://example.com/2023/05/17/title
                -
            ubuntu 22.04
                -
            release 22.04.3
                -
            the third quarter was slow
                -
            the second half hurt
                -
            a quarter of the cake
                -
            a quarter to each
                -
            half the time
                -
            Easter eggs
                -
            the Christmas tree
                -
            a thanksgiving dinner
                -
            a good friday evening meal
                -
            Chinese New Year
                -
            New York
                -
            my mother's birthday
                -
            the labor market
                -
            H1 heading
                -
            the q1 switch
                -
            a W15 form
                -
            week 3 of the course
                -
            by the 3rd attempt
                -
            he is in his nineties
                -
            temperatures in the 80s
                -
            Monday.com
                -
            Saturday Night Live
                -
            in summer camp
                -
            In May second graders paint.
                [May] Month 2023-05-01 to 2023-05-31
            march 5 miles
                -
            I take two in the morning.
                -
            24/7
                -
            2/3 of users
                -
            1-2 spoons
                -
            the last two minutes of the game
                [two minutes] lasting 2 Minute
            the last weeks of school
                -
            at the end of the day
                -
            the other half
                -
            this one last year
                [last year] Year 2022-01-01 to 2022-12-31
        "#]],
    );
}

#[test]
fn what_no_calendar_has_is_named_and_is_no_time() {
    let texts = [
        "31 February 2023",
        "What happened on February 30th?",
        "the 31st of June",
        "June 31, 2022",
        "2023-13-45",
        "2023-02-29",
        "31/31/2023",
        "29-Feb-2023",
        "Friday, 31 February 2023",
        "45 May 2023",
        "29 February",
        "2024-02-29",
        "30-31 January",
        "In February 30 people came.",
        "February 45%",
        "May 2023",
        "1.45.2023",
        "2023-99-1234",
        "/data/2023/31/31/file",
    ];
    let told = at("2023-05-17T10:00:00");
    let lines: Vec<_> = texts
        .iter()
        .map(|it| {
            let named: Vec<_> = impossible(it, told).into_iter().map(|span| &it[span]).collect();
            format!("{it}\n    {named:?} {}\n", shown(it, told))
        })
        .collect();
    expect![[r#"
        31 February 2023
            ["31 February 2023"] -
        What happened on February 30th?
            ["February 30th"] -
        the 31st of June
            ["31st of June"] -
        June 31, 2022
            ["June 31, 2022"] -
        2023-13-45
            ["2023-13-45"] -
        2023-02-29
            ["2023-02-29"] -
        31/31/2023
            ["31/31/2023"] -
        29-Feb-2023
            ["29-Feb-2023"] -
        Friday, 31 February 2023
            ["Friday, 31 February 2023"] -
        45 May 2023
            ["45 May 2023"] -
        29 February
            [] [29 February] Day 2024-02-29
        2024-02-29
            [] [2024-02-29] Day 2024-02-29, absolute
        30-31 January
            [] [30-31 January] Range 2023-01-30 to 2023-01-31
        In February 30 people came.
            [] [February] Month 2023-02-01 to 2023-02-28
        February 45%
            [] [February] Month 2023-02-01 to 2023-02-28
        May 2023
            [] [May 2023] Month 2023-05-01 to 2023-05-31, absolute
        1.45.2023
            [] -
        2023-99-1234
            [] -
        /data/2023/31/31/file
            [] -
    "#]]
    .assert_eq(&lines.concat());
}

#[test]
fn what_is_read_as_a_time_is_no_impossible_day() {
    let (text, told) = ("12June31 2024", at("2023-05-17T10:00:00"));
    assert_eq!(mentions(text, told).len(), 1);
    assert!(impossible(text, told).is_empty());
}

#[test]
fn a_short_year_stands_before_any_mark() {
    let texts = [
        "We moved in May '23.",
        "on 3 May '23, we met",
        "What did we ship in Q1 '23?",
        "It was summer '98.",
        "from Jan '22 to Mar '22.",
        "(since '98)",
        "from '19 to '21.",
        "in '05-'07",
        "in '22/23",
        "winter '22/23",
        "in May '23%",
        "in May '23:30",
        "in May '22.5",
        "the '23rd floor",
        "in '42' he says",
    ];
    check(
        "2026-05-17T10:00:00",
        &texts,
        expect![[r#"
            We moved in May '23.
                [May '23] Month 2023-05-01 to 2023-05-31, absolute
            on 3 May '23, we met
                [3 May '23] Day 2023-05-03, absolute
            What did we ship in Q1 '23?
                [Q1 '23] Range 2023-01-01 to 2023-03-31, absolute
            It was summer '98.
                [summer '98] Season 1998-06-01 to 1998-08-31, absolute
            from Jan '22 to Mar '22.
                [from Jan '22 to Mar '22] Range 2022-01-01 to 2022-03-31, absolute
            (since '98)
                [since '98] Year 1998-01-01 to 1998-12-31, Since, absolute
            from '19 to '21.
                [from '19 to '21] Range 2019-01-01 to 2021-12-31, absolute
            in '05-'07
                ['05-'07] Range 2005-01-01 to 2007-12-31, absolute
            in '22/23
                ['22/23] Range 2022-01-01 to 2023-12-31, absolute
            winter '22/23
                [winter '22/23] Season 2022-12-01 to 2023-02-28, absolute
            in May '23%
                [May] Month 2026-05-01 to 2026-05-31
            in May '23:30
                [May] Month 2026-05-01 to 2026-05-31; [23:30] Instant 2026-05-17 23:30
            in May '22.5
                [May] Month 2026-05-01 to 2026-05-31
            the '23rd floor
                -
            in '42' he says
                -
        "#]],
    );
}

#[test]
fn weekdays_up_to_one_of_a_named_week_are_of_that_week() {
    let texts = [
        "We talked between Monday and Friday last week.",
        "from Monday to Wednesday last week",
        "from Monday to Wednesday next week",
        "between Tuesday and Thursday of next week",
        "from Monday to Friday 10 May 2024",
        "between Monday and Friday",
        "from Monday last week to Friday",
        "from last Monday to Friday",
        "from Monday to Wednesday the week before last",
        "from Friday to Monday next week",
        "from Friday to Monday last week",
        "from 3 May 2023 to Friday",
        "Monday to Wednesday last week",
        "Monday to Wednesday",
    ];
    check(
        "2024-05-16T10:00:00",
        &texts,
        expect![[r#"
            We talked between Monday and Friday last week.
                [between Monday and Friday last week] Range 2024-05-06 to 2024-05-10
            from Monday to Wednesday last week
                [from Monday to Wednesday last week] Range 2024-05-06 to 2024-05-08
            from Monday to Wednesday next week
                [from Monday to Wednesday next week] Range 2024-05-20 to 2024-05-22
            between Tuesday and Thursday of next week
                [between Tuesday and Thursday of next week] Range 2024-05-21 to 2024-05-23
            from Monday to Friday 10 May 2024
                [from Monday to Friday 10 May 2024] Range 2024-05-06 to 2024-05-10, absolute
            between Monday and Friday
                [between Monday and Friday] Range 2024-05-13 to 2024-05-17
            from Monday last week to Friday
                [from Monday last week to Friday] Range 2024-05-06 to 2024-05-10
            from last Monday to Friday
                [from last Monday to Friday] Range 2024-05-13 to 2024-05-17
            from Monday to Wednesday the week before last
                [from Monday to Wednesday the week before last] Range 2024-04-29 to 2024-05-01
            from Friday to Monday next week
                [from Friday to Monday next week] Range 2024-05-17 to 2024-05-20
            from Friday to Monday last week
                [Friday] Day 2024-05-10; [Monday last week] Day 2024-05-06
            from 3 May 2023 to Friday
                [from 3 May 2023 to Friday] Range 2023-05-03 to 2023-05-05, absolute
            Monday to Wednesday last week
                [Monday to Wednesday last week] Range 2024-05-06 to 2024-05-08
            Monday to Wednesday
                [Monday] Day 2024-05-13; [Wednesday] Day 2024-05-15
        "#]],
    );
}

#[test]
fn last_and_next_belong_to_the_month_season_or_feast_behind_them() {
    let texts = [
        "the week before last Christmas",
        "the month before last summer",
        "the year before last May",
        "the Friday before last Christmas",
        "the week after next Easter",
        "the week after last Christmas",
        "two weeks before last Christmas",
        "the day after last Christmas",
        "the night before last Christmas",
        "the Friday after next Thanksgiving",
        "since last Christmas",
        "We will travel this Christmas.",
        "the summer before last Christmas",
        "the last Christmas tree",
        "the week before last",
        "the week before last may have been hard",
        "the night before last",
        "the summer before last",
        "the Friday after next",
    ];
    check(
        "2024-05-16T10:00:00",
        &texts,
        expect![[r#"
            the week before last Christmas
                [the week before last Christmas] Week 2023-12-18 to 2023-12-24
            the month before last summer
                [the month before last summer] Month 2023-05-01 to 2023-05-31
            the year before last May
                [the year before last May] Year 2022-01-01 to 2022-12-31
            the Friday before last Christmas
                [the Friday before last Christmas] Day 2023-12-22
            the week after next Easter
                [the week after next Easter] Week 2025-04-21 to 2025-04-27
            the week after last Christmas
                [the week after last Christmas] Week 2024-01-01 to 2024-01-07
            two weeks before last Christmas
                [two weeks before last Christmas] Week 2023-12-11 to 2023-12-17
            the day after last Christmas
                [the day after last Christmas] Day 2023-12-26
            the night before last Christmas
                [the night before last Christmas] Day 2023-12-24
            the Friday after next Thanksgiving
                [the Friday after next Thanksgiving] Day 2024-11-29
            since last Christmas
                [since last Christmas] Day 2023-12-25, Since
            We will travel this Christmas.
                [this Christmas] Day 2024-12-25
            the summer before last Christmas
                [before last Christmas] Day 2023-12-25, Before
            the last Christmas tree
                -
            the week before last
                [the week before last] Week 2024-04-29 to 2024-05-05
            the week before last may have been hard
                [the week before last] Week 2024-04-29 to 2024-05-05
            the night before last
                [night before last] Day 2024-05-14
            the summer before last
                [summer before last] Season 2022-06-01 to 2022-08-31
            the Friday after next
                [the Friday after next] Day 2024-05-31
        "#]],
    );
}

#[test]
fn the_last_weeks_of_a_whole_end_with_it() {
    let texts = [
        "the last two weeks of May 2023",
        "the last two months of 2023",
        "the last few days of 2023",
        "the past three weeks of June 2024",
        "the first two weeks of May 2023",
        "the last 3 days of last month",
        "the first three months of the year",
        "the last two years of the 1990s",
        "the last two decades of the twentieth century",
        "the last two weekends in May 2023",
        "the last 40 days of May 2023",
        "the last two weeks of practice",
        "the last few weeks of school",
        "the last two weeks",
        "the last two weeks in Bergen",
        "the past two weeks of rain",
        "the next two weeks of rain",
        "the past two months of this year",
        "the past two months of last year",
    ];
    check(
        "2026-05-17T10:00:00",
        &texts,
        expect![[r#"
            the last two weeks of May 2023
                [the last two weeks of May 2023] Range 2023-05-18 to 2023-05-31 or so, absolute
            the last two months of 2023
                [the last two months of 2023] Range 2023-11-01 to 2023-12-31, absolute
            the last few days of 2023
                [the last few days of 2023] Year 2023-01-01 to 2023-12-31 or so, absolute
            the past three weeks of June 2024
                [the past three weeks of June 2024] Range 2024-06-10 to 2024-06-30 or so, absolute
            the first two weeks of May 2023
                [the first two weeks of May 2023] Range 2023-05-01 to 2023-05-14 or so, absolute
            the last 3 days of last month
                [the last 3 days of last month] Range 2026-04-28 to 2026-04-30
            the first three months of the year
                [the first three months of the year] Range 2026-01-01 to 2026-03-31
            the last two years of the 1990s
                [the last two years of the 1990s] Range 1998-01-01 to 1999-12-31, absolute
            the last two decades of the twentieth century
                [the last two decades of the twentieth century] Range 1980-01-01 to 1999-12-31, absolute
            the last two weekends in May 2023
                [the last two weekends in May 2023] Range 2023-05-20 to 2023-05-28, absolute
            the last 40 days of May 2023
                [40 days] lasting 40 Day; [May 2023] Month 2023-05-01 to 2023-05-31, absolute
            the last two weeks of practice
                [two weeks] lasting 2 Week
            the last few weeks of school
                [few weeks] lasting 2-5 Week
            the last two weeks
                [last two weeks] Range 2026-05-03 to 2026-05-17 or so
            the last two weeks in Bergen
                [last two weeks] Range 2026-05-03 to 2026-05-17 or so
            the past two weeks of rain
                [past two weeks] Range 2026-05-03 to 2026-05-17 or so
            the next two weeks of rain
                [next two weeks] Range 2026-05-17 to 2026-05-31 or so
            the past two months of this year
                [two months] lasting 2 Month; [this year] Year 2026-01-01 to 2026-12-31
            the past two months of last year
                [the past two months of last year] Range 2025-11-01 to 2025-12-31
        "#]],
    );
}

#[test]
fn a_list_of_dates_shares_the_year_that_is_said_last() {
    let texts = [
        "in May and June 2023",
        "May and June 2023 were hot.",
        "on 3 May and 5 May 2023",
        "on 3 May and on 5 May 2023",
        "in May, June and July 2023",
        "in December and January 2023",
        "on 5 May or 3 May 2023",
        "May 3, May 5 and June 7, 2023",
        "May 5 and 9 June 2023",
        "in spring and summer 2023",
        "in early May and late June 2023",
        "last May and June 2023",
        "We met in May, and June was cold.",
        "in May and 2023 people came",
        "at Christmas and New Year 2023",
        "in April and May last year",
        "on 3, 4, and 5 May 2023",
        "on May 5, 6 and 7, 2023",
        "On May 5, 6 and 7 people came.",
        "in February and March 2024",
        "in winter and spring 2023",
        "on Friday 5 May and Saturday 6 May 2023",
        "the first Friday of May and 3 June 2023",
    ];
    check(
        "2026-05-17T10:00:00",
        &texts,
        expect![[r#"
            in May and June 2023
                [May] Month 2023-05-01 to 2023-05-31, absolute; [June 2023] Month 2023-06-01 to 2023-06-30, absolute
            May and June 2023 were hot.
                [May] Month 2023-05-01 to 2023-05-31, absolute; [June 2023] Month 2023-06-01 to 2023-06-30, absolute
            on 3 May and 5 May 2023
                [3 May] Day 2023-05-03, absolute; [5 May 2023] Day 2023-05-05, absolute
            on 3 May and on 5 May 2023
                [3 May] Day 2023-05-03, absolute; [5 May 2023] Day 2023-05-05, absolute
            in May, June and July 2023
                [May] Month 2023-05-01 to 2023-05-31, absolute; [June] Month 2023-06-01 to 2023-06-30, absolute; [July 2023] Month 2023-07-01 to 2023-07-31, absolute
            in December and January 2023
                [December] Month 2022-12-01 to 2022-12-31, absolute; [January 2023] Month 2023-01-01 to 2023-01-31, absolute
            on 5 May or 3 May 2023
                [5 May] Day 2023-05-05, absolute; [3 May 2023] Day 2023-05-03, absolute
            May 3, May 5 and June 7, 2023
                [May 3] Day 2023-05-03, absolute; [May 5] Day 2023-05-05, absolute; [June 7, 2023] Day 2023-06-07, absolute
            May 5 and 9 June 2023
                [May 5] Day 2023-05-05, absolute; [9 June 2023] Day 2023-06-09, absolute
            in spring and summer 2023
                [spring] Season 2023-03-01 to 2023-05-31, absolute; [summer 2023] Season 2023-06-01 to 2023-08-31, absolute
            in early May and late June 2023
                [early May] Range 2023-05-01 to 2023-05-10 or so, absolute; [late June 2023] Range 2023-06-21 to 2023-06-30 or so, absolute
            last May and June 2023
                [last May] Month 2025-05-01 to 2025-05-31; [June 2023] Month 2023-06-01 to 2023-06-30, absolute
            We met in May, and June was cold.
                [May] Month 2026-05-01 to 2026-05-31; [June] Month 2025-06-01 to 2025-06-30
            in May and 2023 people came
                [May] Month 2026-05-01 to 2026-05-31
            at Christmas and New Year 2023
                [Christmas] Day 2025-12-25; [New Year 2023] Day 2023-01-01, absolute
            in April and May last year
                [April] Month 2025-04-01 to 2025-04-30; [May last year] Month 2025-05-01 to 2025-05-31
            on 3, 4, and 5 May 2023
                [3, 4, and 5 May 2023] Range 2023-05-03 to 2023-05-05, absolute
            on May 5, 6 and 7, 2023
                [May 5, 6 and 7, 2023] Range 2023-05-05 to 2023-05-07, absolute
            On May 5, 6 and 7 people came.
                [May 5] Day 2026-05-05
            in February and March 2024
                [February] Month 2024-02-01 to 2024-02-29, absolute; [March 2024] Month 2024-03-01 to 2024-03-31, absolute
            in winter and spring 2023
                [winter] Season 2022-12-01 to 2023-02-28, absolute; [spring 2023] Season 2023-03-01 to 2023-05-31, absolute
            on Friday 5 May and Saturday 6 May 2023
                [Friday 5 May] Day 2023-05-05, absolute; [Saturday 6 May 2023] Day 2023-05-06, absolute
            the first Friday of May and 3 June 2023
                [the first Friday of May] Day 2026-05-01; [3 June 2023] Day 2023-06-03, absolute
        "#]],
    );
}

#[test]
fn a_range_of_dates_keeps_both_its_ends() {
    let texts = [
        "from the 5th to the 9th of May 2023",
        "from May 5th to the 9th, 2023",
        "between the 5th and the 9th of May 2023",
        "on the 3rd and the 5th of May 2023",
        "from May 5 to 9 June 2023",
        "May 5 and the 9 dwarfs",
        "between November and February",
        "from December to February",
        "between november and february 2023",
        "between May and June 2023",
        "between November 2022 and February",
        "from 3 May 2019 to 5 June",
        "Friday 3 May to Sunday 5 May 2024",
    ];
    check(
        "2026-05-17T10:00:00",
        &texts,
        expect![[r#"
            from the 5th to the 9th of May 2023
                [from the 5th to the 9th of May 2023] Range 2023-05-05 to 2023-05-09, absolute
            from May 5th to the 9th, 2023
                [from May 5th to the 9th, 2023] Range 2023-05-05 to 2023-05-09, absolute
            between the 5th and the 9th of May 2023
                [between the 5th and the 9th of May 2023] Range 2023-05-05 to 2023-05-09, absolute
            on the 3rd and the 5th of May 2023
                [the 3rd and the 5th of May 2023] Range 2023-05-03 to 2023-05-05, absolute
            from May 5 to 9 June 2023
                [from May 5 to 9 June 2023] Range 2023-05-05 to 2023-06-09, absolute
            May 5 and the 9 dwarfs
                [May 5] Day 2026-05-05
            between November and February
                [between November and February] Range 2025-11-01 to 2026-02-28
            from December to February
                [from December to February] Range 2025-12-01 to 2026-02-28
            between november and february 2023
                [between november and february 2023] Range 2022-11-01 to 2023-02-28, absolute
            between May and June 2023
                [between May and June 2023] Range 2023-05-01 to 2023-06-30, absolute
            between November 2022 and February
                [between November 2022 and February] Range 2022-11-01 to 2023-02-28, absolute
            from 3 May 2019 to 5 June
                [from 3 May 2019 to 5 June] Range 2019-05-03 to 2019-06-05, absolute
            Friday 3 May to Sunday 5 May 2024
                [Friday 3 May to Sunday 5 May 2024] Range 2024-05-03 to 2024-05-05, absolute
        "#]],
    );
    // Each is nearest in another year than both are.
    check(
        "2024-07-25T10:00:00",
        &["between November and February", "between 20 November and 5 February"],
        expect![[r#"
            between November and February
                [between November and February] Range 2024-11-01 to 2025-02-28
            between 20 November and 5 February
                [between 20 November and 5 February] Range 2024-11-20 to 2025-02-05
        "#]],
    );
}

#[test]
fn a_time_before_1970_has_its_days() {
    let told = at("2023-05-17T10:00:00");
    let texts = [("Grandma was born on 3 May 1932 in Bergen.", told), ("Grandpa was not.", told)];
    let (_, interval, granularity) = date_among(("When was Grandma born?", told), texts).unwrap();
    let days = Some(("1932-05-03".to_owned(), "1932-05-03".to_owned()));
    assert_eq!((interval.days(), granularity), (days, Granularity::Day));
    let days = |text: &str| mentions(text, told)[0].at().unwrap().0.days().unwrap();
    assert_eq!(days("in the 19th century"), ("1800-01-01".to_owned(), "1899-12-31".to_owned()));
    assert_eq!(days("in winter 1969"), ("1969-12-01".to_owned(), "1970-02-28".to_owned()));
    assert_eq!(days("1 January 0001"), ("0001-01-01".to_owned(), "0001-01-01".to_owned()));
    let open = mentions("before 1932", told)[0].window(told).unwrap();
    assert_eq!(
        (moment(open.from), moment(open.to)),
        ("0001-01-01T00:00:00.000Z".to_owned(), "1932-01-01T00:00:00.000Z".to_owned(),)
    );
    assert_eq!(moment(i64::MAX), "9999-12-31T23:59:59.999Z");
    assert_eq!(moment(-1_000), "1969-12-31T23:59:59.999Z");
    let now = i64::try_from(told.as_micros()).unwrap();
    assert_eq!(moment(now), told.to_string());
}

#[test]
fn a_day_that_may_be_two_is_named_with_both() {
    let texts = [
        "what happened on 05/07/2023?",
        "11/12/2026 and 1-2-2026",
        "on 5/7/23",
        "5/5/2023",
        "25/07/2023",
        "7.5.2023",
        "05/07/2023/3",
        "/data/05/07/2023",
        "05/2023",
        "24/7",
    ];
    let line = |text: &&str| {
        let named = ambiguous(text, at("2026-05-17T10:00:00")).into_iter().map(|(span, days)| {
            format!("[{}] {}", &text[span], days.map(|it| it.days().unwrap().0).join(" or "))
        });
        let named: Vec<_> = named.collect();
        format!(
            "{text}\n    {}\n",
            if named.is_empty() { "-".to_owned() } else { named.join("; ") }
        )
    };
    let lines: Vec<_> = texts.iter().map(line).collect();
    expect![[r#"
        what happened on 05/07/2023?
            [05/07/2023] 2023-07-05 or 2023-05-07
        11/12/2026 and 1-2-2026
            [11/12/2026] 2026-12-11 or 2026-11-12; [1-2-2026] 2026-02-01 or 2026-01-02
        on 5/7/23
            [5/7/23] 2023-07-05 or 2023-05-07
        5/5/2023
            -
        25/07/2023
            -
        7.5.2023
            -
        05/07/2023/3
            -
        /data/05/07/2023
            -
        05/2023
            -
        24/7
            -
    "#]]
    .assert_eq(&lines.concat());
}

/// Words of the grammar, in any order.
fn soup() -> impl Strategy<Value = String> {
    let words = "the a last next this past week weekend month year before after of ago in on at from between and \
        to - , . early mid late end first second two 3 31 99999 2023 9999 0001 may May June Friday sun summer fall \
        few couple days weeks years centuries every since until yesterday tomorrow morning pm : 12 15 30 th 's ' Q3 \
        decade christmas eve 1990s half now now. week easter new years thanksgiving weekend fridays \
        ago summers quarter century T Z W15 W 2024 2.5 10,000 hundred and-a-half other time same night hours : + / \
        nineties fourth twenty 13 45 EOD tonight 8 beginning next next. last year or 05/07/2023 '23";
    let words: Vec<&'static str> = words.split_whitespace().collect();
    let spaces = prop::sample::select(vec!["", " ", " ", " "]);
    prop::collection::vec((prop::sample::select(words), spaces), 0..40)
        .prop_map(|it| it.into_iter().map(|(word, space)| format!("{word}{space}")).collect())
}

fn in_order_and_in_the_calendar(text: &str, told: Timestamp) -> Result<(), TestCaseError> {
    let (first, last) = (-62_135_596_800_000_000, 253_402_300_800_000_000);
    let mut end = 0;
    prop_assert_eq!(grammar::read(text, told, true), grammar::read(text, told, false));
    for mention in mentions(text, told) {
        prop_assert!(end <= mention.span.start && mention.span.start < mention.span.end);
        prop_assert!(text.get(mention.span.clone()).is_some());
        end = mention.span.end;
        let part = |it: &Range<usize>| it.start < mention.span.end && mention.span.start < it.end;
        prop_assert!(!impossible(text, told).iter().any(part), "{mention:?}");
        if let Some((interval, granularity)) = mention.at() {
            prop_assert!(interval.from < interval.to, "{mention:?}");
            let days = granularity != Granularity::Instant;
            prop_assert!(!days || (first <= interval.from && interval.to <= last), "{mention:?}");
        }
    }
    prop_assert!(ambiguous(text, told).into_iter().all(|it| text.get(it.0).is_some()));
    date_of("When did the week start?", text, told);
    Ok(())
}

proptest! {
    #[test]
    fn any_text_at_any_time_is_read_without_a_panic(text in "\\PC{0,200}", told: u64) {
        in_order_and_in_the_calendar(&text, Timestamp::from_micros(told))?;
    }

    #[test]
    fn any_words_of_the_grammar_are_read_without_a_panic(text in soup(), told: u64) {
        in_order_and_in_the_calendar(&text, Timestamp::from_micros(told))?;
        in_order_and_in_the_calendar(&text, Timestamp::from_micros(told % 2_000_000_000_000_000))?;
    }

    #[test]
    fn a_date_is_read_however_it_is_written(days in 0_i64..60_000) {
        let date = jiff::civil::date(1900, 1, 1).checked_add(jiff::SignedDuration::from_hours(24 * days)).unwrap();
        for form in ["%Y-%m-%d", "%-d %B %Y", "%B %-d, %Y", "%A, %-d %B, %Y", "the %-dth of %b %Y", "%b. %d, %Y"] {
            let text = date.strftime(form).to_string();
            let found = mentions(&text, at("2023-05-17T10:00:00"));
            prop_assert_eq!(found.len(), 1, "{}", text);
            let (interval, granularity) = found[0].at().unwrap();
            prop_assert_eq!(day(interval.from), date.to_string(), "{}", text);
            prop_assert_eq!(granularity, Granularity::Day);
        }
    }

    #[test]
    fn the_last_weekday_lies_one_to_seven_days_back(told in 1_000_000_u64..2_000_000_000, weekday in 0_usize..7) {
        let names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
        let told = Timestamp::from_millis(told * 1_000);
        let (found, _) = mentions(&format!("last {}", names[weekday]), told)[0].at().unwrap();
        let back = (Interval::day_of(told).from - found.from) / 86_400_000_000;
        prop_assert!((1..=7).contains(&back));
        let date: jiff::civil::Date = day(found.from).parse().unwrap();
        prop_assert_eq!(usize::try_from(date.weekday().to_monday_zero_offset()).unwrap(), weekday);
    }
}

#[test]
fn long_hostile_texts_are_read_in_one_pass() {
    for part in [
        "the week before ",
        "between 3 and ",
        "last ",
        "1-",
        "in two ",
        "May ",
        "2023 ",
        "early ",
        "the first week of ",
        "a",
        "\u{301}",
        "two Fridays ",
        "a hundred and ",
        "the first half of ",
        "May to ",
        "2023-",
        "31 February ",
        "half past ",
        "10:00:",
        "new year's ",
        "the week from ",
        "this time last ",
        "May, ",
        "May and ",
        "3 May, and ",
        "the last two weeks of ",
        "05/07/2023 ",
        "the 5th to ",
    ] {
        let text = part.repeat((1 << 17) / part.len());
        mentions(&text, at("2023-05-17T10:00:00"));
        impossible(&text, at("2023-05-17T10:00:00"));
        ambiguous(&text, at("2023-05-17T10:00:00"));
    }
    let many = "yesterday ".repeat(20_000);
    assert!(date_of("When was yesterday?", &many, at("2023-05-17T10:00:00")).is_some());
}

#[test]
fn the_best_time_of_a_text_answers_the_question() {
    let text = "I told you about my school event last week. I started transitioning three years ago. \
        We'll meet again on Friday at 3 pm. I have been painting for seven years now. Last May we moved.";
    let questions = [
        "When was the school event?",
        "When did she start transitioning?",
        "When will they meet again?",
        "When did she start painting?",
        "How long has she been painting?",
        "Which year did they move?",
        "In which month did they move?",
    ];
    let told = at("2023-06-09T19:55:00");
    let lines: Vec<_> = questions
        .iter()
        .map(|it| {
            let (interval, granularity) = date_of(it, text, told).unwrap();
            format!("{it} {granularity:?} {}\n", day(interval.from))
        })
        .collect();
    expect![[r#"
        When was the school event? Week 2023-05-29
        When did she start transitioning? Year 2020-01-01
        When will they meet again? Instant 2023-06-16 15:00
        When did she start painting? Year 2016-01-01
        How long has she been painting? Year 2016-01-01
        Which year did they move? Year 2023-01-01
        In which month did they move? Month 2023-05-01
    "#]]
    .assert_eq(&lines.concat());
    assert_eq!(date_of("When?", "Nothing of the kind.", told), None);
}

/// What `date_of` makes of each text for its question.
#[track_caller]
fn check_answers(told: &str, asked: &[(&str, &str)], expected: Expect) {
    let line = |(question, text): &(&str, &str)| {
        let found = date_of(question, text, at(told));
        let shown = found.map_or_else(
            || "-".to_owned(),
            |(interval, granularity)| {
                let last = (interval.to - 1).div_euclid(86_400_000_000) * 86_400_000_000;
                format!("{granularity:?} {} to {}", day(interval.from), day(last))
            },
        );
        format!("{question} {text}\n    {shown}\n")
    };
    let lines: Vec<_> = asked.iter().map(line).collect();
    expected.assert_eq(&lines.concat());
}

#[test]
fn what_has_lasted_until_now_tells_its_beginning() {
    let asked = [
        ("When did she start to paint?", "I've been painting for the past three years."),
        ("When did he begin with chess?", "Over the last few months I played chess a lot."),
        ("When did he start his job?", "I've had this job for a year now."),
        ("When did she start to run?", "I've been running for a couple of months."),
        ("When did Ana get her cats?", "I've had my cats for four years now!"),
        ("When did Ben join the choir?", "Two years already, and the choir still is a joy."),
        ("When did Ben join the choir?", "We sang in the choir for two years."),
        ("When did Ben join the choir?", "It's been three weeks since I joined the choir."),
        ("When did Ben see a doctor?", "It's been ten days since I saw the doctor."),
        ("When did Ana get her cats?", "It's been a month since we talked! My cats are well."),
        ("When did Ana start to paint?", "Been two weeks since we talked. I started yesterday."),
        ("When did Ana paint the house?", "I've been at home for two weeks now."),
    ];
    check_answers(
        "2023-05-17T10:00:00",
        &asked,
        expect![[r#"
        When did she start to paint? I've been painting for the past three years.
            Year 2020-01-01 to 2020-12-31
        When did he begin with chess? Over the last few months I played chess a lot.
            Range 2022-12-01 to 2023-03-31
        When did he start his job? I've had this job for a year now.
            Month 2022-05-01 to 2022-05-31
        When did she start to run? I've been running for a couple of months.
            Range 2023-02-01 to 2023-03-31
        When did Ana get her cats? I've had my cats for four years now!
            Year 2019-01-01 to 2019-12-31
        When did Ben join the choir? Two years already, and the choir still is a joy.
            Year 2021-01-01 to 2021-12-31
        When did Ben join the choir? We sang in the choir for two years.
            -
        When did Ben join the choir? It's been three weeks since I joined the choir.
            Week 2023-04-24 to 2023-04-30
        When did Ben see a doctor? It's been ten days since I saw the doctor.
            Day 2023-05-07 to 2023-05-07
        When did Ana get her cats? It's been a month since we talked! My cats are well.
            -
        When did Ana start to paint? Been two weeks since we talked. I started yesterday.
            Day 2023-05-16 to 2023-05-16
        When did Ana paint the house? I've been at home for two weeks now.
            -
    "#]],
    );
}

#[test]
fn what_is_planned_was_not_over_when_it_was_told() {
    let asked = [
        ("When will they go camping?", "We went camping last summer."),
        ("When are they going to move?", "We moved two years ago."),
        ("When is Ana planning to go camping?", "Last year it rained. We will go camping in July."),
        ("When will the team meet?", "The team meets this week."),
        ("When did they go camping?", "We go camping next month."),
        ("When did they go camping?", "We went camping last summer."),
    ];
    check_answers(
        "2023-05-17T10:00:00",
        &asked,
        expect![[r#"
        When will they go camping? We went camping last summer.
            -
        When are they going to move? We moved two years ago.
            -
        When is Ana planning to go camping? Last year it rained. We will go camping in July.
            Month 2023-07-01 to 2023-07-31
        When will the team meet? The team meets this week.
            Week 2023-05-15 to 2023-05-21
        When did they go camping? We go camping next month.
            Month 2023-06-01 to 2023-06-30
        When did they go camping? We went camping last summer.
            Season 2022-06-01 to 2022-08-31
    "#]],
    );
}

#[test]
fn a_bound_opens_the_window() {
    let told = at("2023-05-17T10:00:00");
    let window = |text: &str| mentions(text, told)[0].window(told).unwrap();
    let year = |number| Interval {
        from: window(&format!("in {number}")).from,
        to: window(&format!("in {number}")).to,
    };
    let now = i64::try_from(told.as_micros()).unwrap();
    assert_eq!(window("since 2019"), Interval { from: year(2019).from, to: now });
    assert_eq!(window("before 2019"), Interval { from: i64::MIN, to: year(2019).from });
    assert_eq!(window("until 2019"), Interval { from: i64::MIN, to: year(2019).to });
    assert_eq!(window("after 2019"), Interval { from: year(2020).from, to: i64::MAX });
}

#[test]
fn how_exactly_a_time_was_meant_has_one_name() {
    use Granularity::*;
    let all = [Instant, Day, Weekend, Week, Month, Season, Year, Decade, Range];
    for it in all {
        assert_eq!(serde_json::to_value(it).unwrap(), it.name());
    }
    assert_eq!(all.map(Granularity::name), voyager_base::memory::GRANULARITIES);
}

#[test]
fn the_time_of_an_event_stands_in_a_sentence_that_tells_of_it() {
    let told = at("2024-05-20T10:00:00");
    let of = |text: &str| {
        let found = date_of_event("the move to Berlin", text, told);
        found.map(|(interval, _)| day(interval.from))
    };
    for (text, expected) in [
        ("Ana moved to Berlin two days ago.", Some("2024-05-18")),
        ("We live in Berlin, for since 3 May 2023 the move is done.", Some("2023-05-03")),
        ("After a long search, we moved to Berlin on 3 May 2023.", Some("2023-05-03")),
        ("It's been two months since the move to Berlin.", Some("2024-03-01")),
        ("Ana moved to Berlin. The rent is due on 1 June 2024.", None),
        ("Ana moved to Berlin. The rent in Berlin is due on 1 June 2024.", None),
        ("Since the move to Berlin I sleep badly; yesterday I saw a doctor.", None),
        ("Yesterday, after the move to Berlin, I saw a doctor.", None),
        ("Until we moved to Berlin, on 3 May 2023, I slept well.", None),
        ("Before 2019 the move to Berlin was only talk.", None),
        ("The door was painted yesterday.", None),
    ] {
        assert_eq!(of(text).as_deref(), expected, "{text}");
    }
}
