//! What a work log is going to tell, before it is told: moments in which somebody tells something, and
//! questions that they answer.

use std::collections::BTreeSet;

use super::{
    Category, Date, MONTHS, Team,
    draw::{Draw, fill, filled},
    facts::{Event, Kind, List, Whose},
    setting::{Intent, Setting, Themed},
};

/// How often a plan that fits is looked for before a kind of question counts as used up.
const TRIES: usize = 2_000;

/// Everything that will be told, and asked.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) moments: Vec<Moment>,
    /// Moments that happen in different sessions.
    pub(super) chains: Vec<Chain>,
    pub(super) asks: Vec<Ask>,
    /// Questions about what nobody tells.
    pub(super) unsaid: Vec<String>,
}

/// Moments that happen in different sessions.
pub(super) struct Chain {
    pub(super) moments: Vec<usize>,
    /// Whether they happen in this order.
    pub(super) ordered: bool,
}

/// A short exchange that tells one fact.
pub(super) struct Moment {
    /// Whose fact it is.
    pub(super) speaker: usize,
    /// What it is about, if not about the speaker.
    pub(super) topic: Option<usize>,
    pub(super) lines: Vec<Line>,
    /// The line that tells it.
    pub(super) fact: usize,
}

/// What is said in one turn. `{other}` is whoever hears it.
pub(super) struct Line {
    /// Whether the speaker of the moment says it, and not whoever listens.
    pub(super) own: bool,
    pub(super) text: String,
    /// What a picture shows that comes along.
    pub(super) shows: Option<String>,
}

/// A question, and the moments that answer it.
pub(super) struct Ask {
    pub(super) category: Category,
    pub(super) question: String,
    pub(super) evidence: Vec<usize>,
    pub(super) answer: Answer,
}

/// An answer, as far as it is known before there are dates.
pub(super) enum Answer {
    /// There is none.
    None,
    /// This.
    Text(String),
    /// A time, seen from the session of a moment.
    When(usize, Relative),
}

/// A time as people say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relative {
    /// So many days ago.
    Ago(u32),
    /// In so many days.
    Ahead(u32),
    /// The last day of this name, Monday being 0.
    Last(u32),
    /// The next one.
    Next(u32),
    /// So many weeks ago.
    WeeksAgo(u32),
    Weekend,
    LastMonth,
    NextMonth,
    LastYear,
}

const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

const COUNTS: [&str; 7] = ["no", "one", "two", "three", "four", "five", "six"];

impl Relative {
    fn past(draw: &Draw) -> Self {
        match draw.below(100) {
            ..16 => Self::Ago(1),
            16..24 => Self::Ago(0),
            24..44 => Self::Ago(draw.between(2, 6) as u32),
            44..64 => Self::Last(draw.below(7) as u32),
            64..78 => Self::WeeksAgo(draw.between(1, 4) as u32),
            78..86 => Self::Weekend,
            86..95 => Self::LastMonth,
            _ => Self::LastYear,
        }
    }

    fn future(draw: &Draw) -> Self {
        match draw.below(100) {
            ..20 => Self::Ahead(1),
            20..50 => Self::Ahead(draw.between(2, 6) as u32),
            50..80 => Self::Next(draw.below(7) as u32),
            _ => Self::NextMonth,
        }
    }

    /// How it is said.
    fn said(self, draw: &Draw) -> String {
        let pick = |forms: &[&str]| draw.word(forms).to_owned();
        match self {
            Self::Ago(0) => {
                pick(&["this morning", "today", "a few hours ago", "just before lunch today"])
            }
            Self::Ago(1) => pick(&["yesterday", "last night", "yesterday afternoon"]),
            Self::Ago(2) if draw.chance(40) => pick(&["the day before yesterday"]),
            Self::Ago(days) => format!("{} days ago", COUNTS[days as usize]),
            Self::Ahead(1) => pick(&["tomorrow", "tomorrow morning"]),
            Self::Ahead(days) => format!("in {} days", COUNTS[days as usize]),
            Self::Last(day) => format!("last {}", WEEKDAYS[day as usize]),
            Self::Next(day) => format!("next {}", WEEKDAYS[day as usize]),
            Self::WeeksAgo(1) => pick(&["a week ago", "last week", "about a week ago"]),
            Self::WeeksAgo(weeks) => format!("{} weeks ago", COUNTS[weeks as usize]),
            Self::Weekend => pick(&["last weekend", "over the weekend", "on the weekend"]),
            Self::LastMonth => pick(&["last month", "a month ago"]),
            Self::NextMonth => pick(&["next month", "some time next month"]),
            Self::LastYear => pick(&["last year", "a year ago"]),
        }
    }

