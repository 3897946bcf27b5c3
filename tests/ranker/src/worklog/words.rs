//! Who works on what, and what is said between the facts.

/// People.
pub(super) const PEOPLE: &[&str] = &[
    "Maren", "Tobias", "Priya", "Jonas", "Amara", "Felix", "Ines", "Kofi", "Leila", "Mateo",
    "Nadia", "Oskar", "Petra", "Quentin", "Rosa", "Sven", "Thandi", "Ulrich", "Vera", "Wim",
    "Yara", "Zoltan", "Astrid", "Bilal", "Carmen", "Dora", "Emeka", "Freya", "Gustav", "Hana",
];

/// Agents.
pub(super) const AGENTS: &[&str] = &[
    "Scout", "Ledger", "Quill", "Sentry", "Harbor", "Relay", "Compass", "Tinker", "Sieve",
    "Beacon", "Curator", "Weaver",
];

/// What the work is about: names of one thing each.
pub(super) const TOPICS: &[&[&str]] = &[
    &["the invoice importer", "the bill import", "the job that reads in invoices"],
    &["the login page", "the sign-in screen", "the page where users log in"],
    &["the search index", "the full-text index", "the lookup by keyword"],
    &["the nightly build", "the build that runs at night", "the overnight pipeline"],
    &["the mobile app", "the phone client", "the version for phones"],
    &["the payment service", "the checkout backend", "the part that takes money"],
    &["the data warehouse", "the analytics store", "the reporting database"],
    &["the onboarding flow", "the first-run wizard", "the setup for new customers"],
    &["the scheduler", "the job queue", "the component that plans jobs"],
    &["the notification mailer", "the email sender", "the service that sends mails"],
    &["the map view", "the geo screen", "the page with the map"],
    &["the spreadsheet export", "the CSV download", "the button that saves a table"],
    &["the permission system", "the access control", "the part that decides who may see what"],
    &["the rate limiter", "the throttle", "the brake for busy callers"],
    &["the crawler", "the site fetcher", "the bot that collects pages"],
    &["the language pack", "the translation bundle", "the set of localised strings"],
    &["the documentation site", "the manual", "the handbook on the web"],
    &["the load balancer", "the traffic splitter", "the front proxy"],
    &["the backup job", "the nightly copy of the data", "the archive run"],
    &["the audit report", "the compliance paper", "the document for the auditors"],
    &["the recommendation model", "the suggestion engine", "the thing that proposes products"],
    &["the sensor gateway", "the device hub", "the box that collects readings"],
    &["the image resizer", "the thumbnail service", "the tool that shrinks pictures"],
    &["the billing dashboard", "the revenue page", "the screen for finance"],
    &["the support inbox", "the ticket desk", "the help mailbox"],
    &["the staging cluster", "the test environment", "the place where we rehearse"],
    &["the customer survey", "the questionnaire", "the feedback form"],
    &["the pricing page", "the tariff table", "the page with the plans"],
    &["the fraud filter", "the abuse detector", "the check for fake orders"],
    &["the voice assistant", "the speech interface", "the talking helper"],
    &["the picking robot", "the warehouse machine", "the arm in the storage hall"],
    &["the parser", "the grammar code", "the front end of the compiler"],
    &["the cache layer", "the in-memory store", "the fast lane in front of the database"],
    &["the video encoder", "the transcoding step", "the conversion of clips"],
    &["the flag service", "the toggle board", "the switch for experiments"],
    &["the vendor portal", "the supplier site", "the entrance for partners"],
    &["the security training", "the phishing course", "the lesson about passwords"],
    &["the booking calendar", "the reservation tool", "the place to reserve rooms"],
    &["the forecast model", "the demand prediction", "the outlook for next season"],
    &["the chat widget", "the bubble in the corner", "the live conversation box"],
];

/// First words of a session.
pub(super) const GREETINGS: &[&str] = &[
    "Morning, {other}! Coffee first, then work.",
    "Hi {other}, got a minute?",
    "Hello everyone.",
    "Hey {other}, long time no see.",
    "Good to see you, {other}. How was the weekend?",
    "Right, shall we start?",
    "Hi! I only have half an hour today.",
    "{other}, you're early.",
    "Good afternoon, team.",
    "There you are, {other}. I have a list of things.",
    "Hi all, quick sync?",
    "Back at my desk. What did I miss, {other}?",
];

/// Answers to a greeting.
pub(super) const GREETED: &[&str] = &[
    "Hi {other}. Go ahead.",
    "Hello! All quiet here.",
    "Morning. The heating is broken again.",
    "Sure, shoot.",
    "Hey. I slept badly, be gentle.",
    "Good to be back.",
    "Here and listening.",
    "Hi! My notes are open.",
    "Hello {other}, I was about to write to you.",
    "Ready when you are.",
];

