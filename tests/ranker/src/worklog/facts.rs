//! What is told in a work log, and in how many ways: templates of statements and of questions about them.
//!
//! A statement and a question are drawn apart from each other, and a topic has several names: so some share
//! most of their words, and some none but a name. In a template, `{who}` is whose fact it is, `{topic}` one of
//! the names of what it is about, `{value}` what is told, `{other}` another member, `{when}` a time as people
//! say it.

/// A fact that one turn tells.
pub(super) struct Kind {
    /// Who can have it.
    pub(super) of: Whose,
    /// Told at once.
    pub(super) said: &'static [&'static str],
    /// Somebody asks for it.
    pub(super) asked: &'static [&'static str],
    /// What is answered then: often without a word of the question.
    pub(super) answered: &'static [&'static str],
    /// Told after the topic was named in a turn before; empty for facts about people.
    pub(super) continued: &'static [&'static str],
    /// Questions that it answers.
    pub(super) questions: &'static [&'static str],
    /// What others say to it.
    pub(super) remarked: &'static [&'static str],
    /// What can be told.
    pub(super) values: &'static [&'static str],
    /// Told by a picture: what is said with it, and what it shows.
    pub(super) shown: &'static [(&'static str, &'static str)],
    /// Questions that take for granted what was told of something else.
    pub(super) twisted: &'static [&'static str],
}

/// A kind of which nothing is told.
pub(super) const KIND: Kind = Kind {
    of: Whose::Person,
    said: &[],
    asked: &[],
    answered: &[],
    continued: &[],
    questions: &[],
    remarked: &[],
    values: &[],
    shown: &[],
    twisted: &[],
};

/// Who can have a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// A person, about themself.
    Person,
    /// An agent, about itself.
    Agent,
    /// Anybody, about a topic.
    Topic,
}

