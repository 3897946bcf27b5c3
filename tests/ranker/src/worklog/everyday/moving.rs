//! Everyday talk about what people do with their legs, and where they go.

use super::super::{
    facts::{EVENT, Event, KIND, Kind, LIST, List},
    setting::{Intent, Theme},
};

pub(super) const RUNNING: Theme = Theme {
    names: &["running", "my training", "jogging"],
    kinds: &[
        Kind {
            said: &[
                "I run for {value}, every kilometre brings in a little money for them.",
                "My next race is a charity run, all of it goes to {value}.",
                "I found a reason to get up at five: I'm running to support {value}.",
            ],
            asked: &["What's that run of yours for?", "Who gets the money from your charity race?"],
            answered: &["It's for {value}.", "All of it goes to {value}."],
            questions: &[
                "What cause is {who} running for?",
                "Which charity does {who}'s race support?",
                "For whom is {who} raising money with the run?",
            ],
            values: &[
                "the children's hospice",
                "cancer research",
                "clean drinking water",
                "the lifeboat crew",
                "a shelter for women",
                "mental health",
            ],
            twisted: &[
                "Which charity does {who}'s swimming support?",
                "For what cause did {who} cut off the hair?",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "New personal best today: {value} for ten kilometres!",
                "I couldn't believe my watch. {value} over ten k!",
                "Ten kilometres in {value}. A year ago I couldn't run to the bus.",
            ],
            asked: &["How's your time over ten kilometres?", "Did you beat your record?"],
            answered: &["I did: {value}!", "{value}, I'm over the moon."],
            questions: &[
                "What is {who}'s best time over ten kilometres?",
                "How fast did {who} run ten kilometres?",
            ],
            values: &[
                "49 minutes",
                "just under an hour",
                "52:30",
                "44 minutes",
                "an hour and four minutes",
                "57 minutes",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "My running buddy is {value}, we meet at the bridge every Wednesday.",
                "I never run alone any more, {value} comes with me.",
            ],
            asked: &["Do you run alone?", "Who keeps you company on your runs?"],
            answered: &["No, with {value}.", "{value} does, and we talk all the way."],
            questions: &[
                "Who goes running with {who}?",
                "With whom does {who} train?",
                "Who is {who}'s running partner?",
            ],
            values: &[
                "my hairdresser",
                "the priest of our parish",
                "my ex-boss",
                "a girl from the bakery",
                "my seventy-year-old neighbour",
                "my cousin Lorenz",
            ],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "ran my first marathon",
            also: "crossed the line after forty-two kilometres",
            do_it: &["run a marathon", "finish a marathon"],
            shown: &["a photo of a runner with a medal"],
            ..EVENT
        },
        Event {
            did: "twisted my ankle on the trail",
            also: "stepped into a hole and hurt my ankle",
            do_it: &["twist an ankle", "get hurt on a run"],
            ..EVENT
        },
        Event {
            did: "bought new running shoes",
            also: "treated myself to a pair of purple running shoes",
            do_it: &["buy running shoes", "get new shoes for running"],
            shown: &["a photo of purple running shoes in a box"],
            ..EVENT
        },
    ],
    lists: &[],
    intents: &[Intent {
        planned: &[
            "The charity run is {when}, my legs are already shaking.",
            "{when} I'm running for a good cause, wish me luck!",
        ],
        done: &[
            "I did the charity run {when}! I raised {value}.",
            "The run for a good cause was {when}. {value} came together, I'm speechless.",
        ],
        when_planned: &[
            "When is {who} going to take part in the charity run?",
            "When is {who}'s charity race going to take place?",
        ],
        when_done: &["When did {who} run for charity?", "When did {who} do the charity race?"],
        outcome: &[
            "How much money did {who} raise with the run?",
            "What did {who}'s charity race bring in?",
        ],
        values: &[
            "six hundred dollars",
            "over two thousand",
            "340 dollars",
            "more than a thousand euros",
        ],
    }],
    talk: &[
        "A run in the morning clears my head.",
        "My legs feel like jelly today.",
        "Rain or shine, I'm out there.",
        "The first kilometre is always the worst.",
        "I never thought I'd be one of those people who talk about shoes.",
        "Crossing the finish line makes me feel so alive.",
        "I skipped training for a week and I feel guilty.",
    ],
    back: &[
        "Are you still running, {other}?",
        "That's impressive! How do you stay motivated?",
        "I get out of breath on the stairs. Any tips for a beginner?",
        "What do you think about on long runs?",
        "Good for you! Is there another race coming up?",
    ],
    captions: &[
        "a photo of a forest path in the morning",
        "a photo of a sports watch on a wrist",
        "a photo of runners on a bridge",
    ],
};

