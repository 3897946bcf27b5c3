//! Everyday talk about those who live with somebody, and about the home.

use super::super::{
    facts::{EVENT, Event, KIND, Kind, LIST, List},
    setting::{Intent, Theme},
};

pub(super) const PETS: Theme = Theme {
    names: &["the pets", "my furry friends", "the animals"],
    kinds: &[
        Kind {
            said: &[
                "We have a puppy now! He answers to {value} already, at least when there's food.",
                "The little dog is finally home with us, and the kids voted for {value}.",
                "It took a whole family meeting, but the puppy is called {value} now.",
            ],
            asked: &["You got a puppy? What's he called?", "So does the new dog have a name yet?"],
            answered: &[
                "{value}! It was the only one all of us could agree on.",
                "After a week of arguing he became {value}.",
            ],
            questions: &[
                "What did {who} name the puppy?",
                "What is the name of {who}'s dog?",
                "Which name was chosen for {who}'s new dog?",
            ],
            values: &[
                "Biscuit", "Waffles", "Comet", "Pickle", "Domino", "Sherlock", "Mango", "Tofu",
            ],
            shown: &[(
                "Meet the newest member of the family! He chewed through a slipper within an hour.",
                "a photo of a puppy with a name tag that says {value}",
            )],
            twisted: &["What did {who} name the parrot?", "What is the name of {who}'s goldfish?"],
            ..KIND
        },
        Kind {
            said: &[
                "Funny thing about our cat, she insists on sleeping {value}.",
                "I found the cat {value} again this morning. It's her favourite place in the world.",
                "The cat has a bed for thirty dollars and sleeps {value} instead.",
            ],
            asked: &["Where does your cat hide all day?", "Does the cat use the bed you bought?"],
            answered: &[
                "No, she prefers to be {value}.",
                "Most nights she's {value}, the silly thing.",
            ],
            questions: &[
                "Where does {who}'s cat like to sleep?",
                "What is the favourite spot of {who}'s cat?",
            ],
            values: &[
                "in the bathroom sink",
                "on top of the piano",
                "inside the laundry basket",
                "behind the television",
                "in an old guitar case",
                "on the bread box",
                "under the bookshelf",
            ],
            shown: &[(
                "Look where I found her again. So much for the expensive cat bed!",
                "a photo of a cat curled up {value}",
            )],
            ..KIND
        },
        Kind {
            said: &[
                "The vet said it's nothing serious, just {value}. I was so worried about the dog.",
                "We rushed the dog to the animal clinic at midnight. It turned out to be {value}.",
                "Poor thing, the dog has {value}, so it's pills and rest for two weeks.",
            ],
            asked: &["How is your dog doing? You sounded worried.", "What did the vet say?"],
            answered: &[
                "Better, thank goodness. It was {value}.",
                "She thinks it's {value}, we caught it early.",
            ],
            questions: &[
                "What was wrong with {who}'s dog?",
                "Which illness did the vet find in {who}'s pet?",
                "Why did {who} have to take the dog to the vet?",
            ],
            values: &[
                "an ear infection",
                "a thorn in the paw",
                "a swallowed sock",
                "an allergy to chicken",
                "a sprained leg",
                "kennel cough",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "We taught our dog to {value}, it took three weeks and a mountain of treats.",
                "You won't believe what the dog can do now. He learned to {value}!",
                "All that training pays off. My dog can {value} on command.",
            ],
            asked: &["Any new tricks?", "How is the dog training going?"],
            answered: &[
                "Yes! He knows how to {value} now.",
                "Slowly, but at least he can {value}.",
            ],
            questions: &[
                "What trick did {who} teach the dog?",
                "What has {who}'s dog learned to do?",
            ],
            values: &[
                "fetch the newspaper",
                "close the fridge",
                "spin in circles",
                "high five",
                "balance a biscuit on the nose",
                "ring a bell at the door",
            ],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "adopted a kitten from the animal shelter",
            also: "brought home a tiny rescue cat",
            do_it: &["adopt a kitten", "get a cat from the shelter"],
            shown: &["a photo of a tiny kitten in a cardboard box"],
            ..EVENT
        },
        Event {
            did: "took the dog to the beach for the first time",
            also: "let our dog run into the waves, his very first time at the sea",
            do_it: &["take the dog to the beach", "bring the dog to the sea"],
            shown: &["a photo of a wet dog running along the shore"],
            ..EVENT
        },
        Event {
            did: "said goodbye to our old rabbit",
            also: "lost our rabbit, he was almost eleven",
            do_it: &["lose the rabbit", "say goodbye to a pet"],
            ..EVENT
        },
    ],
    lists: &[List {
        questions: &[
            "Which pets has {who} had?",
            "What animals has {who} looked after?",
            "What kinds of animals has {who} kept?",
        ],
        told: &[
            ("hamster", "When I was seven I had a {value} that escaped every other night.", ""),
            (
                "tortoise",
                "My uncle left me his {value} when he moved away. It ate all of my lettuce.",
                "",
            ),
            ("parakeet", "We used to have a noisy {value} who could whistle the news jingle.", ""),
            ("snake", "Don't be scared, but back in college I shared a room with a {value}.", ""),
            (
                "ferret",
                "My flatmate and I once raised a {value}. Never again, everything smelled.",
                "",
            ),
            (
                "goat",
                "This little one stayed with us on the farm for a summer, I fed her by bottle.",
                "a photo of a child feeding a {value} with a bottle",
            ),
            (
                "chickens",
                "Fresh breakfast every day! Having {value} in the yard was the best idea we ever had.",
                "",
            ),
            (
                "guinea pig",
                "Look at this old picture, he was my best friend in second grade.",
                "a photo of a {value} eating a carrot",
            ),
        ],
        ..LIST
    }],
    intents: &[Intent {
        planned: &[
            "We start puppy school {when}, I hope he behaves.",
            "{when} the dog has his first lesson with a trainer.",
        ],
        done: &[
            "Puppy school was {when}, and guess what, he {value}!",
            "So we went to that first lesson with the trainer {when}. My dog {value}.",
        ],
        when_planned: &[
            "When is {who}'s dog going to start training?",
            "When does puppy school begin for {who}?",
        ],
        when_done: &[
            "When did {who} go to the first lesson with the dog?",
            "When did {who} attend puppy school?",
        ],
        outcome: &[
            "How did {who}'s dog do at puppy school?",
            "What happened at the dog's first lesson with {who}?",
        ],
        values: &[
            "fell asleep on the trainer's foot",
            "stole everybody's treats",
            "made friends with a huge mastiff",
            "barked at his own tail",
        ],
    }],
    talk: &[
        "The dog follows me everywhere, even to the bathroom.",
        "Coming home to a wagging tail makes everything better.",
        "There's fur on every single thing I own.",
        "The cat and the dog still don't trust each other.",
        "Long walks in the morning with the dog are my favourite time of day.",
        "Pets really bring so much joy, don't they?",
        "He knocked over a plant today and looked so guilty.",
        "I could watch them play for hours.",
        "I spend more at the vet than at the dentist.",
    ],
    back: &[
        "How are your pets doing, {other}?",
        "Aww, so cute! How long have you had them?",
        "Do they get along with other dogs?",
        "Animals make a house a home. What are they up to?",
        "I'd love to have a dog some day. Is it a lot of work?",
        "Give them a cuddle from me! Do they like the garden?",
    ],
    captions: &[
        "a photo of a dog lying on a rug",
        "a photo of a cat looking out of a window",
        "a photo of two dogs playing in the grass",
        "a photo of a leash and a ball on a bench",
    ],
};

