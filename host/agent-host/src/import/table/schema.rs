//! Which columns a file has, and how each says what a record says: writers have several ways for the same.

use parquet::{
    basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical},
    schema::types::{Type, TypePtr},
};

/// Names of the columns, as lines of JSON have them.
pub(super) const NAMES: [&str; 16] = [
    "id",
    "space",
    "text",
    "author",
    "thread",
    "at",
    "kind",
    "tags",
    "fields",
    "importance",
    "confidence",
    "pinned",
    "archived",
    "supersedes",
    "trust",
    "relations",
];

/// What is written.
pub(super) const WRITTEN: &str = "
message memory {
  required binary id (STRING);
  required binary space (STRING);
  required binary text (STRING);
  optional binary author (STRING);
  optional binary thread (STRING);
  optional int64 at (TIMESTAMP(MICROS,true));
  required binary kind (STRING);
  required group tags (LIST) { repeated group list { required binary element (STRING); } }
  required group fields (MAP) {
    repeated group key_value { required binary key (STRING); required binary value (STRING); }
  }
  required float importance;
  required float confidence;
  required boolean pinned;
  required boolean archived;
  required group supersedes (LIST) { repeated group list { required binary element (STRING); } }
  optional binary trust (STRING);
  required group relations (LIST) {
    repeated group list {
      required group element {
        required binary kind (STRING);
        required binary to (STRING);
        required float weight;
      }
    }
  }
}";

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Text,
    Whole,
    Real,
    YesOrNo,
    /// So many of them are a second.
    Ticks(i64),
    Days,
    /// Days and nanoseconds, as was usual once.
    Old,
    /// It has none: all are null.
    Nothing,
    /// Something that no record says.
    Other,
}

/// A column as it lies in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    /// Which of all.
    pub(super) index: usize,
    /// Names from the outermost group on.
    pub(super) path: Vec<String>,
    pub(super) sort: Sort,
    /// Whether its whole numbers have no sign.
    pub(super) is_unsigned: bool,
    /// The level of definition at which a value is there.
    pub(super) there: i16,
    /// The one at which there is an element of the list, where it is in one.
    pub(super) element: Option<i16>,
    /// How many lists it is in.
    pub(super) lists: i16,
}

impl Leaf {
    fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }
}

/// Columns that together say one thing: places among the leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// One value a row. A list is its JSON there.
    One(usize),
    /// A list.
    Many(usize),
    /// A list of names with values.
    Pairs(usize, usize),
    /// A list of lists of a name and its value: pandas writes so what it read as a map.
    Couples(usize),
    /// A column for each name.
    Struct(Vec<usize>),
    /// A list of relations: kind, to, weight.
    Links(usize, usize, Option<usize>),
}

/// What a file's columns are.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub(super) leaves: Vec<Leaf>,
    /// In the order of [`NAMES`].
    pub(super) shapes: [Option<Shape>; NAMES.len()],
}

impl Columns {
    /// Looks at a schema.
    ///
    /// # Errors
    /// The number of a column, from 1, and what is wrong with it.
    pub(super) fn of(root: &Type) -> Result<Self, (u64, String)> {
        let mut columns = Self::default();
        if !root.is_group() {
            return Err((1, "the file has no columns".to_owned()));
        }
        for (number, field) in (1..).zip(root.get_fields()) {
            let name = field.name();
            let Some(place) = NAMES.iter().position(|it| *it == name) else {
                let known = NAMES.map(|it| format!("`{it}`")).join(", ");
                return Err((number, format!("unknown column `{name}`, expected one of {known}")));
            };
            if columns.shapes[place].is_some() {
                return Err((number, format!("there are two columns `{name}`")));
            }
            let first = columns.leaves.len();
            columns.add(field, &mut Vec::new(), (0, 0, None));
            let shape = shape(name, &columns.leaves, first);
            columns.shapes[place] =
                Some(shape.ok_or_else(|| (number, format!("{name}: {}", wanted(name))))?);
        }
        if columns.shapes[2].is_none() {
            return Err((1, "there is no column `text`".to_owned()));
        }
        Ok(columns)
    }

    fn add(
        &mut self,
        field: &TypePtr,
        path: &mut Vec<String>,
        (mut there, mut lists, mut element): (i16, i16, Option<i16>),
    ) {
        let about = field.get_basic_info();
        if !about.has_repetition() || about.repetition() != Repetition::REQUIRED {
            there += 1;
        }
        if about.has_repetition() && about.repetition() == Repetition::REPEATED {
            lists += 1;
            element = Some(there);
        }
        path.push(field.name().to_owned());
        if field.is_group() {
            for child in field.get_fields() {
                self.add(child, path, (there, lists, element));
            }
        } else {
            let (index, path) = (self.leaves.len(), path.clone());
            let (sort, is_unsigned) = (sort(field), is_unsigned(field));
            self.leaves.push(Leaf { index, path, sort, is_unsigned, there, element, lists });
        }
        path.pop();
    }

    /// The shape of a column.
    pub(super) fn shape(&self, name: &str) -> Option<&Shape> {
        let place = NAMES.iter().position(|it| *it == name)?;
        self.shapes[place].as_ref()
    }

    /// Its number in the file, from 1, as people count columns.
    pub(super) fn number(&self, name: &str) -> u64 {
        let mut names: Vec<&str> = self.leaves.iter().map(|it| it.path[0].as_str()).collect();
        names.dedup();
        names.iter().position(|it| *it == name).map_or(1, |it| it as u64 + 1)
    }
}