pub(super) const MOUNTAINS: Theme = Theme {
    names: &["hiking", "the mountains", "camping trips"],
    kinds: &[
        Kind {
            said: &[
                "On the trail we met {value}! I have never stood so still in my life.",
                "You won't believe what crossed our path up there: {value}.",
                "We turned a corner and there was {value}, ten steps away from us.",
            ],
            asked: &[
                "Did you see any animals on your hike?",
                "Anything exciting happen on the trail?",
            ],
            answered: &["Yes, {value}, really close!", "We ran into {value}."],
            questions: &[
                "Which animal did {who} see on the hike?",
                "What did {who} come across on the trail?",
                "What crossed {who}'s path in the mountains?",
            ],
            values: &[
                "a black bear",
                "a wild boar",
                "a moose",
                "an eagle on a fence post",
                "a fox with three cubs",
                "a mountain goat",
            ],
            shown: &[(
                "We didn't dare to move! My hands were shaking when I took this.",
                "a photo of {value} between trees",
            )],
            ..KIND
        },
        Kind {
            said: &[
                "Our tent trip was a disaster, {value}, but we laughed so much.",
                "The first night out there {value}. Next time I'll book a hotel!",
            ],
            asked: &["How was your camping trip?", "Did everything go well in the tent?"],
            answered: &["Well, {value}.", "Not quite. At two in the morning {value}."],
            questions: &[
                "What went wrong on {who}'s camping trip?",
                "What happened to {who} while camping?",
            ],
            values: &[
                "the tent flew away",
                "we forgot the matches",
                "a raccoon ate our breakfast",
                "the river rose overnight",
                "the air mattress burst",
                "we pitched it on an ant hill",
            ],
            twisted: &[
                "What went wrong on {who}'s cruise?",
                "What happened to {who} at the hotel?",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "My favourite moment up there is {value}, it makes me feel small in a good way.",
                "What I love most about sleeping outside is {value}.",
            ],
            asked: &["What do you like about camping?", "What draws you into the wild?"],
            answered: &["Mostly {value}.", "It's {value}, I think."],
            questions: &[
                "What does {who} love most about being outdoors?",
                "What is {who}'s favourite part of camping?",
            ],
            values: &[
                "the stars without any city lights",
                "coffee by the fire",
                "the silence before dawn",
                "the smell of pine",
                "jumping into a cold lake",
                "telling ghost stories",
            ],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "climbed the highest peak around here",
            also: "stood on the summit after nine hours of climbing",
            do_it: &["climb the highest peak", "reach the summit"],
            shown: &["a photo of a cross on a mountain top"],
            ..EVENT
        },
        Event {
            did: "slept under the stars with friends",
            also: "spent a night in the open with some friends, no tent, nothing",
            do_it: &["sleep under the stars", "spend a night in the open"],
            ..EVENT
        },
        Event {
            did: "got lost in the forest",
            also: "walked in circles in the forest until it was dark",
            do_it: &["get lost in the forest", "lose the way on a hike"],
            ..EVENT
        },
    ],
    lists: &[List {
        questions: &[
            "Where has {who} gone camping or hiking?",
            "Which places has {who} hiked at?",
            "What outdoor places has {who} explored?",
        ],
        told: &[
            ("Raven Ridge", "We walked up {value} on Sunday, the view goes on for ever.", ""),
            ("Lake Orlo", "Two nights in a tent at {value}, and not a single mosquito!", ""),
            (
                "the canyon",
                "I finally saw {value} everyone talks about. Pictures don't do it justice.",
                "",
            ),
            (
                "the dunes",
                "My shoes are still full of sand, we wandered through {value} all day.",
                "",
            ),
            (
                "Whisper Falls",
                "Best swim of my life, ice cold, and nobody else there.",
                "a photo of a waterfall behind a sign that says {value}",
            ),
            ("the old pine forest", "It was so quiet in {value}, we hardly spoke a word.", ""),
            ("the coast path", "Blisters on both feet, but {value} was worth every step.", ""),
        ],
        ..LIST
    }],
    intents: &[Intent {
        planned: &[
            "{when} we're going up to the cabin with the whole gang.",
            "We booked a cabin in the hills, we leave {when}!",
        ],
        done: &[
            "The cabin weekend was {when}. We spent most of it {value}.",
            "We went to that cabin in the hills {when}, and guess what, it was all {value}.",
        ],
        when_planned: &[
            "When is {who} planning to go to the cabin?",
            "When does {who} leave for the hills?",
        ],
        when_done: &["When did {who} stay at the cabin?", "When was {who}'s trip to the cabin?"],
        outcome: &["What did {who} do at the cabin?", "How did {who} spend the time at the cabin?"],
        values: &[
            "playing cards by the stove",
            "digging out the car",
            "swimming in the creek",
            "roasting marshmallows",
        ],
    }],
    talk: &[
        "Fresh air fixes almost everything.",
        "My backpack is always too heavy.",
        "Out there I forget my phone exists.",
        "The trees are so beautiful at this time of year.",
        "Nature is where I recharge.",
        "My boots are finally broken in.",
        "There's no better sound than rain on a tent.",
    ],
    back: &[
        "Have you been out hiking lately, {other}?",
        "That view must be unreal! Was it far?",
        "I'd be scared at night. Weren't you?",
        "Nature is so healing. Who did you go with?",
        "Can I come next time?",
    ],
    captions: &[
        "a photo of a tent by a lake",
        "a photo of a campfire at night",
        "a photo of a valley with clouds",
        "a photo of muddy boots on a porch",
    ],
};