pub(super) const CHILDREN: Theme = Theme {
    names: &["the kids", "the children", "our little ones"],
    kinds: &[
        Kind {
            said: &[
                "My daughter wants to be {value} when she grows up. Last month it was a pirate.",
                "At dinner my little girl declared that she'll become {value}. We all clapped.",
                "You should have heard my daughter. She told her whole class she would be {value} one day.",
            ],
            asked: &[
                "Does your daughter know what she wants to be one day?",
                "What does your girl dream of?",
            ],
            answered: &["This week it's {value}.", "She's sure about it: {value}, nothing else."],
            questions: &[
                "What does {who}'s daughter want to become?",
                "Which profession does {who}'s daughter dream of?",
            ],
            values: &[
                "an astronaut",
                "a zookeeper",
                "a firefighter",
                "a marine biologist",
                "a train driver",
                "a judge",
                "a volcano researcher",
            ],
            twisted: &[
                "What does {who}'s nephew want to become?",
                "Which profession does {who}'s husband dream of?",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "My son has been obsessed with {value} lately, we hear about nothing else at dinner.",
                "The room of my boy is full of {value}, you can hardly walk in there.",
                "All my son asked for on his birthday was {value}.",
            ],
            asked: &["What is your son into these days?", "What does your boy like to play with?"],
            answered: &["{value}, from morning till night.", "Right now? It's all {value}."],
            questions: &[
                "What is {who}'s son crazy about?",
                "What is {who}'s son interested in?",
                "What does the son of {who} like most?",
            ],
            values: &[
                "dinosaurs",
                "steam trains",
                "magic tricks",
                "beetles",
                "toy excavators",
                "knights and castles",
                "paper planes",
            ],
            shown: &[(
                "This is what my living room looks like since my son found his new passion!",
                "a photo of a boy on the floor surrounded by {value}",
            )],
            ..KIND
        },
        Kind {
            said: &[
                "The kids and I built {value} on Saturday, it kept us busy all day.",
                "Rainy weekend, so we made {value} together with the children. They were so proud!",
                "My two helped me build {value}. Well, mostly they made a mess, but a happy one.",
            ],
            asked: &[
                "What did you do with the kids on the weekend?",
                "How do you keep the children busy when it rains?",
            ],
            answered: &["We built {value}, glue everywhere!", "Crafts! This time it was {value}."],
            questions: &[
                "What did {who} build with the children?",
                "What did {who} and the kids make together?",
                "Which craft project did {who} do with the little ones?",
            ],
            values: &[
                "a treehouse",
                "a cardboard rocket",
                "a bird feeder",
                "a soapbox car",
                "a dollhouse",
                "a blanket fort with three rooms",
                "a kite",
            ],
            shown: &[(
                "Look what came out of our rainy afternoon! The kids won't let anybody else touch it.",
                "a photo of two children in front of {value}",
            )],
            ..KIND
        },
        Kind {
            said: &[
                "We have our bedtime routine, and the kids can't sleep without {value}.",
                "Every night before lights out there has to be {value}, it's a family law.",
            ],
            asked: &["How do you get the kids to bed?", "Do your children have a ritual at night?"],
            answered: &[
                "Only with {value}.",
                "They demand {value}, and then they're out in a minute.",
            ],
            questions: &[
                "What do {who}'s children need before going to sleep?",
                "What is the bedtime ritual in {who}'s family?",
            ],
            values: &[
                "a chapter of a pirate story",
                "a song about a sleepy bear",
                "a cup of warm oat milk",
                "a pillow fight",
                "shadow puppets on the wall",
            ],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "took the kids to the aquarium",
            also: "spent the day among sharks and jellyfish with the children",
            do_it: &["take the kids to the aquarium", "visit the aquarium with the children"],
            shown: &["a photo of children in front of a huge fish tank"],
            ..EVENT
        },
        Event {
            did: "watched my daughter in her first school play",
            also: "cried a little when my girl stood on stage at school as a tree",
            do_it: &["see the daughter in a school play", "watch the school play"],
            shown: &["a photo of a school stage with paper trees"],
            ..EVENT
        },
        Event {
            did: "threw a birthday party for my son",
            also: "had twelve screaming children here for my boy's birthday",
            do_it: &["throw a birthday party for the son", "celebrate the birthday of the son"],
            shown: &["a photo of a birthday cake with seven candles"],
            ..EVENT
        },
    ],
    lists: &[List {
        questions: &[
            "What activities has {who} done with the children?",
            "What does {who} do with the kids?",
            "How does {who}'s family spend time together?",
        ],
        told: &[
            ("mini golf", "We played {value} today and my youngest beat all of us.", ""),
            (
                "a picnic",
                "The sun came out, so we packed {value} and lay in the meadow till evening.",
                "",
            ),
            ("sledding", "First real snow! The whole family went {value} behind the school.", ""),
            ("the zoo", "I promised them elephants, so off we went to {value} this morning.", ""),
            ("baking", "Sunday is {value} day in our family, everybody gets an apron.", ""),
            ("roller skating", "My knees hurt, the kids talked me into {value}.", ""),
            (
                "sandcastle",
                "Look at this masterpiece, it took the three of us two hours!",
                "a photo of a big {value} with a flag on top",
            ),
            (
                "puzzle",
                "No screens this evening, all of us sat around the table till it was done.",
                "a photo of a finished {value} of a lighthouse",
            ),
        ],
        ..LIST
    }],
    intents: &[],
    talk: &[
        "The kids keep me on my toes.",
        "They grow up way too fast, I swear they were babies yesterday.",
        "Getting everybody dressed for school is a sport of its own.",
        "Seeing them laugh makes all the tired days worth it.",
        "The little one lost a tooth and wrote a letter to the tooth fairy.",
        "My house is loud, sticky and full of love.",
        "They ask me a hundred questions a day.",
        "We had a quiet evening with the family for once.",
    ],
    back: &[
        "How are the kids, {other}?",
        "Kids are the best! What do they say about it?",
        "That must be so fun for the little ones. How old are they by now?",
        "You're such a good parent, {other}. How do you manage it all?",
        "Family time is precious. Do you do that often?",
    ],
    captions: &[
        "a photo of children drawing with chalk on a street",
        "a photo of a family on a couch",
        "a photo of small rubber boots by a door",
        "a drawing of a house with a rainbow",
    ],
};

