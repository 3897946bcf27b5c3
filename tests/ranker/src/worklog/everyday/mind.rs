//! Everyday talk about what people read, watch, learn and work at, and whom they care for.

use super::super::{
    facts::{EVENT, Event, KIND, Kind, LIST, List},
    setting::{Intent, Theme},
};

pub(super) const BOOKS: Theme = Theme {
    names: &["reading", "books", "the book club"],
    kinds: &[
        Kind {
            said: &[
                "I can't put down {value}, I read until two in the morning.",
                "Right now I'm in the middle of {value}. Don't tell me how it ends!",
                "My sister gave me {value}, and I'm hooked from page one.",
            ],
            asked: &["What are you reading at the moment?", "Any good books lately?"],
            answered: &["I'm halfway through {value}.", "Yes! {value}, you'd love it."],
            questions: &[
                "What book is {who} reading?",
                "Which novel can't {who} put down?",
                "What has {who} been reading?",
            ],
            values: &[
                "The Salt Orchard",
                "A Lamp for Winter",
                "Nine Empty Chairs",
                "The Cartographer's Son",
                "Letters to a Lighthouse",
                "The Quiet Engine",
                "Under Paper Skies",
            ],
            shown: &[(
                "Perfect evening: a blanket, tea and this one. I'm not going to answer my phone.",
                "a photo of a book with the title {value} on a blanket",
            )],
            twisted: &["What book did {who} write?", "Which novel did {who} lend to a neighbour?"],
            ..KIND
        },
        Kind {
            said: &[
                "The book that changed my life was about {value}, I read it at sixteen.",
                "If I look back, one story shaped me, a novel about {value}.",
                "Everybody should read something about {value} once. It opened my eyes back then.",
            ],
            asked: &["Is there a book that shaped you?", "Which book means most to you?"],
            answered: &["One about {value}.", "There was one on {value}, I still think of it."],
            questions: &[
                "What is the book about that changed {who}'s life?",
                "What was the theme of the book that shaped {who}?",
            ],
            values: &[
                "a girl who walks to Spain",
                "two brothers in a war",
                "a deaf pianist",
                "a village without mirrors",
                "a woman who raises wolves",
                "a teacher in prison",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "I read best {value}, no one finds me there.",
                "My reading spot is {value}, with a pillow behind my back.",
            ],
            asked: &["Where do you find the peace to read?", "Do you read in bed?"],
            answered: &["No, {value}.", "Usually {value}."],
            questions: &[
                "Where does {who} like to read?",
                "What is {who}'s favourite reading spot?",
            ],
            values: &[
                "in the bathtub",
                "on the fire escape",
                "in the hammock",
                "on the last bus home",
                "in the cemetery",
                "at the laundromat",
            ],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "joined a book club",
            also: "sat with six strangers and talked about a novel all evening",
            do_it: &["join a book club", "meet with a reading group"],
            ..EVENT
        },
        Event {
            did: "met an author at a signing",
            also: "got my copy signed by the author herself",
            do_it: &["meet an author", "get a book signed"],
            shown: &["a photo of a signed title page"],
            ..EVENT
        },
    ],
    lists: &[List {
        questions: &[
            "Which books has {who} read?",
            "What books did {who} talk about having read?",
            "Which titles has {who} finished?",
        ],
        told: &[
            ("Glass Harbour", "I finished {value} last night and I'm still a wreck.", ""),
            (
                "The Ninth Winter",
                "We discussed {value} at the club, half of us hated it. I adored it.",
                "",
            ),
            ("Moth Season", "On the flight I read {value} in one go.", ""),
            (
                "A Field Guide to Ghosts",
                "My flatmate made me read {value}, and now I sleep with the light on.",
                "",
            ),
            (
                "The Beekeeper's Debt",
                "This was my companion in the hospital, I know whole pages by heart.",
                "a photo of a worn paperback called {value}",
            ),
            (
                "Small Gods of the Kitchen",
                "You were right about {value}, I laughed so hard on the train.",
                "",
            ),
        ],
        ..LIST
    }],
    intents: &[],
    talk: &[
        "I always have three books going at once.",
        "My shelf is about to break.",
        "A good story takes me somewhere else.",
        "I cried at the end, of course.",
        "The library is my second home.",
        "I like to write little notes in the margins.",
        "Some stories stay with you for years.",
    ],
    back: &[
        "Read anything good, {other}?",
        "I need something new. Would you recommend it?",
        "What's it about?",
        "Reading is such a good escape. Do you like crime stories as well?",
        "Who's your favourite author?",
    ],
    captions: &[
        "a photo of a full bookshelf",
        "a photo of a cup of tea next to a book",
        "a photo of a library with high windows",
    ],
};

