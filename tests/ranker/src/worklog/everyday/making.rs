//! Everyday talk about what people make: pots, pictures, music, food, clothes.

use super::super::{
    facts::{EVENT, Event, KIND, Kind, LIST, List},
    setting::{Intent, Theme},
};

pub(super) const CLAY: Theme = Theme {
    names: &["pottery", "the clay studio", "working with clay"],
    kinds: &[
        Kind {
            said: &[
                "I made {value} in the studio and nothing cracked in the kiln this time!",
                "After many failed attempts I finally threw {value} that I'm not ashamed of.",
                "My latest piece from the wheel is {value}. It's a bit crooked, like me.",
            ],
            asked: &["What did you make in your last class?", "What came out of the kiln?"],
            answered: &[
                "It's {value}, glazed in blue.",
                "This time it was {value}, and in one piece!",
            ],
            questions: &[
                "What did {who} make out of clay?",
                "Which piece of pottery did {who} create?",
                "What has {who} shaped on the wheel?",
            ],
            values: &[
                "a teapot",
                "a fruit bowl",
                "a vase with two handles",
                "a set of mugs",
                "a lantern",
                "a soup tureen",
            ],
            shown: &[(
                "Fresh out of the kiln! I painted it myself, it took me three evenings.",
                "a photo of {value} on a wooden shelf",
            )],
            twisted: &["What did {who} make out of glass?", "What has {who} carved from wood?"],
            ..KIND
        },
        Kind {
            said: &[
                "I started with clay because {value}. It saved me, to be honest.",
                "Did I ever tell you how I got into pottery? It was because {value}.",
            ],
            asked: &["How did you get into pottery?", "What made you start with clay?"],
            answered: &["It began because {value}.", "Oh, simply because {value}."],
            questions: &["Why did {who} take up pottery?", "What got {who} into ceramics?"],
            values: &[
                "my doctor told me to slow down",
                "a friend gave me a voucher",
                "I lost a bet",
                "I needed something for my hands after the breakup",
                "the studio opened below my flat",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "Our teacher at the studio is wonderful. She's {value}, you'd never guess.",
                "The woman who teaches our clay class was {value} in her first life.",
            ],
            asked: &["Who runs your pottery class?", "Is your teacher an artist?"],
            answered: &["Actually, she's {value}.", "No, she used to be {value}!"],
            questions: &[
                "What is the background of {who}'s pottery teacher?",
                "What did the teacher of {who}'s class do before?",
            ],
            values: &[
                "a former surgeon",
                "a retired bus driver",
                "an ex-banker",
                "a champion rower",
                "a nun who left the convent",
            ],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "signed up for a pottery course",
            also: "had my very first evening at the potter's wheel",
            do_it: &["sign up for a pottery course", "begin with pottery"],
            ..EVENT
        },
        Event {
            did: "sold a bowl of mine at the craft market",
            also: "had a stall at the craft fair and somebody bought one of my bowls",
            do_it: &["sell pottery at a market", "have a stall at the craft fair"],
            shown: &["a photo of a market stall with ceramics"],
            ..EVENT
        },
    ],
    lists: &[],
    intents: &[],
    talk: &[
        "Clay doesn't forgive you if you hurry.",
        "My whole apron is covered in glaze.",
        "I forget the time completely when I sit at the wheel.",
        "Half of my cups at home are wobbly, and I love them.",
        "Pottery is like therapy for me.",
        "Centering the clay is still the hardest part.",
    ],
    back: &[
        "How is pottery going, {other}?",
        "I'd love to try that. Is it hard to learn?",
        "You're so talented! Do you sell your pieces?",
        "What a great way to relax. How often do you go?",
        "Is clay as messy as it looks?",
    ],
    captions: &[
        "a photo of hands shaping clay on a wheel",
        "a photo of a shelf with many cups",
        "a photo of a kiln",
        "a photo of a paint-stained apron",
    ],
};