pub(super) const PARENTS: Theme = Theme {
    names: &["my folks", "the relatives", "family back home"],
    kinds: &[
        Kind {
            said: &[
                "This necklace of mine? My grandmother gave it to me. She brought it over from {value}.",
                "My grandma grew up in {value}, and she still cooks like she never left.",
                "Half of my family is from {value}, on my grandmother's side.",
            ],
            asked: &["Where does your family come from?", "Is your grandma from around here?"],
            answered: &[
                "My grandmother came from {value} when she was nineteen.",
                "No, from {value}, she moved here for love.",
            ],
            questions: &[
                "Which country is {who}'s grandmother from?",
                "Where did the grandma of {who} grow up?",
                "From where does {who}'s family originate?",
            ],
            values: &[
                "Portugal", "Lebanon", "Sweden", "Hungary", "Vietnam", "Scotland", "Peru",
                "Georgia",
            ],
            twisted: &[
                "Which country is {who}'s neighbour from?",
                "From which country is {who}'s boss?",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "My dad retired, and he now spends all his days {value}.",
                "You should see my father since he stopped working. He's busy {value}, happier than ever.",
                "Dad called. He can't talk about anything but {value}.",
            ],
            asked: &[
                "How is your dad enjoying retirement?",
                "What is your father up to these days?",
            ],
            answered: &[
                "He loves it. He's out there {value} every day.",
                "{value}, can you imagine?",
            ],
            questions: &[
                "How does {who}'s father spend his retirement?",
                "What hobby did {who}'s dad take up?",
                "What keeps the father of {who} busy?",
            ],
            values: &[
                "keeping bees",
                "restoring radios",
                "carving wooden birds",
                "fishing for trout",
                "tracing the family tree",
                "building model ships",
            ],
            shown: &[(
                "Here's my dad in his element, he sends me one of these every day now!",
                "a photo of an old man {value}",
            )],
            ..KIND
        },
        Kind {
            said: &[
                "My sister is moving to {value} next year, I'll miss her so much.",
                "I just helped my sister pack. She got a job in {value}!",
                "It's official, my sister lives in {value} now. We talk on video every Sunday.",
            ],
            asked: &["How's your sister?", "Does your sister still live near you?"],
            answered: &[
                "Not any more, she left for {value}.",
                "She is in {value} now, and she loves it.",
            ],
            questions: &[
                "Where did {who}'s sister move?",
                "In which city does {who}'s sister live?",
                "Where is the sibling of {who} living?",
            ],
            values: &["Lisbon", "Toronto", "Seoul", "Cape Town", "Dublin", "Melbourne", "Santiago"],
            ..KIND
        },
        Kind {
            said: &[
                "Mom always told me: {value}. I think of it whenever things get hard.",
                "The best advice that I ever got came from my mother. It was {value}.",
                "My mother had a saying for every occasion, and the one that I live by is {value}.",
            ],
            asked: &["What did your mother teach you?", "Who gave you the best advice in life?"],
            answered: &[
                "My mom did. She used to say: {value}.",
                "{value}. That's Mom in one sentence.",
            ],
            questions: &[
                "What advice did {who} get from the mother?",
                "What lesson did {who}'s mom pass on?",
                "Which saying of the mother does {who} live by?",
            ],
            values: &[
                "be kind before being right",
                "finish what you start",
                "never go to bed angry",
                "small steps are steps too",
                "leave every place nicer than you found it",
            ],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "drove up to see my parents",
            also: "stayed with Mom and Dad for a couple of nights",
            do_it: &["visit the parents", "stay with the parents"],
            ..EVENT
        },
        Event {
            did: "flew home to meet the twins of my brother",
            also: "held my newborn nieces for the first time",
            do_it: &["meet the newborn nieces", "get two new nieces"],
            shown: &["a photo of two babies in striped blankets"],
            ..EVENT
        },
        Event {
            did: "went to my cousin's wedding",
            also: "danced until three at the wedding of my cousin",
            do_it: &["attend the wedding of a cousin", "go to a family wedding"],
            shown: &["a photo of a couple under a flower arch"],
            ..EVENT
        },
    ],
    lists: &[],
    intents: &[Intent {
        planned: &[
            "{when} we have the big family reunion, forty people in one garden!",
            "My whole family meets for a reunion {when}, pray for me.",
        ],
        done: &[
            "The family reunion was {when}. The highlight was {value}.",
            "I still have to tell you about our reunion {when}! All anybody talks about is {value}.",
        ],
        when_planned: &[
            "When is {who}'s family reunion going to be?",
            "When will {who}'s relatives come together?",
        ],
        when_done: &[
            "When did {who} have the family reunion?",
            "When did the relatives of {who} meet?",
        ],
        outcome: &[
            "What was the highlight of {who}'s family reunion?",
            "What do {who}'s relatives remember of the reunion?",
        ],
        values: &[
            "my uncle's juggling",
            "the three-legged race",
            "a cake shaped like a boat",
            "Grandpa's speech about the war of the lawnmowers",
        ],
    }],
    talk: &[
        "My family is a bit crazy, but I wouldn't trade them.",
        "I called Mom yesterday and we talked for two hours.",
        "I really miss my grandparents sometimes.",
        "Old family photos always make me emotional.",
        "Holidays at my parents' place are loud and full of food.",
        "My brother and I finally get along, it took only thirty years.",
        "Family means everything to me.",
    ],
    back: &[
        "How is your family, {other}?",
        "That's so sweet. Are you close to your parents?",
        "Family ties are so important. Do you see them often?",
        "What a lovely memory, {other}. Tell me more about them?",
        "Do you take after your mom or your dad?",
    ],
    captions: &[
        "a black and white photo of a couple on a porch",
        "a photo of a long table full of dishes",
        "a photo of an old woman knitting",
        "a photo of a family in front of a house",
    ],
};

