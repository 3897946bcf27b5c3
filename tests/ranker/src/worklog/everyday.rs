//! Everyday talk: two friends who write to each other over months.
//!
//! All of it is made up for this program. What makes it hard is what makes such talk hard: both friends tell of the
//! same things, so that who said it matters; a theme comes up again and again; a fact stands among feelings,
//! thanks and questions back; plans are told before they happen and once more when they have; some things are only
//! seen on a picture.

mod home;
mod making;
mod mind;
mod moving;

use super::{
    facts::{KIND, Kind, LIST, List, Shared, Trait},
    setting::{Counts, EventTalk, Rhythm, Setting, Shares, Talk, Theme},
};

/// Everyday talk: two friends, over months.
pub static EVERYDAY: Setting = Setting {
    name: "everyday",
    people: PEOPLE,
    agents: &[],
    counts: Counts { people: (2, 2), agents: (0, 0), topics: (17, 20) },
    topics: &[],
    themes: THEMES,
    rhythm: Rhythm { turns: (10, 30), days: (2, 20), present: 2, hours: (8, 21), chats: true },
    shares: Shares {
        events: 20,
        several: 15,
        changes: 0,
        conclusions: 6,
        facts: 38,
        lists: (75, 75),
        pictures: 8,
        leads: 45,
        tails: (20, 65),
        remarks: (25, 60, 85),
    },
    talk: Talk {
        greetings: GREETINGS,
        greeted: GREETED,
        closings: CLOSINGS,
        reactions: REACTIONS,
        echoes: REACTIONS,
        leads: LEADS,
        tails: TAILS,
        topic_tails: TOPIC_TAILS,
        intros: INTROS,
        go_on: GO_ON,
        about: ABOUT,
        about_answered: REACTIONS,
        small: SMALL_TALK,
        small_answered: REACTIONS,
        logs: &[],
        captions: CAPTIONS,
    },
    kinds: KINDS,
    events: &[],
    event: EventTalk {
        said: EVENT_SAID,
        asked: EVENT_ASKED,
        remarked: EVENT_REMARKED,
        questions: EVENT_QUESTIONS,
    },
    appointments: &[],
    lists: LISTS,
    states: &[],
    traits: TRAITS,
    shared: SHARED,
    maintains_said: &[],
    maintainer: &[],
    depends_said: &[],
};

const THEMES: &[Theme] = &[
    home::PETS,
    home::CHILDREN,
    home::PARENTS,
    home::HOUSE,
    home::GARDEN,
    making::CLAY,
    making::PAINTING,
    making::MUSIC,
    making::COOKING,
    making::CRAFTS,
    moving::RUNNING,
    moving::MOUNTAINS,
    moving::WATER,
    moving::DANCE,
    moving::TEAM,
    moving::TRAVEL,
    moving::WHEELS,
    mind::BOOKS,
    mind::FILMS,
    mind::GAMES,
    mind::PHOTOS,
    mind::STUDIES,
    mind::JOB,
    mind::SHOP,
    mind::HELPING,
    mind::HEALTH,
    mind::LOVE,
];

const PEOPLE: &[&str] = &[
    "Alma", "Bruno", "Celeste", "Dmitri", "Edda", "Farid", "Greta", "Hugo", "Imani", "Jasper",
    "Keiko", "Luca", "Mina", "Nils", "Odette", "Pablo", "Ruth", "Silas", "Tessa", "Umar", "Viola",
    "Wendell", "Ximena", "Yusuf", "Zelda", "Anselm", "Beatrix", "Cyrus", "Delphine", "Eamon",
    "Fiona", "Gideon", "Harriet", "Ivo", "Juno", "Kiran", "Lotte", "Marcel", "Noemi", "Orson",
];

const GREETINGS: &[&str] = &[
    "Hey {other}! Long time no talk. How have you been?",
    "Hi {other}, great to hear from you! What's new?",
    "Hey {other}, what's up? So much has happened since we last spoke.",
    "{other}! I was just thinking of you. How are things?",
    "Good morning, {other}! Hope you're having a good week.",
    "Hi there, {other}. It's been a while, hasn't it?",
    "Hey {other}! I've got news, but you first. How are you?",
    "Hello {other}, hope your week has been better than mine!",
    "Hey {other}, finally some time to catch up with you!",
    "Hi {other}! Are you as tired as I am today?",
];

