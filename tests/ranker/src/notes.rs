//! Makes up stores of plain notes, and questions that one of them answers, or none: short facts, each by itself, that
//! nobody says to anybody.
//!
//! They are unlike the conversations of [`crate::worklog`] in what doubt is told by there: no question names who wrote.
//! What makes them hard is that a question that nothing answers asks for things of the same kinds: for something that
//! is not told of though others like it are, for what is not told of something, or for a kind of which nothing is told.
//!
//! The same seed makes the same stores.

use std::collections::{BTreeMap, BTreeSet};

use voyager_memory::evaluate::{Date, MONTHS, Seen, Turn};

use crate::draw::{Draw, fill};

/// How much is made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// How many stores.
    pub stores: usize,
    /// Fewest and most notes of each.
    pub notes: (usize, usize),
    /// Questions about each, half of which something answers.
    pub questions: usize,
}

/// A store of notes.
#[derive(Clone, Debug, PartialEq)]
pub struct Notes {
    /// The notes and the questions.
    pub seen: Seen,
    /// For each question whether something answers it.
    pub answered: Vec<bool>,
}

/// What notes tell of one kind of things.
struct Group {
    /// What a thing is called: a template of two words.
    name: &'static str,
    first: &'static [&'static str],
    second: &'static [&'static str],
    facts: &'static [Fact],
}

/// What can be told of a thing, and asked. A question and what answers it are drawn apart from each other.
struct Fact {
    said: &'static [&'static str],
    asked: &'static [&'static str],
}