/// Last words of a session.
pub(super) const CLOSINGS: &[&str] = &[
    "That's all from me for today.",
    "Let's stop here, {other}. I have a call.",
    "See you on the other side.",
    "Good talk. I'll write it up.",
    "Okay, back to work.",
    "Thanks {other}, that helped.",
    "Bye for now!",
    "I need to catch my train. Until next time.",
    "Let's leave it at that.",
    "Talk soon, {other}.",
    "Closing the session, the log is saved.",
    "Enough for today, my brain is soup.",
];

/// What others say to a fact.
pub(super) const REACTIONS: &[&str] = &[
    "Good to know, thanks.",
    "Oh, I didn't expect that.",
    "Really? Since when?",
    "Makes sense.",
    "Noted.",
    "I'd have guessed something else.",
    "Ha, that explains a lot.",
    "Thanks for telling me, {other}.",
    "Interesting. Tell me more some other time.",
    "I'll keep that in mind.",
    "No way!",
    "Fair enough.",
    "Then I can cross that off.",
    "That's the best news of the day.",
    "Oh dear.",
    "I see. Anything I can do?",
    "You always have stories, {other}.",
    "Let me write that down.",
    "Well, somebody had to say it.",
    "Great, {other}!",
    "Sounds about right.",
    "Wow. Respect.",
    "I had a feeling.",
    "Hm, let me think about that.",
    "Can you put that into the ticket as well?",
    "I owe you one, {other}.",
    "That is more than I hoped for.",
    "And I thought my week was eventful.",
    "Understood. I have updated my notes.",
    "Okay, acknowledged.",
];

/// What others say to a fact about a topic.
pub(super) const ECHOES: &[&str] = &[
    "Then {topic} is in good hands.",
    "I'd almost forgotten about {topic}.",
    "{topic} again!",
    "Nobody tells me anything about {topic}.",
    "Let's hope {topic} stays like that.",
    "Poor {topic}.",
    "I'll tell the others about {topic}.",
    "That fits what I heard about {topic}.",
    "So much for {topic}, then.",
    "Can we have that on the slide about {topic}?",
    "I thought {topic} was somebody else's business.",
];

/// What comes before a fact in the same turn.
pub(super) const LEADS: &[&str] = &[
    "Listen, {other}.",
    "Good point, {other}.",
    "Before I forget it.",
    "You'll laugh.",
    "Speaking of which.",
    "Well, {other}.",
    "By the way.",
    "Okay, next thing.",
    "I meant to tell you.",
    "Guess what.",
    "Small update.",
    "So, {other}.",
    "Oh, right.",
    "Since you are here.",
    "To be honest with you.",
];

/// What comes behind a fact in the same turn.
pub(super) const TAILS: &[&str] = &[
    "How about you, {other}?",
    "But enough of me.",
    "I thought you should know.",
    "Anyway, what's on your list?",
    "I'm quite happy about it.",
    "It has been on my mind all week.",
    "You may tell the others.",
    "Don't ask for details.",
    "I hope that's all right with you.",
    "We can talk about it over lunch.",
    "That was the highlight of my week.",
    "I'm still getting used to it.",
    "Long story.",
    "Now I need a coffee.",
    "What do you say, {other}?",
    "I should have told you earlier.",
    "It took me by surprise, too.",
    "Let's see how long that lasts.",
];

/// What comes behind a fact about a topic in the same turn.
pub(super) const TOPIC_TAILS: &[&str] = &[
    "That's all there is to say about {topic} for now.",
    "Ask me anything about {topic}, I'm in the mood.",
    "I'll keep an eye on {topic}.",
    "Whoever invented {topic} owes me a drink.",
    "Is that all right for {topic}?",
    "I've had enough of {topic} for one day.",
    "The rest of {topic} can wait.",
    "You know how {topic} is.",
    "I'll put it on the page about {topic}.",
    "With {topic} one never knows.",
    "That's {topic} for you, {other}.",
];

/// What begins a topic, before the fact about it comes.
pub(super) const INTROS: &[&str] = &[
    "I spent the morning on {topic}.",
    "About {topic}, by the way.",
    "Do you remember {topic}?",
    "I had another look at {topic}.",
    "Let's talk about {topic} for a moment.",
    "One more thing: {topic}.",
    "You asked me about {topic} the other day.",
    "I finally got round to {topic}.",
    "{topic} kept me busy this week.",
    "So, {topic}.",
];

/// What others say to the beginning of a topic.
pub(super) const GO_ON: &[&str] = &[
    "Yes? What about it?",
    "Go on.",
    "I'm all ears.",
    "Oh no, what now?",
    "Ah, that one.",
    "How is it going?",
    "I was going to ask you.",
    "Uh-huh?",
    "And?",
    "Tell me.",
];