pub(super) const HOUSE: Theme = Theme {
    names: &["the new place", "my apartment", "the house"],
    kinds: &[
        Kind {
            said: &[
                "We finally picked a colour for the living room: {value}! It feels like a different home.",
                "I spent two days painting, and the walls in the living room are {value} now.",
                "Guess who has paint in her hair? The living room went {value}.",
            ],
            asked: &["Did you decide on the walls?", "How does the living room look now?"],
            answered: &["Yes, {value}, and I love it.", "It's {value}, brave, I know."],
            questions: &[
                "What colour did {who} paint the living room?",
                "Which colour are {who}'s walls?",
            ],
            values: &[
                "sage green",
                "mustard yellow",
                "terracotta",
                "midnight blue",
                "dusty pink",
                "warm grey",
            ],
            shown: &[(
                "Ta-da! Two days of work and a sore back, but look at the living room now.",
                "a photo of a living room with {value} walls",
            )],
            twisted: &[
                "What colour did {who} paint the garage?",
                "Which colour is {who}'s front door?",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "I left the old flat because of {value}. I couldn't take it any longer.",
                "Honestly, {value} drove me out of my last apartment.",
                "You remember why I moved, don't you? {value}, every single night.",
            ],
            asked: &["What made you move?", "Why did you leave your old place? It was so pretty."],
            answered: &["It was {value} in the end.", "Pretty, but {value} was too much for me."],
            questions: &[
                "Why did {who} move out of the old apartment?",
                "What was the reason for {who}'s move?",
                "What bothered {who} about the previous home?",
            ],
            values: &[
                "the mould in the bathroom",
                "the drummer upstairs",
                "the rent going up again",
                "the trains under my window",
                "the broken heating",
                "the landlord's temper",
            ],
            ..KIND
        },
        Kind {
            said: &[
                "I found {value} at the flea market, and it fits perfectly in my hallway.",
                "My best buy for the house so far is {value}, for almost nothing!",
                "Somebody on our street was giving away {value}, so of course I carried it home.",
            ],
            asked: &["Is the house furnished by now?", "Found anything nice for your place?"],
            answered: &["Almost. I just got {value}.", "Yes! {value}, and it was a bargain."],
            questions: &[
                "What did {who} find for the home?",
                "Which piece did {who} get second hand?",
                "What bargain did {who} make for the house?",
            ],
            values: &[
                "a velvet armchair",
                "an old apothecary cabinet",
                "a grandfather clock",
                "a brass floor lamp",
                "a huge round mirror",
                "a church bench",
            ],
            shown: &[(
                "You'll never guess what I paid for this! It was just standing at a flea market.",
                "a photo of {value} in a hallway",
            )],
            ..KIND
        },
        Kind {
            said: &[
                "My neighbour is {value}, so the evenings never get boring here.",
                "The lady next door used to be {value}. She tells the best stories over the fence.",
            ],
            asked: &["Have you met the people next door?", "Nice neighbours?"],
            answered: &["Oh yes, one is {value}!", "Very. The old man below me was {value}."],
            questions: &[
                "What is the occupation of {who}'s neighbour?",
                "Who lives next door to {who}?",
            ],
            values: &[
                "a retired circus acrobat",
                "an opera singer",
                "a clockmaker",
                "a former spy, or so she says",
                "a beekeeper",
                "a pilot",
            ],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "got the keys to the new apartment",
            also: "signed for the flat and stood in the empty rooms grinning",
            do_it: &["get the keys to the new apartment", "move into a new place"],
            shown: &["a photo of a hand holding two keys"],
            ..EVENT
        },
        Event {
            did: "had a pipe burst in the kitchen",
            also: "came home to a flooded kitchen",
            do_it: &["have a flood in the kitchen", "have trouble with a burst pipe"],
            ..EVENT
        },
    ],
    lists: &[List {
        questions: &[
            "What has {who} repaired or built at home?",
            "Which improvements did {who} make to the house?",
            "What renovations did {who} do?",
        ],
        told: &[
            ("bookshelf", "I put up a {value} all by myself, and it's even straight.", ""),
            (
                "roof",
                "We had dry weather, so I climbed up and patched the {value}. Never look down!",
                "",
            ),
            ("tiles", "New {value} in the bathroom, I cut every single one by hand.", ""),
            ("door", "The {value} no longer squeaks. It took oil and a lot of bad words.", ""),
            (
                "patio",
                "It's done! We can finally have breakfast outside.",
                "a photo of a stone {value} with a table and two chairs",
            ),
            (
                "fence",
                "My shoulders are killing me, but at least nobody's dog walks through our yard now.",
                "a photo of a freshly painted wooden {value}",
            ),
        ],
        ..LIST
    }],
    intents: &[Intent {
        planned: &[
            "I'm throwing a housewarming {when}, you have to come!",
            "{when} all my friends come over to see the new place.",
        ],
        done: &[
            "The housewarming {when} was great, somebody even brought {value}.",
            "You missed my housewarming {when}! Best gift: {value}.",
        ],
        when_planned: &[
            "When is {who}'s housewarming party?",
            "When does {who} want to celebrate the new home?",
        ],
        when_done: &[
            "When did {who} have the housewarming?",
            "When did {who} celebrate the new place?",
        ],
        outcome: &[
            "What gift did {who} get at the housewarming?",
            "What did a guest bring to {who}'s new place?",
        ],
        values: &["a lemon tree", "a cuckoo clock", "a fondue set", "a doormat with a llama"],
    }],
    talk: &[
        "Boxes everywhere, I can't find a single spoon.",
        "It starts to feel like home, slowly.",
        "The light in the mornings is beautiful here.",
        "I never thought I'd get excited about curtains.",
        "There's always something to fix in a house.",
        "My place is small but cozy.",
        "I sat on the balcony with a cup of tea and felt so calm.",
    ],
    back: &[
        "How's the new place, {other}?",
        "It must feel great to have your own space. Are you settled in?",
        "I can't wait to see it! Do you have a guest room?",
        "A home is what you make of it. What's left to do?",
        "Do you like the neighbourhood?",
    ],
    captions: &[
        "a photo of moving boxes in a bright room",
        "a photo of a couch with many cushions",
        "a photo of a window with plants",
        "a photo of a toolbox on the floor",
    ],
};