pub(super) const FILMS: Theme = Theme {
    names: &["movies", "series", "film nights"],
    kinds: &[
        Kind {
            said: &[
                "I've seen {value} at least twenty times, I can say every line along.",
                "If you ask me for the best movie ever made: {value}. Fight me.",
                "{value} was on last night. I had to watch it again, you know me.",
            ],
            asked: &["What's your favourite movie?", "Which movie could you watch for ever?"],
            answered: &["{value}, no contest.", "That's easy, {value}."],
            questions: &[
                "What is {who}'s favourite movie?",
                "Which film has {who} seen over and over?",
                "What film does {who} love most?",
            ],
            values: &[
                "The Last Ferry",
                "Planet of Rain",
                "Two Spoons",
                "Midnight Orchard",
                "The Clock Thief",
                "Goodbye, Mr. Heron",
            ],
            twisted: &[
                "In which movie did {who} play a part?",
                "What is the favourite movie of {who}'s mother?",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "I'm writing a screenplay, it's about {value}. Don't tell anybody yet.",
                "The script I'm working on is the story of {value}.",
                "I've got an idea for a film, it's about {value}. I wrote twenty pages already.",
            ],
            asked: &["What's your script about?", "Are you still writing that movie?"],
            answered: &["It's about {value}.", "Yes! It's the story of {value}."],
            questions: &[
                "What is {who}'s screenplay about?",
                "What story is {who} writing for the screen?",
                "What is the plot of {who}'s script?",
            ],
            values: &[
                "a thief who steals only umbrellas",
                "two rivals on a lonely island",
                "a robot that learns to cook",
                "a mother who builds a rocket",
                "the last postman of a valley",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "On movie nights there has to be {value}, or I don't come.",
                "My snack for a good film is {value}, I'm not sharing.",
            ],
            asked: &["What do you eat at the movies?", "What shall I bring to movie night?"],
            answered: &["{value}, please.", "Me? {value}, every time."],
            questions: &[
                "What snack does {who} want at movie nights?",
                "What does {who} eat while watching films?",
            ],
            values: &[
                "salted popcorn with honey",
                "pickles",
                "frozen grapes",
                "liquorice",
                "wasabi nuts",
                "cold pizza",
            ],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "went to an open air cinema",
            also: "watched a film under the stars with a blanket",
            do_it: &["go to an open air cinema", "watch a film outdoors"],
            shown: &["a photo of a big screen in a park"],
            ..EVENT
        },
        Event {
            did: "sent my script to a producer",
            also: "mailed the screenplay to a film company, no way back now",
            do_it: &["send the script to a producer", "submit the screenplay"],
            ..EVENT
        },
    ],
    lists: &[],
    intents: &[Intent {
        planned: &[
            "They read my script aloud at the theatre {when}!",
            "{when} there's a reading of my screenplay, with real actors.",
        ],
        done: &[
            "The reading of my script was {when}. The audience {value}.",
            "So, the reading took place {when}, and people {value}.",
        ],
        when_planned: &[
            "When will {who}'s script be read?",
            "When is the reading of {who}'s screenplay?",
        ],
        when_done: &[
            "When was {who}'s script read?",
            "When did the reading of {who}'s screenplay take place?",
        ],
        outcome: &[
            "How did people react to {who}'s script?",
            "What did the audience do at {who}'s reading?",
        ],
        values: &[
            "laughed in the wrong places",
            "stood up and clapped",
            "wept",
            "asked for a sequel",
        ],
    }],
    talk: &[
        "I fell asleep before the end again.",
        "We argue about the remote every evening.",
        "The soundtrack alone is worth it.",
        "I love it when a film makes me think for days.",
        "Nothing beats a rainy Sunday with a series.",
        "I never guess the murderer.",
    ],
    back: &[
        "Seen any good movies, {other}?",
        "No spoilers! Is it scary?",
        "Who's in it?",
        "I've heard of it. Should I watch it with the kids?",
        "Do you prefer comedies or dramas?",
    ],
    captions: &[
        "a photo of a cinema with red seats",
        "a photo of a bowl of popcorn",
        "a photo of a television in a dark room",
    ],
};