const GREETED: &[&str] = &[
    "Hey {other}! I'm good, thanks. Busy as always. And you?",
    "Hi {other}! Great to hear your voice, well, to read you. I've been okay.",
    "{other}! It's so nice to hear from you. It's been a wild couple of days.",
    "Hey {other}, can't complain. It's been a bit of a ride lately.",
    "Hi {other}. Up and down, you know how it is. But today's a good day!",
    "Thanks for asking, {other}! I'm well. Tell me everything.",
    "Hey! I've missed our talks, {other}. What's going on with you?",
    "Doing great, {other}! The sun is out and I've got the day off.",
];

const CLOSINGS: &[&str] = &[
    "I have to run, {other}. Talk to you soon!",
    "It was so good to talk. Take care, {other}!",
    "Bye {other}, give everyone a hug from me!",
    "Thanks for listening, {other}. You're the best.",
    "Good night, {other}! Let's talk again next week.",
    "My phone is about to die. See you, {other}!",
    "Dinner's ready, I have to go. Have a great week, {other}!",
    "Thanks, {other}. You always know how to cheer me up. Bye!",
];

/// What somebody says to what was said, before anything else.
const REACTIONS: &[&str] = &[
    "Wow, {other}, that's amazing!",
    "Oh, that's so nice to hear, {other}.",
    "Thanks, {other}! That means a lot.",
    "That's awesome, {other}!",
    "Aww, thank you!",
    "Sounds great, {other}.",
    "Oh no, I'm sorry to hear that.",
    "Haha, I can picture that, {other}.",
    "I know exactly what you mean, {other}.",
    "Totally agree.",
    "Congratulations, {other}!",
    "That must have been so special.",
    "You're right, {other}.",
    "I'm so happy for you, {other}!",
    "Yeah, it really is.",
    "Cool, {other}!",
    "Really? Tell me more, {other}.",
    "Glad you think so, {other}.",
    "I'm so proud of you, {other}.",
    "Thanks for the support, {other}.",
    "No way, {other}!",
    "That sounds like fun!",
    "Ha, that's so you, {other}.",
    "Absolutely, {other}!",
    "I can imagine how you feel.",
    "It does make a difference, {other}.",
    "Good point, {other}.",
    "Hang in there, {other}.",
    "What a story, {other}!",
    "Yes, I love that too.",
];

const LEADS: &[&str] = &[
    "Thanks, {other}!",
    "Hey {other}, guess what!",
    "You know what, {other}?",
    "Oh, before I forget it.",
    "So, {other}, I've got news.",
    "It's been quite a week.",
    "Thanks for asking, {other}.",
    "Yeah, you're right, {other}.",
    "Since we last talked a lot has happened.",
    "Haha, thanks!",
    "Wow, {other}, good for you.",
    "I've been meaning to tell you.",
    "Speaking of that.",
    "Not much changed here, but one thing did.",
    "I'm so excited, {other}!",
    "To be honest, {other}, I needed to tell somebody.",
    "You'll like this, {other}.",
    "I've been doing okay, {other}.",
    "Same here, {other}!",
    "That's really cool.",
];

const TAILS: &[&str] = &[
    "It made my whole week.",
    "How about you, {other}?",
    "I'm still smiling about it.",
    "It means a lot to me.",
    "What do you think, {other}?",
    "I felt so grateful.",
    "Sometimes life is good.",
    "It was such a relief.",
    "I wish you could have been there, {other}.",
    "Anyway, what's new with you?",
    "It reminds me of what really matters.",
    "I can't describe how that felt.",
    "Have you ever done something like that?",
    "I know it sounds silly, but I'm proud.",
    "It was a lot, but I'm okay.",
    "Do you remember when we used to dream of such things?",
    "I'll send you more soon.",
    "It keeps me going.",
    "You would have laughed.",
    "I never thought I'd say that.",
];