pub(super) const PAINTING: Theme = Theme {
    names: &["painting", "my art", "watercolours"],
    kinds: &[
        Kind {
            said: &[
                "I finished my biggest canvas so far, it shows {value}.",
                "My new painting is of {value}. I couldn't get that picture out of my head.",
                "All week I've been painting {value}, with way too much blue.",
            ],
            asked: &["What are you painting at the moment?", "Are you working on a new picture?"],
            answered: &["It's going to be {value}.", "Yes, it shows {value}."],
            questions: &[
                "What does {who}'s new painting show?",
                "What is the subject of {who}'s picture?",
                "What did {who} paint?",
            ],
            values: &[
                "a lighthouse in a storm",
                "a horse in the fog",
                "my old street at night",
                "a sunset over a lake",
                "three women on a bench",
                "an empty fairground",
            ],
            shown: &[(
                "It's done! I've been working on this for a month, tell me honestly what you think.",
                "a painting of {value}",
            )],
            ..KIND
        },
        Kind {
            said: &[
                "What inspires me most is {value}. I could paint it for ever.",
                "I get my ideas from {value}, mostly when I can't sleep.",
                "All my art comes from {value}, if I'm honest.",
            ],
            asked: &["Where do you get your ideas from?", "What inspires you, {other}?"],
            answered: &["From {value}, always.", "Hm, {value}, I'd say."],
            questions: &[
                "What inspires {who}'s paintings?",
                "Where does {who} find ideas for art?",
                "What is the source of inspiration for {who}?",
            ],
            values: &[
                "the harbour at dawn",
                "my grandmother's stories",
                "old maps",
                "jazz records",
                "the faces on the subway",
                "dreams about flying",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "I gave my best picture to {value}, it felt right.",
                "One of my paintings hangs at {value} now! I walk past just to look at it.",
                "You won't believe who has my picture on the wall: {value}!",
            ],
            asked: &[
                "What happened to that big picture of yours?",
                "Do you ever give your paintings away?",
            ],
            answered: &["It went to {value}.", "That one is with {value} now."],
            questions: &[
                "Where did {who}'s painting end up?",
                "Who got a picture from {who}?",
                "To whom did {who} give a painting?",
            ],
            values: &[
                "the children's hospital",
                "my dentist",
                "the bakery on the corner",
                "my old art teacher",
                "the town library",
                "a couple from Norway",
            ],
            twisted: &["Where did {who}'s sculpture end up?", "To whom did {who} give a guitar?"],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "had a picture of mine in a real exhibition",
            also: "stood in a gallery next to my own picture",
            do_it: &["take part in an art exhibition", "show a picture in a gallery"],
            shown: &["a photo of people in front of paintings in a gallery"],
            ..EVENT
        },
        Event {
            did: "went to the modern art museum",
            also: "spent an afternoon at the museum of modern art, I was in heaven",
            do_it: &["visit the art museum", "go to the museum of modern art"],
            ..EVENT
        },
        Event {
            did: "drew portraits of strangers in the park",
            also: "sat in the park and sketched whoever came by",
            do_it: &["draw portraits in the park", "sketch strangers"],
            shown: &["a pencil sketch of an old man with a hat"],
            ..EVENT
        },
    ],
    lists: &[List {
        questions: &[
            "What has {who} painted?",
            "Which motifs has {who} put on canvas?",
            "What are the subjects of {who}'s pictures?",
        ],
        told: &[
            ("owl", "I couldn't sleep, so I painted an {value} with my grandma's glasses.", ""),
            (
                "waterfall",
                "Look what I did last weekend, I'm rather happy with the light.",
                "a painting of a {value} between rocks",
            ),
            (
                "tulips",
                "Spring made me do it. Nothing special, a few {value} in a jar, but I like them.",
                "",
            ),
            (
                "sailing boats",
                "It's not perfect, but here's the one I told you about.",
                "a watercolour of {value} on calm water",
            ),
            (
                "self-portrait",
                "For the first time I dared to try a {value}. The nose is all wrong.",
                "",
            ),
            (
                "bridge",
                "This one is for my brother, he crosses it every morning.",
                "a painting of a red {value} in the mist",
            ),
        ],
        ..LIST
    }],
    intents: &[Intent {
        planned: &[
            "{when} I'm showing my pictures at the café, I'm so nervous!",
            "My own little show opens {when}, can you believe it?",
        ],
        done: &[
            "My show at the café opened {when}, and I sold {value}!",
            "So the opening {when} went well, I got rid of {value}.",
        ],
        when_planned: &[
            "When is {who} going to show pictures at the café?",
            "When does {who}'s own show open?",
        ],
        when_done: &["When did {who}'s show open?", "When did {who} exhibit at the café?"],
        outcome: &[
            "How much did {who} sell at the show?",
            "What came of {who}'s show at the café?",
        ],
        values: &["four paintings", "nearly everything", "just one tiny sketch", "a dozen prints"],
    }],
    talk: &[
        "Painting helps me say what I can't put into words.",
        "There's paint under my nails all the time.",
        "I mixed greens for an hour, it was bliss.",
        "Some days the canvas just stares back at me.",
        "Art makes the world a little brighter.",
        "I bought far too many brushes again.",
        "I'm never sure when a picture is finished.",
    ],
    back: &[
        "Are you still painting, {other}?",
        "That's gorgeous! How long did it take you?",
        "Your art is so full of feeling. Have you always done this?",
        "Wow, the colours! Do you have a favourite artist?",
        "Would you ever show your pictures to more people?",
    ],
    captions: &[
        "a photo of brushes in a glass",
        "a photo of a palette with many colours",
        "a photo of an easel by a window",
        "an abstract painting in orange and blue",
    ],
};

