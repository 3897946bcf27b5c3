//! Strict YAML 1.2 with places: a tree of texts, lists and mappings.
//!
//! Nothing is interpreted here: a scalar keeps its text and whether it was quoted, and the type of
//! the field decides what it means. What reads differently elsewhere (tags, merge keys, tabs, equal
//! keys, keys that are no texts) is refused. Size, depth and what aliases expand to are bounded.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
};

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, Span};

use crate::{
    code::Code,
    diagnostic::{Finding, Findings},
};

/// Most bytes of a text.
pub(crate) const TEXT_BYTES_MAX: usize = 1 << 20;
/// Most levels of lists and mappings: whoever walks the tree recurses.
const DEPTH_MAX: usize = 64;
/// Most nodes, aliases expanded.
const NODES_MAX: usize = 100_000;

/// A value and the bytes of the text that it stands at.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) span: Range<usize>,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Scalar { text: String, plain: bool },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Range<usize>,
    pub(crate) value: Node,
}

impl Node {
    /// The value of a key, where this is a mapping that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The entries, where this is a mapping.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            Kind::Scalar { .. } | Kind::List(_) => &[],
        }
    }

    /// The items, where this is a list.
    pub(crate) fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List(items) => items,
            Kind::Scalar { .. } | Kind::Map(_) => &[],
        }
    }

    /// The text, where this is a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// Whether this is YAML's null: nothing, `~`, or `null` without quotes.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, plain: true } if is_null(text))
    }

    /// What it is, for messages.
    pub(crate) fn form(&self) -> &'static str {
        match &self.kind {
            Kind::Scalar { .. } if self.is_null() => "nothing",
            Kind::Scalar { .. } => "a single value",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }

    fn weight(&self) -> (usize, usize) {
        let children: Vec<(usize, usize)> = match &self.kind {
            Kind::Scalar { .. } => Vec::new(),
            Kind::List(items) => items.iter().map(Self::weight).collect(),
            Kind::Map(entries) => entries.iter().map(|entry| entry.value.weight()).collect(),
        };
        let nodes = children.iter().map(|(nodes, _)| nodes).sum::<usize>();
        let height = children.iter().map(|(_, height)| *height).max();
        (1 + nodes, height.map_or(0, |height| height + 1))
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Whether YAML 1.2's core schema reads a plain scalar as something else than text.
fn is_text(text: &str) -> bool {
    let truth = matches!(text, "true" | "True" | "TRUE" | "false" | "False" | "FALSE");
    let number = text.trim_start_matches(['+', '-']);
    let number = number.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && (number.parse::<f64>().is_ok() || number.starts_with("0x") || number.starts_with("0o"));
    !is_null(text) && !truth && !number && !matches!(text, ".inf" | ".nan" | ".NaN" | "-.inf")
}

/// Reads a text. What can be told is told to `findings`; there is no tree where the text is no YAML, or empty.
pub(crate) fn read(text: &str, findings: &mut Findings) -> Option<Node> {
    let root = content(text, findings)?;
    if root.is_none() {
        findings.push(
            Finding::new(Code::EmptyText, &(0..0), "the file is empty")
                .help("a manifest begins with `voyager: manifest/v1`"),
        );
    }
    root
}

/// What a text has in it, if it is YAML: maybe nothing.
pub(crate) fn content(text: &str, findings: &mut Findings) -> Option<Option<Node>> {
    let options = granit_parser::options! {
        emit_unresolved_aliases: true,
        disallow_directives: true,
        emit_comments: true
    };
    let mut reader = Reader {
        text,
        findings,
        stack: Vec::new(),
        anchors: BTreeMap::new(),
        root: None,
        nodes: 0,
        texts: Vec::new(),
    };
    for event in Parser::new_from_str_with_options(text, options) {
        let stop = match event {
            Ok((event, span)) => reader.event(event, span),
            Err(error) => {
                reader.syntax(&error);
                Err(Stop)
            }
        };
        if stop.is_err() {
            return None;
        }
    }
    reader.tabs();
    Some(reader.root.take())
}

/// Reading can't go on; why is told.
struct Stop;

struct Reader<'t, 'f> {
    text: &'t str,
    findings: &'f mut Findings,
    stack: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    root: Option<Node>,
    nodes: usize,
    /// Bytes of scalars and comments, in order: tabs in them are part of a text.
    texts: Vec<Range<usize>>,
}

/// A list or mapping whose end wasn't seen yet.
struct Open {
    start: usize,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        key: Option<(String, Range<usize>)>,
        seen: HashMap<String, usize>,
    },
    /// A list or mapping that is a key: read and forgotten.
    Key,
}