    /// What it means when it is said on `date`.
    pub(super) fn resolved(self, date: Date) -> String {
        let day = |date: Date| {
            let Date { year, month, day } = date;
            format!("{day} {} {year}", MONTHS[month as usize - 1])
        };
        let month = |year: u32, month: u32| format!("{} {year}", MONTHS[month as usize - 1]);
        match self {
            Self::Ago(days) => day(Date::of(date.number() - days)),
            Self::Ahead(days) => day(Date::of(date.number() + days)),
            Self::Last(weekday) => {
                format!("the {} before {}", WEEKDAYS[weekday as usize], day(date))
            }
            Self::Next(weekday) => {
                format!("the {} after {}", WEEKDAYS[weekday as usize], day(date))
            }
            Self::WeeksAgo(1) => format!("the week before {}", day(date)),
            Self::WeeksAgo(weeks) => {
                format!("{} weeks before {}", COUNTS[weeks as usize], day(date))
            }
            Self::Weekend => format!("the weekend before {}", day(date)),
            Self::LastMonth if date.month == 1 => month(date.year - 1, 12),
            Self::LastMonth => month(date.year, date.month - 1),
            Self::NextMonth if date.month == 12 => month(date.year + 1, 1),
            Self::NextMonth => month(date.year, date.month + 1),
            Self::LastYear => (date.year - 1).to_string(),
        }
    }
}

impl Plan {
    /// Plans for `questions` questions, none of them in `asked`, and draws as many others by `unsaid`.
    pub(super) fn new(
        draw: &Draw,
        unsaid: &Draw,
        team: &Team,
        questions: usize,
        asked: &mut BTreeSet<String>,
    ) -> Self {
        let mut planner = Planner {
            draw,
            team,
            setting: team.setting,
            tables: Tables::of(team.setting),
            asked,
            plan: Self::default(),
            used: BTreeSet::new(),
            values: BTreeSet::new(),
            known: Vec::new(),
        };
        let share = |percent: usize| (questions * percent).div_ceil(100);
        let shares = &team.setting.shares;
        planner.until(share(shares.events), Planner::event);
        planner.until(share(shares.several), Planner::several);
        planner.until(share(shares.changes), Planner::change);
        planner.until(share(shares.conclusions), Planner::conclusion);
        planner.until(share(shares.facts), Planner::fact);
        let left = questions - planner.plan.asks.len().min(questions);
        planner.until(left, Planner::swap);
        let unsaid = planner.unsaid(unsaid, questions);
        let mut plan = planner.plan;
        plan.unsaid = unsaid;
        plan.asks.truncate(questions);
        assert_eq!(plan.asks.len(), questions, "there is enough to tell");
        plan
    }
}

/// What makes a fact one fact: no two of the same are told, so that a question has one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    table: Table,
    place: usize,
    topic: Option<usize>,
    member: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Table {
    Kind,
    Event,
    Appointment,
    List,
    State,
    Trait,
    Shared,
    Maintainer,
    Depends,
    Intent,
}

/// A fact that can be asked of somebody who never told it.
struct Known {
    key: Key,
    of: Whose,
    questions: &'static [&'static str],
    /// What somebody did, for questions that say so.
    did: &'static [&'static str],
    /// Questions that take for granted what nobody said.
    twisted: &'static [&'static str],
    moment: usize,
}

/// What can be told, with its themes.
struct Tables {
    kinds: Vec<Themed<Kind>>,
    events: Vec<Themed<Event>>,
    lists: Vec<Themed<List>>,
    intents: Vec<Themed<Intent>>,
}

impl Tables {
    fn of(setting: &Setting) -> Self {
        Self {
            kinds: setting.kinds(),
            events: setting.events(),
            lists: setting.lists(),
            intents: setting.intents(),
        }
    }
}