pub(super) const GARDEN: Theme = Theme {
    names: &["the garden", "gardening", "my vegetable patch"],
    kinds: &[
        Kind {
            said: &[
                "I planted {value} this spring and they're taking over everything.",
                "My {value} are coming up at last, I check on them three times a day.",
                "This year I'm trying {value}. The old lady at the nursery talked me into it.",
            ],
            asked: &["What are you growing this year?", "Anything in your garden yet?"],
            answered: &["Mostly {value}.", "{value}! They grow like mad."],
            questions: &[
                "What did {who} plant in the garden?",
                "What is {who} growing?",
                "Which plants does {who} have in the vegetable patch?",
            ],
            values: &[
                "purple carrots",
                "sunflowers",
                "giant pumpkins",
                "strawberries",
                "artichokes",
                "sweet peas",
                "chilli peppers",
            ],
            shown: &[(
                "Everything's blooming! I'm so proud of what came up this year.",
                "a photo of {value} in a raised bed",
            )],
            ..KIND
        },
        Kind {
            said: &[
                "Something was eating my lettuce, and I caught it at last: {value}!",
                "My beds are ruined. {value} came in the night and left nothing.",
                "The war in my garden goes on, {value} won this round.",
            ],
            asked: &[
                "How come your plants look so sad?",
                "Did you find out who steals your salad?",
            ],
            answered: &[
                "It's {value}, would you believe it?",
                "{value}. I saw it with my own eyes.",
            ],
            questions: &[
                "What damaged {who}'s garden?",
                "Which animal got into {who}'s vegetables?",
                "What has been eating {who}'s plants?",
            ],
            values: &[
                "a family of rabbits",
                "an army of slugs",
                "a very fat pigeon",
                "a hedgehog",
                "two escaped sheep",
                "a deer",
            ],
            twisted: &["What damaged {who}'s roof?", "Which animal got into {who}'s car?"],
            ..KIND
        },
        Kind {
            said: &[
                "Gardening is how I deal with stress, it gives me {value}.",
                "When my hands are in the soil I feel {value}, nothing else does that for me.",
            ],
            asked: &["What do you like so much about gardening?", "Why all the digging, {other}?"],
            answered: &["It gives me {value}.", "I get {value} from it, it's hard to explain."],
            questions: &[
                "What does {who} get out of gardening?",
                "Why does {who} enjoy working with plants?",
                "What does the garden give {who}?",
            ],
            values: &[
                "a sense of peace",
                "time to think",
                "hope for the next season",
                "patience with everything else",
                "a reason to get up early",
            ],
            ..KIND
        },
    ],
    events: &[
        Event {
            did: "joined the community garden",
            also: "got a plot of my own at the shared garden down the road",
            do_it: &["join the community garden", "get a plot in a shared garden"],
            ..EVENT
        },
        Event {
            did: "picked the first tomatoes",
            also: "ate the very first tomato off my own plant",
            do_it: &["harvest the first tomatoes", "pick tomatoes"],
            shown: &["a photo of a bowl of ripe tomatoes"],
            ..EVENT
        },
        Event {
            did: "built a greenhouse out of old windows",
            also: "put up a little greenhouse behind the shed",
            do_it: &["build a greenhouse", "put up a glasshouse"],
            shown: &["a photo of a small greenhouse made of windows"],
            ..EVENT
        },
    ],
    lists: &[],
    intents: &[],
    talk: &[
        "I spent the whole morning pulling weeds.",
        "There's nothing like the smell of wet soil.",
        "My thumbs are getting greener every year.",
        "The bees love it out there.",
        "I gave half the harvest to the neighbours.",
        "It hasn't rained in weeks, the poor plants.",
        "Watching things grow is so calming.",
    ],
    back: &[
        "How is the garden, {other}?",
        "I kill every plant I touch. What's your secret?",
        "Fresh vegetables are the best! Do you grow herbs as well?",
        "That sounds so peaceful. How much time does it take?",
        "Your garden must look amazing by now?",
    ],
    captions: &[
        "a photo of flowers along a path",
        "a photo of muddy gloves and a small shovel",
        "a photo of a butterfly on a purple flower",
        "a photo of seedlings on a window sill",
    ],
};