/// Facts that one turn tells.
pub(super) const KINDS: &[Kind] = &[
    Kind {
        of: Whose::Topic,
        said: &[
            "I found out why {topic} kept failing: {value}.",
            "Turns out {value} was behind the trouble with {topic}.",
            "The crash in {topic} is explained. It was {value} all along.",
            "After two hours in the logs of {topic} I can say what broke it, and it is {value}.",
            "Root cause for {topic}: {value}. I wrote it into the incident page.",
        ],
        asked: &[
            "Do we know by now what went wrong with {topic}?",
            "Any idea why {topic} fell over?",
            "Who looked into the outage of {topic}?",
        ],
        answered: &[
            "We do: {value}.",
            "You won't believe it. {value}, of all things.",
            "Me, and in the end it was just {value}.",
        ],
        continued: &[
            "It fell over because of {value}, nothing more.",
            "What killed it every time was {value}.",
            "The culprit was {value}, and nobody had looked there.",
        ],
        questions: &[
            "What caused the failures of {topic} according to {who}?",
            "What did {who} find to be the reason that {topic} broke?",
            "Why did {topic} keep crashing, as {who} discovered?",
            "What was the root cause that {who} identified for {topic}?",
        ],
        remarked: &[
            "Good that you found the root cause.",
            "I would never have looked there for the failure of {topic}.",
        ],
        values: &[
            "an expired certificate",
            "a full disk",
            "a race between two workers",
            "a wrong time zone",
            "a missing index",
            "a typo in the configuration",
            "a library that was upgraded by accident",
            "a header that was too long",
            "a clock that ran ten minutes late",
            "an old firewall rule",
            "an empty file that nobody expected",
            "two processes fighting over one port",
            "a loose network cable",
            "a password that had been rotated",
            "an integer overflow",
        ],
        ..KIND
    },
    Kind {
        of: Whose::Topic,
        said: &[
            "I decided to build {topic} on {value}.",
            "We go with {value} for {topic}. I compared three candidates and it was the least bad.",
            "For {topic} I picked {value} in the end.",
            "{value} won the comparison for {topic}, mostly because I can debug it.",
        ],
        asked: &[
            "What are you going to use for {topic}?",
            "Have you settled on something for {topic}?",
            "Which technology will {topic} sit on?",
        ],
        answered: &[
            "{value}. Boring, and that's the point.",
            "I tried a few and stayed with {value}.",
            "{value}, unless somebody shouts.",
        ],
        continued: &[
            "It will sit on {value}; the prototype convinced me.",
            "I'm going to base it on {value}.",
        ],
        questions: &[
            "What did {who} choose as the basis of {topic}?",
            "Which technology did {who} pick for {topic}?",
            "On what is {who} building {topic}?",
        ],
        remarked: &["A solid basis for {topic}.", "I had hoped for another technology, but fine."],
        values: &[
            "Postgres",
            "NATS",
            "SQLite",
            "Kafka",
            "Redis",
            "DuckDB",
            "ClickHouse",
            "RabbitMQ",
            "etcd",
            "Elasticsearch",
            "FoundationDB",
            "Cassandra",
            "plain files",
            "MariaDB",
            "RocksDB",
        ],
        ..KIND
    },
    Kind {
        of: Whose::Topic,
        said: &[
            "I measured {topic} this week: {value} for a request at the median.",
            "With the new code {topic} needs {value} to respond.",
            "Good news from the profiler, {topic} is down to {value}.",
            "Benchmarks of {topic} are in. It takes {value} now.",
        ],
        asked: &[
            "How fast is {topic} these days?",
            "Did the tuning of {topic} pay off?",
            "What does the benchmark say about {topic}?",
        ],
        answered: &[
            "{value}, measured ten times.",
            "It did, we are at {value}.",
            "Median of {value} on my machine.",
        ],
        continued: &[
            "It answers within {value} now, I ran it ten times.",
            "We are at {value} with the last patch.",
        ],
        questions: &[
            "What response time did {who} measure for {topic}?",
            "How long does {topic} take to answer, by the figures of {who}?",
            "How quick did {who} say {topic} has become?",
        ],
        remarked: &[
            "That response time is impressive for {topic}.",
            "How long did it take to answer before?",
        ],
        values: &[
            "eighty milliseconds",
            "two and a half seconds",
            "12 ms",
            "just under a second",
            "340 ms",
            "nine milliseconds",
            "four seconds",
            "65 ms",
            "half a second",
            "1.8 seconds",
            "150 ms",
        ],
        ..KIND
    },
    Kind {
        of: Whose::Topic,
        said: &[
            "Honestly, what bothers me about {topic} is {value}.",
            "I had users try out {topic}, and everyone stumbled over {value}.",
            "If I could change one thing in {topic} it would be {value}.",
            "The weak spot of {topic} is {value}, if you ask me.",
        ],
        asked: &[
            "What do you think of {topic}? Be frank.",
            "You tested {topic}, didn't you? How was it?",
        ],
        answered: &[
            "Fine, except for {value}.",
            "I could live with it if it weren't for {value}.",
            "Mostly good. {value} drove me mad, though.",
        ],
        continued: &["I like it, except for {value}.", "What annoyed me was {value}."],
        questions: &[
            "What does {who} dislike about {topic}?",
            "What is {who}'s main complaint concerning {topic}?",
            "Which weakness of {topic} did {who} point out?",
        ],
        remarked: &[
            "I don't like that about {topic} either.",
            "Others have complained about the same weakness.",
        ],
        values: &[
            "the cryptic error messages",
            "the tiny buttons",
            "the endless loading spinner",
            "the seventeen settings nobody understands",
            "the lack of an undo",
            "the grey text on grey",
            "the pop-up at every start",
            "the silent retries",
            "the missing keyboard shortcuts",
            "the way it forgets what I typed",
            "the confirmation dialogs",
            "the misleading progress bar",
        ],
        ..KIND
    },
    Kind {
        of: Whose::Topic,
        said: &[
            "{value} called me about {topic} and they were not amused.",
            "I got a long letter from {value} complaining about {topic}.",
            "There is an angry ticket on {topic} in my queue. It comes from {value}.",
            "{value} wants their money back because of {topic}. I promised them an answer.",
        ],
        asked: &[
            "Has any customer noticed the mess with {topic}?",
            "Did anyone outside complain about {topic}?",
        ],
        answered: &["{value} did, loudly, to me.", "Only {value} so far. I'm handling it."],
        continued: &[
            "I had {value} on the phone because of it, for an hour.",
            "The first to write to me was {value}, and the tone was icy.",
        ],
        questions: &[
            "Which customer complained to {who} about {topic}?",
            "Who was unhappy with {topic} and contacted {who}?",
            "From which company did {who} hear criticism of {topic}?",
        ],
        remarked: &[
            "They complain about everything.",
            "Another unhappy customer because of {topic}.",
        ],
        values: COMPANIES,
        ..KIND
    },
    Kind {
        of: Whose::Topic,
        said: &[
            "Until {topic} is repaired I {value}.",
            "My stopgap for {topic}: I {value}. Ugly, but it holds.",
            "To keep {topic} alive I {value}, please don't judge me.",
            "As a workaround for {topic}, I {value}.",
        ],
        asked: &["How do you cope while {topic} is broken?", "Is there a workaround for {topic}?"],
        answered: &["For now I {value}.", "I {value}. It holds until the fix is in."],
        continued: &["Until there is a proper fix I {value}.", "It isn't pretty: I {value}."],
        questions: &[
            "How does {who} work around the problems of {topic}?",
            "What is {who} doing to keep {topic} going for the time being?",
            "Which temporary remedy does {who} apply to {topic}?",
        ],
        remarked: &[
            "A workaround is a workaround.",
            "How long do we have to keep {topic} going like that?",
        ],
        values: &[
            "restart it every night at three",
            "copy the files over by hand",
            "run two of them side by side",
            "throw away every tenth message",
            "keep a shell open and watch it",
            "raise the timeout to an hour",
            "empty its folder twice a day",
            "send the numbers round by mail",
            "pin it to one core",
            "delete the lock file each morning",
            "feed it smaller batches",
        ],
        ..KIND
    },
    Kind {
        of: Whose::Topic,
        said: &[
            "I can't go on with {topic} before {value}.",
            "{topic} stands still. I need to wait until {value}.",
            "Blocked on {topic}: nothing moves until {value}.",
            "I parked {topic} for the moment, since it makes no sense before {value}.",
        ],
        asked: &[
            "Why is nothing happening with {topic}?",
            "What keeps you from finishing {topic}?",
        ],
        answered: &["I'm waiting until {value}.", "No progress before {value}, I'm afraid."],
        continued: &["Nothing I can do there before {value}.", "I'm stuck until {value}."],
        questions: &[
            "What is {who} waiting for before continuing {topic}?",
            "What blocks {who}'s work on {topic}?",
            "What has to happen so that {who} can resume {topic}?",
        ],
        remarked: &[
            "Being blocked is the worst.",
            "Tell me when the work on {topic} can continue.",
        ],
        values: &[
            "legal has signed off",
            "the new machines arrive",
            "the vendor sends the specification",
            "finance frees the money",
            "the works council agrees",
            "somebody grants me access",
            "the other team freezes its interface",
            "the translations are back",
            "the auditors have left",
            "the licence key turns up",
            "the data protection officer is back from leave",
        ],
        ..KIND
    },
    Kind {
        of: Whose::Topic,
        said: &[
            "I wrote everything down about {topic}; you find it in {value}.",
            "The notes on {topic} are in {value} now.",
            "For those who ask: my diagrams of {topic} live in {value}.",
            "I moved the plans for {topic} to {value}.",
        ],
        asked: &[
            "Where do I find something to read about {topic}?",
            "Is there any write-up of {topic}?",
        ],
        answered: &["Look into {value}, I put it there.", "Yes, in {value}."],
        continued: &[
            "Everything I know about it is in {value}.",
            "I put the drawings into {value}.",
        ],
        questions: &[
            "Where did {who} put the notes about {topic}?",
            "In which place is {who}'s description of {topic} kept?",
            "Where can one read what {who} wrote on {topic}?",
        ],
        remarked: &[
            "I'll read your notes on {topic} tonight.",
            "Finally somebody writes things down.",
        ],
        values: &[
            "the folder called harbour",
            "the wiki under operations",
            "a gist that I pinned",
            "the drawer with the blue label",
            "the second tab of the planning sheet",
            "the repository's attic",
            "the shared notebook",
            "the handbook, chapter nine",
            "the channel's bookmarks",
            "a long mail from the spring",
            "the readme of the old project",
        ],
        ..KIND
    },
    Kind {
        of: Whose::Topic,
        said: &[
            "{value} read my change to {topic} and found two mistakes.",
            "My patch for {topic} was approved by {value}.",
            "I asked {value} to look over {topic} with fresh eyes, and it was worth it.",
            "{value} signed off what I did on {topic}.",
        ],
        asked: &["Has anyone checked your work on {topic}?", "Who reviews {topic} for you?"],
        answered: &["{value} did, line by line.", "I got {value} to do it."],
        continued: &[
            "{value} went over it with me and had good remarks.",
            "The second pair of eyes was {value}.",
        ],
        questions: &[
            "Who reviewed {who}'s work on {topic}?",
            "Whose approval did {who} get for {topic}?",
            "By whom was {who}'s change to {topic} checked?",
        ],
        remarked: &["A good reviewer is worth gold.", "Then {topic} has been checked properly."],
        values: &[
            "Ingrid from security",
            "the intern",
            "old Mr. Sato",
            "a contractor named Lúcia",
            "Bernd of the platform team",
            "the professor from Delft",
            "our former boss",
            "Chiara in finance",
            "Wanjiru from the Nairobi office",
            "the new architect",
            "Pawel from the network group",
        ],
        ..KIND
    },
    Kind {
        of: Whose::Topic,
        said: &[
            "The idea for {topic} isn't mine. I took it from {value}.",
            "I got inspired for {topic} by {value}.",
            "If the design of {topic} looks familiar: I borrowed it from {value}.",
        ],
        asked: &[
            "Where does the design of {topic} come from?",
            "How did you come up with {topic} like this?",
        ],
        answered: &["Stolen, shamelessly, from {value}.", "From {value}, if I'm honest."],
        continued: &["The trick in it comes from {value}.", "I lifted the structure from {value}."],
        questions: &[
            "What inspired {who} in the design of {topic}?",
            "From where did {who} borrow the idea behind {topic}?",
            "What was {who}'s model for {topic}?",
        ],
        remarked: &[
            "Best inspiration ever.",
            "I'd never have borrowed an idea from there for {topic}.",
        ],
        values: &[
            "a talk about beehives",
            "a paper on merge trees",
            "the timetable of the Swiss railways",
            "an old mainframe manual",
            "the way libraries sort books",
            "a card game",
            "a thesis from Uppsala",
            "the kitchen of a sushi bar",
            "air traffic control",
            "a game that my brother wrote",
        ],
        ..KIND
    },
    Kind {
        of: Whose::Topic,
        said: &[
            "Next I want to {value} in {topic}.",
            "My plan for {topic} is to {value}.",
            "Once the dust has settled I'm going to {value} in {topic}.",
            "For {topic} I see one step that matters: {value}.",
        ],
        asked: &["What comes next for {topic}?", "What are your plans with {topic}?"],
        answered: &["I'd like to {value}.", "First of all, {value}. Then we'll see."],
        continued: &["I intend to {value} there.", "As soon as I have a quiet day I'll {value}."],
        questions: &[
            "What does {who} plan to do next with {topic}?",
            "Which change to {topic} is on {who}'s list?",
            "What does {who} intend for {topic}?",
        ],
        remarked: &["That's a good plan for {topic}.", "Put that change on the list, please."],
        values: &[
            "split it into two services",
            "drop the old interface",
            "rewrite the retry logic",
            "replace the home-grown cache",
            "cover every branch with tests",
            "delete half of the options",
            "move the state out of memory",
            "sign everything that leaves it",
            "let it run on small machines",
            "give it a command line",
            "measure where the time goes",
        ],
        ..KIND
    },
    Kind {
        of: Whose::Topic,
        said: &[
            "I did the sums: {topic} costs us {value} a month.",
            "The bill for {topic} came in. {value}, every month.",
            "Running {topic} sets us back {value} monthly, I checked the invoice.",
        ],
        asked: &["How expensive is {topic}, roughly?", "What do we pay for {topic}?"],
        answered: &["I looked it up: {value} a month.", "{value} every month, before tax."],
        continued: &[
            "It eats {value} a month, more than I thought.",
            "The invoice says {value} a month.",
        ],
        questions: &[
            "What does {topic} cost per month according to {who}?",
            "How much money goes into {topic} monthly, as {who} reported?",
            "Which monthly expense for {topic} did {who} work out?",
        ],
        remarked: &["So much money for {topic}?", "That's a lot per month."],
        values: &[
            "four hundred euros",
            "1,250 dollars",
            "about ninety pounds",
            "three thousand euros",
            "$640",
            "two hundred and ten francs",
            "just under a thousand euros",
            "5,800 kroner",
            "seventy dollars",
        ],
        ..KIND
    },
    Kind {
        of: Whose::Topic,
        said: &[
            "I threw {value} out of {topic}. Nobody will miss it.",
            "Cleaned up {topic} today and removed {value}.",
            "{topic} is two thousand lines shorter: {value} is gone.",
        ],
        asked: &["What did you clean up in {topic}?", "How did {topic} get so much smaller?"],
        answered: &["I deleted {value}.", "{value} had to go."],
        continued: &["I removed {value} from it.", "Without {value} it is half the size."],
        questions: &[
            "What did {who} remove from {topic}?",
            "Which part of {topic} was deleted by {who}?",
            "What did {who} get rid of while tidying {topic}?",
        ],
        remarked: &[
            "Deleting is the best part of the job.",
            "I love it when {topic} gets smaller.",
        ],
        values: &[
            "the old XML reader",
            "the support for fax",
            "the second logger",
            "a whole plug-in system",
            "the animated logo",
            "the home-made encryption",
            "the compatibility layer for version one",
            "the debug menu",
            "the code generator",
            "the copy of the date library",
        ],
        ..KIND
    },
    Kind {
        of: Whose::Topic,
        said: &[
            "I added {value} to {topic}, have a look.",
            "{topic} has {value} now. Took me a day.",
            "Small treat for our users: {topic} comes with {value} as of today.",
        ],
        asked: &["What's new in {topic}?", "Did you get round to improving {topic}?"],
        answered: &["It has {value} now.", "I built in {value}."],
        continued: &["I gave it {value}.", "There is {value} in it now."],
        questions: &[
            "What did {who} add to {topic}?",
            "Which feature of {topic} was built by {who}?",
            "By what did {who} extend {topic}?",
        ],
        remarked: &[
            "Users have wanted that feature in {topic} for years.",
            "A nice addition to {topic}.",
        ],
        values: &[
            "a dark theme",
            "a progress bar",
            "an offline mode",
            "a big red stop button",
            "voice control",
            "a preview of the result",
            "a daily digest",
            "a search box",
            "a map of all sites",
            "two-factor authentication",
            "a history of changes",
            "drag and drop",
        ],
        ..KIND
    },
    Kind {
        of: Whose::Topic,
        said: &[
            "I promised {value} a demo of {topic}.",
            "{value} will get a tour of {topic} from me.",
            "I'm preparing slides on {topic}; {value} asked for them.",
        ],
        asked: &["Who wants to see {topic}?", "For whom are the slides on {topic}?"],
        answered: &["{value}. I said yes.", "They are for {value}."],
        continued: &["I'm going to show it to {value}.", "{value} asked me for a walk-through."],
        questions: &[
            "To whom did {who} promise to show {topic}?",
            "Who is going to get a presentation of {topic} from {who}?",
            "For which audience is {who} preparing {topic}?",
        ],
        remarked: &["I hope the presentation goes well.", "Show them the good parts of {topic}."],
        values: &[
            "the board",
            "the sales people",
            "a class from the technical college",
            "the minister's office",
            "two investors from Seoul",
            "the night shift",
            "a delegation from Bergen",
            "the user group",
            "the new trainees",
            "a journalist",
        ],
        ..KIND
    },
    Kind {
        of: Whose::Agent,
        said: &[
            "Note: I was granted {value}. The request is in the journal.",
            "My permissions have changed, I now have {value}.",
            "As of this run I hold {value}.",
        ],
        asked: &[
            "Do you have all the access you need?",
            "What are you allowed to do at the moment?",
        ],
        answered: &["I hold {value}, nothing beyond that.", "I was given {value}."],
        continued: &[],
        questions: &[
            "Which permission was {who} given?",
            "What access does {who} have?",
            "What was {who} allowed to do?",
        ],
        remarked: &["Be careful with that permission.", "Who approved the access?"],
        values: &[
            "read access to the billing folder",
            "write access to the docs",
            "the right to open pull requests",
            "access to one calendar",
            "permission to restart workers",
            "a key for the weather service",
            "read access to the mail archive",
            "the right to book meeting rooms",
        ],
        ..KIND
    },
    Kind {
        of: Whose::Agent,
        said: &[
            "I stopped early: {value}. Please advise.",
            "My task ended without a result because {value}.",
            "Incomplete run. The reason: {value}.",
        ],
        asked: &["Why did you stop halfway?", "Your last run has no result. What happened?"],
        answered: &["I had to abort since {value}.", "Simple: {value}."],
        continued: &[],
        questions: &[
            "Why did {who} abort a task?",
            "What prevented {who} from finishing the run?",
            "For what reason did {who} stop before the end?",
        ],
        remarked: &[
            "Why didn't you tell us before you stopped?",
            "Then start the run again tomorrow.",
        ],
        values: &[
            "the token budget was spent",
            "the folder was locked",
            "two instructions contradicted each other",
            "the page asked for a human",
            "the answer would have contained personal data",
            "the service returned nothing for an hour",
            "the sandbox refused the network",
        ],
        ..KIND
    },
    Kind {
        of: Whose::Person,
        said: &[
            "Greetings from {value}, I'm working from here this month.",
            "I moved my desk to {value} for a while; the light is wonderful.",
            "By the way, I'm based in {value} until summer.",
            "Rented a room in {value}. Same time zone, better food.",
        ],
        asked: &[
            "Where are you these days? That's not your usual background.",
            "You sound far away. Where are you?",
        ],
        answered: &[
            "In {value}! I found a desk by the window.",
            "{value}, and not coming back soon.",
        ],
        continued: &[],
        questions: &[
            "Where is {who} working from?",
            "In which city is {who} staying?",
            "What place has {who} moved to for a while?",
        ],
        remarked: &["How is working from there?", "I'd love to be in another city for a while."],
        values: CITIES,
        ..KIND
    },
    Kind {
        of: Whose::Person,
        said: &[
            "Sorry for the noise, that was {value}.",
            "{value} slept on my laptop all night. It is warm, I suppose.",
            "We have a new family member: {value}!",
            "I have to run, {value} is waiting for dinner.",
        ],
        asked: &["What was that noise?", "Who is that behind you?"],
        answered: &["{value}, begging for food again.", "Oh, meet {value}."],
        continued: &[],
        questions: &[
            "What pet does {who} have?",
            "Which animal lives with {who}?",
            "What kind of animal does {who} keep at home?",
        ],
        remarked: &["I want a pet too.", "Animals make everything better."],
        values: &[
            "my cat Miso",
            "our beagle Otto",
            "the parrot",
            "my two rabbits",
            "Bruno, the old greyhound",
            "my tortoise",
            "the hamster of my daughter",
            "our three chickens",
            "a kitten we called Pixel",
            "the goat from next door, which we adopted",
        ],
        ..KIND
    },
    Kind {
        of: Whose::Person,
        said: &[
            "I have taken up {value}. My arms hurt.",
            "You won't see me on Wednesday evenings any more, I do {value} then.",
            "{value} is what keeps me sane at the moment.",
            "After work I go for {value}; it clears the head.",
        ],
        asked: &["What do you do when you're not here?", "You look rested. What's your secret?"],
        answered: &["{value}, twice a week.", "I started {value}. Best decision of the year."],
        continued: &[],
        questions: &[
            "What hobby does {who} have?",
            "What does {who} do in their spare time?",
            "Which leisure activity did {who} mention?",
        ],
        remarked: &["I need a hobby as well.", "Nice to have something to do in your spare time."],
        values: &[
            "climbing",
            "pottery",
            "fencing",
            "bookbinding",
            "rowing",
            "beekeeping",
            "tango",
            "wood carving",
            "archery",
            "choir singing",
            "bird watching",
            "judo",
            "calligraphy",
            "kite surfing",
            "astronomy",
        ],
        ..KIND
    },
    Kind {
        of: Whose::Person,
        said: &[
            "I have been practising the {value} again, the neighbours hate me.",
            "Found my old {value} in the attic, and I still know the scales.",
            "My {value} teacher says I should slow down. Same as my code reviewers.",
        ],
        asked: &["What's in the big case?", "Do you make music?"],
        answered: &["My {value}. Rehearsal is tonight.", "I try to. The {value}, since school."],
        continued: &[],
        questions: &[
            "What instrument does {who} play?",
            "On what does {who} make music?",
            "Which instrument is {who} learning?",
        ],
        remarked: &["I always wanted to play an instrument.", "We should make music together."],
        values: &[
            "cello",
            "trumpet",
            "accordion",
            "harp",
            "drum kit",
            "oboe",
            "banjo",
            "saxophone",
            "viola",
            "bagpipe",
            "piano",
        ],
        ..KIND
    },
    Kind {
        of: Whose::Person,
        said: &[
            "I'm halfway through {value} and can't put it down.",
            "I read {value} on the train. Recommended.",
            "{value} is lying on my night table, and that's why I'm tired.",
        ],
        asked: &["Read anything good lately?", "What are you reading?"],
        answered: &["{value}. Slow start, great middle.", "I'm on {value} at the moment."],
        continued: &[],
        questions: &[
            "What is {who} reading?",
            "Which book did {who} talk about?",
            "What literature keeps {who} busy?",
        ],
        remarked: &[
            "I haven't read a good book in months.",
            "Lend it to me when you're done reading.",
        ],
        values: &[
            "a history of salt",
            "a novel about lighthouse keepers",
            "the letters of Ada Lovelace",
            "a thriller set in Reykjavik",
            "a book on knots",
            "the memoirs of a conductor",
            "Moby Dick",
            "a comic about the moon landing",
            "a fat book on bridges",
            "poems from Chile",
        ],
        ..KIND
    },
    Kind {
        of: Whose::Person,
        said: &[
            "I used to work {value} before I came here.",
            "In my former life, I was {value}, you know.",
            "That reminds me of my years {value}.",
        ],
        asked: &[
            "What did you do before you joined us?",
            "How did you get into this line of work?",
        ],
        answered: &["I was {value}.", "Long story. I spent six years {value}."],
        continued: &[],
        questions: &[
            "What did {who} do in an earlier job?",
            "Where did {who} work before joining?",
            "What is {who}'s professional past?",
        ],
        remarked: &[
            "What a past! And then you ended up with us.",
            "That must have been quite a job.",
        ],
        values: &[
            "at a shipyard",
            "in a bakery",
            "on an oil rig",
            "with the fire brigade",
            "at the national archive",
            "in a theatre, doing the lights",
            "for a seed company",
            "at a ski resort",
            "with a circus",
            "in the tax office",
        ],
        ..KIND
    },
    Kind {
        of: Whose::Person,
        said: &[
            "No {value} for me, please, or I end up in hospital.",
            "I found out the hard way that I don't tolerate {value}.",
            "My doctor confirmed it, {value} is off the list for good.",
        ],
        asked: &[
            "Anything you can't eat? I'm ordering for Friday.",
            "Is the catering fine for you?",
        ],
        answered: &["As long as there's no {value} in it.", "I must stay away from {value}."],
        continued: &[],
        questions: &[
            "What is {who} allergic to?",
            "Which food must {who} avoid?",
            "What can't {who} eat?",
        ],
        remarked: &[
            "Thanks, I'll tell the caterer about the allergy.",
            "That must make eating out difficult.",
        ],
        values: &[
            "peanuts",
            "shellfish",
            "celery",
            "sesame",
            "milk",
            "strawberries",
            "gluten",
            "kiwi",
            "mustard",
            "hazelnuts",
        ],
        ..KIND
    },
    Kind {
        of: Whose::Person,
        said: &[
            "I come by {value} now, forty minutes each way.",
            "Took the {value} for the first time today. Never again in the rain.",
            "Since the strike I get here by {value}.",
        ],
        asked: &["How do you get to the office?", "Is your train running again?"],
        answered: &["By {value}, whatever the weather.", "I gave up and use the {value} now."],
        continued: &[],
        questions: &[
            "How does {who} get to work?",
            "What does {who} use for the commute?",
            "By which means does {who} travel to the office?",
        ],
        remarked: &["My way to work takes longer than yours.", "A healthy way to commute."],
        values: &[
            "bicycle",
            "ferry",
            "scooter",
            "tram",
            "kayak",
            "motorbike",
            "cable car",
            "night bus",
            "cargo bike",
        ],
        ..KIND
    },
    Kind {
        of: Whose::Person,
        said: &[
            "We booked it: {value}, two weeks without a laptop.",
            "My holiday is settled, I'm off to {value}.",
            "Don't count on me in the summer. I'll be in {value}.",
        ],
        asked: &["Any plans for the holidays?", "Where are you off to in the summer?"],
        answered: &["{value}, finally.", "I'll be in {value}, without a signal."],
        continued: &[],
        questions: &[
            "Where is {who} going on holiday?",
            "What is {who}'s travel destination?",
            "Where will {who} spend the vacation?",
        ],
        remarked: &["I'm jealous, I need a holiday.", "Bring us something from your travels."],
        values: &[
            "the Faroe Islands",
            "Patagonia",
            "the Black Forest",
            "Sardinia",
            "Hokkaido",
            "the Azores",
            "Slovenia",
            "Namibia",
            "the Scottish Highlands",
            "Crete",
            "Vietnam",
        ],
        ..KIND
    },
    Kind {
        of: Whose::Person,
        said: &[
            "I'm learning {value}, twenty minutes every morning.",
            "My {value} is getting better. I ordered a coffee without switching to English.",
            "Signed up for a course in {value}.",
        ],
        asked: &["What are you mumbling there?", "Is that a dictionary on your desk?"],
        answered: &["{value} verbs. Don't ask.", "Yes, I'm trying to learn {value}."],
        continued: &[],
        questions: &[
            "What language is {who} learning?",
            "Which foreign language does {who} study?",
            "What tongue is {who} trying to pick up?",
        ],
        remarked: &[
            "How many languages do you speak by now?",
            "Learning a language takes patience.",
        ],
        values: &[
            "Finnish",
            "Korean",
            "Portuguese",
            "Swahili",
            "Welsh",
            "Greek",
            "Arabic",
            "Dutch",
            "Turkish",
            "Hindi",
            "sign language",
        ],
        ..KIND
    },
];