const TOPIC_TAILS: &[&str] = &[
    "I could go on about {topic} for hours.",
    "You know how much I care about {topic}.",
    "That's the latest on {topic}.",
    "There's always something going on with {topic}.",
    "I'm thankful for {topic}, really.",
    "I have more to tell about {topic}, {other}.",
    "When it comes to {topic} I can't be stopped.",
    "I never get tired of {topic}.",
];

const INTROS: &[&str] = &[
    "I've got so much to tell you about {topic}, {other}.",
    "You asked about {topic} last time, didn't you?",
    "There's news when it comes to {topic}.",
    "I've been busy with {topic} lately.",
    "Lately my days are all about {topic}.",
    "Remember what I told you about {topic}?",
    "You know how much I love {topic}.",
];

const GO_ON: &[&str] = &[
    "Ooh, tell me everything!",
    "I'm all ears, {other}. What happened?",
    "Oh? Is it something good?",
    "Of course I remember. How is it going?",
    "Yes! Go on, I'm curious.",
    "I've been wondering about that. So?",
];

const ABOUT: &[&str] = &[
    "I should make more time for {topic}.",
    "I was thinking about {topic} this morning.",
    "I told my sister about {topic} the other day.",
    "We never really talked about {topic}, did we?",
    "My week was all about {topic}.",
    "I'm looking forward to more of {topic}.",
    "Not much news about {topic} from me.",
    "I saw something about {topic} and thought of you.",
];

const SMALL_TALK: &[&str] = &[
    "The weather has been crazy here.",
    "I slept like a baby last night.",
    "I need a vacation so badly.",
    "It's already dark at five, I hate that.",
    "My phone has been acting up all day.",
    "I had three coffees and I'm still yawning.",
    "It's hot, I'm melting.",
    "I love these slow weekends.",
    "My week was exhausting, to be honest.",
    "I've been trying to stay positive.",
    "Isn't it strange how fast this year went by?",
    "It's good to have friends like you.",
    "I finally cleaned out my closet.",
    "I've been feeling a bit low, but talking to you helps.",
    "What are you up to this weekend?",
    "Life's too short to worry all the time.",
    "I keep telling myself to take it one day at a time.",
    "I had the funniest dream and forgot all of it.",
    "Let's meet up soon, it's been too long!",
    "What would I do without you?",
];

const CAPTIONS: &[&str] = &[
    "a photo of a cup of coffee on a table",
    "a photo of a rainy street",
    "a photo of a blue sky with clouds",
    "a photo of two friends laughing",
    "a photo of a sunrise over roofs",
    "a photo of a candle by a window",
    "a photo of a snowy park",
    "a screenshot of a funny message",
];

const EVENT_SAID: &[&str] = &[
    "I {did} {when}! It was amazing.",
    "{when} I {did}. I still can't believe it.",
    "So, {when} I {did}, and I have so many feelings about it.",
    "I {did} {when}. It was harder than I thought, but I'm glad.",
    "Big news, I {did} {when}!",
    "A lot happened. I {did} {when}.",
    "I actually {did} {when}, can you believe that?",
    "You won't believe it, {when} I {did}.",
    "I {did} {when} and it was one of those days you remember.",
];

const EVENT_ASKED: &[&str] = &[
    "What have you been up to, {other}?",
    "How was your week, {other}? Anything exciting?",
    "Done anything fun lately?",
    "You sound different, {other}. What happened?",
    "Anything new on your side?",
];

const EVENT_REMARKED: &[&str] = &[
    "What was it like to {do}?",
    "Wow! How did it feel to {do}?",
    "I've always wanted to {do}.",
    "It takes courage to {do}. How are you feeling now?",
];

const EVENT_QUESTIONS: &[&str] = &[
    "When did {who} {do}?",
    "When did {who} {do}?",
    "When exactly did {who} {do}?",
    "On what date did {who} {do}?",
    "In which month did {who} {do}?",
];