pub(super) const GAMES: Theme = Theme {
    names: &["gaming", "video games", "board games"],
    kinds: &[
        Kind {
            said: &[
                "I'm completely lost in {value}, I told myself one more level at midnight.",
                "My evenings belong to {value} at the moment. I built a castle!",
                "You have to try {value}, it's the best game I've played in years.",
            ],
            asked: &["What are you playing these days?", "Any game you can recommend?"],
            answered: &["{value}, day and night.", "{value}, definitely."],
            questions: &[
                "What game is {who} playing?",
                "Which game does {who} recommend?",
                "Which game is {who} hooked on?",
            ],
            values: &[
                "Ember Valley",
                "Starhaul",
                "Kings of Mud",
                "Turnip Tycoon",
                "Lanterns of Oor",
                "Gridlock Nine",
            ],
            shown: &[(
                "This is where I've been all weekend, sorry for not answering!",
                "a photo of a screen with the title {value}",
            )],
            twisted: &["Which game did {who} invent?", "Which game does {who}'s brother play?"],
            ..KIND
        },
        Kind {
            said: &[
                "With the prize money I'm going to buy {value}, I've earned it.",
                "Guess what I did with the tournament money? I bought {value}.",
            ],
            asked: &[
                "What will you do with the prize money?",
                "How did you spend the money you won?",
            ],
            answered: &["I'll get {value}.", "On {value}, sensible me."],
            questions: &[
                "What did {who} buy with the prize money?",
                "How does {who} spend the money from the tournament?",
            ],
            values: &[
                "a better chair",
                "a ring for my girlfriend",
                "a new graphics card",
                "a ticket to my grandmother",
                "solar panels",
                "a kayak",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "My nickname online is {value}, don't ask where that comes from.",
                "If you want to play with me look for {value}.",
            ],
            asked: &["What's your name in the game?", "How do I find you online?"],
            answered: &["I'm {value} there.", "Look for {value}."],
            questions: &[
                "What is {who}'s nickname in games?",
                "Under which name does {who} play online?",
            ],
            values: &[
                "Grumpy Otter",
                "Captain Crumb",
                "Lady Voltage",
                "Sir Naps",
                "Pixel Goose",
                "Doctor Turnip",
            ],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "won a gaming tournament",
            also: "beat everyone in the finals and took the trophy home",
            do_it: &["win a gaming tournament", "come first in a tournament"],
            shown: &["a photo of a trophy next to a keyboard"],
            ..EVENT
        },
        Event {
            did: "hosted a board game night",
            also: "had eight people around my table, throwing dice until late",
            do_it: &["host a board game night", "invite people for board games"],
            ..EVENT
        },
    ],
    lists: &[],
    intents: &[],
    talk: &[
        "One more round, and then I'll sleep.",
        "I lost again, but it was close.",
        "My team is scattered over three continents.",
        "My thumbs hurt.",
        "It's a great way to unwind after work.",
        "The graphics are gorgeous.",
    ],
    back: &[
        "Still gaming, {other}?",
        "Is it for two players?",
        "I'm so bad at those. Will you show me?",
        "How long does a round take?",
        "Are there any tournaments coming up?",
    ],
    captions: &[
        "a photo of a controller on a couch",
        "a photo of a board game with many pieces",
        "a photo of two screens glowing in the dark",
    ],
};

pub(super) const PHOTOS: Theme = Theme {
    names: &["photography", "taking pictures", "my camera"],
    kinds: &[
        Kind {
            said: &[
                "I entered the contest with a picture of {value}, and they printed it in the paper!",
                "My best shot so far shows {value}. I waited four hours for it.",
            ],
            asked: &["What's the best picture you've taken?", "Which picture did you send in?"],
            answered: &["One of {value}.", "The one with {value}."],
            questions: &[
                "What does {who}'s best picture show?",
                "What did {who} photograph for the contest?",
            ],
            values: &[
                "a heron at sunrise",
                "lightning over the silo",
                "a bride in rubber boots",
                "an empty swing in the snow",
                "my grandfather's hands",
                "a street sweeper dancing",
            ],
            twisted: &[
                "What did {who} paint for the contest?",
                "What does the picture show that {who} bought?",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "I shoot everything with {value}, new cameras don't have a soul.",
                "My camera is {value}, it weighs as much as a baby.",
            ],
            asked: &["What camera do you use?", "Is that a new camera?"],
            answered: &["It's {value}.", "I use {value}."],
            questions: &["Which camera does {who} use?", "With what does {who} take photographs?"],
            values: &[
                "an old Leica",
                "a pinhole box",
                "my phone with a cracked lens",
                "a Polaroid from the eighties",
                "a borrowed Nikon",
                "a wooden plate camera",
            ],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "took pictures at a friend's wedding",
            also: "was the photographer at a wedding, nine hours on my feet",
            do_it: &["photograph a wedding", "take pictures at a wedding"],
            ..EVENT
        },
        Event {
            did: "set up a darkroom in the basement",
            also: "developed my first film in the cellar",
            do_it: &["set up a darkroom", "develop a film at home"],
            shown: &["a photo of prints hanging on a line in red light"],
            ..EVENT
        },
    ],
    lists: &[],
    intents: &[],
    talk: &[
        "The light was perfect for ten minutes.",
        "I've got thousands of pictures and never sort them.",
        "You see more with a camera in your hand.",
        "Everybody closes their eyes when I press the button.",
        "I got up before dawn for this.",
    ],
    back: &[
        "Taken any good shots, {other}?",
        "What an eye you have! Where was that?",
        "Do you edit them much?",
        "You should print it! Where will you hang it?",
        "Do you like portraits or landscapes?",
    ],
    captions: &[
        "a photo of a foggy field with one tree",
        "a photo of rain on a window",
        "a photo of a busy street from above",
        "a photo of an old camera",
    ],
};