const KIN: &[&str] = &[
    "aunt",
    "uncle",
    "cousin",
    "neighbour",
    "godson",
    "landlord",
    "teacher",
    "trainer",
    "colleague",
    "friend",
    "niece",
    "nephew",
    "tenant",
    "doctor",
    "lawyer",
    "gardener",
    "midwife",
    "guide",
    "partner",
    "driver",
    "brother",
    "sister",
    "boss",
    "plumber",
];
const NAMES: &[&str] = &[
    "Rosa", "Emil", "Karla", "Hugo", "Nadia", "Piet", "Selma", "Ivan", "Greta", "Oscar", "Lena",
    "Marco", "Doris", "Felix", "Yara", "Anton", "Wanda", "Boris", "Clara", "Jonas", "Paula",
    "Viktor", "Irma", "Silas", "Frida", "Louis", "Elsa", "Mattis", "Rita", "Tomas", "Helga",
    "Arno", "Signe", "Dario", "Olga", "Kasper", "Mina", "Rolf", "Tilda", "Enzo", "Berta", "Leo",
];
const PLACES: &[&str] = &[
    "pharmacy",
    "bakery",
    "library",
    "museum",
    "school",
    "swimming pool",
    "butcher",
    "barber",
    "bookshop",
    "post office",
    "bank",
    "garage",
    "hospital",
    "kindergarten",
    "theatre",
    "cinema",
    "market",
    "gym",
    "florist",
    "tailor",
    "town hall",
    "cafe",
    "campsite",
    "harbour office",
    "optician",
    "vet",
    "laundry",
    "recycling yard",
    "playground",
    "chapel",
];
const TOWNS: &[&str] = &[
    "Ludlow", "Trieste", "Bergen", "Porto", "Gdansk", "Verona", "Graz", "Leiden", "Aarhus",
    "Nantes", "Tartu", "Bilbao", "Split", "Ghent", "Malmo", "Cork", "Basel", "Siena", "Brno",
    "Turku", "Lucca", "Bath", "Dundee", "Arles", "Cadiz", "Kotor", "Lund", "Ulm", "Nafplio",
    "Faro",
];
const THINGS: &[&str] = &[
    "lamp",
    "table",
    "curtain",
    "carpet",
    "shelf",
    "window",
    "radiator",
    "mirror",
    "sofa",
    "bed",
    "wardrobe",
    "clock",
    "picture",
    "chair",
    "bench",
    "stove",
    "sink",
    "tap",
    "fan",
    "blind",
    "desk",
    "chest",
    "ceiling",
    "wall",
    "staircase",
    "cupboard",
    "switch",
    "heater",
    "railing",
    "floor",
];
const ROOMS: &[&str] = &[
    "attic",
    "kitchen",
    "hall",
    "bathroom",
    "garage",
    "nursery",
    "office",
    "bedroom",
    "shed",
    "pantry",
    "workshop",
    "living room",
    "guest room",
    "loft",
    "laundry room",
    "greenhouse",
    "balcony",
    "basement",
    "studio",
    "conservatory",
];
const HOW: &[&str] = &[
    "small", "long", "old", "heavy", "new", "broken", "blue", "spare", "electric", "wooden",
    "rusty", "good", "cheap", "folding", "short", "narrow", "round", "sharp", "red", "yellow",
];
const TOOLS: &[&str] = &[
    "ladder",
    "drill",
    "saw",
    "hammer",
    "tent",
    "bicycle pump",
    "rope",
    "sleeping bag",
    "wrench",
    "suitcase",
    "umbrella",
    "camera",
    "charger",
    "torch",
    "wheelbarrow",
    "axe",
    "paint brush",
    "extension cord",
    "spirit level",
    "toolbox",
    "thermos",
    "tripod",
    "backpack",
    "screwdriver",
    "kayak",
    "sewing machine",
    "hose",
    "rake",
];
const AREAS: &[&str] = &[
    "billing",
    "staging",
    "search",
    "login",
    "export",
    "mail",
    "metrics",
    "image",
    "session",
    "report",
    "backup",
    "payment",
    "inventory",
    "chat",
    "map",
    "invoice",
    "archive",
    "upload",
    "review",
    "license",
    "partner",
    "mobile",
    "audit",
    "pricing",
];
const SERVICES: &[&str] = &[
    "gateway",
    "database",
    "worker",
    "queue",
    "proxy",
    "cache",
    "scheduler",
    "dashboard",
    "cluster",
    "bucket",
    "crawler",
    "relay",
    "mirror",
    "runner",
    "broker",
    "registry",
    "indexer",
    "monitor",
    "bridge",
    "daemon",
];
const OF_WHAT: &[&str] = &[
    "pumpkin", "lentil", "apple", "leek", "mushroom", "plum", "carrot", "potato", "cherry",
    "spinach", "tomato", "walnut", "chicken", "salmon", "lemon", "onion", "rhubarb", "bean",
    "cheese", "pear", "beetroot", "almond",
];
const DISHES: &[&str] = &[
    "soup",
    "cake",
    "pie",
    "stew",
    "casserole",
    "curry",
    "tart",
    "gratin",
    "salad",
    "risotto",
    "dumplings",
    "pancakes",
    "strudel",
    "lasagne",
    "quiche",
    "crumble",
    "omelette",
    "bread",
    "muffins",
    "pudding",
];
const COLOURS: &[&str] = &[
    "green",
    "white",
    "grey",
    "black",
    "orange",
    "purple",
    "brown",
    "turquoise",
    "pink",
    "beige",
    "crimson",
    "navy",
];
const MATERIALS: &[&str] = &[
    "oak", "steel", "marble", "bamboo", "glass", "pine", "copper", "linen", "wool", "plastic",
    "concrete", "brass",
];
const JOBS: &[&str] = &[
    "carpenter",
    "nurse",
    "translator",
    "pilot",
    "baker",
    "judge",
    "welder",
    "surveyor",
    "chemist",
    "fisherman",
    "printer",
    "cook",
    "notary",
    "beekeeper",
    "programmer",
    "editor",
];
const DRINKS: &[&str] = &[
    "peppermint tea",
    "black coffee",
    "oat milk",
    "tomato juice",
    "cider",
    "cocoa",
    "ginger beer",
    "sparkling water",
    "espresso",
    "buttermilk",
    "green tea",
    "elderflower syrup",
];
const FOODS: &[&str] = &[
    "hazelnuts",
    "nutmeg",
    "shrimps",
    "celery",
    "cinnamon",
    "soy",
    "garlic",
    "mustard",
    "sesame",
    "cream",
    "thyme",
    "vinegar",
    "strawberries",
    "peanuts",
    "honey",
    "ginger",
];
const STREETS: &[&str] = &[
    "Mill Lane",
    "Station Road",
    "Chestnut Street",
    "Canal Street",
    "Church Square",
    "Elm Avenue",
    "Harbour Street",
    "King Street",
    "Meadow Road",
    "Bridge Street",
    "Tower Hill",
    "Rose Alley",
];
const HOSTS: &[&str] =
    &["heron", "magpie", "osprey", "falcon", "puffin", "raven", "stork", "swift", "wren", "ibis"];