const KINDS: &[Kind] = &[
    Kind {
        said: &[
            "I was born and raised in {value}, it made me who I am.",
            "Back in {value}, where I come from, everybody knows everybody.",
            "I went back to my home town for a few days. {value} hasn't changed a bit.",
        ],
        asked: &["Where did you grow up?", "Where's home for you?"],
        answered: &["In {value}, a tiny place.", "{value}. You can hear it when I'm angry."],
        questions: &[
            "Where is {who} from?",
            "Where did {who} grow up?",
            "What is {who}'s home town?",
        ],
        values: &[
            "Halvorstown",
            "Saint Clem",
            "Port Ansel",
            "Little Tarrow",
            "Ober Linden",
            "Kestrel Bay",
            "Maple Fork",
        ],
        twisted: &["Where did {who}'s boss grow up?"],
        ..KIND
    },
    Kind {
        said: &[
            "If I'm honest, my biggest fear is {value}.",
            "I never told anybody, but I'm terrified of {value}.",
            "Just the thought of {value} makes my heart race.",
        ],
        asked: &["What are you most afraid of?", "Is there anything that scares you, {other}?"],
        answered: &["Honestly? It's {value}.", "There is, {value}."],
        questions: &[
            "What is {who} afraid of?",
            "What scares {who}?",
            "What is {who}'s biggest fear?",
        ],
        values: &[
            "being forgotten",
            "lifts",
            "thunderstorms",
            "growing old alone",
            "the dentist",
            "moths",
            "losing my voice",
        ],
        ..KIND
    },
    Kind {
        said: &[
            "The person I look up to most is {value}.",
            "When I don't know what to do I ask myself what {value} would say.",
            "I wouldn't be where I am without {value}.",
        ],
        asked: &["Who's your role model?", "Who do you look up to?"],
        answered: &["{value}, since I was little.", "For me it's {value}."],
        questions: &[
            "Who is {who}'s role model?",
            "Who does {who} look up to?",
            "Whom does {who} admire?",
        ],
        values: &[
            "my chemistry teacher",
            "my grandma Ottilie",
            "our old neighbour Mr. Brandt",
            "my first coach",
            "a nurse named Philippa",
            "my big brother",
        ],
        twisted: &["Who does {who} dislike most?", "Whom does {who} teach?"],
        ..KIND
    },
    Kind {
        said: &[
            "I got a tattoo! It's {value}, on my left arm.",
            "No more secrets: I have {value} tattooed on my shoulder now.",
        ],
        asked: &["Is that a tattoo?", "What's under that bandage?"],
        answered: &["Yes! It's {value}.", "A tattoo of {value}, don't tell my mom."],
        questions: &[
            "What tattoo did {who} get?",
            "What does {who}'s tattoo show?",
            "What symbol does {who} have on the skin?",
        ],
        values: &[
            "a swallow",
            "a tiny anchor",
            "a fern",
            "a semicolon",
            "a comet",
            "a paper crane",
        ],
        shown: &[(
            "I finally did it! It hurt less than I thought. It stands for a new beginning.",
            "a photo of an arm with a tattoo of {value}",
        )],
        ..KIND
    },
    Kind {
        said: &[
            "I keep {value} on my desk, it reminds me of why I do all this.",
            "Nobody may touch {value}, it was the last thing that my best friend gave me.",
            "If my house was on fire I'd save {value} first.",
        ],
        asked: &["What's your most precious thing?", "What would you never give away?"],
        answered: &["That's {value}.", "I'd keep {value}, always."],
        questions: &[
            "What object is most precious to {who}?",
            "What keepsake does {who} treasure?",
            "What would {who} never give away?",
        ],
        values: &[
            "a chipped blue cup",
            "a seashell from the north",
            "a broken pocket watch",
            "a letter from the war",
            "a music box",
            "an old train ticket",
        ],
        shown: &[(
            "This thing here reminds me of my best friend, every single day.",
            "a photo of {value} in an open palm",
        )],
        ..KIND
    },
    Kind {
        said: &[
            "My plan for next summer is to {value}. Hold me to it!",
            "By the end of the year I want to {value}, that's a promise.",
            "I made a list of goals, and on top it says that I {value}.",
        ],
        asked: &["What's your goal for this year?", "Any big plans, {other}?"],
        answered: &["I want to {value}.", "Well, to {value}, if I dare."],
        questions: &[
            "What is {who}'s goal for the year?",
            "What does {who} plan to do?",
            "What big plan does {who} have?",
        ],
        values: &[
            "write a cookbook",
            "cycle to the sea",
            "start a podcast",
            "build a tiny house",
            "foster a child",
            "learn to fly a glider",
            "run for town council",
        ],
        twisted: &["What did {who} plan to do with an inheritance?"],
        ..KIND
    },
    Kind {
        said: &[
            "Strange fact about me: I collect {value}. I have over two hundred.",
            "My collection of {value} doesn't fit on the shelf any more.",
        ],
        asked: &["Do you collect anything?", "What's in all those boxes?"],
        answered: &["Yes, {value}!", "My {value}, the whole collection."],
        questions: &["What does {who} collect?", "What is in {who}'s collection?"],
        values: &[
            "snow globes",
            "airline spoons",
            "vintage postcards",
            "matchboxes",
            "keys",
            "fridge magnets",
            "bottle caps",
        ],
        shown: &[(
            "Don't judge me, everybody needs a hobby! It all started with a gift.",
            "a photo of a shelf with many {value}",
        )],
        ..KIND
    },
    Kind {
        said: &[
            "We have a tradition with friends, on new year's eve there is {value}.",
            "It isn't Christmas for me without {value}.",
            "My favourite holiday tradition is {value}, we've done it for ages.",
        ],
        asked: &["How do you celebrate the holidays?", "Do you have any traditions?"],
        answered: &["There must be {value}.", "Every year there's {value}."],
        questions: &[
            "What holiday tradition does {who} have?",
            "How does {who} celebrate the holidays?",
            "What belongs to the holidays for {who}?",
        ],
        values: &[
            "a swim in the icy river",
            "a gingerbread contest",
            "a walk with torches",
            "a dinner for lonely neighbours",
            "an ugly sweater parade",
            "carol singing on the tram",
        ],
        ..KIND
    },
];