/// Talk about a topic that tells nothing about it.
pub(super) const ABOUT: &[&str] = &[
    "Any news on {topic}?",
    "Nothing new from {topic} on my side.",
    "I still have to read up on {topic}.",
    "Somebody should take a picture of {topic} for the newsletter.",
    "Can you send me the logs of {topic}?",
    "I got three questions about {topic} from sales, none of them urgent.",
    "{topic} looks calm today.",
    "Who is on call for {topic} this weekend?",
    "I saw your comment on {topic}, I'll answer tomorrow.",
    "We should really talk about {topic} at the next retrospective.",
    "I'm a bit lost in the code of {topic}.",
    "The ticket for {topic} has been open for ages.",
    "There were two more requests for {topic} today.",
    "Is it just me or does everybody talk about {topic} this week?",
    "I dreamt about {topic}. Send help.",
    "Could you walk me through {topic} when you have time?",
    "My branch for {topic} has conflicts again.",
    "I'd rather not touch {topic} before the weekend.",
    "The tests of {topic} are green on my machine.",
    "Reminder: {topic} is on the agenda of the steering group.",
    "I updated the diagram of {topic}, cosmetic changes only.",
    "Did the newcomers get an introduction to {topic}?",
    "They mentioned {topic} in the all-hands, briefly.",
    "I closed a duplicate ticket on {topic}.",
    "Let me come back to {topic} later.",
];

/// Answers to talk about a topic.
pub(super) const ABOUT_ANSWERED: &[&str] = &[
    "Not that I know of.",
    "Give me until Thursday.",
    "I'll look into it after lunch.",
    "Ask {other}, maybe.",
    "Same here.",
    "No idea, sorry.",
    "Sure, remind me tomorrow.",
    "It's on my list.",
    "I'd like that too.",
    "Not my area, but I can find out.",
    "Yes, more or less.",
    "Depends on who you ask.",
];

/// Small talk.
pub(super) const SMALL_TALK: &[&str] = &[
    "The coffee machine makes that sound again.",
    "Did you see the rain this morning?",
    "My headset is dying, can you hear me?",
    "Somebody ate my yoghurt.",
    "I need more screens. Or fewer windows.",
    "Lunch at the new place tomorrow?",
    "The window in the meeting room won't close.",
    "I can't find the good pens.",
    "It's only Tuesday, is it?",
    "They are drilling upstairs again.",
    "I have forty unread mails.",
    "The lift is out of order, I took the stairs.",
    "My chair squeaks. Ignore it.",
    "Who left the whiteboard full of smileys?",
    "The canteen has pancakes today.",
    "I think my keyboard misses a letter.",
    "Let's hope the holidays come soon.",
    "The new badge photo is awful.",
    "It's so quiet when half the team is away.",
    "I brought biscuits, they are next to the printer.",
    "My calendar looks like a game of Tetris.",
    "Is the air conditioning on? I'm freezing.",
    "I almost fell asleep in the all-hands.",
    "The parking lot was empty this morning, was there a holiday?",
    "I love this new notebook paper.",
    "Somebody please water the plant in the hall.",
];

/// Answers to small talk.
pub(super) const SMALL_TALK_ANSWERED: &[&str] = &[
    "Tell me about it.",
    "Ha, same here.",
    "I noticed that too.",
    "It wasn't me!",
    "Poor you.",
    "You'll survive.",
    "I'll tell facilities.",
    "We live in exciting times.",
    "That's what Mondays are for.",
    "Classic.",
    "I heard you the first time.",
    "At least there is cake.",
];

/// What agents log.
pub(super) const LOGS: &[&str] = &[
    "Run {number} finished without errors.",
    "Run {number}: {count} checks passed, none failed.",
    "I have opened {count} pull requests for {topic}, all of them trivial.",
    "Reminder set for {topic}.",
    "Summary of the last {count} messages saved.",
    "No anomalies in {topic} since the previous report.",
    "Task {number} is queued behind {count} others.",
    "I compared {count} versions of {topic}. No difference that matters.",
    "Checkpoint {number} written.",
    "The weekly digest about {topic} went to {count} readers.",
    "Retrying request {number}, second attempt.",
    "I labelled {count} tickets about {topic}.",
    "Cache refreshed in {count} seconds.",
    "Plan {number} was approved and is being carried out.",
];

/// What a picture that comes along shows.
pub(super) const CAPTIONS: &[&str] = &[
    "a screenshot of a terminal with green text",
    "a photo of a whiteboard full of arrows",
    "a chart with a rising line",
    "a photo of a desk with three monitors",
    "a screenshot of an error dialog",
    "a photo of a cup next to a keyboard",
    "a diagram with boxes and clouds",
    "a photo of a team around a table",
    "a bar chart in two colours",
    "a photo of a rack with many cables",
    "a sketch on a napkin",
    "a screenshot of a calendar",
];