/// Something that happened, or will, of which is told when.
pub(super) struct Event {
    pub(super) of: Whose,
    /// What somebody did, as a past tense after `I`.
    pub(super) did: &'static str,
    /// The same in other words.
    pub(super) also: &'static str,
    /// What somebody did, as a base form after `did {who}`, in words of neither or of both.
    pub(super) do_it: &'static [&'static str],
    /// What pictures of it show.
    pub(super) shown: &'static [&'static str],
}

/// An event of which nothing is told.
pub(super) const EVENT: Event =
    Event { of: Whose::Person, did: "", also: "", do_it: &[], shown: &[] };

/// How an event is told.
pub(super) const EVENT_SAID: &[&str] = &[
    "I {did} {when}.",
    "{when} I {did}.",
    "I {did} {when}, and I'm still recovering from it.",
    "Oh, and I {did} {when}. Better late than never.",
    "{when}, believe it or not, I {did}.",
    "For the record: I {did} {when}.",
    "It feels like an age, but I {did} only {when}.",
    "I {did} {when}. Would do it again.",
];

/// How an event is told after somebody asked what is new.
pub(super) const EVENT_ASKED: &[&str] = &[
    "What have you been up to?",
    "You were gone for a while. What's new?",
    "Anything to report from your side?",
    "How are things over there?",
    "Tell me, what did I miss?",
];