pub(super) const STUDIES: Theme = Theme {
    names: &["my studies", "school", "the course"],
    kinds: &[
        Kind {
            said: &[
                "I decided to go back to school, I'm going to study {value}!",
                "It's official, I enrolled in {value}. At my age!",
                "I've signed up for a degree in {value}, the classes are in the evening.",
            ],
            asked: &["What are you going to study?", "Did you pick a subject?"],
            answered: &["{value}, I can hardly wait.", "Yes, it's going to be {value}."],
            questions: &[
                "What is {who} studying?",
                "Which field of study did {who} choose?",
                "What subject did {who} enrol in?",
            ],
            values: &[
                "social work",
                "nursing",
                "astronomy",
                "early education",
                "forestry",
                "interior design",
                "psychology",
            ],
            twisted: &["What does {who}'s roommate study?", "What subject did {who} drop?"],
            ..KIND
        },
        Kind {
            said: &[
                "I'm learning {value}, my tongue is in knots.",
                "An hour of {value} every night, I can already order soup.",
                "My new project is {value}. I put labels on everything in the flat.",
            ],
            asked: &["Are you learning any languages?", "What are those labels on your furniture?"],
            answered: &["Yes, {value}, with an app.", "I'm trying to learn {value}."],
            questions: &[
                "Which language is {who} learning?",
                "What language does {who} want to speak?",
            ],
            values: &[
                "Finnish",
                "Korean",
                "Arabic",
                "Turkish",
                "Portuguese",
                "Icelandic",
                "Swahili",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "I want to work with {value} one day, that's why I'm doing all this.",
                "My goal is a job where I help {value}, they get so little support.",
            ],
            asked: &[
                "What do you want to do with your degree?",
                "What's your dream for after the exams?",
            ],
            answered: &["Work with {value}.", "I'd like to help {value}."],
            questions: &[
                "With whom does {who} want to work in the future?",
                "What kind of people does {who} want to help?",
                "What career does {who} have in mind?",
            ],
            values: &[
                "young refugees",
                "people with dementia",
                "blind children",
                "veterans",
                "new mothers",
                "prisoners",
                "teenagers who stutter",
            ],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "passed my final exam",
            also: "walked out of the last exam with a pass",
            do_it: &["pass the final exam", "finish the exams"],
            ..EVENT
        },
        Event {
            did: "gave a presentation in front of the whole class",
            also: "talked for twenty minutes in front of the entire course, my voice shook",
            do_it: &["give a presentation in class", "speak in front of the course"],
            ..EVENT
        },
        Event {
            did: "got accepted at the university",
            also: "opened the letter from the university, and they said yes",
            do_it: &["get accepted at the university", "receive a letter from the university"],
            shown: &["a photo of a letter on a kitchen table"],
            ..EVENT
        },
    ],
    lists: &[List {
        questions: &[
            "Which classes has {who} taken?",
            "What courses did {who} sign up for?",
            "What workshops has {who} been to?",
        ],
        told: &[
            ("first aid", "I spent Saturday in a {value} course, I bandaged eleven people.", ""),
            ("calligraphy", "My handwriting was so bad that I took a class in {value}.", ""),
            ("coding", "You'll laugh, I go to a {value} workshop on Tuesdays.", ""),
            (
                "improv theatre",
                "Something new: I joined a beginners' group for {value}. So scary, so good!",
                "",
            ),
            ("public speaking", "Work paid for a seminar on {value}, I only fainted once.", ""),
            (
                "woodcraft",
                "Here's my diploma, not bad for someone with two left hands.",
                "a photo of a certificate for {value}",
            ),
        ],
        ..LIST
    }],
    intents: &[Intent {
        planned: &[
            "My entrance interview is {when}, I can't sleep.",
            "{when} I have the interview at the college.",
        ],
        done: &[
            "I had the college interview {when}. They asked me about {value}!",
            "The interview was {when}, we talked mostly about {value}.",
        ],
        when_planned: &[
            "When is {who}'s interview at the college?",
            "When does {who} have to go to the entrance interview?",
        ],
        when_done: &["When did {who} have the college interview?", "When was {who} interviewed?"],
        outcome: &[
            "What was {who} asked about in the interview?",
            "What did {who} talk about at the college interview?",
        ],
        values: &[
            "my stamp collection",
            "the year I failed",
            "my grandmother's bakery",
            "the meaning of silence",
        ],
    }],
    talk: &[
        "My brain is full.",
        "I forgot how hard it is to sit still and learn.",
        "The exams keep me up at night.",
        "I have the nicest classmates.",
        "Flash cards everywhere.",
        "I'm proud of myself for sticking with it.",
        "It's never too late to learn.",
    ],
    back: &[
        "How are your studies going, {other}?",
        "You've got this! When are you done?",
        "I admire that. Isn't it hard next to a job?",
        "What do you like most about it?",
        "What will you do afterwards?",
    ],
    captions: &[
        "a photo of a desk with notes and coffee",
        "a photo of a lecture hall",
        "a photo of a stack of index cards",
    ],
};

