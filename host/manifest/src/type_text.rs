//! Reads types as they are written in manifests: WIT's, and a few words for people.

use voyager_base::{
    Type,
    types::{Field, IntKind, Named},
};

use crate::{nearest::nearest, scalar::is_name};

/// Most levels of a type: whoever walks it recurses.
const DEPTH_MAX: usize = 16;
/// Most bytes of a type's text.
const TEXT_BYTES_MAX: usize = 4_000;

/// The words that stand for a type alone.
pub(crate) const WORDS: [&str; 27] = [
    "bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char", "string",
    "int", "float", "bytes", "path", "duration", "size", "choice", "list", "option", "tuple",
    "record", "enum", "flags", SECRET,
];

/// The word for an input without a value that anything could name.
pub(crate) const SECRET: &str = "secret";

/// Words of other languages.
const FOREIGN: [(&str, &str); 14] = [
    ("str", "string"),
    ("text", "string"),
    ("integer", "int"),
    ("number", "float"),
    ("double", "f64"),
    ("boolean", "bool"),
    ("array", "list<...>"),
    ("object", "record { ... }"),
    ("map", "record { ... }"),
    ("file", "path"),
    ("folder", "path"),
    ("i32", "s32"),
    ("i64", "s64"),
    ("select", "choice"),
];

/// What is wrong with a type's text, and where.
#[derive(Debug, PartialEq)]
pub(crate) struct TypeError {
    pub(crate) at: std::ops::Range<usize>,
    pub(crate) message: String,
    pub(crate) help: String,
}