const LISTS: &[List] = &[
    List {
        questions: &[
            "What activities does {who} enjoy?",
            "What hobbies does {who} have?",
            "What does {who} do in the free time?",
        ],
        told: &[
            ("juggling", "Random, but I've got into {value}. Three balls for now!", ""),
            ("bird watching", "You'd laugh at me, I got up at four for {value}.", ""),
            (
                "origami",
                "I fold paper when I'm nervous. {value} is the cheapest hobby there is.",
                "",
            ),
            ("archery", "A friend dragged me to {value}, and now I own a bow.", ""),
            ("crosswords", "My train ride is for {value}, I finished a hard one today.", ""),
            ("kite flying", "Windy day, perfect for {value}! I felt like I was eight again.", ""),
            ("bowling", "We go {value} every first Friday. I'm awful and I love it.", ""),
            (
                "stargazing",
                "Clear skies all week, so {value} it was, with a thermos of tea.",
                "a photo of a telescope on a roof",
            ),
            ("yodelling", "Please don't tell anybody, but I joined a group for {value}.", ""),
            (
                "ice skating",
                "This is me trying not to fall. I want to go every winter day!",
                "a photo of a person {value} on a frozen pond",
            ),
        ],
        ..LIST
    },
    List {
        questions: &[
            "What gifts has {who} received?",
            "Which presents did {who} get?",
            "What has {who} been given by others?",
        ],
        told: &[
            (
                "a scarf",
                "My aunt sent me {value} that she made herself, I haven't taken it off since.",
                "",
            ),
            ("concert tickets", "For my birthday I got {value}, from all of you! I screamed.", ""),
            ("a globe", "Unpacked the last parcel today, it was {value} from my dad.", ""),
            ("a telescope", "My colleagues put their money together and bought me {value}!", ""),
            (
                "a hammock",
                "The neighbours gave me {value} for watering their plants all summer.",
                "",
            ),
            (
                "a ukulele",
                "Look what was waiting at my door this morning, with a bow around it!",
                "a photo of {value} with a red bow",
            ),
            ("earrings", "Grandma wants me to have her {value}. I couldn't speak.", ""),
        ],
        ..LIST
    },
    List {
        questions: &[
            "What has {who} struggled with?",
            "Which hard times has {who} been through?",
            "What setbacks did {who} face?",
        ],
        told: &[
            (
                "insomnia",
                "I don't want to complain, but {value} is eating me up. I see every hour of the night.",
                "",
            ),
            ("a burglary", "After {value} I couldn't stay alone at home for weeks.", ""),
            (
                "debts",
                "I never told you how bad my {value} were. I paid off the last bit today.",
                "",
            ),
            (
                "panic attacks",
                "It started with {value} on the subway. I'm getting help, don't worry.",
                "",
            ),
            ("a lawsuit", "My landlord dragged me into {value}, it cost me so much sleep.", ""),
            (
                "homesickness",
                "The first year here was full of {value}, I called Mom every day.",
                "",
            ),
        ],
        ..LIST
    },
    List {
        questions: &[
            "Where has {who} lived before?",
            "In which places did {who} live?",
            "Which cities has {who} called home?",
        ],
        told: &[
            ("Riga", "When I lived in {value} the winters were so cold that my hair froze.", ""),
            (
                "Marseille",
                "I learned to cook fish in my {value} days, in a kitchen the size of a closet.",
                "",
            ),
            ("Osaka", "I still dream of my little room in {value}, with the train below.", ""),
            ("Denver", "We moved to {value} for my ex's job, and I stayed for three years.", ""),
            ("Bergen", "It rained on all but four days of my year in {value}.", ""),
            ("Quito", "I taught kids in {value} for a while, best time of my life.", ""),
            ("Leeds", "My flat in {value} had a ghost, or very bad pipes.", ""),
        ],
        ..LIST
    },
];