/// What others say to an event.
pub(super) const EVENT_REMARKED: &[&str] = &[
    "What was it like to {do}?",
    "How long did it take to {do}?",
    "So you managed to {do}.",
    "I still remember when I had to {do}.",
];

/// Questions for when an event was.
pub(super) const EVENT_QUESTIONS: &[&str] = &[
    "When did {who} {do}?",
    "On which day did {who} {do}?",
    "When exactly did {who} {do}?",
    "At what point in time did {who} {do}?",
];

/// Things that happened.
pub(super) const EVENTS: &[Event] = &[
    Event {
        of: Whose::Topic,
        did: "put {topic} into production",
        also: "went live with {topic}",
        do_it: &["ship {topic}", "put {topic} into production", "launch {topic}"],
        ..EVENT
    },
    Event {
        of: Whose::Topic,
        did: "rolled {topic} back",
        also: "returned {topic} to the old version",
        do_it: &["roll {topic} back", "undo the update of {topic}"],
        ..EVENT
    },
    Event {
        of: Whose::Topic,
        did: "closed the last ticket on {topic}",
        also: "got the final bug out of {topic}",
        do_it: &["close the last ticket on {topic}", "fix the final bug of {topic}"],
        ..EVENT
    },
    Event {
        of: Whose::Topic,
        did: "showed {topic} to the lawyers",
        also: "sat down with legal about {topic}",
        do_it: &["talk to the lawyers about {topic}", "discuss {topic} with legal"],
        ..EVENT
    },
    Event {
        of: Whose::Topic,
        did: "lost a whole day to {topic}",
        also: "sat in front of {topic} until midnight",
        do_it: &["struggle with {topic}", "have a very long day because of {topic}"],
        ..EVENT
    },
    Event {
        of: Whose::Topic,
        did: "handed the first draft of {topic} in",
        also: "sent round a draft of {topic}",
        do_it: &["submit the draft of {topic}", "hand in a first version of {topic}"],
        ..EVENT
    },
    Event {
        of: Whose::Topic,
        did: "moved {topic} to the new machines",
        also: "migrated {topic}",
        do_it: &["migrate {topic}", "move {topic} to other hardware"],
        ..EVENT
    },
    Event {
        of: Whose::Topic,
        did: "wiped the database of {topic} by mistake",
        also: "deleted the data of {topic}, and yes, in production",
        do_it: &["delete the data of {topic}", "wipe the database of {topic} by accident"],
        ..EVENT
    },
    Event {
        of: Whose::Topic,
        did: "opened {topic} to the first ten customers",
        also: "let the pilot customers into {topic}",
        do_it: &["start the pilot of {topic}", "give customers access to {topic}"],
        ..EVENT
    },
    Event {
        of: Whose::Topic,
        did: "ran the load test on {topic}",
        also: "put {topic} under full load",
        do_it: &["run the load test on {topic}", "stress {topic}"],
        ..EVENT
    },
    Event {
        of: Whose::Topic,
        did: "restored {topic} from the backup",
        also: "had to bring {topic} back from tape",
        do_it: &["restore {topic} from a backup", "recover {topic}"],
        ..EVENT
    },
    Event {
        of: Whose::Topic,
        did: "rotated all the keys of {topic}",
        also: "changed every secret of {topic}",
        do_it: &["rotate the keys of {topic}", "replace the credentials of {topic}"],
        ..EVENT
    },
    Event {
        of: Whose::Person,
        did: "ran my first half marathon",
        also: "made it through twenty-one kilometres",
        do_it: &["run a half marathon", "take part in a long-distance race"],
        ..EVENT
    },
    Event {
        of: Whose::Person,
        did: "moved into the new flat",
        also: "carried forty boxes up to the fourth floor",
        do_it: &["move into a new flat", "change apartments"],
        ..EVENT
    },
    Event {
        of: Whose::Person,
        did: "picked up a dog from the shelter",
        also: "came home with a dog",
        do_it: &["adopt a dog", "get a dog"],
        ..EVENT
    },
    Event {
        of: Whose::Person,
        did: "passed the sailing exam",
        also: "got my sailing licence",
        do_it: &["pass the sailing exam", "become a licensed sailor"],
        ..EVENT
    },
    Event {
        of: Whose::Person,
        did: "had a wisdom tooth pulled",
        also: "sat in the dentist's chair for two hours",
        do_it: &["have a tooth pulled", "go to the dentist"],
        ..EVENT
    },
    Event {
        of: Whose::Person,
        did: "gave a talk at the meetup in Hamburg",
        also: "stood on a stage in Hamburg in front of two hundred people",
        do_it: &["give a talk in Hamburg", "speak at a meetup"],
        ..EVENT
    },
    Event {
        of: Whose::Person,
        did: "visited my sister in Oslo",
        also: "was up in Oslo with my sister",
        do_it: &["visit a sibling in Norway", "travel to Oslo"],
        ..EVENT
    },
    Event {
        of: Whose::Person,
        did: "saw the northern lights",
        also: "stood in the snow under a green sky",
        do_it: &["see the northern lights", "watch the aurora"],
        ..EVENT
    },
    Event {
        of: Whose::Person,
        did: "broke my wrist",
        also: "fell off the bike and ended up in a cast",
        do_it: &["break a wrist", "get injured"],
        ..EVENT
    },
    Event {
        of: Whose::Person,
        did: "won the chess tournament",
        also: "beat everyone at the chess club",
        do_it: &["win a chess tournament", "come first at chess"],
        ..EVENT
    },
    Event {
        of: Whose::Person,
        did: "repaired the old bicycle",
        also: "got my grandfather's bicycle going again",
        do_it: &["repair a bicycle", "fix up an heirloom"],
        ..EVENT
    },
    Event {
        of: Whose::Person,
        did: "signed the mortgage",
        also: "put my name under the papers for the house",
        do_it: &["sign a mortgage", "buy a house"],
        ..EVENT
    },
    Event {
        of: Whose::Person,
        did: "celebrated ten years of marriage",
        also: "had our tenth wedding anniversary",
        do_it: &["celebrate a wedding anniversary", "mark ten years of being married"],
        ..EVENT
    },
    Event {
        of: Whose::Person,
        did: "planted an apple tree",
        also: "dug a hole for the apple tree",
        do_it: &["plant a tree", "put an apple tree into the ground"],
        ..EVENT
    },
    Event {
        of: Whose::Person,
        did: "went to the opera",
        also: "fell asleep in the third act of an opera",
        do_it: &["go to the opera", "attend an opera"],
        ..EVENT
    },
    Event {
        of: Whose::Person,
        did: "took the kids to the science museum",
        also: "spent a day among dinosaurs with the children",
        do_it: &["visit a museum with the children", "take the kids to a museum"],
        ..EVENT
    },
];