pub(super) const MUSIC: Theme = Theme {
    names: &["music", "my instrument", "making music"],
    kinds: &[
        Kind {
            said: &[
                "I picked up {value} again, the neighbours are very patient people.",
                "I've been practising {value} every evening, my fingers hurt so good.",
                "Guess who's learning {value} at this age? Me!",
            ],
            asked: &["Do you play anything?", "Which instrument are you learning?"],
            answered: &["I do, {value}, badly.", "It's {value}, since the spring."],
            questions: &["What instrument does {who} play?", "Which instrument is {who} learning?"],
            values: &[
                "the cello",
                "the banjo",
                "the trumpet",
                "the accordion",
                "the harp",
                "the ukulele",
                "the clarinet",
            ],
            shown: &[(
                "My evenings have a new purpose. It's second hand, but the sound is lovely!",
                "a photo of {value} leaning on a chair",
            )],
            twisted: &[
                "Which instrument does {who}'s brother play?",
                "Which instrument did {who} sell?",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "If I had to pick one band for the rest of my life it would be {value}.",
                "I've been listening to {value} all day, I know every line by heart.",
                "Nothing cheers me up like a record by {value}.",
            ],
            asked: &["Who's your favourite band?", "What do you listen to when you're down?"],
            answered: &["{value}, no question.", "Always {value}!"],
            questions: &[
                "Which band does {who} love most?",
                "Who is {who}'s favourite musician?",
                "To whose songs does {who} listen?",
            ],
            values: &[
                "the Velvet Foxes",
                "Marla Quinn",
                "the Harbour Lights",
                "Tin Cathedral",
                "Old Man Sparrow",
                "the Midnight Ferries",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "I've been playing for {value} now, and I still get stage fright.",
                "It's been {value} since my first lesson, time flies!",
            ],
            asked: &["How long have you been playing?", "When did you start with music?"],
            answered: &["For {value} by now.", "That was {value} ago, imagine."],
            questions: &[
                "How long has {who} been making music?",
                "For how long has {who} played an instrument?",
            ],
            values: &[
                "seven years",
                "eighteen months",
                "almost a decade",
                "fifteen years",
                "five years",
                "three years",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "The song that always makes me cry is {value}, it was played at Grandpa's funeral.",
                "Whenever I hear {value} I think of the summer we met.",
            ],
            asked: &[
                "Is there a song that means a lot to you?",
                "Which song do you never get tired of?",
            ],
            answered: &["There is: {value}.", "Oh, {value}. I get goosebumps every time."],
            questions: &["Which song is special to {who}?", "What song moves {who} deeply?"],
            values: &[
                "Paper Moonlight",
                "The Long Way Down",
                "River of Glass",
                "Leave the Porch Light On",
                "Seven Silver Spoons",
            ],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "played at an open mic night",
            also: "got up on a tiny stage and played two songs",
            do_it: &["play at an open mic night", "perform on a stage"],
            shown: &["a photo of a microphone in front of a brick wall"],
            ..EVENT
        },
        Event {
            did: "went to an outdoor concert in the rain",
            also: "danced in a raincoat in front of a festival stage",
            do_it: &["go to an outdoor concert", "dance at a festival"],
            shown: &["a photo of a crowd with raincoats in front of a stage"],
            ..EVENT
        },
        Event {
            did: "bought tickets for my favourite band",
            also: "stood in line for hours to get concert tickets",
            do_it: &["buy concert tickets", "get tickets for a concert"],
            ..EVENT
        },
    ],
    lists: &[List {
        questions: &[
            "Which concerts has {who} been to?",
            "What artists has {who} seen live?",
            "Which bands did {who} see on stage?",
        ],
        told: &[
            ("Copper Parade", "My ears are still ringing, {value} played until midnight!", ""),
            ("Ida Stone", "We drove four hours to see {value}, and I'd do it again.", ""),
            (
                "Low Tide Choir",
                "A colleague had a spare ticket for {value}. I had no idea how good they are live.",
                "",
            ),
            ("Neon Orchard", "Best birthday present ever, front row at {value}!", ""),
            ("Sugar Engine", "I lost my voice singing along with {value} on Saturday.", ""),
            (
                "Blue Caravan",
                "What a night, I'm going to remember that for ever.",
                "a photo of a stage with a banner that says {value}",
            ),
        ],
        ..LIST
    }],
    intents: &[Intent {
        planned: &[
            "Our band has its first gig {when}, in a bar with twelve chairs!",
            "{when} I'm playing in front of people for the first time with the band.",
        ],
        done: &[
            "We had our first gig {when}! In the middle of it {value}.",
            "The band played {when}. It was chaos, {value}, but people clapped.",
        ],
        when_planned: &[
            "When will {who}'s band play its first gig?",
            "When is the first gig of {who} going to be?",
        ],
        when_done: &["When did {who}'s band perform?", "When was the first gig of {who}?"],
        outcome: &[
            "What happened at {who}'s first gig?",
            "What went wrong when {who}'s band played?",
        ],
        values: &[
            "the drummer's stool broke",
            "the power went out",
            "a dog ran onto the stage",
            "I forgot the second verse",
        ],
    }],
    talk: &[
        "Music is my happy place.",
        "I hum the same tune all day long.",
        "A good song can turn a bad day around.",
        "I should practise more, I know.",
        "The old records sound so much warmer.",
        "My playlist is all over the place.",
        "There's nothing like singing out loud in the car.",
    ],
    back: &[
        "Do you still play, {other}?",
        "Live music is the best! Who else was there?",
        "I wish I could play something. Was it hard in the beginning?",
        "What kind of music do you like most?",
        "You have to play for me some time! Will you?",
    ],
    captions: &[
        "a photo of sheet music on a stand",
        "a photo of a record player",
        "a photo of a concert crowd with lights",
        "a photo of headphones on a desk",
    ],
};