const TRAITS: &[Trait] = &[
    Trait {
        clues: &[
            "I put twenty aside each week, no matter what.",
            "Why buy it new? I get everything second hand or not at all.",
            "I wash the foil and use it again, I know, I know.",
            "They wanted four dollars for water! I walked out.",
        ],
        remarked: &["You really watch your money!"],
        questions: &["Would {who} spend a lot on a designer bag?", "Is {who} careful with money?"],
        answer: "Careful: likely not to spend much.",
    },
    Trait {
        clues: &[
            "I said hello to the whole train car today, and half of them answered.",
            "An evening alone? I called eleven people.",
            "Put me in a room with strangers and I'm happy.",
            "My voice mail is full, everybody wants to do something this weekend.",
        ],
        remarked: &["You know everybody, don't you?"],
        questions: &[
            "Is {who} an outgoing person?",
            "Would {who} enjoy a job with a lot of contact to people?",
        ],
        answer: "Yes, very outgoing.",
    },
    Trait {
        clues: &[
            "I checked the stove three times before I left. As always.",
            "My packing list has its own packing list.",
            "What if it rains? What if the train is late? I have a plan for all of that.",
            "I was at the station an hour early, just in case.",
        ],
        remarked: &["You think of everything, or at least of everything that can go wrong."],
        questions: &["Would {who} book a trip without any plan?", "Is {who} a spontaneous person?"],
        answer: "No, somebody who worries and plans.",
    },
    Trait {
        clues: &[
            "I don't eat anything that had a mother.",
            "We had a barbecue, so I grilled my aubergines in a corner.",
            "My shoes are made of mushrooms, no joke.",
            "I asked the waiter whether there's butter in it. There was.",
        ],
        remarked: &["You're so consistent with that."],
        questions: &["Would {who} enjoy a steakhouse?", "What diet does {who} probably follow?"],
        answer: "Likely vegan.",
    },
    Trait {
        clues: &[
            "I said a little prayer before I opened the letter.",
            "Sunday mornings are taken, as you know. I sing there.",
            "My faith got me through that year.",
            "The stained glass there gave me goosebumps, I lit a candle for us.",
        ],
        remarked: &["It's good that you have something that carries you."],
        questions: &["Would {who} be considered religious?", "Does {who} believe in God?"],
        answer: "Yes, likely religious.",
    },
    Trait {
        clues: &[
            "I stayed at home with a blanket while the others went out, best choice ever.",
            "After two hours with people I need a day by myself.",
            "I let the phone ring. Writing is so much easier.",
            "They threw me a surprise party. I hid in the bathroom.",
        ],
        remarked: &["You and your quiet evenings."],
        questions: &["Would {who} enjoy a big party?", "Is {who} an introvert?"],
        answer: "Likely an introvert.",
    },
    Trait {
        clues: &[
            "I can't pass a stray without giving it half of my sandwich.",
            "There was a spider in the sink. I carried it out on a postcard.",
            "I signed the petition against the fur shop, of course.",
            "I stopped the car for a toad, the people behind me were furious.",
        ],
        remarked: &["You have a heart for every creature."],
        questions: &[
            "Would {who} support an animal protection group?",
            "What kind of charity might {who} donate to?",
        ],
        answer: "One that protects animals.",
    },
    Trait {
        clues: &[
            "I read the whole contract, also the small letters. I found two mistakes.",
            "Somebody has to say it when a thing isn't right, and then it's me.",
            "I argued with the officer for half an hour, and he gave in.",
            "At school I defended everyone who was in trouble.",
        ],
        remarked: &["Remind me never to argue with you."],
        questions: &["What profession might suit {who}?", "Would {who} make a good lawyer?"],
        answer: "Law would suit: good at arguing.",
    },
    Trait {
        clues: &[
            "I signed up for the skydive before I could think.",
            "Boring roads? I take the one with the warning signs.",
            "My doctor knows my bones by name.",
            "They closed the cliff, so we found another one to jump from.",
        ],
        remarked: &["You're going to give me a heart attack!"],
        questions: &["Would {who} try bungee jumping?", "Is {who} likely to take risks?"],
        answer: "Yes, loves a thrill.",
    },
    Trait {
        clues: &[
            "I take my cup with me everywhere, there's enough plastic in the world.",
            "We sold the car, the train does it too.",
            "My roof makes more power than I use.",
            "I mended the toaster instead of buying a new one. Less waste!",
        ],
        remarked: &["The planet should thank you."],
        questions: &[
            "Would {who} take a short flight for fun?",
            "Which political issue is probably important to {who}?",
        ],
        answer: "The environment.",
    },
    Trait {
        clues: &[
            "I cried at a commercial for washing powder.",
            "I still have every letter that anybody wrote to me.",
            "When that song came on I had to pull over.",
            "I write down what the little ones say, so that it isn't lost.",
        ],
        remarked: &["You softie!"],
        questions: &["Is {who} a sentimental person?", "Would {who} throw away old letters?"],
        answer: "Sentimental: would keep them.",
    },
    Trait {
        clues: &[
            "It's four in the morning and I've never felt so awake.",
            "Breakfast? I call that lunch.",
            "The sun was coming up when I turned off the lamp.",
            "Please don't call before eleven, I'm no human before that.",
        ],
        remarked: &["When do you ever sleep?"],
        questions: &[
            "Would {who} like a job that starts at six in the morning?",
            "Is {who} a night owl?",
        ],
        answer: "A night owl: would not like it.",
    },
    Trait {
        clues: &[
            "I told the class about the moons of Saturn until they fell off their chairs.",
            "I explained fractions with a pizza, and suddenly everybody got it.",
            "Little ones ask the best questions, I could answer them all day.",
            "When I help the neighbour's girl with her homework, time flies.",
        ],
        remarked: &["You explain things so well."],
        questions: &["Would {who} be a good teacher?", "Which career might {who} be suited for?"],
        answer: "Teaching.",
    },
    Trait {
        clues: &[
            "My mother's parents spoke another language at the table, and I answered in it.",
            "I dream in two languages.",
            "At customs I never know which passport to show.",
            "We celebrate new year twice, in winter and in spring.",
        ],
        remarked: &["It must be nice to have two homes."],
        questions: &[
            "Does {who} likely have roots in more than one country?",
            "Is {who} bilingual?",
        ],
        answer: "Yes, likely with two cultures.",
    },
];