pub(super) const WATER: Theme = Theme {
    names: &["swimming", "the sea", "being in the water"],
    kinds: &[
        Kind {
            said: &[
                "I want to get my certificate in {value}, I've been saving for it all year.",
                "Next on my list of things to learn is {value}. I'm terrified and excited.",
                "I'm taking lessons in {value} now, I swallowed half the bay.",
            ],
            asked: &[
                "Are you trying something new in the water?",
                "What lessons are you taking at the coast?",
            ],
            answered: &["Yes, {value}!", "It's {value}, and I'm hopeless at it."],
            questions: &[
                "Which water sport is {who} learning?",
                "What is {who} taking lessons in at the coast?",
            ],
            values: &[
                "scuba diving",
                "kite surfing",
                "sailing",
                "paddle boarding",
                "high diving",
                "sea kayaking",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "I used to be afraid of deep water, ever since {value}.",
                "As a child I wouldn't go near a pool, all because {value}.",
            ],
            asked: &["Have you always liked to swim?", "Why were you afraid of water?"],
            answered: &["No, I panicked for years, since {value}.", "It started when {value}."],
            questions: &[
                "Why was {who} scared of water?",
                "What made {who} afraid of swimming?",
                "Where does {who}'s fear of deep water come from?",
            ],
            values: &[
                "my brother pushed me off a pier",
                "a wave pulled me under",
                "a jellyfish got me",
                "our boat turned over",
                "I saw a film about a shark",
            ],
            twisted: &["Why was {who} scared of dogs?", "What made {who} afraid of flying?"],
            ..KIND
        },
        Kind {
            said: &[
                "The kids' swim team asked me to be {value}! I said yes before they finished the sentence.",
                "From this season on I'm {value} at our swimming club.",
            ],
            asked: &["Do you do anything at the swim club?", "What's your job at the pool?"],
            answered: &["I'm {value} now.", "They made me {value}."],
            questions: &[
                "What role does {who} have at the swimming club?",
                "What did the swim team ask {who} to be?",
            ],
            values: &[
                "a lifeguard",
                "the treasurer",
                "a coach for beginners",
                "the timekeeper",
                "the team's driver",
            ],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "swam across the lake",
            also: "made it to the other shore of the lake without stopping",
            do_it: &["swim across the lake", "cross the lake"],
            ..EVENT
        },
        Event {
            did: "saw dolphins from a boat",
            also: "had dolphins jumping right next to our boat",
            do_it: &["see dolphins", "watch dolphins"],
            shown: &["a photo of two dolphins next to a boat"],
            ..EVENT
        },
    ],
    lists: &[],
    intents: &[],
    talk: &[
        "Salt on my skin, that's all I need.",
        "I float on my back and the world is quiet.",
        "The water was freezing, but I feel amazing.",
        "The beach is my favourite place to think.",
        "My hair smells of chlorine all the time.",
        "Watching the waves calms me down.",
    ],
    back: &[
        "Have you been to the beach lately, {other}?",
        "Isn't the water too cold now?",
        "I love the sea as well. Which beach is it?",
        "How many lengths do you swim?",
        "That sounds so refreshing. Do you go every week?",
    ],
    captions: &[
        "a photo of a sunset over the sea",
        "a photo of a pool with lanes",
        "a photo of shells on the sand",
        "a photo of a towel on a beach",
    ],
};