/// Several turns, far apart, each tell one of several things.
pub(super) struct List {
    pub(super) of: Whose,
    pub(super) said: &'static [&'static str],
    pub(super) questions: &'static [&'static str],
    pub(super) remarked: &'static [&'static str],
    pub(super) values: &'static [&'static str],
    /// Instead of `said` and `values`: each with a text of its own, and what a picture shows, if there is one.
    pub(super) told: &'static [(&'static str, &'static str, &'static str)],
}

/// A list of which nothing is told.
pub(super) const LIST: List =
    List { of: Whose::Person, said: &[], questions: &[], remarked: &[], values: &[], told: &[] };

/// What is told piece by piece.
pub(super) const LISTS: &[List] = &[
    List {
        of: Whose::Person,
        said: &[
            "I drove out to {value} to show them the new version.",
            "Back from {value}. They had sharp questions.",
            "Spent the afternoon at {value}; their coffee is terrible.",
            "{value} had me over for a workshop, and the room was full.",
            "Long day on site with {value}.",
        ],
        questions: &[
            "Which customers has {who} visited?",
            "At which companies has {who} been on site?",
            "Whose premises did {who} travel to?",
        ],
        remarked: &["It's good that you visit customers.", "How was it on site?"],
        values: COMPANIES,
        ..LIST
    },
    List {
        of: Whose::Person,
        said: &[
            "I made {value} last night, the whole house smelled of it.",
            "Tried a new recipe on the weekend: {value}.",
            "There's {value} left in the fridge if somebody's hungry.",
            "My {value} turned out better than expected.",
            "I owe the team a dinner, so I cooked {value}.",
        ],
        questions: &[
            "Which dishes has {who} cooked?",
            "What did {who} prepare in the kitchen?",
            "What food has {who} made?",
        ],
        remarked: &["You cook better than the canteen.", "I'd like that recipe."],
        values: &[
            "lentil soup",
            "pierogi",
            "a lemon tart",
            "ramen",
            "paella",
            "sourdough",
            "goulash",
            "samosas",
            "ratatouille",
            "dumplings",
            "a cheesecake",
        ],
        ..LIST
    },
    List {
        of: Whose::Person,
        said: &[
            "I had an interview with {value} for the open position. Solid.",
            "Talked to {value} today, they would start in spring.",
            "{value} came in for a trial day with me.",
            "The call with {value} went over time, we had so much to talk about.",
        ],
        questions: &[
            "Which candidates did {who} interview?",
            "Whom has {who} met about the open position?",
            "Which applicants has {who} talked to?",
        ],
        remarked: &["How many candidates are left?", "We need somebody for that position soon."],
        values: &[
            "Ruben Aalto",
            "Xenia Moroz",
            "Tariq Haddad",
            "Bea Lindholm",
            "Hyun-woo Park",
            "Oluchi Eze",
            "Dario Conti",
            "Saoirse Flynn",
            "Milan Dvorak",
            "Noor Rahman",
        ],
        ..LIST
    },
    List {
        of: Whose::Person,
        said: &[
            "I wrote a small prototype in {value}, just to see how it feels.",
            "Gave {value} a try over lunch. Compiles fast, I'll give it that.",
            "The helper script is in {value} now, sorry.",
            "I'm rather taken with {value} after this week.",
        ],
        questions: &[
            "Which programming languages has {who} tried?",
            "What languages did {who} write code in?",
            "In what has {who} been programming?",
        ],
        remarked: &["Another programming language!", "One day you'll write code in everything."],
        values: &[
            "Zig", "Elixir", "OCaml", "Gleam", "Kotlin", "Haskell", "Go", "Nim", "Prolog", "Julia",
            "Lua",
        ],
        ..LIST
    },
    List {
        of: Whose::Person,
        said: &[
            "I was in {value} over the weekend, my feet are sore.",
            "{value} was lovely, if a bit crowded.",
            "Quick trip to {value} to see an old friend.",
            "I brought sweets from {value}, they're in the kitchen.",
        ],
        questions: &[
            "Which cities has {who} travelled to?",
            "Where has {who} been on trips?",
            "What places did {who} visit?",
        ],
        remarked: &["You travel more than anyone here.", "I've never been to that city."],
        values: CITIES,
        ..LIST
    },
    List {
        of: Whose::Topic,
        said: &[
            "I fixed {value} in {topic} today.",
            "One less problem in {topic}: {value} is solved, I pushed the patch.",
            "I took care of {value} in {topic}.",
            "{topic} no longer suffers from {value}. That took me longer than I like to admit.",
        ],
        questions: &[
            "Which problems of {topic} has {who} fixed?",
            "What bugs did {who} solve in {topic}?",
            "Which defects of {topic} were repaired by {who}?",
        ],
        remarked: &["Nice fix.", "One bug fewer in {topic}."],
        values: &[
            "the memory leak",
            "the wrong rounding",
            "the double submission",
            "the broken umlauts",
            "the deadlock at shutdown",
            "the flicker",
            "the lost session",
            "the off-by-one in the calendar",
            "the slow start",
            "the duplicated rows",
            "the dead link",
        ],
        ..LIST
    },
    List {
        of: Whose::Topic,
        said: &[
            "{topic} was down again this morning: {value}. I brought it back.",
            "Incident on {topic}, twenty minutes, cause: {value}.",
            "I had to restart {topic} during the night. This time it was {value}.",
            "Pager went off for {topic}. {value}, resolved by me.",
        ],
        questions: &[
            "How many times did {who} report an outage of {topic}?",
            "How often was {topic} down, counting what {who} told?",
            "Which incidents of {topic} did {who} deal with?",
        ],
        remarked: &[
            "Another outage of {topic}? We need to talk.",
            "How often is {topic} going to be down?",
        ],
        values: &[
            "a power cut",
            "a bad deploy",
            "a burst of traffic",
            "a dead disk",
            "a DNS hiccup",
            "a stuck lock",
            "a provider outage",
            "an overheated rack",
        ],
        ..LIST
    },
    List {
        of: Whose::Agent,
        said: &[
            "Scan of {value} complete, no findings.",
            "I have finished indexing {value}.",
            "{value}: all files read, summary attached.",
            "Report for {value} is ready, two warnings.",
        ],
        questions: &[
            "Which repositories has {who} gone through?",
            "What did {who} scan?",
            "Which collections has {who} processed?",
        ],
        remarked: &["Thanks for going through all that.", "Was the scan slow?"],
        values: &[
            "the legacy monolith",
            "the contracts archive",
            "the firmware tree",
            "the marketing site",
            "the scripts folder",
            "the machine-learning notebooks",
            "the old wiki",
            "the mail templates",
            "the test fixtures",
        ],
        ..LIST
    },
    List {
        of: Whose::Person,
        said: &[
            "I bought {value} for the office, with my own money.",
            "Look what arrived: {value}!",
            "There is {value} on the windowsill now. You're welcome.",
            "I couldn't resist and ordered {value}.",
        ],
        questions: &[
            "What has {who} bought?",
            "Which things did {who} get for the office?",
            "What purchases did {who} make?",
        ],
        remarked: &["You bought that yourself?", "What a purchase."],
        values: &[
            "a standing desk",
            "a fern",
            "a second monitor",
            "an espresso machine",
            "a label printer",
            "noise-cancelling headphones",
            "a beanbag",
            "a dartboard",
            "a 3D printer",
            "a humidifier",
        ],
        ..LIST
    },
    List {
        of: Whose::Person,
        said: &[
            "I taught the trainees {value} today.",
            "My session on {value} went well, they even laughed.",
            "Prepared exercises about {value} for the newcomers.",
            "Two hours of {value} with the new colleagues. My voice is gone.",
        ],
        questions: &[
            "What subjects has {who} taught?",
            "Which topics did {who} cover with the newcomers?",
            "About what has {who} given lessons?",
        ],
        remarked: &[
            "The newcomers are lucky to have you as a teacher.",
            "A good subject to teach.",
        ],
        values: &[
            "version control",
            "SQL joins",
            "threat modelling",
            "code review",
            "accessibility",
            "debugging",
            "writing tickets",
            "on-call duty",
            "statistics",
        ],
        ..LIST
    },
];