fn sort(field: &Type) -> Sort {
    let about = field.get_basic_info();
    match about.logical_type_ref() {
        Some(LogicalType::Unknown) => return Sort::Nothing,
        Some(LogicalType::Decimal(_) | LogicalType::Time(_) | LogicalType::Float16) => {
            return Sort::Other;
        }
        _ => {}
    }
    match field.get_physical_type() {
        Physical::BYTE_ARRAY => Sort::Text,
        Physical::BOOLEAN => Sort::YesOrNo,
        Physical::FLOAT | Physical::DOUBLE => Sort::Real,
        Physical::INT96 => Sort::Old,
        Physical::FIXED_LEN_BYTE_ARRAY => Sort::Other,
        Physical::INT32 if about.converted_type() == ConvertedType::DATE => Sort::Days,
        Physical::INT32 if matches!(about.logical_type_ref(), Some(LogicalType::Date)) => {
            Sort::Days
        }
        Physical::INT32 => Sort::Whole,
        Physical::INT64 => match (about.logical_type_ref(), about.converted_type()) {
            (Some(LogicalType::Timestamp(it)), _) => Sort::Ticks(match it.unit {
                TimeUnit::MILLIS => 1_000,
                TimeUnit::MICROS => 1_000_000,
                TimeUnit::NANOS => 1_000_000_000,
            }),
            (_, ConvertedType::TIMESTAMP_MILLIS) => Sort::Ticks(1_000),
            (_, ConvertedType::TIMESTAMP_MICROS) => Sort::Ticks(1_000_000),
            _ => Sort::Whole,
        },
    }
}

fn is_unsigned(field: &Type) -> bool {
    use ConvertedType::{UINT_8, UINT_16, UINT_32, UINT_64};
    let about = field.get_basic_info();
    match about.logical_type_ref() {
        Some(LogicalType::Integer(it)) => !it.is_signed,
        _ => matches!(about.converted_type(), UINT_8 | UINT_16 | UINT_32 | UINT_64),
    }
}

/// How the leaves from `first` on say what the column of this name says; nothing where they don't.
fn shape(name: &str, leaves: &[Leaf], first: usize) -> Option<Shape> {
    use Sort::{Days, Nothing, Old, Real, Text, Ticks, Whole, YesOrNo};
    let own = &leaves[first..];
    let all = |may: &[Sort]| own.iter().all(|it| it.sort == Nothing || may.contains(&it.sort));
    let is_one = own.len() == 1 && own[0].lists == 0 && own[0].path.len() == 1;
    let is_list = !own.is_empty() && own.iter().all(|it| it.lists == 1);
    let one = |may: &[Sort]| (is_one && all(may)).then_some(Shape::One(first));
    let named = |names: &[&str]| {
        let found = own.iter().position(|it| names.contains(&it.name()));
        found.map(|it| first + it)
    };
    match name {
        "space" | "text" | "author" | "thread" | "kind" | "trust" => one(&[Text]),
        "id" => one(&[Text, Whole]),
        "importance" | "confidence" => one(&[Real, Whole]),
        "pinned" | "archived" => one(&[YesOrNo]),
        "at" if is_one && matches!(own[0].sort, Ticks(_)) => Some(Shape::One(first)),
        "at" => one(&[Text, Whole, Real, Days, Old]),
        "tags" if is_list && own.len() == 1 && all(&[Text]) => Some(Shape::Many(first)),
        "supersedes" if is_list && own.len() == 1 && all(&[Text, Whole]) => {
            Some(Shape::Many(first))
        }
        "fields" if own.len() == 1 && own[0].lists == 2 && all(&[Text]) => {
            Some(Shape::Couples(first))
        }
        "fields" if is_list && own.len() == 2 && all(&[Text]) => {
            Some(Shape::Pairs(named(&["key", "name"])?, named(&["value"])?))
        }
        "fields"
            if !is_one
                && all(&[Text])
                && own.iter().all(|it| it.lists == 0 && it.path.len() == 2) =>
        {
            Some(Shape::Struct((first..leaves.len()).collect()))
        }
        "relations" if is_list && (2..=3).contains(&own.len()) => {
            let (kind, to, weight) = (named(&["kind"])?, named(&["to"])?, named(&["weight"]));
            let is = |place: usize, may: &[Sort]| {
                leaves[place].sort == Nothing || may.contains(&leaves[place].sort)
            };
            let fits = is(kind, &[Text]) && is(to, &[Text, Whole]);
            let fits = fits && weight.is_none_or(|it| is(it, &[Real, Whole]));
            (fits && own.len() == 2 + usize::from(weight.is_some()))
                .then_some(Shape::Links(kind, to, weight))
        }
        "tags" | "supersedes" | "fields" | "relations" => one(&[Text]),
        _ => None,
    }
}

/// What a column of this name has to be.
fn wanted(name: &str) -> &'static str {
    match name {
        "id" => "a text like `m12` or a whole number is wanted",
        "at" => "a timestamp, a date, a text, or a number is wanted",
        "importance" | "confidence" => "a number is wanted",
        "pinned" | "archived" => "a boolean is wanted",
        "tags" | "supersedes" => "a list is wanted, or a text with a list as JSON",
        "fields" => "a map of texts is wanted, a struct of texts, or a text with an object as JSON",
        "relations" => {
            "a list of structs of `kind`, `to` and `weight` is wanted, or a text with such a list as JSON"
        }
        _ => "a text is wanted",
    }
}