pub(super) const COOKING: Theme = Theme {
    names: &["cooking", "the kitchen", "food"],
    kinds: &[
        Kind {
            said: &[
                "My signature dish is {value}, everybody asks for the recipe.",
                "If you come over I'll make {value}. It's the one thing I never mess up.",
                "I brought {value} to the potluck and the plate was empty in five minutes.",
            ],
            asked: &["What's your best dish?", "What will you cook for us?"],
            answered: &["That has to be {value}.", "I'd go for {value}, my classic."],
            questions: &[
                "What is {who}'s signature dish?",
                "What dish is {who} known for?",
                "What does {who} cook best?",
            ],
            values: &[
                "mushroom lasagne",
                "coconut curry",
                "stuffed peppers",
                "fish tacos",
                "beetroot risotto",
                "chicken pot pie",
                "spinach dumplings",
            ],
            shown: &[(
                "Dinner is served! I think I've finally perfected my recipe.",
                "a photo of a plate of {value}",
            )],
            twisted: &[
                "What is the signature dish of {who}'s sister?",
                "What did {who} order at the restaurant?",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "I can't eat {value} any more, the doctor found out I'm allergic.",
                "No {value} for me, please. Last time I ended up in the emergency room.",
                "I had to give up {value}. My skin gets red all over.",
            ],
            asked: &["Is there anything you can't eat?", "Do you have any allergies?"],
            answered: &["Yes, {value}, sadly.", "I react to {value}, quite badly."],
            questions: &[
                "What is {who} allergic to?",
                "Which food does {who} have to avoid?",
                "What can't {who} eat?",
            ],
            values: &["hazelnuts", "shrimp", "kiwi", "celery", "sesame", "buckwheat", "peaches"],
            ..KIND
        },
        Kind {
            said: &[
                "Most of what I know about cooking I learned from {value}.",
                "It was {value} who taught me how to cook, with a lot of shouting.",
            ],
            asked: &["Who taught you to cook?", "Where did you learn to cook like that?"],
            answered: &["From {value}, on Sundays.", "{value} showed me everything."],
            questions: &["Who taught {who} how to cook?", "From whom did {who} learn cooking?"],
            values: &[
                "my stepfather",
                "a monk in Kyoto",
                "the cook of a fishing boat",
                "my aunt Bettina",
                "an online course with a grumpy Frenchman",
                "my first landlady",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "When I'm sad I need {value}, it's my comfort food.",
                "Bad day? A big bowl of {value} and I'm a person again.",
            ],
            asked: &["What's your comfort food?", "What do you eat when everything goes wrong?"],
            answered: &["{value}, straight from the pot.", "Easy, {value}."],
            questions: &[
                "What comfort food does {who} turn to?",
                "What does {who} eat when feeling down?",
            ],
            values: &[
                "tomato soup with noodles",
                "cinnamon rice pudding",
                "grilled cheese",
                "banana pancakes",
                "mashed potatoes",
                "pistachio ice cream",
            ],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "took a sushi class",
            also: "learned to roll sushi from a real chef",
            do_it: &["take a sushi class", "learn how to make sushi"],
            shown: &["a photo of uneven sushi rolls on a board"],
            ..EVENT
        },
        Event {
            did: "burned the birthday cake",
            also: "set off the smoke alarm with a birthday cake",
            do_it: &["burn a cake", "have an accident with a cake"],
            shown: &["a photo of a black cake in a pan"],
            ..EVENT
        },
        Event {
            did: "cooked dinner for twenty people",
            also: "fed twenty hungry guests out of my tiny kitchen",
            do_it: &["cook for twenty people", "make dinner for a crowd"],
            ..EVENT
        },
    ],
    lists: &[List {
        questions: &[
            "What has {who} baked?",
            "Which cakes and breads did {who} make?",
            "What did {who} bring out of the oven?",
        ],
        told: &[
            ("plum cake", "The whole house smells of {value}, come over before it's gone!", ""),
            ("focaccia", "I was up at six to knead dough. The {value} came out so fluffy.", ""),
            (
                "cinnamon rolls",
                "Sunday treat! They're gone already.",
                "a photo of a tray of {value}",
            ),
            (
                "carrot muffins",
                "For the school sale I made forty {value}, I can't see them any more.",
                "",
            ),
            (
                "rye bread",
                "First try and it didn't even fall apart.",
                "a photo of a loaf of {value} on a board",
            ),
            ("lemon cookies", "My secret to winning over new colleagues is a box of {value}.", ""),
            ("cheesecake", "It was my turn for dessert, so I made a {value} with cherries.", ""),
        ],
        ..LIST
    }],
    intents: &[],
    talk: &[
        "I never follow recipes, I just throw things in.",
        "My kitchen looks like a battlefield.",
        "Good food brings people together.",
        "I tried something new for dinner and it was fine.",
        "There's always too much garlic in what I make.",
        "I love going to the market on Saturdays.",
        "Washing up is the price to pay.",
    ],
    back: &[
        "What are you cooking these days, {other}?",
        "Yum! Can you send me the recipe?",
        "That makes me hungry. Was it difficult?",
        "Do you cook every day?",
        "I'd love to taste it! What's in it?",
    ],
    captions: &[
        "a photo of a pot on a stove",
        "a photo of a table with plates and candles",
        "a photo of chopped vegetables",
        "a photo of a bowl of soup",
    ],
};