/// Something that changes: the newest word counts.
pub(super) struct State {
    /// Told first.
    pub(super) first: &'static [&'static str],
    /// Told when it changes; `{old}` is what was before, and not everybody says so.
    pub(super) changed: &'static [&'static str],
    /// Questions for how it is.
    pub(super) now: &'static [&'static str],
    /// Questions for how it was at first.
    pub(super) before: &'static [&'static str],
    pub(super) values: &'static [&'static str],
}

/// What changes.
pub(super) const STATES: &[State] = &[
    State {
        first: &[
            "We release {topic} {value}, that's fixed.",
            "The date for {topic} is set: {value}.",
            "{value} is when {topic} goes out.",
        ],
        changed: &[
            "Change of plan for {topic}. It comes out {value}.",
            "{topic} slips. New date: {value}.",
            "I talked to the customer, and {topic} can wait. They are fine with {value}.",
            "Not {old} after all; {topic} will be ready {value}.",
        ],
        now: &[
            "When is {topic} going to be released?",
            "What is the current release date of {topic}?",
            "For when is {topic} planned by now?",
        ],
        before: &[
            "What was the first release date of {topic}?",
            "When was {topic} originally meant to come out?",
        ],
        values: &[
            "in the middle of April",
            "on the first of June",
            "right after Easter",
            "in week 34",
            "at the end of the quarter",
            "before the trade fair",
            "in early November",
            "on the 20th of September",
            "in the new year",
        ],
    },
    State {
        first: &[
            "The weekly meeting on {topic} is {value}.",
            "Let's meet {value} for {topic}, every week.",
            "I set up a recurring call about {topic}: {value}.",
        ],
        changed: &[
            "The round on {topic} moves, from now on we meet {value}.",
            "Half of you can't make it, so the call about {topic} is {value} from next week on.",
            "Rescheduled the {topic_bare} meeting to {value}.",
            "{old} doesn't work for Tokyo. {topic} gets discussed {value} instead.",
        ],
        now: &[
            "When does the weekly meeting about {topic} take place?",
            "What is the slot for the call on {topic} now?",
            "At what time does the team meet for {topic}?",
        ],
        before: &[
            "When did the meeting on {topic} take place at first?",
            "What was the original slot of the call about {topic}?",
        ],
        values: &[
            "Mondays at nine",
            "Tuesdays at ten",
            "Wednesdays after lunch",
            "Thursdays at four",
            "Fridays at eleven",
            "Tuesdays at half past two",
            "Mondays at five",
            "Thursdays at eight sharp",
        ],
    },
    State {
        first: &[
            "{value} is responsible for {topic}.",
            "I asked {value} to lead {topic}, and the answer was yes.",
            "Contact for {topic}: {value}.",
        ],
        changed: &[
            "{value} takes over {topic} as of now.",
            "{topic} changes hands, please turn to {value}.",
            "I reassigned {topic} to {value}.",
            "{old} is on parental leave, so {value} runs {topic}.",
        ],
        now: &[
            "Who is in charge of {topic}?",
            "Who leads {topic} at present?",
            "Who is the person to ask about {topic} now?",
        ],
        before: &[
            "Who was responsible for {topic} at the beginning?",
            "Who led {topic} before it changed hands?",
        ],
        values: &[
            "Henrike",
            "Mr. Okonkwo",
            "Estelle",
            "the Lisbon team",
            "Dmitri",
            "Yuki from research",
            "the contractor",
            "Salome",
            "Rafael",
        ],
    },
    State {
        first: &[
            "The limit for {topic} is {value}.",
            "I capped {topic} at {value}.",
            "{topic} accepts up to {value}, I tested it.",
        ],
        changed: &[
            "I raised the cap: {topic} stops at {value} now.",
            "The limit of {topic} has been changed to {value}.",
            "{topic} choked, so the ceiling is {value} until further notice.",
            "{old} was a bad idea for {topic}. It is {value} from today on.",
        ],
        now: &[
            "What is the limit of {topic}?",
            "Where is {topic} capped at the moment?",
            "How much does {topic} accept now?",
        ],
        before: &[
            "What was the initial limit of {topic}?",
            "Where had {topic} been capped at first?",
        ],
        values: &[
            "50 requests a second",
            "200 megabytes",
            "ten thousand rows",
            "sixteen connections",
            "5 GB",
            "a hundred calls a minute",
            "two thousand files",
            "one million records",
            "64 users",
        ],
    },
    State {
        first: &[
            "{topic} runs in {value}.",
            "I set up {topic} in {value}.",
            "We host {topic} in {value} for now.",
        ],
        changed: &[
            "We left the old place: {topic} is served from {value}.",
            "Since last night {topic} lives in {value}.",
            "Moved {topic} over to {value}; the bill will thank us.",
            "{topic} is no longer in {old}, look for it in {value}.",
        ],
        now: &[
            "Where is {topic} hosted?",
            "In which data centre does {topic} run now?",
            "From where is {topic} served?",
        ],
        before: &[
            "Where was {topic} hosted originally?",
            "In which place did {topic} run at first?",
        ],
        values: &[
            "Frankfurt",
            "our own basement",
            "the Dublin region",
            "a container in Rotterdam",
            "the university's machine room",
            "Virginia",
            "Stockholm",
            "the cloud of a partner",
            "Singapore",
        ],
    },
    State {
        first: &[
            "The budget of {topic} is {value}.",
            "I got {value} for {topic}.",
            "Management gives us {value} for {topic}.",
        ],
        changed: &[
            "They changed their minds upstairs, {topic} gets {value}.",
            "New figure for {topic}: {value}.",
            "After the review {topic} is left with {value}.",
            "From {old} to {value}, that's what they did to {topic}.",
        ],
        now: &[
            "What is the budget of {topic}?",
            "How much money is there for {topic} by now?",
            "Which sum is available for {topic}?",
        ],
        before: &[
            "What was the original budget of {topic}?",
            "How much money had {topic} been given at first?",
        ],
        values: &[
            "forty thousand",
            "a quarter of a million",
            "18 k",
            "ninety thousand euros",
            "two person-months",
            "65,000",
            "one and a half million",
            "seven thousand",
        ],
    },
    State {
        first: &[
            "I named {topic} {value}. It had to have a code name.",
            "Internally {topic} goes by {value}.",
            "The working title of {topic} is {value}.",
        ],
        changed: &[
            "Marketing vetoed it, so {topic} is called {value} now.",
            "New code name for {topic}: {value}.",
            "{old} was taken. I renamed {topic} to {value}.",
            "From today {topic} answers to {value}.",
        ],
        now: &[
            "What is {topic} called internally?",
            "What is the code name of {topic} now?",
            "Which name does {topic} go by?",
        ],
        before: &["What was {topic} first called?", "What was the earlier code name of {topic}?"],
        values: &[
            "Nightingale",
            "Bluebell",
            "Granite",
            "Periwinkle",
            "Sandpiper",
            "Marzipan",
            "Kestrel",
            "Tundra",
            "Foxglove",
            "Lantern",
        ],
    },
    State {
        first: &[
            "I wrote {topic} in {value}.",
            "{topic} is a {value} program, and I'm fine with that.",
            "We do {topic} in {value}.",
        ],
        changed: &[
            "The rewrite is done: {topic} is {value} from top to bottom.",
            "I ported {topic} to {value}.",
            "{topic} was too slow in {old}, so it is {value} now.",
            "Finally got rid of the old code of {topic}; everything is {value}.",
        ],
        now: &[
            "In which language is {topic} written?",
            "What is {topic} programmed in today?",
            "Which language does the code of {topic} use now?",
        ],
        before: &[
            "In what was {topic} written at first?",
            "Which language did {topic} use before the rewrite?",
        ],
        values: &[
            "Python",
            "Rust",
            "TypeScript",
            "Perl",
            "Java",
            "C",
            "Ruby",
            "Go",
            "Scala",
            "Erlang",
        ],
    },
];