pub(super) const JOB: Theme = Theme {
    names: &["work", "my job", "the office"],
    kinds: &[
        Kind {
            said: &[
                "I got promoted! From Monday on I'm {value}.",
                "They offered me a new position, I'm going to be {value}.",
                "Big news from the company. You're talking to {value} now!",
            ],
            asked: &["What's your new position?", "How did the talk with your boss go?"],
            answered: &["I'm {value} now!", "So well! She made me {value}."],
            questions: &[
                "What position was {who} promoted to?",
                "What is {who}'s new role at work?",
                "To what was {who} promoted?",
            ],
            values: &[
                "head of the archive",
                "deputy manager",
                "team lead",
                "regional buyer",
                "chief nurse",
                "shift supervisor",
                "senior editor",
            ],
            twisted: &[
                "What position did {who}'s rival get?",
                "What position was {who} fired from?",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "I quit. I couldn't stand {value} any longer.",
                "What finally made me hand in my notice was {value}.",
                "I left my old job because of {value}, and I don't regret a thing.",
            ],
            asked: &["Why did you leave that job?", "What happened with your old company?"],
            answered: &["I had enough of {value}.", "It was {value}, day after day."],
            questions: &[
                "Why did {who} quit the job?",
                "What made {who} leave the old company?",
                "For what reason did {who} resign?",
            ],
            values: &[
                "the night shifts",
                "my boss yelling",
                "the two-hour commute",
                "the endless meetings",
                "being paid less than the others",
                "selling things nobody needs",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "My first job was {value}, I was fifteen and so proud of my first money.",
                "Did you know that I started out {value}?",
            ],
            asked: &["What was your first job?", "How did you earn your first money?"],
            answered: &["By {value}.", "Would you believe {value}?"],
            questions: &[
                "What was {who}'s first job?",
                "How did {who} earn money for the first time?",
            ],
            values: &[
                "picking apples",
                "selling ice cream at the pool",
                "walking the neighbours' dogs",
                "delivering newspapers",
                "washing hearses",
                "dressing up as a bear",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "To celebrate the new contract my colleagues gave me {value}.",
                "On my last day the team surprised me with {value}. I had to swallow hard.",
            ],
            asked: &["How was your last day?", "Did your colleagues give you anything?"],
            answered: &["They gave me {value}.", "Yes, {value}, so sweet of them."],
            questions: &[
                "What did {who} get from the colleagues?",
                "What gift did the team have for {who}?",
            ],
            values: &[
                "a giant card with a cactus",
                "a cooking course",
                "a framed photo of us all",
                "a bonsai",
                "a pair of binoculars",
            ],
            shown: &[(
                "I wasn't going to cry at the office. And then they came in with this!",
                "a photo of {value} on a desk",
            )],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "lost my job",
            also: "was let go, the whole department was",
            do_it: &["lose the job", "get laid off"],
            ..EVENT
        },
        Event {
            did: "started at the new company",
            also: "had my first day at the new job",
            do_it: &["start the new job", "begin at a new company"],
            shown: &["a photo of a desk with a welcome card"],
            ..EVENT
        },
        Event {
            did: "asked for a raise",
            also: "went to my boss and asked for more money",
            do_it: &["ask for a raise", "ask the boss for more money"],
            ..EVENT
        },
    ],
    lists: &[],
    intents: &[Intent {
        planned: &[
            "I have a job interview {when}, hold my hand!",
            "{when} is the interview, I ironed a shirt and everything.",
        ],
        done: &[
            "I had the job interview {when}. The first thing I did was {value}.",
            "So, that job interview {when}. I managed to {value} right away.",
        ],
        when_planned: &[
            "When is {who}'s job interview?",
            "When does {who} go to the interview for the job?",
        ],
        when_done: &["When did {who} have the job interview?", "When was {who} at the interview?"],
        outcome: &[
            "What mishap did {who} have at the job interview?",
            "What did {who} do at the start of the interview?",
        ],
        values: &[
            "spill the water",
            "call the boss Mom",
            "sit in the wrong chair",
            "trip over the carpet",
        ],
    }],
    talk: &[
        "Mondays, I tell you.",
        "I brought work home again and regret it.",
        "My boss is on vacation, it's so peaceful.",
        "We've got a big deadline coming.",
        "I need a better balance between work and life.",
        "The coffee there is terrible, but the people are nice.",
        "I'm tired but happy with how things go.",
    ],
    back: &[
        "How's work, {other}?",
        "Congrats! Do you like your colleagues?",
        "That sounds stressful. Do you get enough rest?",
        "What would be your dream job?",
        "Are they treating you well?",
    ],
    captions: &[
        "a photo of an office with plants",
        "a photo of a laptop in a café",
        "a photo of a name badge",
    ],
};