/// The type that `text` names. `path` is a string; `duration` (milliseconds) and `size` (bytes) are
/// `u64`; `choice` is an enum without names.
pub(crate) fn parse(text: &str) -> Result<Type, TypeError> {
    if text.len() > TEXT_BYTES_MAX {
        let message = format!("a type has at most {TEXT_BYTES_MAX} bytes");
        return Err(TypeError { at: 0..0, message, help: String::new() });
    }
    let mut parser = Parser { text, at: 0, depth: 0 };
    let ty = parser.ty()?;
    parser.space();
    if parser.at < text.len() {
        return Err(parser.wrong("the type ends before this"));
    }
    Ok(ty)
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn ty(&mut self) -> Result<Type, TypeError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.wrong(format!("types are nested at most {DEPTH_MAX} deep")));
        }
        self.space();
        let start = self.at;
        let word = self.word();
        let ty = match word {
            "bool" => Type::Bool,
            "s8" => Type::Int(IntKind::S8),
            "u8" => Type::Int(IntKind::U8),
            "s16" => Type::Int(IntKind::S16),
            "u16" => Type::Int(IntKind::U16),
            "s32" => Type::Int(IntKind::S32),
            "u32" => Type::Int(IntKind::U32),
            "s64" | "int" => Type::Int(IntKind::S64),
            "u64" | "duration" | "size" => Type::Int(IntKind::U64),
            "f32" => Type::F32,
            "f64" | "float" => Type::F64,
            "char" => Type::Char,
            "string" | "path" => Type::String,
            "bytes" => Type::Bytes,
            "choice" => Type::Enum(Named::new(None, Vec::new())),
            "list" => {
                let mut inner = self.inner(1, 1)?;
                Type::list(inner.remove(0))
            }
            "option" => {
                let mut inner = self.inner(1, 1)?;
                Type::option(inner.remove(0))
            }
            "tuple" => Type::Tuple(self.inner(1, 16)?),
            "record" => self.record()?,
            "enum" => Type::Enum(Named::new(None, self.names()?)),
            "flags" => Type::Flags(Named::new(None, self.names()?)),
            SECRET => {
                return Err(TypeError {
                    at: start..start + word.len(),
                    message: "a secret is no value, so only an input as a whole is one".to_owned(),
                    help: "declare an input with `type: secret`".to_owned(),
                });
            }
            _ => return Err(self.unknown(start, word)),
        };
        self.depth -= 1;
        Ok(ty)
    }

    fn unknown(&self, start: usize, word: &str) -> TypeError {
        if word.is_empty() {
            return self.wrong("a type is missing");
        }
        let foreign = FOREIGN.iter().find(|(foreign, _)| foreign.eq_ignore_ascii_case(word));
        let near = foreign.map(|(_, ours)| *ours).or_else(|| nearest(word, WORDS));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", WORDS.join(", ")),
        };
        let message = format!("there is no type `{}`", crate::shape::clip(word));
        TypeError { at: start..start + word.len(), message, help }
    }

    fn inner(&mut self, least: usize, most: usize) -> Result<Vec<Type>, TypeError> {
        self.take('<')?;
        let mut types = vec![self.ty()?];
        while self.peek() == Some(',') {
            self.take(',')?;
            types.push(self.ty()?);
        }
        self.take('>')?;
        if types.len() < least || types.len() > most {
            return Err(self.wrong(format!("{} types stand in `<>`", types.len())));
        }
        Ok(types)
    }

    fn record(&mut self) -> Result<Type, TypeError> {
        let mut fields: Vec<Field> = Vec::new();
        self.take('{')?;
        while self.peek() != Some('}') {
            let name = self.name(fields.iter().map(|field| field.name.as_str()))?;
            self.take(':')?;
            fields.push(Field { name, ty: self.ty()?, docs: String::new() });
            if self.peek() != Some(',') {
                break;
            }
            self.take(',')?;
        }
        self.take('}')?;
        Ok(Type::Record(Named::new(None, fields)))
    }

    fn names(&mut self) -> Result<Vec<String>, TypeError> {
        let mut names: Vec<String> = Vec::new();
        self.take('{')?;
        while self.peek() != Some('}') {
            let name = self.name(names.iter().map(String::as_str))?;
            names.push(name);
            if self.peek() != Some(',') {
                break;
            }
            self.take(',')?;
        }
        self.take('}')?;
        if names.is_empty() { Err(self.wrong("no names stand in `{}`")) } else { Ok(names) }
    }

    fn name<'n>(&mut self, mut known: impl Iterator<Item = &'n str>) -> Result<String, TypeError> {
        self.space();
        let start = self.at;
        let name = self.word().to_owned();
        let problem = if !is_name(&name) {
            format!("`{}` is no name", crate::shape::clip(&name))
        } else if known.any(|known| known == name) {
            format!("the name `{name}` stands twice")
        } else {
            return Ok(name);
        };
        let help = "names are lower-case words joined by `-`".to_owned();
        Err(TypeError { at: start..self.at, message: problem, help })
    }

    fn word(&mut self) -> &'t str {
        self.space();
        let start = self.at;
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let length = self.text[start..].find(|c| !is_part(c)).unwrap_or(self.text.len() - start);
        self.at += length;
        &self.text[start..start + length]
    }

    fn peek(&mut self) -> Option<char> {
        self.space();
        self.text[self.at..].chars().next()
    }

    fn take(&mut self, mark: char) -> Result<(), TypeError> {
        if self.peek() == Some(mark) {
            self.at += mark.len_utf8();
            return Ok(());
        }
        Err(self.wrong(format!("`{mark}` is missing")))
    }

    fn space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn wrong(&self, message: impl Into<String>) -> TypeError {
        let length = self.text[self.at..].chars().next().map_or(0, char::len_utf8);
        let help =
            "for example `list<string>`, `option<u32>`, `record { name: string, size: u64 }`";
        TypeError { at: self.at..self.at + length, message: message.into(), help: help.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_read_back_as_they_are_shown() {
        for text in [
            "list<string>",
            "option<list<u8>>",
            "tuple<string, u32>",
            "record { name: string, size: option<f64> }",
            "enum { low, high }",
        ] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
        assert_eq!(parse(" list < int > ").unwrap().to_string(), "list<s64>");
    }

    #[test]
    fn mistakes_in_types_are_named_with_their_place() {
        let message = |text: &str| {
            let error = parse(text).unwrap_err();
            format!("{}: {} ({})", &text[error.at], error.message, error.help)
        };
        assert_eq!(message("list<str>"), "str: there is no type `str` (did you mean `string`?)");
        assert_eq!(message("strng"), "strng: there is no type `strng` (did you mean `string`?)");
        assert!(message("list<string").starts_with(": `>` is missing"));
        assert!(message("").starts_with(": a type is missing"));
        assert!(message("record { a: bool, a: bool }").starts_with("a: the name `a` stands twice"));
        assert!(message(&"list<".repeat(1_000)).contains("at most 4000 bytes"));
        assert!(message(&"list<".repeat(100)).contains("at most 16 deep"));
    }
}