const SHARED: &[Shared] = &[
    Shared {
        said: &[
            "When I have the blues I go {value}, it never fails.",
            "My way to unwind is {value}, I could do it for hours.",
            "This weekend I want to do nothing but go {value}.",
        ],
        remarked: &["That's a good way to relax."],
        questions: &[
            "What do {a} and {b} both do to relax?",
            "Which way to unwind do {a} and {b} share?",
        ],
        values: &[
            "window shopping",
            "cloud watching",
            "berry picking",
            "paddling on the lake",
            "for long drives",
            "to the sauna",
        ],
    },
    Shared {
        said: &[
            "I lost {value} two years ago, I didn't know it was going to be so hard.",
            "Some days I miss {value} so much that I forget to eat.",
        ],
        remarked: &["I'm so sorry. That must be hard."],
        questions: &[
            "Whom have both {a} and {b} lost?",
            "What loss do {a} and {b} have in common?",
        ],
        values: &[
            "my godfather",
            "my childhood friend",
            "my grandmother",
            "my favourite teacher",
            "my mother-in-law",
        ],
    },
    Shared {
        said: &[
            "I'd love to start {value} one day, I even have a name for it.",
            "My secret dream is {value}, with my own hands and my own rules.",
        ],
        remarked: &["I can see you doing that!"],
        questions: &[
            "What do both {a} and {b} dream of starting?",
            "Which dream do {a} and {b} share?",
        ],
        values: &[
            "a bakery",
            "a small hotel",
            "a bookshop with a bar",
            "a goat farm",
            "a theatre for kids",
            "a flower truck",
        ],
    },
    Shared {
        said: &[
            "I've been to {value} once and I left my heart there.",
            "The most beautiful city I know is {value}, I go whenever I can.",
            "Have I shown you my pictures from {value}? I was there in spring.",
        ],
        remarked: &["I've heard so much about it!"],
        questions: &[
            "Which city have both {a} and {b} visited?",
            "Where have both {a} and {b} been?",
        ],
        values: &["Vienna", "Istanbul", "Havana", "Edinburgh", "Hanoi", "Valparaíso"],
    },
    Shared {
        said: &[
            "I would do anything for {value}, it's my weakness.",
            "There's always {value} in my bag, for emergencies.",
        ],
        remarked: &["You and your sweet tooth!"],
        questions: &[
            "Which treat do {a} and {b} both love?",
            "What sweet do {a} and {b} have in common?",
        ],
        values: &[
            "dark chocolate",
            "marzipan",
            "salted caramel",
            "gummy frogs",
            "turkish delight",
            "peppermint bark",
        ],
    },
    Shared {
        said: &[
            "I gave the first half of my twenties to {value}, and I don't regret a day.",
            "Before all this I spent years in {value}, I could tell you stories.",
        ],
        remarked: &["I never knew that about you."],
        questions: &[
            "In what field did both {a} and {b} use to work?",
            "What former line of work do {a} and {b} share?",
        ],
        values: &[
            "a travel agency",
            "the navy",
            "banking",
            "a call centre",
            "a hotel kitchen",
            "the theatre",
        ],
    },
    Shared {
        said: &[
            "My childhood was {value}, every afternoon until it got dark.",
            "As a kid I was all about {value}, ask my mother.",
        ],
        remarked: &["Those were simpler times."],
        questions: &[
            "What did both {a} and {b} do as children?",
            "Which childhood memory do {a} and {b} share?",
        ],
        values: &[
            "climbing trees",
            "trading stickers",
            "building dams",
            "riding ponies",
            "chess by mail",
            "looking for fossils",
        ],
    },
];