pub(super) const DANCE: Theme = Theme {
    names: &["dancing", "the dance studio", "my dance class"],
    kinds: &[
        Kind {
            said: &[
                "I fell in love with {value}, I dance it in the kitchen, in the lift, everywhere.",
                "We're doing {value} this term, and my hips don't lie, they complain.",
                "My favourite style is {value}, nothing else makes me feel so free.",
            ],
            asked: &["What kind of dance do you do?", "Which style do you like best?"],
            answered: &["{value}, always.", "Definitely {value}."],
            questions: &[
                "What style of dance does {who} prefer?",
                "Which dance is {who}'s favourite?",
                "What kind of dancing does {who} do?",
            ],
            values: &["tango", "swing", "salsa", "ballet", "tap dance", "flamenco", "breakdance"],
            shown: &[(
                "That's us at the end of term show. My feet hurt for a week!",
                "a photo of dancers on a stage under a banner for {value}",
            )],
            ..KIND
        },
        Kind {
            said: &[
                "We came {value} in the competition! I still can't believe it.",
                "My group placed {value} at the regional contest.",
            ],
            asked: &[
                "How did your group do in the competition?",
                "Did you win that dance contest?",
            ],
            answered: &["We came {value}!", "We ended up {value}, not bad at all."],
            questions: &[
                "Which place did {who}'s group get at the dance competition?",
                "How did {who} do in the dance contest?",
            ],
            values: &["first", "second", "third", "fifth", "next to last", "seventh"],
            twisted: &[
                "Which place did {who} get at the cooking contest?",
                "How did {who} do in the spelling contest?",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "I started to dance after {value}, I needed to feel alive.",
                "You know when I took my first dance class? Right after {value}.",
            ],
            asked: &["What made you start dancing?", "When did you start to dance?"],
            answered: &["It was after {value}.", "Right after {value}."],
            questions: &[
                "What event led {who} to start dancing?",
                "After what did {who} begin to dance?",
            ],
            values: &[
                "my divorce",
                "the accident",
                "my fortieth birthday",
                "losing my job at the bank",
                "my best friend's wedding",
            ],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "performed in front of three hundred people",
            also: "danced on the big stage of the town theatre",
            do_it: &["perform on a big stage", "dance at the town theatre"],
            shown: &["a photo of a stage with red curtains"],
            ..EVENT
        },
        Event {
            did: "taught a dance lesson for the first time",
            also: "stood in front of the class as the teacher, my first time",
            do_it: &["teach a dance lesson", "give a first dance lesson"],
            ..EVENT
        },
    ],
    lists: &[],
    intents: &[],
    talk: &[
        "When the music starts I forget everything.",
        "I have two left feet, but nobody cares.",
        "Dance is my way to let it all out.",
        "We rehearse three evenings a week.",
        "My shoes are worn through again.",
        "The others in the group feel like family.",
    ],
    back: &[
        "How's dance going, {other}?",
        "I'd love to see you on stage! When can I?",
        "I've got no rhythm at all. Is it for beginners as well?",
        "That must take so much discipline. How do you do it?",
        "Do you dance with a partner?",
    ],
    captions: &[
        "a photo of ballet shoes on a wooden floor",
        "a photo of a mirror wall in a studio",
        "a photo of a group in costumes",
    ],
};