/// Makes a plan.
struct Planner<'a> {
    draw: &'a Draw,
    team: &'a Team,
    setting: &'static Setting,
    tables: Tables,
    asked: &'a mut BTreeSet<String>,
    plan: Plan,
    used: BTreeSet<Key>,
    /// Values that were told: others come first.
    values: BTreeSet<&'static str>,
    known: Vec<Known>,
}

impl Planner<'_> {
    /// Adds questions by `add` until there are `count` more.
    fn until(&mut self, count: usize, add: fn(&mut Self) -> Option<()>) {
        let enough = self.plan.asks.len() + count;
        for _ in 0..TRIES {
            if self.plan.asks.len() >= enough {
                return;
            }
            // What did not fit is drawn again.
            let _ = add(self);
        }
    }

    /// Somebody who can have such a fact, and a topic where it has one.
    fn subject(&self, of: Whose) -> Option<(usize, Option<usize>)> {
        let member = self.draw.below(self.team.members.len());
        let agent = self.team.members[member].agent;
        match of {
            Whose::Topic => Some((member, Some(*self.draw.pick(&self.team.topics)))),
            Whose::Person => (!agent).then_some((member, None)),
            Whose::Agent => agent.then_some((member, None)),
        }
    }

    /// Somebody who can have such a fact of a theme, if it is one that is talked about.
    fn subject_of(&self, of: Whose, theme: Option<usize>) -> Option<(usize, Option<usize>)> {
        let (member, topic) = self.subject(of)?;
        if theme.is_some_and(|it| !self.team.topics.contains(&it)) {
            return None;
        }
        Some((member, theme.or(topic)))
    }

    /// A value that was not told yet, if possible.
    fn value(&mut self, from: &'static [&'static str]) -> &'static str {
        let fresh: Vec<&&str> = from.iter().filter(|it| !self.values.contains(*it)).collect();
        let value = if fresh.is_empty() { self.draw.word(from) } else { **self.draw.pick(&fresh) };
        self.values.insert(value);
        value
    }

    /// Marks a fact as told; nothing where it was.
    fn claim(&mut self, key: Key) -> Option<()> {
        self.used.insert(key).then_some(())
    }

    /// A template with a topic by one of its names, and other slots.
    fn text(&self, template: &str, topic: Option<usize>, slots: &[(&str, &str)]) -> String {
        let topic = topic.map_or("", |it| self.team.topic(self.draw, it));
        let bare = topic.strip_prefix("the ").unwrap_or(topic);
        let own = [("topic", topic), ("topic_bare", bare)];
        fill(template, &[slots, &own].concat())
    }

    /// A question that was not asked before, by one of `templates`.
    fn question(
        &mut self,
        templates: &[&str],
        topic: Option<usize>,
        who: &str,
        did: &[&str],
    ) -> Option<String> {
        for _ in 0..12 {
            let did = if did.is_empty() { "" } else { self.draw.word(did) };
            let template = self.draw.word(templates).replace("{do}", did);
            let text = self.text(&template, topic, &[("who", who)]);
            if self.asked.insert(text.clone()) {
                return Some(text);
            }
        }
        None
    }

    fn ask(&mut self, category: Category, question: String, evidence: Vec<usize>, answer: Answer) {
        self.plan.asks.push(Ask { category, question, evidence, answer });
    }

    fn name(&self, member: usize) -> &'static str {
        self.team.members[member].name
    }

    /// Adds a moment of these lines, whose last one tells its fact, and mostly what others say to it: one of
    /// `remarks`, if there are any, or something that fits everywhere.
    fn moment(
        &mut self,
        speaker: usize,
        topic: Option<usize>,
        lines: Vec<(bool, String)>,
        remarks: &[&str],
    ) -> usize {
        let fact = lines.len() - 1;
        let line = |(place, (own, text))| {
            let text = if place == fact { self.longer(text, topic) } else { text };
            Line { own, text, shows: None }
        };
        let mut lines: Vec<Line> = lines.into_iter().enumerate().map(line).collect();
        let Setting { talk, shares, .. } = self.setting;
        let theme = self.setting.theme(topic);
        let echoes = theme.map_or(talk.echoes, |it| it.back);
        let (own, of_topic, any) = shares.remarks;
        let remarks = match self.draw.below(100) {
            it if it < own && !remarks.is_empty() => remarks,
            it if it < of_topic && topic.is_some() => echoes,
            it if it < any => talk.reactions,
            _ => &[],
        };
        if !remarks.is_empty() {
            let mut text = self.text(self.draw.word(remarks), topic, &[]);
            if theme.is_some() && self.draw.chance(50) {
                text = format!("{} {text}", self.text(self.draw.word(talk.reactions), topic, &[]));
            }
            lines.push(Line { own: false, text, shows: None });
            // Friends go on about it for a while.
            if let Some(theme) = theme.filter(|_| self.draw.chance(45)) {
                let text = self.text(self.draw.word(theme.talk), topic, &[]);
                let text = self.longer(text, topic);
                lines.push(Line { own: true, text, shows: None });
            }
        }
        self.plan.moments.push(Moment { speaker, topic, lines, fact });
        self.plan.moments.len() - 1
    }

    /// A text with something around it that tells nothing, as people talk.
    fn longer(&self, text: String, topic: Option<usize>) -> String {
        let mut longer = text;
        let Setting { talk, shares, .. } = self.setting;
        if self.draw.chance(shares.leads) {
            longer = format!("{} {longer}", self.draw.word(talk.leads));
        }
        let (of_topic, any) = shares.tails;
        let tails = match (self.draw.below(100), topic) {
            (it, Some(_)) if it < of_topic => talk.topic_tails,
            (it, _) if it < any => talk.tails,
            _ => return longer,
        };
        let tail = self.text(self.draw.word(tails), topic, &[]);
        format!("{longer} {tail}")
    }

    /// Lets the fact of a moment come with a picture of this.
    fn show(&mut self, moment: usize, caption: &str, value: &str) {
        let Moment { lines, fact, .. } = &mut self.plan.moments[moment];
        lines[*fact].shows = Some(filled(caption, &[("value", value)]));
    }

    fn chain(&mut self, moments: Vec<usize>, ordered: bool) {
        self.plan.chains.push(Chain { moments, ordered });
    }

    /// Tells a fact of `kind`: at once, as an answer, or about a topic that was just named.
    fn tell(&mut self, kind: &Kind, member: usize, topic: Option<usize>, value: &str) -> usize {
        let slots = [("value", value)];
        let draw = self.draw;
        if !kind.shown.is_empty() && draw.chance(35) {
            let (said, caption) = *draw.pick(kind.shown);
            let said = self.text(said, topic, &slots);
            let moment = self.moment(member, topic, vec![(true, said)], kind.remarked);
            self.show(moment, caption, value);
            return moment;
        }
        let talk = &self.setting.talk;
        let text = |templates: &[&str]| self.text(draw.word(templates), topic, &slots);
        // After a question or a beginning most people only add what is missing, and some say it all.
        let all = draw.chance(30);
        let lines = match draw.below(100) {
            ..22 if !kind.continued.is_empty() => {
                let mut lines = vec![(true, text(talk.intros))];
                if draw.chance(50) {
                    lines.push((false, text(talk.go_on)));
                }
                lines.push((true, text(if all { kind.said } else { kind.continued })));
                lines
            }
            ..50 => {
                let answered = if all { kind.said } else { kind.answered };
                vec![(false, text(kind.asked)), (true, text(answered))]
            }
            _ => vec![(true, text(kind.said))],
        };
        self.moment(member, topic, lines, kind.remarked)
    }

    /// One fact of one turn.
    fn fact(&mut self) -> Option<()> {
        let place = self.draw.below(self.tables.kinds.len());
        let (kind, theme) = self.tables.kinds[place];
        let (member, topic) = self.subject_of(kind.of, theme)?;
        let (moment, value) = self.told(place, member, topic)?;
        self.chain(vec![moment], false);
        let question = self.question(kind.questions, topic, self.name(member), &[])?;
        self.ask(Category::SingleHop, question, vec![moment], Answer::Text(value.to_owned()));
        Some(())
    }

    /// Has somebody tell a fact of a kind, if it was not told: the moment, and what is told.
    fn told(
        &mut self,
        place: usize,
        member: usize,
        topic: Option<usize>,
    ) -> Option<(usize, &'static str)> {
        let (kind, _) = self.tables.kinds[place];
        let key = Key { table: Table::Kind, place, topic, member: Some(member) };
        self.claim(key)?;
        let value = self.value(kind.values);
        let moment = self.tell(kind, member, topic, value);
        let Kind { of, questions, twisted, .. } = *kind;
        self.known.push(Known { key, of, questions, did: &[], twisted, moment });
        Some((moment, value))
    }

    /// Something that happened, or will.
    fn event(&mut self) -> Option<()> {
        if self.draw.chance(20) {
            let planned = self.setting.appointments.is_empty();
            return if planned { self.intent() } else { self.appointment() };
        }
        let place = self.draw.below(self.tables.events.len());
        let (event, theme) = self.tables.events[place];
        let (member, topic) = self.subject_of(event.of, theme)?;
        let key = Key { table: Table::Event, place, topic, member: Some(member) };
        self.claim(key)?;
        let when = Relative::past(self.draw);
        let did = if self.draw.chance(50) { event.did } else { event.also };
        let talk = &self.setting.event;
        let template = self.draw.word(talk.said).replace("{did}", did);
        let said = self.text(&template, topic, &[("when", &when.said(self.draw))]);
        let mut lines = vec![(true, said)];
        if self.draw.chance(30) {
            lines.insert(0, (false, (self.draw.word(talk.asked)).to_owned()));
        }
        let remark = self.draw.word(talk.remarked).replace("{do}", self.draw.word(event.do_it));
        let moment = self.moment(member, topic, lines, &[&remark]);
        self.chain(vec![moment], false);
        if !event.shown.is_empty() && self.draw.chance(50) {
            self.show(moment, self.draw.word(event.shown), "");
        }
        let questions = talk.questions;
        let Event { of, do_it: did, .. } = *event;
        self.known.push(Known { key, of, questions, did, twisted: &[], moment });
        let question = self.question(questions, topic, self.name(member), event.do_it)?;
        self.ask(Category::Temporal, question, vec![moment], Answer::When(moment, when));
        Some(())
    }

    fn appointment(&mut self) -> Option<()> {
        let place = self.draw.below(self.setting.appointments.len());
        let it = &self.setting.appointments[place];
        let (member, topic) = self.subject(it.of)?;
        let key = Key { table: Table::Appointment, place, topic, member: Some(member) };
        self.claim(key)?;
        let when = Relative::future(self.draw);
        let said = self.text(self.draw.word(it.said), topic, &[("when", &when.said(self.draw))]);
        let moment = self.moment(member, topic, vec![(true, said)], &[]);
        self.chain(vec![moment], false);
        let (of, questions) = (it.of, it.questions);
        self.known.push(Known { key, of, questions, did: &[], twisted: &[], moment });
        let question = self.question(it.questions, topic, self.name(member), &[])?;
        self.ask(Category::Temporal, question, vec![moment], Answer::When(moment, when));
        Some(())
    }

    /// Something that is planned, and what became of it: told in this order, and asked for one by one.
    fn intent(&mut self) -> Option<()> {
        let place = self.draw.below(self.tables.intents.len());
        let (intent, theme) = self.tables.intents[place];
        let (member, topic) = self.subject_of(Whose::Person, theme)?;
        // One key for each of its three questions.
        let keys = [0, 1, 2].map(|question| Key {
            table: Table::Intent,
            place: place * 3 + question,
            topic,
            member: Some(member),
        });
        self.claim(keys[0])?;
        self.used.extend(keys);
        let value = self.value(intent.values);
        let (ahead, past) = (Relative::future(self.draw), Relative::past(self.draw));
        let mut tell = |templates: &[&str], when: Relative| {
            let slots = [("when", &*when.said(self.draw)), ("value", value)];
            let text = self.text(self.draw.word(templates), topic, &slots);
            self.moment(member, topic, vec![(true, text)], &[])
        };
        let (planned, done) = (tell(intent.planned, ahead), tell(intent.done, past));
        self.chain(vec![planned, done], true);
        let asks = [
            (intent.when_planned, planned, Answer::When(planned, ahead)),
            (intent.when_done, done, Answer::When(done, past)),
            (intent.outcome, done, Answer::Text(value.to_owned())),
        ];
        let before = self.plan.asks.len();
        for ((questions, moment, answer), key) in asks.into_iter().zip(keys) {
            if !self.draw.chance(60) {
                continue;
            }
            let Some(question) = self.question(questions, topic, self.name(member), &[]) else {
                continue;
            };
            let category = match answer {
                Answer::When(..) => Category::Temporal,
                _ => Category::SingleHop,
            };
            self.ask(category, question, vec![moment], answer);
            let of = Whose::Person;
            self.known.push(Known { key, of, questions, did: &[], twisted: &[], moment });
        }
        (self.plan.asks.len() > before).then_some(())
    }

    /// What several turns answer together.
    fn several(&mut self) -> Option<()> {
        let (lists, ways) = self.setting.shares.lists;
        match self.draw.below(100) {
            it if it < lists => self.list(),
            it if it < ways => self.by_way_of(),
            _ => self.shared(),
        }
    }

    /// Things that somebody tells one by one.
    fn list(&mut self) -> Option<()> {
        let place = self.draw.below(self.tables.lists.len());
        let (list, theme) = self.tables.lists[place];
        let (member, topic) = self.subject_of(list.of, theme)?;
        self.claim(Key { table: Table::List, place, topic, member: Some(member) })?;
        let count = [2, 3, 3, 4, 5][self.draw.below(5)];
        if !list.told.is_empty() {
            return self.list_of(list, member, topic, count.min(list.told.len()));
        }
        let values: Vec<&str> = (0..count).map(|_| self.value(list.values)).collect();
        if values.iter().collect::<BTreeSet<_>>().len() < count {
            return None;
        }
        let question = self.question(list.questions, topic, self.name(member), &[])?;
        // Each in other words, as long as there are any.
        let said = self.draw.some(list.said, count);
        let told = values.iter().zip(said.iter().cycle());
        let tell = |(value, said): (&&str, &&str)| self.text(said, topic, &[("value", value)]);
        let texts: Vec<String> = told.map(tell).collect();
        let moments: Vec<usize> = texts
            .into_iter()
            .map(|text| self.moment(member, topic, vec![(true, text)], list.remarked))
            .collect();
        self.chain(moments.clone(), false);
        let answer = Answer::Text(format!("{} ({count})", values.join("; ")));
        self.ask(Category::MultiHop, question, moments, answer);
        Some(())
    }

    /// A list whose things are told each in its own way.
    fn list_of(
        &mut self,
        list: &List,
        member: usize,
        topic: Option<usize>,
        count: usize,
    ) -> Option<()> {
        let question = self.question(list.questions, topic, self.name(member), &[])?;
        // What was told by somebody else in the same words comes last.
        let mut told = self.draw.some(list.told, list.told.len());
        told.sort_by_key(|it| self.values.contains(it.0));
        told.truncate(count);
        let mut moments = Vec::new();
        for (value, said, caption) in &told {
            self.values.insert(*value);
            let text = self.text(said, topic, &[("value", value)]);
            let moment = self.moment(member, topic, vec![(true, text)], list.remarked);
            if !caption.is_empty() {
                self.show(moment, caption, value);
            }
            moments.push(moment);
        }
        self.chain(moments.clone(), false);
        let values: Vec<&str> = told.iter().map(|it| it.0).collect();
        let answer = Answer::Text(format!("{} ({count})", values.join("; ")));
        self.ask(Category::MultiHop, question, moments, answer);
        Some(())
    }

    /// Something about a person who is only named by what they look after, or by what that is needed for.
    fn by_way_of(&mut self) -> Option<()> {
        let place = self.draw.below(self.tables.kinds.len());
        let (kind, _) = self.tables.kinds[place];
        let (member, topic) = self.subject(kind.of).filter(|_| kind.of == Whose::Person)?;
        let looked_after = *self.draw.pick(&self.team.topics);
        self.claim(Key {
            table: Table::Maintainer,
            place: 0,
            topic: Some(looked_after),
            member: None,
        })?;
        let (told, value) = self.told(place, member, topic)?;
        let says = self.text(self.draw.word(self.setting.maintains_said), Some(looked_after), &[]);
        let mut moments =
            vec![self.moment(member, Some(looked_after), vec![(true, says)], &[]), told];
        let mut who = self.text(self.draw.word(self.setting.maintainer), Some(looked_after), &[]);
        let user = *self.draw.pick(&self.team.topics);
        let key = Key { table: Table::Depends, place: 0, topic: Some(user), member: None };
        if self.draw.chance(40) && user != looked_after && self.claim(key).is_some() {
            let needed = self.team.topic(self.draw, looked_after);
            let says = self.text(
                self.draw.word(self.setting.depends_said),
                Some(user),
                &[("needed", needed)],
            );
            let speaker = self.draw.below(self.team.members.len());
            moments.push(self.moment(speaker, Some(user), vec![(true, says)], &[]));
            who = self.text("the maintainer of what {topic} depends on", Some(user), &[]);
        }
        self.chain(moments.clone(), false);
        // In the middle of a question it begins small; `the maintainer's` would be ambiguous.
        let who = who.replacen("The ", "the ", 1).replacen("Whoever ", "whoever ", 1);
        let plain: Vec<&str> =
            kind.questions.iter().copied().filter(|it| !it.contains("{who}'s")).collect();
        let question = self.question(&plain, None, &who, &[])?;
        self.ask(Category::MultiHop, question, moments, Answer::Text(value.to_owned()));
        Some(())
    }

    /// What two people have in common.
    fn shared(&mut self) -> Option<()> {
        let place = self.draw.below(self.setting.shared.len());
        let shared = &self.setting.shared[place];
        let (one, _) = self.subject(Whose::Person)?;
        let (other, _) = self.subject(Whose::Person).filter(|(it, _)| *it != one)?;
        let keys = [one, other].map(|member| Key {
            table: Table::Shared,
            place,
            topic: None,
            member: Some(member),
        });
        if keys.iter().any(|key| self.used.contains(key)) {
            return None;
        }
        self.used.extend(keys);
        let value = self.value(shared.values);
        let templates = self.draw.some(shared.said, 2);
        let mut moments = Vec::new();
        for (member, template) in [one, other].into_iter().zip(templates) {
            let text = self.text(template, None, &[("value", value)]);
            moments.push(self.moment(member, None, vec![(true, text)], shared.remarked));
        }
        self.chain(moments.clone(), false);
        let template = self.draw.word(shared.questions);
        let question = fill(template, &[("a", self.name(one)), ("b", self.name(other))]);
        if !self.asked.insert(question.clone()) {
            return None;
        }
        self.ask(Category::MultiHop, question, moments, Answer::Text(value.to_owned()));
        Some(())
    }

    /// Something that changes once or twice.
    fn change(&mut self) -> Option<()> {
        let place = self.draw.below(self.setting.states.len());
        let state = &self.setting.states[place];
        let topic = Some(*self.draw.pick(&self.team.topics));
        self.claim(Key { table: Table::State, place, topic, member: None })?;
        let count = self.draw.between(2, 3);
        let values: Vec<&str> = self.draw.some(state.values, count);
        let mut moments = Vec::new();
        for (at, value) in values.iter().enumerate() {
            let (templates, old) =
                if at == 0 { (state.first, "") } else { (state.changed, values[at - 1]) };
            let slots = [("value", *value), ("old", old)];
            let text = self.text(self.draw.word(templates), topic, &slots);
            let speaker = self.draw.below(self.team.members.len());
            moments.push(self.moment(speaker, topic, vec![(true, text)], &[]));
        }
        self.chain(moments.clone(), true);
        let (first, last) = (moments[0], moments[count - 1]);
        let question = self.question(state.now, topic, "", &[])?;
        self.ask(
            Category::Update,
            question,
            vec![last],
            Answer::Text(values[count - 1].to_owned()),
        );
        if self.draw.chance(30) {
            let question = self.question(state.before, topic, "", &[])?;
            self.ask(Category::Update, question, vec![first], Answer::Text(values[0].to_owned()));
        }
        Some(())
    }

    /// What follows from things that a person says in passing.
    fn conclusion(&mut self) -> Option<()> {
        let place = self.draw.below(self.setting.traits.len());
        let it = &self.setting.traits[place];
        let (member, _) = self.subject(Whose::Person)?;
        // Of one person, since the same words from two people would be noticed.
        self.claim(Key { table: Table::Trait, place, topic: None, member: None })?;
        let question = self.question(it.questions, None, self.name(member), &[])?;
        let clues = self.draw.some(it.clues, self.draw.between(2, 3));
        let moments: Vec<usize> = clues
            .into_iter()
            .map(|clue| self.moment(member, None, vec![(true, clue.to_owned())], it.remarked))
            .collect();
        self.chain(moments.clone(), false);
        self.ask(Category::Open, question, moments, Answer::Text(it.answer.to_owned()));
        Some(())
    }

    /// Up to `count` questions about what nobody tells, of those who are there. They are drawn by `draw`, and
    /// change nothing else.
    fn unsaid(&self, draw: &Draw, count: usize) -> Vec<String> {
        let mut questions = BTreeSet::new();
        let told = |table: Table, place: usize, topic: Option<usize>| {
            let same = |it: &&Key| (it.table, it.place, it.topic) == (table, place, topic);
            self.used.iter().any(|it| same(&it))
        };
        let kinds = (Table::Kind, self.tables.kinds.len());
        let events = (Table::Event, self.tables.events.len());
        for _ in 0..TRIES {
            if questions.len() >= count {
                break;
            }
            let (table, kinds) = if draw.chance(70) { kinds } else { events };
            let place = draw.below(kinds);
            let (of, theme, templates, did) = match table {
                Table::Kind => {
                    let (kind, theme) = self.tables.kinds[place];
                    (kind.of, theme, kind.questions, "")
                }
                _ => {
                    let (event, theme) = self.tables.events[place];
                    (event.of, theme, self.setting.event.questions, draw.word(event.do_it))
                }
            };
            let member = &self.team.members[draw.below(self.team.members.len())];
            let topic = match of {
                Whose::Topic => Some(*draw.pick(&self.team.topics)),
                Whose::Person if !member.agent => theme,
                Whose::Agent if member.agent => theme,
                _ => continue,
            };
            if told(table, place, topic) {
                continue;
            }
            let template = draw.word(templates).replace("{do}", did);
            let topic = topic.map_or("", |it| self.team.topic(draw, it));
            let question = fill(&template, &[("topic", topic), ("who", member.name)]);
            if !self.asked.contains(&question) {
                questions.insert(question);
            }
        }
        let mut questions: Vec<String> = questions.into_iter().collect();
        draw.shuffle(&mut questions);
        questions
    }

    /// A question to which there is no answer, since it asks the wrong one.
    fn swap(&mut self) -> Option<()> {
        if self.known.is_empty() {
            return None;
        }
        let Known { key, of, questions, did, twisted, moment } = *self.draw.pick(&self.known);
        // Asked of the right one, for something else.
        if let Some(owner) = key.member.filter(|_| !twisted.is_empty() && self.draw.chance(25)) {
            let question = self.question(twisted, key.topic, self.name(owner), did)?;
            self.ask(Category::Adversarial, question, vec![moment], Answer::None);
            return Some(());
        }
        let (member, _) = self.subject(of)?;
        self.claim(Key { member: Some(member), ..key })?;
        let question = self.question(questions, key.topic, self.name(member), did)?;
        self.ask(Category::Adversarial, question, vec![moment], Answer::None);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_mean_what_people_mean() {
        let date = Date::new(2026, 1, 2).unwrap();
        let meant = |it: Relative| it.resolved(date);
        assert_eq!(meant(Relative::Ago(0)), "2 January 2026");
        assert_eq!(meant(Relative::Ago(3)), "30 December 2025");
        assert_eq!(meant(Relative::Ahead(1)), "3 January 2026");
        assert_eq!(meant(Relative::Last(4)), "the Friday before 2 January 2026");
        assert_eq!(meant(Relative::WeeksAgo(2)), "two weeks before 2 January 2026");
        assert_eq!(meant(Relative::LastMonth), "December 2025");
        assert_eq!(meant(Relative::NextMonth), "February 2026");
        assert_eq!(meant(Relative::LastYear), "2025");
    }
}
