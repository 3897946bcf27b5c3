//! The tree of an expression. Every node knows the bytes of the text that it came from.

use std::ops::Range;

use regex::Regex;
use voyager_base::Value;

/// Bytes of an expression's text.
pub type Span = Range<usize>;

/// A node with its place and the height of the tree below it, which [`super::DEPTH_MAX`] bounds.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) span: Span,
    pub(super) height: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Literal(Value),
    Input(String),
    Step(String),
    Local(String),
    List(Vec<Node>),
    Field { of: Box<Node>, name: String, name_span: Span, optional: bool },
    Index { of: Box<Node>, at: Box<Node>, optional: bool },
    Not(Box<Node>),
    Negate(Box<Node>),
    Binary { operator: Operator, left: Box<Node>, right: Box<Node> },
    Choose { condition: Box<Node>, then: Box<Node>, otherwise: Box<Node> },
    Call { function: Function, arguments: Vec<Node> },
    Matches { of: Box<Node>, pattern: Box<Regex> },
    Each { quantifier: Quantifier, list: Box<Node>, variable: String, body: Box<Node> },
}

impl Kind {
    /// The nodes right below.
    pub(super) fn children(&self) -> Vec<&Node> {
        match self {
            Self::Literal(_) | Self::Input(_) | Self::Step(_) | Self::Local(_) => Vec::new(),
            Self::List(nodes) | Self::Call { arguments: nodes, .. } => nodes.iter().collect(),
            Self::Field { of, .. } | Self::Matches { of, .. } => vec![of],
            Self::Index { of, at, .. } => vec![of, at],
            Self::Not(of) | Self::Negate(of) => vec![of],
            Self::Binary { left, right, .. } => vec![left, right],
            Self::Choose { condition, then, otherwise } => vec![condition, then, otherwise],
            Self::Each { list, body, .. } => vec![list, body],
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operator {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::In => "in",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }

    /// How tightly it binds; all are left associative.
    pub(super) const fn power(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Equal
            | Self::Unequal
            | Self::Less
            | Self::LessEqual
            | Self::Greater
            | Self::GreaterEqual
            | Self::In => 3,
            Self::Add | Self::Subtract => 4,
            Self::Multiply | Self::Divide | Self::Remainder => 5,
        }
    }
}

/// Functions that work on values. Each can be written `f(a, b)` and `a.f(b)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Size,
    Has,
    Default,
    Contains,
    StartsWith,
    EndsWith,
    Join,
    Flatten,
    Present,
    String,
    Int,
    Float,
}

impl Function {
    pub(super) const ALL: [Self; 12] = [
        Self::Size,
        Self::Has,
        Self::Default,
        Self::Contains,
        Self::StartsWith,
        Self::EndsWith,
        Self::Join,
        Self::Flatten,
        Self::Present,
        Self::String,
        Self::Int,
        Self::Float,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Has => "has",
            Self::Default => "default",
            Self::Contains => "contains",
            Self::StartsWith => "startsWith",
            Self::EndsWith => "endsWith",
            Self::Join => "join",
            Self::Flatten => "flatten",
            Self::Present => "present",
            Self::String => "string",
            Self::Int => "int",
            Self::Float => "float",
        }
    }

    /// Number of arguments, the receiver of `a.f(b)` counted.
    pub(super) const fn arity(self) -> usize {
        match self {
            Self::Default | Self::Contains | Self::StartsWith | Self::EndsWith | Self::Join => 2,
            Self::Size
            | Self::Has
            | Self::Flatten
            | Self::Present
            | Self::String
            | Self::Int
            | Self::Float => 1,
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        // CEL's name for the same.
        if name == "orValue" {
            return Some(Self::Default);
        }
        Self::ALL.into_iter().find(|function| function.name() == name)
    }
}

/// What is asked of the elements of a list: `list.all(x, condition)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantifier {
    All,
    Exists,
    Filter,
    Map,
}

impl Quantifier {
    pub(super) const ALL: [Self; 4] = [Self::All, Self::Exists, Self::Filter, Self::Map];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Exists => "exists",
            Self::Filter => "filter",
            Self::Map => "map",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|quantifier| quantifier.name() == name)
    }
}