pub(super) const TEAM: Theme = Theme {
    names: &["football", "the team", "our matches"],
    kinds: &[
        Kind {
            said: &[
                "I play {value} this season, the coach thinks I'm good there.",
                "They moved me, I'm {value} now. New view of the field!",
            ],
            asked: &["Which position do you play?", "Where does the coach put you?"],
            answered: &["I'm {value}, mostly.", "As {value}, since the summer."],
            questions: &["What position does {who} play?", "Where on the field does {who} play?"],
            values: &[
                "goalkeeper",
                "left back",
                "striker",
                "right wing",
                "centre midfield",
                "sweeper",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "We won {value}! I scored with my knee, but a goal is a goal.",
                "What a match, it ended {value} for us.",
                "{value} against the league leaders, we're still singing.",
            ],
            asked: &["How did your game end?", "Did you win on Saturday?"],
            answered: &["Yes, {value}!", "{value} for us, what a day."],
            questions: &[
                "What was the score of {who}'s match?",
                "How did the game of {who}'s team end?",
            ],
            values: &[
                "three to two",
                "four nil",
                "one nil",
                "five to one",
                "two nil",
                "six to four",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "I've been a fan of {value} since I was five, my dad took me to every home game.",
                "On match days I wear my lucky {value} shirt, don't laugh.",
                "{value} lost again and I'm not talking to anybody today.",
            ],
            asked: &["Which club do you support?", "Who are you cheering for this season?"],
            answered: &["{value}, through thick and thin.", "{value}, since I was a kid."],
            questions: &[
                "Which club does {who} support?",
                "Of which team is {who} a fan?",
                "Who does {who} cheer for?",
            ],
            values: &[
                "the River Hawks",
                "Eastport United",
                "the Iron Bees",
                "Northgate Rovers",
                "the Thunder Colts",
                "Atletico Miramar",
            ],
            shown: &[(
                "Best seats I've ever had! I had goosebumps during the anthem.",
                "a photo of a stadium with a big flag of {value}",
            )],
            twisted: &[
                "Which club does {who}'s uncle support?",
                "Of which club was {who} the president?",
            ],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "scored my first goal",
            also: "finally hit the net, for the first time ever",
            do_it: &["score a goal", "score for the first time"],
            ..EVENT
        },
        Event {
            did: "tore a ligament in training",
            also: "heard a pop in my knee and that was my season over",
            do_it: &["tear a ligament", "get injured in training"],
            ..EVENT
        },
        Event {
            did: "met my favourite player at the airport",
            also: "ran into the captain of my club and got a picture",
            do_it: &["meet a favourite player", "meet a football star"],
            shown: &["a photo of two people smiling at an airport"],
            ..EVENT
        },
    ],
    lists: &[],
    intents: &[],
    talk: &[
        "Winning isn't everything, but it helps.",
        "Training was tough today.",
        "We celebrate every goal like it's the last.",
        "There's nothing like the smell of fresh grass.",
        "The other teams train more than we do.",
        "The referee needs glasses.",
    ],
    back: &[
        "How's the season going, {other}?",
        "That's awesome! Are you playing next weekend?",
        "Do you get nervous before a game?",
        "Team spirit is everything. Who's your best player?",
        "Who's the toughest team in your league?",
    ],
    captions: &[
        "a photo of a ball on wet grass",
        "a photo of a team with raised arms",
        "a photo of a scoreboard",
        "a photo of boots hanging on a hook",
    ],
};