pub(super) const SHOP: Theme = Theme {
    names: &["the shop", "my business", "the little store"],
    kinds: &[
        Kind {
            said: &[
                "I'm opening a shop for {value}! I signed the lease with shaking hands.",
                "My dream is coming true, I'll have my own store with {value}.",
                "It's going to be a tiny place full of {value}, just how I imagined it.",
            ],
            asked: &["What are you going to sell?", "What kind of store is it going to be?"],
            answered: &["{value}! Nothing else.", "I'll sell {value}."],
            questions: &[
                "What does {who} sell in the shop?",
                "What kind of store did {who} open?",
                "What is {who}'s business about?",
            ],
            values: &[
                "handmade soap",
                "second-hand records",
                "loose tea",
                "children's clothes",
                "wooden toys",
                "houseplants",
                "bicycle parts",
            ],
            shown: &[(
                "The sign is up! I stood across the street and cried.",
                "a photo of a shop window with a sign for {value}",
            )],
            twisted: &["What does {who}'s landlord sell?", "What did {who} steal from a shop?"],
            ..KIND
        },
        Kind {
            said: &[
                "To get more customers I started {value}, and it works!",
                "Business was slow, so I tried {value}. What a difference.",
            ],
            asked: &["How do you find customers?", "Is the business picking up?"],
            answered: &["By {value}, mostly.", "It is, thanks to {value}."],
            questions: &[
                "How does {who} attract customers?",
                "What did {who} do to promote the business?",
                "What helped {who}'s shop?",
            ],
            values: &[
                "posting short videos",
                "giving free samples on Fridays",
                "a loyalty card",
                "hosting poetry evenings",
                "painting the window every month",
                "working with a local blogger",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "My first customer was {value}! I gave a discount and talked way too much.",
                "The very first person through the door was {value}, can you imagine?",
            ],
            asked: &["Who was your first customer?", "How was the first hour in the store?"],
            answered: &["Quiet, and then {value} came in.", "It was {value}!"],
            questions: &[
                "Who was the first customer of {who}?",
                "Who bought something from {who} first?",
            ],
            values: &[
                "a nun on a scooter",
                "the mayor",
                "my old math teacher",
                "a tourist from Brazil",
                "a man with three poodles",
            ],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "signed the lease for the shop",
            also: "put my name under the contract for the store",
            do_it: &["sign the lease", "rent the store"],
            ..EVENT
        },
        Event {
            did: "launched the online store",
            also: "went online with the store, orders came in by the minute",
            do_it: &["launch the online store", "begin to sell online"],
            shown: &["a photo of parcels piled up by a door"],
            ..EVENT
        },
        Event {
            did: "hired my first employee",
            also: "found somebody to help me behind the counter",
            do_it: &["hire the first employee", "take on help for the shop"],
            ..EVENT
        },
    ],
    lists: &[],
    intents: &[Intent {
        planned: &[
            "The grand opening is {when}, tell everyone!",
            "{when} I open the doors for the first time.",
        ],
        done: &[
            "We opened {when}! By noon {value}.",
            "The grand opening was {when}. It was wild, {value}.",
        ],
        when_planned: &[
            "When is the opening of {who}'s shop going to be?",
            "When does {who} plan to open the doors?",
        ],
        when_done: &["When did {who} open the shop?", "When was the grand opening of {who}?"],
        outcome: &[
            "What happened at the opening of {who}'s shop?",
            "How did {who}'s opening day go?",
        ],
        values: &[
            "the shelves were empty",
            "the queue went around the block",
            "the card reader had died",
            "a band played on the pavement",
        ],
    }],
    talk: &[
        "Being your own boss means you never sleep.",
        "I talk to my plants and to my spreadsheets.",
        "The numbers look better every month.",
        "I spent the evening packing orders.",
        "It's scary to put everything on one card.",
        "I never worked so hard, and never liked it so much.",
    ],
    back: &[
        "How's business, {other}?",
        "I'm so proud of you! Are you making a profit?",
        "It takes courage to start something. Were you scared?",
        "Can I order online?",
        "What's next for the shop?",
    ],
    captions: &[
        "a photo of a counter with a till",
        "a photo of a shelf with price tags",
        "a photo of a notebook with numbers",
    ],
};