/// What can be concluded about a person from things that they say in passing.
pub(super) struct Trait {
    pub(super) clues: &'static [&'static str],
    pub(super) remarked: &'static [&'static str],
    pub(super) questions: &'static [&'static str],
    pub(super) answer: &'static str,
}

/// What can be concluded.
pub(super) const TRAITS: &[Trait] = &[
    Trait {
        clues: &[
            "I'll take the night train to the kickoff. Eleven hours, I don't mind.",
            "Last time there was turbulence I swore to myself: never again.",
            "Could we do the workshop by video? From here you can only get there by air.",
            "My hands get wet when I only see an airport.",
        ],
        remarked: &["So no conference on another continent for you?"],
        questions: &[
            "Would {who} be happy about a conference on another continent?",
            "Is {who} likely to enjoy a job with a lot of flying?",
        ],
        answer: "Probably not: afraid of flying.",
    },
    Trait {
        clues: &[
            "Is there anything on the menu without a face?",
            "I grew up on a farm, and after what I saw there I stick to beans.",
            "The grill party is fine, I'll bring my own halloumi.",
            "I always ask twice whether the soup is made with stock from bones.",
        ],
        remarked: &["No steak for you, I see."],
        questions: &["Would {who} order a steak?", "Is {who} likely to be a vegetarian?"],
        answer: "Likely a vegetarian.",
    },
    Trait {
        clues: &[
            "I had everything done by seven this morning, before anyone was awake.",
            "Sorry, I don't function after nine in the evening.",
            "The sunrise over the car park was spectacular again.",
            "I'd rather have the call at six than at eighteen hundred.",
        ],
        remarked: &["You are a morning person, no late shift for you."],
        questions: &["Is {who} a morning person?", "Would {who} volunteer for the late shift?"],
        answer: "A morning person; no late shift.",
    },
    Trait {
        clues: &[
            "I rewrote the commit message four times until it sounded right.",
            "The icon is one pixel off, and I can't unsee it.",
            "I couldn't sleep because of that inconsistent indentation.",
            "It passes, but it isn't beautiful yet. Give me another day.",
        ],
        remarked: &["Quick and dirty isn't your thing, is it?"],
        questions: &[
            "Would {who} be content with a quick and dirty solution?",
            "Might {who} be described as a perfectionist?",
        ],
        answer: "A perfectionist, so no.",
    },
    Trait {
        clues: &[
            "My phone is nine years old and still makes calls.",
            "I bring my lunch in a jar; that saves me a fortune over the year.",
            "Why buy a new chair? I found one at the kerb.",
            "I printed on the back of the old reports.",
        ],
        remarked: &["You and money, a love story."],
        questions: &[
            "Would {who} spend a lot of money on a new gadget?",
            "Is {who} rather thrifty or generous with money?",
        ],
        answer: "Thrifty.",
    },
    Trait {
        clues: &[
            "I slept in the tent again, four degrees, wonderful.",
            "My boots have done six hundred kilometres this year.",
            "When the weather report says storm I start packing.",
            "A weekend inside four walls makes me itch.",
        ],
        remarked: &["An outdoor person, that's what you are."],
        questions: &[
            "Would {who} rather go to a spa or to a mountain hut?",
            "Is {who} an outdoor person?",
        ],
        answer: "An outdoor person: the mountain hut.",
    },
    Trait {
        clues: &[
            "I have to leave at four, the kindergarten closes.",
            "There's crayon on my notebook again.",
            "Nobody slept at our place, somebody is getting her first teeth.",
            "I know all the songs of that snowman film by heart, not by choice.",
        ],
        remarked: &["Small children change everything."],
        questions: &[
            "Does {who} probably have small children?",
            "Would {who} know which playgrounds in town are good?",
        ],
        answer: "Yes, small children.",
    },
    Trait {
        clues: &[
            "Could this meeting have been a mail?",
            "I declined the three rounds on Thursday; I want to get something done.",
            "I wrote the code during the status call, camera off.",
            "My calendar has a block called nobody talk to me.",
        ],
        remarked: &["Nobody likes meetings, but you are special."],
        questions: &[
            "Would {who} welcome another weekly status round?",
            "How does {who} probably feel about meetings?",
        ],
        answer: "Dislikes meetings.",
    },
    Trait {
        clues: &[
            "My grandmother in Graz corrects my grammar over the phone.",
            "I read Kafka the way he wrote him.",
            "I did my school leaving exam in Leipzig.",
            "The manual was only there in the original from Stuttgart, which was no problem for me.",
        ],
        remarked: &["It must be handy to speak German."],
        questions: &[
            "Could {who} help with a customer who only speaks German?",
            "Is {who} likely to speak German?",
        ],
        answer: "Yes, speaks German.",
    },
    Trait {
        clues: &[
            "I taped over the camera, and I suggest you do so too.",
            "No, I don't put my birthday into that form.",
            "I pay in cash wherever they let me.",
            "I run my own mail server. Nobody needs to read along.",
        ],
        remarked: &["Privacy is important, I know."],
        questions: &[
            "Would {who} wear a fitness tracker that uploads everything?",
            "How important is privacy to {who}?",
        ],
        answer: "Very important; would not.",
    },
    Trait {
        clues: &[
            "I soldered a new capacitor into the terminal, and it boots again.",
            "There are eleven keyboards in my cellar, all with real springs.",
            "The floppy drive makes the most beautiful sound.",
            "I'd swap my laptop for a working Amiga at once.",
        ],
        remarked: &["You belong in a computer museum with your old machines."],
        questions: &[
            "Would {who} enjoy a visit to a computer museum?",
            "Is {who} fond of old machines?",
        ],
        answer: "Yes, loves old computers.",
    },
    Trait {
        clues: &[
            "Can somebody else present? I'll do the slides.",
            "My voice went up an octave when they handed me the microphone.",
            "I rehearsed the two sentences in front of the mirror, for an hour.",
            "I answered the question from the audience by turning red.",
        ],
        remarked: &["Is it that bad in front of people?"],
        questions: &[
            "Would {who} like to host the company party?",
            "Is {who} likely to be shy in front of people?",
        ],
        answer: "Shy in front of an audience, so no.",
    },
    Trait {
        clues: &[
            "Second place is the first one to lose.",
            "I keep a list of who closed how many tickets. I'm on top.",
            "I practised table football at home so that I beat you on Friday.",
            "A draw? We play on until somebody wins.",
        ],
        remarked: &["It's not a contest, {other}."],
        questions: &["Would {who} take part in a contest?", "Might {who} be called competitive?"],
        answer: "Yes, competitive.",
    },
    Trait {
        clues: &[
            "I sneeze for two days after the visit to your flat, those beasts are charming but no.",
            "The office cat has to stay on the other floor, my eyes are swollen.",
            "I took a pill before coming over, because of the fur on your sofa.",
        ],
        remarked: &["It can't be easy around animals."],
        questions: &[
            "Could {who} look after somebody's cat?",
            "Is {who} likely to have trouble around animals?",
        ],
        answer: "No, allergic to animal hair.",
    },
    Trait {
        clues: &[
            "I sent the patch upstream, and they merged it within a day.",
            "I won't touch a library whose source I can't read.",
            "My pull request to the kernel got a friendly no.",
            "I gave a hundred euros to the people who maintain our parser.",
        ],
        remarked: &["Open source has a friend in you."],
        questions: &[
            "Would {who} prefer a proprietary product or an open one?",
            "Is {who} a supporter of open source?",
        ],
        answer: "An open one.",
    },
    Trait {
        clues: &[
            "I counted: thirty-one plants, and each has a name.",
            "The tomatoes on the balcony need me at noon.",
            "I brought cuttings for everyone, take one.",
            "Don't throw the coffee grounds away, my roses love them.",
        ],
        remarked: &["You and your gardens."],
        questions: &[
            "Would {who} be pleased with a pot of herbs as a present?",
            "Is {who} good with gardens?",
        ],
        answer: "Yes, loves plants.",
    },
];