pub(super) const TRAVEL: Theme = Theme {
    names: &["travelling", "the holidays", "seeing the world"],
    kinds: &[
        Kind {
            said: &[
                "My dream is to see {value} one day, I have a picture of it on my fridge.",
                "If money didn't matter I'd be on a plane to {value} tomorrow.",
                "{value} is on the top of my list, I'm putting coins in a jar for it.",
            ],
            asked: &[
                "Where would you go if you could go anywhere?",
                "What's your dream destination?",
            ],
            answered: &["{value}, without thinking.", "It has always been {value}."],
            questions: &[
                "Which place does {who} dream of visiting?",
                "What is {who}'s dream destination?",
                "Where does {who} want to travel most?",
            ],
            values: &[
                "Iceland",
                "Madagascar",
                "Patagonia",
                "New Zealand",
                "Jordan",
                "Mongolia",
                "the Galápagos",
            ],
            twisted: &[
                "Which place does {who} never want to see again?",
                "Where did {who}'s parents meet?",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "The best thing I brought back from my trip is {value}. It stands right by my bed.",
                "From the market there I only bought {value}. The seller wouldn't let me go.",
            ],
            asked: &["Did you bring anything home from your trip?", "Any souvenirs?"],
            answered: &["Just {value}.", "Yes, {value}, it filled half of my suitcase."],
            questions: &[
                "What souvenir did {who} bring back?",
                "What did {who} buy on the trip?",
                "Which thing did {who} take home from abroad?",
            ],
            values: &[
                "a copper kettle",
                "a wooden mask",
                "a hand-painted fan",
                "a rug with birds",
                "a jar of sea salt",
                "a brass compass",
            ],
            shown: &[(
                "Guess which thing from the market made it home in one piece!",
                "a photo of {value} on a night table",
            )],
            ..KIND
        },
        Kind {
            said: &[
                "On my last vacation {value}. I can laugh about it now.",
                "Travel story of the year: {value}, on the very first day!",
            ],
            asked: &[
                "How was your vacation? Everything fine?",
                "Did anything go wrong on your trip?",
            ],
            answered: &["Well, {value}.", "Everything but one thing: {value}."],
            questions: &[
                "What mishap did {who} have on vacation?",
                "What went wrong on {who}'s holiday?",
            ],
            values: &[
                "the airline lost my suitcase",
                "I locked myself out in a bathrobe",
                "the rental car broke down in a tunnel",
                "my passport fell into a fountain",
                "we took a train in the wrong direction",
            ],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "took a road trip along the coast",
            also: "drove down the coast with the windows open and no plan",
            do_it: &["take a road trip", "drive along the coast"],
            shown: &["a photo of a car on a road by the sea"],
            ..EVENT
        },
        Event {
            did: "renewed my passport",
            also: "stood in line for a new passport",
            do_it: &["renew the passport", "get a new passport"],
            ..EVENT
        },
        Event {
            did: "missed a flight because of fog",
            also: "watched my plane leave without me, all because of fog",
            do_it: &["miss a flight", "miss a plane"],
            ..EVENT
        },
    ],
    lists: &[List {
        questions: &[
            "Which countries has {who} visited?",
            "Where has {who} been on vacation?",
            "Which countries has {who} travelled to?",
        ],
        told: &[
            ("Greece", "I got back from {value} on Sunday, I've never seen such blue water.", ""),
            (
                "Morocco",
                "The spices, the colours! A week in {value} and I don't want to come home.",
                "",
            ),
            ("Japan", "Everything in {value} ran on time, even me.", ""),
            ("Norway", "My camera broke, so you have to believe me that {value} is stunning.", ""),
            ("Mexico", "We ate our way through {value}, I've gained three kilos.", ""),
            (
                "Croatia",
                "That's where we spent our honeymoon, I miss it so much.",
                "a photo of a harbour with the flag of {value}",
            ),
            ("Kenya", "A colleague invited me to a wedding in {value}. I danced for two days.", ""),
            ("Italy", "I only wanted to see the canals, and stayed in {value} for a month.", ""),
        ],
        ..LIST
    }],
    intents: &[Intent {
        planned: &[
            "I fly out {when}, my suitcase is still empty!",
            "{when} we're off on our big vacation.",
        ],
        done: &[
            "So we got back from the big vacation {when}. The best part was {value}.",
            "My flight home was {when}, I'm so tired! But {value} was unforgettable.",
        ],
        when_planned: &[
            "When does {who} leave for the vacation?",
            "When is {who} going to fly out?",
        ],
        when_done: &[
            "When did {who} come back from the vacation?",
            "When was {who}'s flight home?",
        ],
        outcome: &[
            "What was the best part of {who}'s vacation?",
            "What did {who} like most about the trip?",
        ],
        values: &[
            "the night market",
            "the balloon ride",
            "snorkelling with turtles",
            "the sleeper train",
        ],
    }],
    talk: &[
        "Packing light is a skill I'll never have.",
        "I always come home a bit different.",
        "Airports make me so happy and so tired.",
        "I'm already looking at maps again.",
        "There's so much to see, and so little time off.",
        "The best stories come from the worst trips.",
        "I love getting lost in a new city.",
    ],
    back: &[
        "Any trips coming up, {other}?",
        "That sounds like an adventure! What was the food like?",
        "Did you take many pictures?",
        "I'm so jealous. How long did you stay?",
        "Do you like to travel alone?",
    ],
    captions: &[
        "a photo of a plane wing above clouds",
        "a photo of a narrow street with lanterns",
        "a photo of an open suitcase",
        "a photo of a market with fruit",
    ],
};