pub(super) const CRAFTS: Theme = Theme {
    names: &["sewing", "knitting", "my needlework"],
    kinds: &[
        Kind {
            said: &[
                "I'm knitting {value} for a friend's baby, I hope I finish before the child can walk.",
                "My needles are busy with {value}. It's my third attempt.",
                "I sewed {value} from old curtains, and it looks almost bought.",
            ],
            asked: &["What are you working on with all that wool?", "What's on your needles?"],
            answered: &["That will be {value}.", "I'm making {value}, slowly."],
            questions: &[
                "What is {who} knitting?",
                "What did {who} make out of fabric or wool?",
                "What needlework is {who} busy with?",
            ],
            values: &[
                "a striped blanket",
                "a tiny cardigan",
                "a green scarf",
                "a patchwork coat",
                "a pair of mittens",
                "a hat with ears",
            ],
            shown: &[(
                "Almost finished! Don't look too closely at the left side.",
                "a photo of {value} on a lap",
            )],
            ..KIND
        },
        Kind {
            said: &[
                "I got my sewing machine from {value}, it's older than me.",
                "The machine I sew on belonged to {value}. It still runs like new.",
            ],
            asked: &[
                "Where's your sewing machine from?",
                "What a lovely old machine! Where did you get it?",
            ],
            answered: &["It was a present from {value}.", "From {value}, I'm so lucky."],
            questions: &[
                "From whom did {who} get the sewing machine?",
                "Who owned {who}'s machine before?",
            ],
            values: &[
                "the tailor across the street",
                "my great-aunt Rosalind",
                "a theatre that closed down",
                "my godmother",
                "my former piano teacher",
            ],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "finished my first quilt",
            also: "put the last stitch into the quilt",
            do_it: &["finish a quilt", "complete the first quilt"],
            shown: &["a photo of a colourful quilt on a bed"],
            ..EVENT
        },
        Event {
            did: "started a knitting circle at the café",
            also: "got six people together to knit at the café",
            do_it: &["start a knitting circle", "bring people together to knit"],
            ..EVENT
        },
    ],
    lists: &[],
    intents: &[],
    talk: &[
        "I have more wool than I can use in one life.",
        "One more row, and then I go to bed. That's what I always say.",
        "Nothing beats a gift made by hand.",
        "I dropped a stitch and noticed it ten rows later.",
        "It keeps my hands busy while I watch series.",
    ],
    back: &[
        "Are you still knitting, {other}?",
        "You could sell those! Have you thought of that?",
        "I can't even sew on a button. Could you teach me?",
        "What a nice hobby. Does it take long?",
    ],
    captions: &[
        "a photo of balls of wool in a basket",
        "a photo of a sewing machine",
        "a photo of fabric in many colours",
    ],
};