pub(super) const HELPING: Theme = Theme {
    names: &["volunteering", "the charity", "helping out"],
    kinds: &[
        Kind {
            said: &[
                "Every Thursday I help out at {value}, it gives me so much back.",
                "I've started to volunteer at {value}. I should have done it years ago.",
                "My free evenings go to {value} now, they need every hand.",
            ],
            asked: &["Where do you volunteer?", "What do you do on Thursday evenings?"],
            answered: &["At {value}.", "I'm at {value}, helping."],
            questions: &[
                "Where does {who} volunteer?",
                "What place does {who} help out at?",
                "For which organisation does {who} work without pay?",
            ],
            values: &[
                "the soup kitchen",
                "the animal rescue",
                "the night shelter",
                "the seniors' home",
                "the repair café",
                "the homework club",
                "the food bank",
            ],
            twisted: &["At which place was {who} fired?", "Where does {who}'s cousin volunteer?"],
            ..KIND
        },
        Kind {
            said: &[
                "A woman there told me {value}. I'll never forget it.",
                "One of the people I help said {value}, and I had tears in my eyes.",
            ],
            asked: &["What was your most touching moment there?", "Do people thank you?"],
            answered: &["One of them said {value}.", "Someone told me {value}, that was enough."],
            questions: &[
                "What did somebody say to {who} while volunteering?",
                "Which words touched {who} at the charity?",
            ],
            values: &[
                "that I was the first to ask for her name",
                "that our soup tasted like home",
                "that she'd found a job because of us",
                "that he could sleep again",
                "that I had his daughter's smile",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "I do it because {value}. Somebody was there for me back then.",
                "People ask why I volunteer. It's simple, {value}.",
            ],
            asked: &["Why do you do all this?", "What got you into volunteering?"],
            answered: &["Because {value}.", "Well, {value}."],
            questions: &[
                "What motivates {who} to volunteer?",
                "Why does {who} help others?",
                "What got {who} into charity work?",
            ],
            values: &[
                "my family once lived on donations",
                "I was lonely after I moved here",
                "my aunt founded the place",
                "a stranger once paid for my medicine",
                "I promised it to a dying friend",
            ],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "organised a clothes drive",
            also: "collected nine bags of winter clothes with the neighbours",
            do_it: &["organise a clothes drive", "collect clothes"],
            shown: &["a photo of bags full of coats"],
            ..EVENT
        },
        Event {
            did: "gave a speech at a fundraiser",
            also: "stood up at the charity dinner and said a few words",
            do_it: &["give a speech at a fundraiser", "speak at a charity dinner"],
            ..EVENT
        },
        Event {
            did: "marched for the climate",
            also: "walked with a sign and ten thousand others for the climate",
            do_it: &["march for the climate", "take part in a demonstration"],
            shown: &["a photo of a crowd with painted signs"],
            ..EVENT
        },
    ],
    lists: &[List {
        questions: &[
            "In what ways has {who} helped the community?",
            "How does {who} support others?",
            "What causes has {who} done something for?",
        ],
        told: &[
            ("blood", "I gave {value} this morning, they gave me a cookie.", ""),
            ("litter", "We cleared {value} from the river bank, forty bags of it!", ""),
            (
                "reading lessons",
                "I give {value} to two men who never went to school. They make such progress.",
                "",
            ),
            (
                "toy drive",
                "Look at all of this, people are so generous before the holidays.",
                "a photo of a box with a sign that says {value}",
            ),
            ("trees", "Mud up to my knees, we planted two hundred {value} with the school.", ""),
            (
                "benefit concert",
                "We got five bands to play for nothing at our {value}, the hall was packed.",
                "",
            ),
        ],
        ..LIST
    }],
    intents: &[],
    talk: &[
        "It's not much, but it's something.",
        "I come home tired and with a full heart.",
        "You meet people you'd never meet otherwise.",
        "Small acts of kindness matter.",
        "There's never enough hands.",
        "The others on the team are so inspiring.",
        "I wish I had more time for it.",
    ],
    back: &[
        "Are you still volunteering, {other}?",
        "You're making a real difference. How did you find them?",
        "That's so inspiring! Do they need more people?",
        "The world needs more people like you. Isn't it sad at times?",
        "What's the hardest part?",
    ],
    captions: &[
        "a photo of people serving soup",
        "a photo of a group in matching shirts",
        "a photo of a donation jar",
    ],
};

pub(super) const HEALTH: Theme = Theme {
    names: &["my health", "taking care of myself", "getting fit"],
    kinds: &[
        Kind {
            said: &[
                "The doctor told me to watch my {value}, so no more salt and no more excuses.",
                "I got my results back. It's my {value}, nothing dramatic, but I have to change things.",
                "I wasn't well lately, it turns out that my {value} is the problem.",
            ],
            asked: &["What did the doctor say?", "Are you all right? You looked pale."],
            answered: &[
                "It's my {value}, I have to take it easy.",
                "My {value} isn't what it should be.",
            ],
            questions: &[
                "What health problem does {who} have?",
                "What did {who}'s doctor warn about?",
                "What is wrong with {who}'s health?",
            ],
            values: &[
                "blood pressure",
                "back",
                "iron level",
                "thyroid",
                "cholesterol",
                "left knee",
            ],
            twisted: &[
                "What health problem does {who}'s dad have?",
                "Which operation did {who} refuse?",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "To calm down I do {value} now, ten minutes every morning.",
                "What really helps me with stress is {value}, try it.",
                "I used to laugh about {value}. Now I can't start a day without it.",
            ],
            asked: &["How do you deal with stress?", "You seem so relaxed, what's your trick?"],
            answered: &["I do {value}.", "It's {value}, I swear."],
            questions: &[
                "How does {who} cope with stress?",
                "What does {who} do to relax?",
                "What helps {who} to stay calm?",
            ],
            values: &[
                "breathing exercises",
                "tai chi",
                "ice baths",
                "colouring books",
                "yoga",
                "walking barefoot",
                "a gratitude journal",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "I gave up {value}, day forty today!",
                "No {value} for me any more. The first week was hell.",
            ],
            asked: &["Did you keep your resolution?", "What did you give up?"],
            answered: &["{value}, and I feel so much better.", "I did. No {value} since new year."],
            questions: &[
                "What did {who} give up?",
                "Which habit did {who} quit?",
                "What is {who} doing without?",
            ],
            values: &[
                "sugar",
                "cigarettes",
                "energy drinks",
                "late night scrolling",
                "fast food",
                "wine",
            ],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "joined a gym",
            also: "got a gym membership and could hardly lift my arms afterwards",
            do_it: &["join a gym", "sign up at the gym"],
            ..EVENT
        },
        Event {
            did: "spent a night in the hospital",
            also: "ended up in the emergency room and they kept me there",
            do_it: &["spend a night in the hospital", "get taken to the hospital"],
            ..EVENT
        },
        Event {
            did: "went to a yoga retreat",
            also: "did three silent days of yoga in a monastery",
            do_it: &["go to a yoga retreat", "attend a retreat"],
            shown: &["a photo of yoga mats in a garden"],
            ..EVENT
        },
    ],
    lists: &[],
    intents: &[Intent {
        planned: &[
            "I see the specialist {when}, keep your fingers crossed.",
            "{when} they do the scan, I'm a bit scared.",
        ],
        done: &[
            "I was at the specialist {when}. All he prescribed was {value}!",
            "The scan {when} was fine. I only have to take {value}.",
        ],
        when_planned: &["When does {who} see the specialist?", "When is {who}'s scan?"],
        when_done: &["When was {who} at the specialist?", "When did {who} have the scan?"],
        outcome: &[
            "What did the specialist prescribe for {who}?",
            "What does {who} have to take since the scan?",
        ],
        values: &["vitamin D", "long walks", "a cream with arnica", "two weeks of rest"],
    }],
    talk: &[
        "I try to sleep more, it isn't easy.",
        "Small changes add up.",
        "My body is telling me to slow down.",
        "Mental health matters as much as the rest.",
        "I feel stronger every week.",
        "I drank green juice and regretted it.",
        "Self-care isn't selfish, I had to learn that.",
    ],
    back: &[
        "How are you feeling, {other}?",
        "Take care of yourself! Are you getting enough sleep?",
        "I'm glad you're okay. What do you do to stay healthy?",
        "I should do that as well. Is it hard to keep up?",
        "Did you talk to somebody about it?",
    ],
    captions: &[
        "a photo of a green smoothie",
        "a photo of dumbbells on a floor",
        "a photo of a calm lake",
    ],
};

