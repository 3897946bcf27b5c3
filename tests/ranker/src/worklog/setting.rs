//! Where conversations take place: everything that the planner and the teller read.

use super::{
    facts::{
        APPOINTMENTS, Appointment, DEPENDS_SAID, EVENT_ASKED, EVENT_QUESTIONS, EVENT_REMARKED,
        EVENT_SAID, EVENTS, Event, KINDS, Kind, LISTS, List, MAINTAINER, MAINTAINS_SAID, SHARED,
        STATES, Shared, State, TRAITS, Trait,
    },
    words::{
        ABOUT, ABOUT_ANSWERED, AGENTS, CAPTIONS, CLOSINGS, ECHOES, GO_ON, GREETED, GREETINGS,
        INTROS, LEADS, LOGS, PEOPLE, REACTIONS, SMALL_TALK, SMALL_TALK_ANSWERED, TAILS,
        TOPIC_TAILS, TOPICS,
    },
};

/// Where conversations take place: who talks, about what, and in which words.
pub struct Setting {
    /// The first part of the names of its conversations.
    pub(super) name: &'static str,
    pub(super) people: &'static [&'static str],
    pub(super) agents: &'static [&'static str],
    /// Fewest and most people, agents and topics of a conversation.
    pub(super) counts: Counts,
    /// What is talked about, where nothing more is known of it than its names.
    pub(super) topics: &'static [&'static [&'static str]],
    /// What is talked about, where it has facts of its own.
    pub(super) themes: &'static [Theme],
    pub(super) rhythm: Rhythm,
    pub(super) shares: Shares,
    pub(super) talk: Talk,
    pub(super) kinds: &'static [Kind],
    pub(super) events: &'static [Event],
    pub(super) event: EventTalk,
    pub(super) appointments: &'static [Appointment],
    pub(super) lists: &'static [List],
    pub(super) states: &'static [State],
    pub(super) traits: &'static [Trait],
    pub(super) shared: &'static [Shared],
    pub(super) maintains_said: &'static [&'static str],
    pub(super) maintainer: &'static [&'static str],
    pub(super) depends_said: &'static [&'static str],
}

/// Fewest and most of a conversation.
pub(super) struct Counts {
    pub(super) people: (usize, usize),
    pub(super) agents: (usize, usize),
    pub(super) topics: (usize, usize),
}

/// When people meet, and for how long.
pub(super) struct Rhythm {
    /// Fewest and most turns of a session, before what it has to tell is in.
    pub(super) turns: (usize, usize),
    /// Fewest and most days from one session to the next.
    pub(super) days: (usize, usize),
    /// Most people of a session.
    pub(super) present: usize,
    /// The hours at which sessions begin.
    pub(super) hours: (usize, usize),
    /// Whether people speak in turns, and more of a theme than its name.
    pub(super) chats: bool,
}

/// How often what happens, in percent.
pub(super) struct Shares {
    /// Questions by what they ask for; what is left asks the wrong one.
    pub(super) events: usize,
    pub(super) several: usize,
    pub(super) changes: usize,
    pub(super) conclusions: usize,
    pub(super) facts: usize,
    /// Of what several turns answer: lists, and with them what is reached by way of something else.
    pub(super) lists: (usize, usize),
    /// Turns that come with a picture.
    pub(super) pictures: usize,
    /// What comes before a fact in the same turn.
    pub(super) leads: usize,
    /// What comes behind it: about its topic, and with that about anything.
    pub(super) tails: (usize, usize),
    /// What others say to a fact: something of its own, with that something of its topic, and with that anything.
    pub(super) remarks: (usize, usize, usize),
}

/// What is said between the facts.
pub(super) struct Talk {
    pub(super) greetings: &'static [&'static str],
    pub(super) greeted: &'static [&'static str],
    pub(super) closings: &'static [&'static str],
    pub(super) reactions: &'static [&'static str],
    pub(super) echoes: &'static [&'static str],
    pub(super) leads: &'static [&'static str],
    pub(super) tails: &'static [&'static str],
    pub(super) topic_tails: &'static [&'static str],
    pub(super) intros: &'static [&'static str],
    pub(super) go_on: &'static [&'static str],
    pub(super) about: &'static [&'static str],
    pub(super) about_answered: &'static [&'static str],
    pub(super) small: &'static [&'static str],
    pub(super) small_answered: &'static [&'static str],
    pub(super) logs: &'static [&'static str],
    pub(super) captions: &'static [&'static str],
}

/// How events are told and asked for.
pub(super) struct EventTalk {
    pub(super) said: &'static [&'static str],
    pub(super) asked: &'static [&'static str],
    pub(super) remarked: &'static [&'static str],
    pub(super) questions: &'static [&'static str],
}