impl Reader<'_, '_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Stop> {
        let bytes = self.bytes(&span);
        match event {
            Event::DocumentStart(..) if self.root.is_some() => {
                self.findings.push(
                    Finding::new(Code::Documents, &bytes, "a second document begins here")
                        .help("give each manifest its own file"),
                );
                Err(Stop)
            }
            Event::Comment(..) => {
                self.texts.push(bytes);
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.tag(tag.is_some(), &span, &bytes);
                self.texts.push(bytes.clone());
                let plain = style == ScalarStyle::Plain;
                // An empty node comes as `~`, which would be a text where a text is wanted.
                let text = if bytes.is_empty() { String::new() } else { text.into_owned() };
                let kind = Kind::Scalar { text, plain };
                self.place(Node { kind, span: bytes }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.tag(tag.is_some(), &span, &bytes);
                self.open(bytes.start, anchor, Content::List(Vec::new()))
            }
            Event::MappingStart(_, anchor, tag) => {
                self.tag(tag.is_some(), &span, &bytes);
                let (entries, seen) = (Vec::new(), HashMap::new());
                self.open(bytes.start, anchor, Content::Map { entries, key: None, seen })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(bytes.end),
            Event::Alias(id) => self.alias(id, bytes),
            Event::UnresolvedAlias(name) => {
                self.findings.push(
                    Finding::new(Code::Alias, &bytes, format!("nothing is marked `&{name}`"))
                        .help("mark the value with `&` above the alias; a text that begins with `*` needs quotes"),
                );
                let kind = Kind::Scalar { text: name.into_owned(), plain: false };
                self.place(Node { kind, span: bytes }, 0)
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, start: usize, anchor: usize, content: Content) -> Result<(), Stop> {
        self.count(1, start)?;
        if self.stack.len() >= DEPTH_MAX {
            return self.too_deep(start);
        }
        let is_key = matches!(
            self.stack.last(),
            Some(Open { content: Content::Map { key: None, .. } | Content::Key, .. })
        );
        let content = if is_key { Content::Key } else { content };
        self.stack.push(Open { start, anchor, content });
        Ok(())
    }

    fn close(&mut self, end: usize) -> Result<(), Stop> {
        let Some(open) = self.stack.pop() else { return Ok(()) };
        let end = self.trimmed(open.start, end);
        let span = open.start..end;
        let kind = match open.content {
            Content::List(items) => Kind::List(items),
            Content::Map { entries, .. } => Kind::Map(entries),
            Content::Key => {
                let outer = self.stack.last_mut().map(|outer| &mut outer.content);
                if let Some(Content::Map { key, .. }) = outer {
                    *key = Some((String::new(), span.clone()));
                    self.key_form(&span);
                }
                return Ok(());
            }
        };
        self.finished(Node { kind, span }, open.anchor);
        Ok(())
    }

    /// A block ends where the next token begins; its bytes end with its last line.
    fn trimmed(&self, start: usize, end: usize) -> usize {
        let content = self.text.get(start..end).unwrap_or_default();
        start + content.trim_end().len()
    }

    fn alias(&mut self, id: usize, span: Range<usize>) -> Result<(), Stop> {
        self.count(1, span.start)?;
        let Some(node) = self.anchors.get(&id) else {
            self.findings.push(
                Finding::new(Code::Alias, &span, "this alias is part of what it repeats")
                    .help("write the value out"),
            );
            return Err(Stop);
        };
        let (nodes, height) = node.weight();
        let node = node.clone();
        if self.nodes + nodes > NODES_MAX {
            self.findings.push(
                Finding::new(
                    Code::Alias,
                    &span,
                    format!("aliases expand to more than {NODES_MAX} values"),
                )
                .help("write the values out, or put them in a file"),
            );
            return Err(Stop);
        }
        if self.stack.len() + height > DEPTH_MAX {
            return self.too_deep(span.start);
        }
        self.nodes += nodes;
        if let Some(Open { content: Content::Map { key: key @ None, .. }, .. }) =
            self.stack.last_mut()
        {
            *key = Some((String::new(), span.clone()));
            self.key_form(&span);
            return Ok(());
        }
        self.finished(node, 0);
        Ok(())
    }

    fn place(&mut self, node: Node, anchor: usize) -> Result<(), Stop> {
        self.count(1, node.span.start)?;
        self.finished(node, anchor);
        Ok(())
    }

    fn finished(&mut self, node: Node, anchor: usize) {
        if anchor > 0 {
            // What is marked is kept a second time, so it counts a second time.
            let (nodes, _) = node.weight();
            self.nodes += nodes;
            if self.nodes <= NODES_MAX {
                self.anchors.insert(anchor, node.clone());
            }
        }
        let Some(open) = self.stack.last_mut() else {
            self.root = Some(node);
            return;
        };
        match &mut open.content {
            Content::List(items) => items.push(node),
            Content::Key => {}
            Content::Map { entries, key, seen } => match key.take() {
                Some((key, key_span)) => entries.push(Entry { key, key_span, value: node }),
                None => {
                    let Kind::Scalar { text, plain } = node.kind else { return };
                    let first = seen.get(&text).and_then(|at| entries.get(*at));
                    let first = first.map(|entry| entry.key_span.clone());
                    seen.entry(text.clone()).or_insert(entries.len());
                    *key = Some((text.clone(), node.span.clone()));
                    self.key(&text, plain, node.span, first);
                }
            },
        }
    }

    fn key(&mut self, text: &str, plain: bool, span: Range<usize>, first: Option<Range<usize>>) {
        if plain && text == "<<" {
            self.findings.push(
                Finding::new(Code::MergeKey, &span, "merge keys have no meaning here")
                    .help("write the keys out"),
            );
        } else if plain && !is_text(text) {
            self.key_form(&span);
        } else if let Some(first) = first {
            self.findings.push(
                Finding::new(Code::DuplicateKey, &span, format!("the key `{text}` stands twice"))
                    .help("keep one of them")
                    .related(&first, "the first one"),
            );
        }
    }

    fn key_form(&mut self, span: &Range<usize>) {
        self.findings.push(
            Finding::new(Code::KeyForm, span, "a key has to be a plain text")
                .help("use a name, or put it in quotes"),
        );
    }

    fn tag(&mut self, is_there: bool, span: &Span, value: &Range<usize>) {
        if is_there {
            let tag = span.tag_span().map(|span| self.bytes(&span));
            let span = tag.as_ref().unwrap_or(value);
            self.findings.push(
                Finding::new(Code::Tag, span, "YAML tags have no meaning here")
                    .help("remove the tag: the field's type decides how a value is read"),
            );
        }
    }

    fn count(&mut self, nodes: usize, at: usize) -> Result<(), Stop> {
        self.nodes += nodes;
        if self.nodes <= NODES_MAX {
            return Ok(());
        }
        self.findings.push(
            Finding::new(
                Code::Nodes,
                &(at..at),
                format!("the text holds more than {NODES_MAX} keys and values"),
            )
            .help("put data in a file, and give its folder as an input"),
        );
        Err(Stop)
    }

    fn too_deep(&mut self, at: usize) -> Result<(), Stop> {
        let message = format!("values are nested at most {DEPTH_MAX} deep");
        self.findings.push(Finding::new(Code::Depth, &(at..at), message));
        Err(Stop)
    }

    /// Tabs outside of scalars and comments.
    fn tabs(&mut self) {
        let mut texts = self.texts.iter().peekable();
        for (at, _) in self.text.match_indices('\t') {
            while texts.next_if(|text| text.end <= at).is_some() {}
            if texts.peek().is_none_or(|text| at < text.start) {
                self.findings.push(tab(at));
            }
        }
    }

    fn syntax(&mut self, error: &granit_parser::ScanError) {
        let at = error
            .marker()
            .byte_offset()
            .unwrap_or_else(|| byte_of(self.text, error.marker().index()));
        let at = at.min(self.text.len());
        let finding = |code, message: &str| Finding::new(code, &(at..at), message);
        self.findings.push(match error.kind() {
            ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabAtBlockScalarStart
            | ErrorKind::TabInPlainScalar => {
                let line = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
                let end = self.text[at..].find('\n').map_or(self.text.len(), |end| at + end);
                tab(self.text[line..end].find('\t').map_or(at, |offset| line + offset))
            }
            ErrorKind::RecursionLimitExceeded => {
                finding(Code::Depth, &format!("values are nested at most {DEPTH_MAX} deep"))
            }
            ErrorKind::DirectiveDisallowed => {
                finding(Code::Directive, "YAML directives have no meaning here")
                    .help("remove the line")
            }
            ErrorKind::BomInsideDocument => {
                finding(Code::ByteOrderMark, "a byte order mark stands in the text")
                    .help("remove it")
            }
            ErrorKind::MultipleDocumentsUnsupported => {
                finding(Code::Documents, "a second document begins here")
            }
            _ => finding(Code::Syntax, &error.info())
                .help("texts with `: `, `#`, or a leading bracket need quotes; indent with spaces"),
        });
    }

    fn bytes(&self, span: &Span) -> Range<usize> {
        span.byte_range().unwrap_or_else(|| {
            byte_of(self.text, span.start.index())..byte_of(self.text, span.end.index())
        })
    }
}

fn tab(at: usize) -> Finding {
    Finding::new(Code::Tab, &(at..at + 1), "a tab stands outside a text").help("use spaces")
}

/// The byte of a position in characters.
fn byte_of(text: &str, index: usize) -> usize {
    text.char_indices().nth(index).map_or(text.len(), |(at, _)| at)
}