/// Companies that are customers.
const COMPANIES: &[&str] = &[
    "Northwind Bakeries",
    "Halvorsen Shipping",
    "the Brandt clinic",
    "Lumen Optics",
    "Castillo & Daughters",
    "the city of Tampere",
    "Quarry Hill Insurance",
    "Ferro Steel",
    "Bluewater Ferries",
    "Okafor Textiles",
    "Maple Street Bank",
    "the Dorset library",
    "Vega Solar",
    "Piet's Bicycles",
    "Aurora Dairy",
    "Silk Road Tea",
];

/// Places to be.
const CITIES: &[&str] = &[
    "Lisbon",
    "Ghent",
    "Tallinn",
    "Valencia",
    "Kraków",
    "Bergen",
    "Trieste",
    "Porto",
    "Ljubljana",
    "Marseille",
    "Cork",
    "Izmir",
    "Riga",
    "Bologna",
    "Gdańsk",
    "Utrecht",
    "Aarhus",
    "Naples",
];

/// Something that will happen, and when.
pub(super) struct Appointment {
    pub(super) of: Whose,
    pub(super) said: &'static [&'static str],
    pub(super) questions: &'static [&'static str],
}

/// What will happen.
pub(super) const APPOINTMENTS: &[Appointment] = &[
    Appointment {
        of: Whose::Topic,
        said: &[
            "The inspectors come {when} to look at {topic}.",
            "{when} I have to defend {topic} in front of the inspectors.",
        ],
        questions: &[
            "When will {topic} be inspected, as {who} said?",
            "For which day did {who} announce the inspection of {topic}?",
        ],
    },
    Appointment {
        of: Whose::Topic,
        said: &[
            "I'll take {topic} offline {when} for an hour.",
            "Heads-up: maintenance of {topic} {when}, I'm doing it myself.",
        ],
        questions: &[
            "When is {who} going to take {topic} down for maintenance?",
            "For when did {who} schedule the maintenance of {topic}?",
        ],
    },
    Appointment {
        of: Whose::Topic,
        said: &[
            "{when} I meet the supplier about {topic}.",
            "I'm seeing the supplier for {topic} {when}.",
        ],
        questions: &[
            "When does {who} meet the supplier of {topic}?",
            "On which day is {who}'s appointment with the supplier regarding {topic}?",
        ],
    },
    Appointment {
        of: Whose::Person,
        said: &[
            "My driving test is {when}, wish me luck.",
            "{when} I'm taking the driving test. For the third time.",
        ],
        questions: &[
            "When is {who}'s driving test?",
            "On what date does {who} try to get the driving licence?",
        ],
    },
    Appointment {
        of: Whose::Person,
        said: &["I won't be here {when}, knee surgery.", "They operate on my knee {when}."],
        questions: &[
            "When does {who} have surgery?",
            "On which day is {who} going to be operated on?",
        ],
    },
    Appointment {
        of: Whose::Person,
        said: &[
            "My brother gets married {when}. I still need a suit.",
            "{when} is my brother's wedding, so I'm off.",
        ],
        questions: &[
            "When does the brother of {who} marry?",
            "When is the wedding in {who}'s family?",
        ],
    },
    Appointment {
        of: Whose::Person,
        said: &[
            "Our choir performs {when}, come if you like.",
            "{when} I'm on stage with the choir.",
        ],
        questions: &[
            "When does {who}'s choir perform?",
            "On what day is {who} going to sing in public?",
        ],
    },
    Appointment {
        of: Whose::Person,
        said: &["The movers come {when}.", "I hand over the keys of the old flat {when}."],
        questions: &[
            "When is {who} going to move house?",
            "On which day does {who} leave the old home?",
        ],
    },
];

/// Something that two people can have in common without talking about it to each other.
pub(super) struct Shared {
    pub(super) said: &'static [&'static str],
    pub(super) remarked: &'static [&'static str],
    /// `{a}` and `{b}` are the two.
    pub(super) questions: &'static [&'static str],
    pub(super) values: &'static [&'static str],
}

/// What people have in common.
pub(super) const SHARED: &[Shared] = &[
    Shared {
        said: &[
            "I grew up in {value}, in case you wonder about the accent.",
            "My parents still live in {value}, in the house I was born in.",
            "{value} is home for me and always will be.",
        ],
        remarked: &["So that's where you grew up!"],
        questions: &[
            "In which town did both {a} and {b} grow up?",
            "What home town do {a} and {b} share?",
            "Where do {a} as well as {b} come from?",
        ],
        values: &[
            "Tromsø", "Galway", "Brno", "Dunedin", "Oulu", "Zaragoza", "Pécs", "Halifax", "Kumasi",
        ],
    },
    Shared {
        said: &[
            "My degree is in {value}, believe it or not.",
            "I studied {value} before I switched to computers.",
            "Four years of {value} at university taught me patience.",
        ],
        remarked: &["What a subject to study."],
        questions: &[
            "What subject did {a} and {b} both study?",
            "In which field do {a} and {b} both have a degree?",
        ],
        values: &[
            "geology",
            "theology",
            "music",
            "marine biology",
            "philosophy",
            "architecture",
            "agriculture",
            "linguistics",
        ],
    },
    Shared {
        said: &[
            "My first computer was {value}, I still have the manual.",
            "I learned to program on {value}.",
            "When I was nine there was {value} under the Christmas tree.",
        ],
        remarked: &["Nobody forgets a first computer."],
        questions: &[
            "Which machine was the first computer of both {a} and {b}?",
            "On what did {a} and {b} both begin to program?",
        ],
        values: &[
            "a Commodore 64",
            "an Atari",
            "a ZX Spectrum",
            "an Amiga 500",
            "a pocket calculator",
            "an Apple II",
            "a broken 486",
        ],
    },
    Shared {
        said: &[
            "If I see {value} I leave the room, no discussion.",
            "I can't stand {value}, ever since school.",
            "Please keep {value} away from me. I scream.",
        ],
        remarked: &["Everybody is afraid of something."],
        questions: &["What are both {a} and {b} afraid of?", "Which fear do {a} and {b} share?"],
        values: &[
            "spiders",
            "clowns",
            "wasps",
            "snakes",
            "needles",
            "heights in films",
            "mice",
            "moths",
        ],
    },
    Shared {
        said: &[
            "Every Sunday I sit down and watch {value}.",
            "I never miss {value}, not even for a release.",
            "Don't call me during {value}.",
        ],
        remarked: &["And what else do you watch?"],
        questions: &[
            "What do {a} and {b} both like to watch?",
            "Which programme do {a} and {b} both follow?",
        ],
        values: &[
            "the snooker final",
            "the detective series",
            "the baking contest",
            "Formula One",
            "the quiz show",
            "the biathlon",
            "the space documentary",
        ],
    },
    Shared {
        said: &[
            "I drink {value} all day, my cup is never empty.",
            "Without {value} I don't get through the afternoon.",
            "There must be {value} in the kitchen, or I go home.",
        ],
        remarked: &["That is quite a drink."],
        questions: &[
            "What do {a} and {b} both drink?",
            "Which drink do {a} and {b} have in common?",
        ],
        values: &[
            "mate tea",
            "cold brew",
            "ginger water",
            "oat milk cocoa",
            "green tea",
            "tonic water",
            "buttermilk",
        ],
    },
];

/// How somebody tells that they look after a topic.
pub(super) const MAINTAINS_SAID: &[&str] = &[
    "I took over {topic} from the last maintainer.",
    "{topic} is mine now, I'm its maintainer as of today.",
    "From this week on I look after {topic}.",
    "They asked me to maintain {topic}. If it breaks, it's my fault.",
    "If something is wrong with {topic}, come to me. I'm the maintainer.",
];

/// How a question names whoever looks after a topic.
pub(super) const MAINTAINER: &[&str] = &[
    "the person who maintains {topic}",
    "whoever looks after {topic}",
    "the maintainer of {topic}",
];

/// How somebody tells that a topic needs another.
pub(super) const DEPENDS_SAID: &[&str] = &[
    "{topic} doesn't work without {needed}.",
    "{topic} gets everything from {needed}, so be careful there.",
    "When {needed} is down, {topic} is down too.",
    "Under the hood, {topic} is built on {needed}.",
];