/// What is talked about again and again, and the facts that belong to it.
pub(super) struct Theme {
    pub(super) names: &'static [&'static str],
    pub(super) kinds: &'static [Kind],
    pub(super) events: &'static [Event],
    pub(super) lists: &'static [List],
    pub(super) intents: &'static [Intent],
    /// What somebody says of it who tells nothing.
    pub(super) talk: &'static [&'static str],
    /// What a listener says to it, and asks.
    pub(super) back: &'static [&'static str],
    /// What pictures show that tell nothing.
    pub(super) captions: &'static [&'static str],
}

/// Something that is planned, and of which it is told later what became of it.
pub(super) struct Intent {
    /// With `{when}` it will be.
    pub(super) planned: &'static [&'static str],
    /// With `{when}` it was, and what came of it as `{value}`.
    pub(super) done: &'static [&'static str],
    /// Questions for when it will be.
    pub(super) when_planned: &'static [&'static str],
    /// Questions for when it was.
    pub(super) when_done: &'static [&'static str],
    /// Questions for what came of it.
    pub(super) outcome: &'static [&'static str],
    pub(super) values: &'static [&'static str],
}

/// Something of a setting, and the theme that it belongs to.
pub(super) type Themed<T> = (&'static T, Option<usize>);

impl Setting {
    /// How many topics there are.
    pub(super) fn topics(&self) -> usize {
        self.topics.len() + self.themes.len()
    }

    /// The names of a topic.
    pub(super) fn names(&self, topic: usize) -> &'static [&'static str] {
        self.topics.get(topic).copied().unwrap_or_else(|| self.themes[topic].names)
    }

    /// A topic as a theme.
    pub(super) fn theme(&self, topic: Option<usize>) -> Option<&'static Theme> {
        self.themes.get(topic?)
    }

    /// All kinds, also those of themes.
    pub(super) fn kinds(&self) -> Vec<Themed<Kind>> {
        self.with_themes(self.kinds, |it| it.kinds)
    }

    /// All events, also those of themes.
    pub(super) fn events(&self) -> Vec<Themed<Event>> {
        self.with_themes(self.events, |it| it.events)
    }

    /// All lists, also those of themes.
    pub(super) fn lists(&self) -> Vec<Themed<List>> {
        self.with_themes(self.lists, |it| it.lists)
    }

    /// All intents: those of themes.
    pub(super) fn intents(&self) -> Vec<Themed<Intent>> {
        self.with_themes(&[], |it| it.intents)
    }

    fn with_themes<T>(&self, own: &'static [T], of: fn(&Theme) -> &'static [T]) -> Vec<Themed<T>> {
        let themes = self.themes.iter().enumerate();
        let of_themes =
            themes.flat_map(|(number, theme)| of(theme).iter().map(move |it| (it, Some(number))));
        own.iter().map(|it| (it, None)).chain(of_themes).collect()
    }
}

/// Work: people and agents in a team, over weeks.
pub static WORK: Setting = Setting {
    name: "worklog",
    people: PEOPLE,
    agents: AGENTS,
    counts: Counts { people: (3, 4), agents: (1, 2), topics: (16, 20) },
    topics: TOPICS,
    themes: &[],
    rhythm: Rhythm { turns: (12, 28), days: (1, 5), present: 4, hours: (8, 18), chats: false },
    shares: Shares {
        events: 18,
        several: 16,
        changes: 9,
        conclusions: 8,
        facts: 29,
        lists: (50, 75),
        pictures: 6,
        leads: 22,
        tails: (12, 40),
        remarks: (40, 60, 70),
    },
    talk: Talk {
        greetings: GREETINGS,
        greeted: GREETED,
        closings: CLOSINGS,
        reactions: REACTIONS,
        echoes: ECHOES,
        leads: LEADS,
        tails: TAILS,
        topic_tails: TOPIC_TAILS,
        intros: INTROS,
        go_on: GO_ON,
        about: ABOUT,
        about_answered: ABOUT_ANSWERED,
        small: SMALL_TALK,
        small_answered: SMALL_TALK_ANSWERED,
        logs: LOGS,
        captions: CAPTIONS,
    },
    kinds: KINDS,
    events: EVENTS,
    event: EventTalk {
        said: EVENT_SAID,
        asked: EVENT_ASKED,
        remarked: EVENT_REMARKED,
        questions: EVENT_QUESTIONS,
    },
    appointments: APPOINTMENTS,
    lists: LISTS,
    states: STATES,
    traits: TRAITS,
    shared: SHARED,
    maintains_said: MAINTAINS_SAID,
    maintainer: MAINTAINER,
    depends_said: DEPENDS_SAID,
};