pub(super) const WHEELS: Theme = Theme {
    names: &["the old car", "my bike", "the garage"],
    kinds: &[
        Kind {
            said: &[
                "I bought {value}! It needs work, but I've dreamt of it for ten years.",
                "There's {value} in my garage now, my wallet is empty and my heart is full.",
                "I traded in the old thing and drive {value} now.",
            ],
            asked: &["So, what did you buy in the end?", "What are you driving these days?"],
            answered: &["I got {value}.", "{value}, believe it or not."],
            questions: &[
                "What vehicle did {who} buy?",
                "What does {who} drive?",
                "Which vehicle is in {who}'s garage?",
            ],
            values: &[
                "a yellow camper van",
                "a vintage scooter",
                "a used pickup truck",
                "a convertible from the sixties",
                "an electric cargo bike",
                "a three-wheeled car",
            ],
            shown: &[(
                "Look what's standing in front of my house! I still can't believe it's mine.",
                "a photo of {value} in a driveway",
            )],
            twisted: &["What vehicle did {who}'s sister buy?", "What boat does {who} own?"],
            ..KIND
        },
        Kind {
            said: &[
                "My car broke down again, the mechanic says it's {value}.",
                "They towed me off the highway. It's {value} this time.",
            ],
            asked: &["What's wrong with your car?", "Is your car running again?"],
            answered: &["The trouble is {value}.", "Not yet, it's {value}."],
            questions: &[
                "What was broken on {who}'s car?",
                "Why did {who}'s car stop working?",
                "What did the mechanic say about {who}'s car?",
            ],
            values: &[
                "the fuel pump",
                "the clutch",
                "a dead battery",
                "the timing belt",
                "a hole in the radiator",
                "a chewed cable",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "I cycle to {value} and back now, it's my favourite ride.",
                "My usual tour on the bike goes out to {value}.",
            ],
            asked: &["Where do you ride your bike?", "What's your favourite tour?"],
            answered: &["Out to {value}.", "To {value}, if the wind is kind."],
            questions: &[
                "Where does {who} like to cycle?",
                "What is the goal of {who}'s favourite bike ride?",
            ],
            values: &[
                "the windmill",
                "the monastery",
                "the ferry landing",
                "the airfield",
                "the cider farm",
                "the observatory",
            ],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "passed my driving test",
            also: "got my licence on the fourth try",
            do_it: &["pass the driving test", "get the driving licence"],
            shown: &["a photo of a hand holding a card out of a car window"],
            ..EVENT
        },
        Event {
            did: "had my bike stolen",
            also: "came out of the store and my bicycle was gone",
            do_it: &["lose the bike to a thief", "have a bicycle stolen"],
            ..EVENT
        },
        Event {
            did: "had a little accident at the crossing",
            also: "got hit by a van, nobody was hurt",
            do_it: &["have a car accident", "get into an accident"],
            ..EVENT
        },
    ],
    lists: &[],
    intents: &[],
    talk: &[
        "I could spend whole days under the hood.",
        "My hands are black with oil.",
        "The engine purrs like a cat.",
        "A long drive with good music is my kind of evening.",
        "Parts are so hard to find these days.",
        "The wind was against me both ways.",
    ],
    back: &[
        "How's the car, {other}?",
        "Did you fix it by yourself?",
        "That must have cost a lot! Was it worth it?",
        "Will you take me for a ride?",
        "How long have you been into cars?",
    ],
    captions: &[
        "a photo of an engine with the hood open",
        "a photo of a bicycle leaning on a wall",
        "a photo of a road at sunset",
    ],
};