pub(super) const LOVE: Theme = Theme {
    names: &["love", "the relationship", "my better half"],
    kinds: &[
        Kind {
            said: &[
                "We met {value}, it was the least romantic place in the world.",
                "You know how I met my partner? {value}, of all places.",
            ],
            asked: &["How did you two meet?", "Where did you meet your partner?"],
            answered: &["{value}, can you believe it?", "We met {value}."],
            questions: &[
                "Where did {who} meet the partner?",
                "How did {who} and the partner get to know each other?",
            ],
            values: &[
                "at a bus stop in the hail",
                "in a waiting room",
                "at a funeral",
                "in the queue for passports",
                "during a fire drill",
                "at a chess café",
            ],
            twisted: &["Where did {who}'s parents meet?", "Where did {who} meet the boss?"],
            ..KIND
        },
        Kind {
            said: &[
                "For our anniversary I got {value}. I didn't expect anything at all!",
                "My partner surprised me with {value} on Valentine's Day.",
            ],
            asked: &["Did you get anything for your anniversary?", "What's that smile about?"],
            answered: &["I got {value}!", "My partner gave me {value}."],
            questions: &[
                "What did {who} get for the anniversary?",
                "What present did {who}'s partner give?",
                "With what was {who} surprised by the partner?",
            ],
            values: &[
                "a star named after me",
                "a handwritten songbook",
                "a silver bracelet",
                "a weekend in a tree hotel",
                "a puzzle of our first photo",
                "a jar with a hundred notes",
            ],
            shown: &[(
                "I'm the luckiest person on earth. Look what was lying on my pillow!",
                "a photo of {value} on a pillow",
            )],
            ..KIND
        },
        Kind {
            said: &[
                "We've been together for {value}, and we still hold hands.",
                "It's been {value} with the same person, who would have thought?",
            ],
            asked: &["How long have you been together?", "How long are you two a couple?"],
            answered: &["{value}, imagine!", "For {value} now."],
            questions: &[
                "How long has {who} been with the partner?",
                "For how long has {who} been in the relationship?",
            ],
            values: &[
                "twelve years",
                "nine months",
                "six years",
                "twenty years",
                "two and a half years",
                "eleven years",
            ],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "got engaged",
            also: "said yes on a rainy bridge",
            do_it: &["get engaged", "say yes to a proposal"],
            shown: &["a photo of a hand with a ring"],
            ..EVENT
        },
        Event {
            did: "broke up with my partner",
            also: "ended it, we both cried",
            do_it: &["break up", "end the relationship"],
            ..EVENT
        },
        Event {
            did: "went on a blind date",
            also: "had dinner with somebody I'd never seen before",
            do_it: &["go on a blind date", "have a date with a stranger"],
            ..EVENT
        },
    ],
    lists: &[],
    intents: &[],
    talk: &[
        "Love is a lot of small things.",
        "We argue about the dishes and laugh a minute later.",
        "I feel understood, that's all I ever wanted.",
        "It isn't always easy, but it's worth it.",
        "My heart was broken before, so I'm careful.",
        "We dance in the kitchen when a good song comes on.",
    ],
    back: &[
        "How are you two, {other}?",
        "That's so romantic! What did you say?",
        "You deserve to be happy. Is it serious?",
        "Love is strange, isn't it?",
        "What do you like most about each other?",
    ],
    captions: &[
        "a photo of two hands on a table",
        "a photo of a couple from behind on a pier",
        "a photo of roses in a jar",
    ],
};