const WEEKDAYS: &[&str] =
    &["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// What facts are filled with beside the name of the thing and a number.
const VALUES: [(&str, &[&str]); 14] = [
    ("month", &MONTHS),
    ("town", TOWNS),
    ("street", STREETS),
    ("job", JOBS),
    ("drink", DRINKS),
    ("food", FOODS),
    ("colour", COLOURS),
    ("material", MATERIALS),
    ("name", NAMES),
    ("room", ROOMS),
    ("host", HOSTS),
    ("weekday", WEEKDAYS),
    ("dish", DISHES),
    ("place", PLACES),
];

const GROUPS: [Group; 6] = [
    Group {
        name: "{first} {second}",
        first: KIN,
        second: NAMES,
        facts: &[
            Fact {
                said: &[
                    "{it}'s birthday is on {day} {month}.",
                    "{it} has a birthday on the {day} of {month}.",
                    "{it} was born on {day} {month}.",
                ],
                asked: &[
                    "When is {it}'s birthday?",
                    "When was {it} born?",
                    "On which day is the birthday of {it}?",
                ],
            },
            Fact {
                said: &[
                    "{it} lives in {town}.",
                    "{it} moved to {town}.",
                    "{it} lives at {number} {street}.",
                ],
                asked: &[
                    "Where does {it} live?",
                    "What is the address of {it}?",
                    "Which town is {it}'s home?",
                ],
            },
            Fact {
                said: &[
                    "{it} works as a {job}.",
                    "{it} is a {job} now.",
                    "{it} earns a living as a {job}.",
                ],
                asked: &[
                    "What does {it} do for a living?",
                    "What is {it}'s job?",
                    "What does {it} work as?",
                ],
            },
            Fact {
                said: &["{it} drinks {drink}.", "{it} takes {drink} in the morning."],
                asked: &["What does {it} like to drink?", "Which drink does {it} take?"],
            },
            Fact {
                said: &["{it} is allergic to {food}.", "{it} must not eat {food}."],
                asked: &["What is {it} allergic to?", "What can {it} not eat?"],
            },
            Fact {
                said: &["{it}'s phone number is {number}.", "Call {it} at {number}."],
                asked: &["What is the phone number of {it}?", "How do I reach {it}?"],
            },
        ],
    },
    Group {
        name: "the {first} in {second}",
        first: PLACES,
        second: TOWNS,
        facts: &[
            Fact {
                said: &["{it} opens at {hour}.", "{it} is open from {hour} on."],
                asked: &["When does {it} open?", "What are the opening hours of {it}?"],
            },
            Fact {
                said: &["{it} is at {number} {street}.", "{it} is on {street}."],
                asked: &[
                    "Where is {it}?",
                    "What is the address of {it}?",
                    "On which street is {it}?",
                ],
            },
            Fact {
                said: &["{it} belongs to {name}.", "{name} runs {it}."],
                asked: &["Who runs {it}?", "Who owns {it}?", "Whom does {it} belong to?"],
            },
            Fact {
                said: &["{it} is closed on {weekday}s.", "{it} has its day off on {weekday}s."],
                asked: &["On which day is {it} closed?", "When is {it} shut?"],
            },
        ],
    },
    Group {
        name: "the {first} in the {second}",
        first: THINGS,
        second: ROOMS,
        facts: &[
            Fact {
                said: &["{it} is {colour}.", "{it} was painted {colour}."],
                asked: &["What colour is {it}?", "Which colour does {it} have?"],
            },
            Fact {
                said: &["{it} cost {number} euros.", "{number} euros were paid for {it}."],
                asked: &["How much did {it} cost?", "What was the price of {it}?"],
            },
            Fact {
                said: &["{it} is made of {material}.", "{it} is all {material}."],
                asked: &["What is {it} made of?", "Which material is {it}?"],
            },
            Fact {
                said: &["{it} was bought in {town}.", "{it} comes from {town}."],
                asked: &["Where was {it} bought?", "Where does {it} come from?"],
            },
            Fact {
                said: &["{name} repaired {it}.", "{it} was fixed by {name}."],
                asked: &["Who repaired {it}?", "Who fixed {it}?"],
            },
        ],
    },
    Group {
        name: "the {first} {second}",
        first: HOW,
        second: TOOLS,
        facts: &[
            Fact {
                said: &[
                    "{it} is in the {room}.",
                    "{it} hangs in the {room}.",
                    "I put {it} into the {room}.",
                ],
                asked: &["Where is {it}?", "Where do we keep {it}?", "Where did I put {it}?"],
            },
            Fact {
                said: &["{name} borrowed {it}.", "{it} was lent to {name}."],
                asked: &["Who has {it}?", "Who borrowed {it}?"],
            },
            Fact {
                said: &["{it} cost {number} euros.", "I paid {number} euros for {it}."],
                asked: &["How much was {it}?", "What did {it} cost?"],
            },
        ],
    },
    Group {
        name: "the {first} {second}",
        first: AREAS,
        second: SERVICES,
        facts: &[
            Fact {
                said: &["{it} listens on port {number}.", "The port of {it} is {number}."],
                asked: &["Which port does {it} use?", "On which port does {it} listen?"],
            },
            Fact {
                said: &["{it} runs on {host}.", "{it} was moved to {host}."],
                asked: &["Where does {it} run?", "Which machine hosts {it}?"],
            },
            Fact {
                said: &["{name} looks after {it}.", "{it} is maintained by {name}."],
                asked: &["Who maintains {it}?", "Who is responsible for {it}?"],
            },
            Fact {
                said: &["The password of {it} is {host}-{number}."],
                asked: &["What is the password of {it}?", "How do I log into {it}?"],
            },
            Fact {
                said: &["{it} restarts every {weekday}.", "{it} goes down on {weekday}s."],
                asked: &["When does {it} restart?", "On which day is {it} restarted?"],
            },
        ],
    },
    Group {
        name: "the {first} {second}",
        first: OF_WHAT,
        second: DISHES,
        facts: &[
            Fact {
                said: &["{it} takes {number} minutes.", "{it} bakes for {number} minutes."],
                asked: &["How long does {it} take?", "How many minutes does {it} bake?"],
            },
            Fact {
                said: &["{it} needs {food}.", "The secret of {it} is {food}."],
                asked: &["What goes into {it}?", "What is the secret of {it}?"],
            },
            Fact {
                said: &["{name} loves {it}.", "{it} is what {name} asks for."],
                asked: &["Who likes {it}?", "Whose favourite is {it}?"],
            },
        ],
    },
];

/// Notes that tell nothing that is asked for.
const ASIDES: &[&str] = &[
    "Met {name} near the {place} and talked about {town}.",
    "Remember to buy {food} and {drink} for {weekday}.",
    "{name} sent a postcard from {town} with a {job} on it.",
    "Too tired for the {dish}, slept in the {room} instead.",
    "Read about a {job} who walked from {town} in {month}.",
    "The weather in {month} was better than on {weekday}.",
    "Dreamt of {host} and {material}.",
    "Idea: paint something {colour}, ask {name}.",
];

/// So many notes of each store tell something.
const TELLING_MIN: usize = 10;

/// How often a question that nothing answers is looked for.
const TRIES: usize = 1_000;

/// A thing: the number of its group, and of its words.
type Thing = (usize, usize, usize);

/// Makes stores up.
pub fn generate(seed: u64, size: Size) -> Vec<Notes> {
    (0..size.stores).map(|number| Making::new(seed, number, size).store(size)).collect()
}

/// A store in the making.
struct Making {
    draw: Draw,
    name: String,
    /// Which groups notes are told of.
    groups: Vec<usize>,
    /// What was told of each thing: the numbers of the facts.
    told: BTreeMap<Thing, BTreeSet<usize>>,
    texts: Vec<String>,
}

impl Making {
    fn new(seed: u64, number: usize, size: Size) -> Self {
        let draw = Draw::new("notes", seed, number as u64);
        let all: Vec<usize> = (0..GROUPS.len()).collect();
        let groups = draw.some(&all, draw.between(1, GROUPS.len()));
        let mut making = Self {
            draw,
            name: format!("notes {seed}.{number}"),
            groups,
            told: BTreeMap::new(),
            texts: Vec::new(),
        };
        // Stores of every size as often: sizes are drawn by how often they double.
        let (least, most) = (size.notes.0 as f64, size.notes.1 as f64);
        let share = making.draw.below(1_001) as f64 / 1_000.0;
        let count = (least * (most / least).powf(share)).round() as usize;
        making.tell(count);
        making
    }

    /// Tells so much, in half of the stores amid notes that tell nothing.
    fn tell(&mut self, count: usize) {
        let telling = if self.draw.chance(50) { 100 } else { self.draw.between(2, 60) };
        let mut noise = BTreeSet::new();
        while self.texts.len() < count {
            // Some things are told of more than once.
            let known = self.told.keys().copied().collect::<Vec<_>>();
            let thing = match self.draw.chance(40) && !known.is_empty() {
                true => *self.draw.pick(&known),
                false => self.thing(self.groups[self.draw.below(self.groups.len())]),
            };
            let fact = self.draw.below(GROUPS[thing.0].facts.len());
            let tells = self.texts.len() < TELLING_MIN || self.draw.chance(telling);
            if tells && self.told.entry(thing).or_default().insert(fact) {
                let said = self.draw.word(GROUPS[thing.0].facts[fact].said);
                let text = self.filled(said, thing);
                self.texts.push(text);
            } else {
                let text = self.aside();
                if noise.insert(text.clone()) || self.draw.chance(5) {
                    self.texts.push(text);
                }
            }
        }
        self.draw.shuffle(&mut self.texts);
    }

    /// A thing of a group.
    fn thing(&self, group: usize) -> Thing {
        let Group { first, second, .. } = &GROUPS[group];
        (group, self.draw.below(first.len()), self.draw.below(second.len()))
    }

    /// What a thing is called.
    fn name(&self, (group, first, second): Thing) -> String {
        let of = &GROUPS[group];
        of.name.replace("{first}", of.first[first]).replace("{second}", of.second[second])
    }

    fn filled(&self, template: &str, thing: Thing) -> String {
        let (number, day) = (self.draw.between(3, 9_999), self.draw.between(1, 28));
        let hour = format!("{}:{}0", self.draw.between(6, 11), self.draw.below(6));
        let (name, number, day) = (self.name(thing), number.to_string(), day.to_string());
        let mut slots: Vec<(&str, &str)> = VALUES.map(|it| (it.0, self.draw.word(it.1))).to_vec();
        slots.extend([("it", &*name), ("number", &*number), ("day", &*day), ("hour", &*hour)]);
        fill(template, &slots)
    }

    /// A note that tells nothing that is asked for: a sentence, or words by lot.
    fn aside(&self) -> String {
        if self.draw.chance(50) {
            return self.filled(self.draw.word(ASIDES), (0, 0, 0));
        }
        let word = |_| {
            let list = VALUES[self.draw.below(VALUES.len())].1;
            self.draw.word(list).to_lowercase()
        };
        (0..self.draw.between(3, 12)).map(word).collect::<Vec<_>>().join(" ")
    }

    fn store(self, size: Size) -> Notes {
        let (mut questions, mut answered) = (Vec::new(), Vec::new());
        for number in 0..size.questions {
            let is_answered = number % 2 == 0;
            let text = if is_answered { Some(self.told()) } else { self.untold() };
            let Some(text) = text else { continue };
            questions.push(text);
            answered.push(is_answered);
        }
        // Notes of a folder stand in threads, those that were added one by one do not.
        let in_threads = self.draw.chance(30);
        let first = Date::new(2024, 1, 1).expect("it is a day").number();
        let turn = |(number, text): (usize, &String)| Turn {
            speaker: String::new(),
            id: format!("n{number}"),
            text: text.clone(),
            caption: None,
            session: if in_threads { number as u32 / 8 + 1 } else { 0 },
            at: Date::of(first + number as u32 / 8).at(9, 0),
        };
        let turns = self.texts.iter().enumerate().map(turn).collect();
        Notes { seen: Seen { name: self.name, turns, questions }, answered }
    }

    /// A question that something answers.
    fn told(&self) -> String {
        let things: Vec<(&Thing, &BTreeSet<usize>)> = self.told.iter().collect();
        let (thing, facts) = *self.draw.pick(&things);
        let facts: Vec<usize> = facts.iter().copied().collect();
        match self.draw.below(20) {
            0 => self.word(*thing),
            1 | 2 => self.name(*thing),
            _ => self.asked(*thing, *self.draw.pick(&facts)),
        }
    }

    /// A question that nothing answers; none where none is found soon.
    fn untold(&self) -> Option<String> {
        let told: Vec<Thing> = self.told.keys().copied().collect();
        for _ in 0..TRIES {
            let of_told = self.thing(*self.draw.pick(&self.groups));
            let of_all = self.thing(self.draw.below(GROUPS.len()));
            let (thing, fits) = match self.draw.below(3) {
                // A thing that is not told of.
                0 => (of_told, !self.told.contains_key(&of_told)),
                // A thing of a kind of which nothing is told.
                1 => (of_all, !self.groups.contains(&of_all.0)),
                // What is not told of a thing.
                _ => {
                    let thing = *self.draw.pick(&told);
                    let fact = self.draw.below(GROUPS[thing.0].facts.len());
                    if self.told[&thing].contains(&fact) {
                        continue;
                    }
                    return Some(self.asked(thing, fact));
                }
            };
            if !fits {
                continue;
            }
            let word = self.word(thing);
            return match self.draw.below(20) {
                0 if self.texts.iter().any(|it| it.to_lowercase().contains(&word)) => continue,
                0 => Some(word),
                1 | 2 => Some(self.name(thing)),
                _ => Some(self.asked(thing, self.draw.below(GROUPS[thing.0].facts.len()))),
            };
        }
        None
    }

    /// Asks for what a fact tells of a thing.
    fn asked(&self, thing: Thing, fact: usize) -> String {
        fill(self.draw.word(GROUPS[thing.0].facts[fact].asked), &[("it", &self.name(thing))])
    }

    /// A word for a thing, and for others like it.
    fn word(&self, (group, first, _): Thing) -> String {
        GROUPS[group].first[first].to_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use voyager_memory::terms;

    use super::*;

    const SIZE: Size = Size { stores: 8, notes: (100, 2_000), questions: 60 };

    #[test]
    fn the_same_seed_makes_the_same() {
        assert_eq!(generate(1, SIZE), generate(1, SIZE));
        assert_ne!(generate(2, SIZE), generate(1, SIZE));
    }

    #[test]
    fn sizes_are_those_that_were_asked_for_and_half_of_the_questions_have_an_answer() {
        for Notes { seen, answered } in generate(3, SIZE) {
            assert!((100..=2_000).contains(&seen.turns.len()), "{} notes", seen.turns.len());
            assert!(seen.turns.iter().all(|it| it.full() == it.text), "nobody says them");
            assert_eq!(seen.questions.len(), answered.len());
            let answered = answered.iter().filter(|it| **it).count();
            assert!(answered == 30 && seen.questions.len() > 50, "{answered} have an answer");
        }
    }

    #[test]
    fn what_is_asked_and_has_an_answer_is_told_of() {
        for Notes { seen, answered } in generate(4, SIZE) {
            let words = |text: &str| terms::terms(text).into_iter().collect::<BTreeSet<_>>();
            let notes: Vec<BTreeSet<String>> =
                seen.turns.iter().map(|it| words(&it.text)).collect();
            let shares = |question: &String| {
                let asked = words(question);
                notes.iter().any(|it| it.intersection(&asked).count() >= asked.len().min(2))
            };
            let of = seen.questions.iter().zip(answered).filter(|it| it.1);
            for (question, _) in of {
                assert!(shares(question), "{question}");
            }
        }
    }
}
