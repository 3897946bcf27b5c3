//! Reads the words of an expression into its tree, with bounded size and depth.

use regex::RegexBuilder;
use voyager_base::Value;

use super::{
    DEPTH_MAX, NODES_MAX, PATTERN_BYTES_MAX, Problem, TEXT_BYTES_MAX,
    lex::{Token, Word, lex},
    syntax::{Function, Kind, Node, Operator, Quantifier, Span},
};
use crate::{code::Code, nearest::nearest};

type Parsed = Result<Node, Problem>;

/// The tree of `text`.
pub(super) fn parse(text: &str) -> Parsed {
    if text.len() > TEXT_BYTES_MAX {
        return Err(Problem::new(
            Code::ExpressionSize,
            0..0,
            format!("an expression has at most {TEXT_BYTES_MAX} bytes, this one {}", text.len()),
        ));
    }
    let mut parser = Parser { tokens: lex(text)?, at: 0, depth: 0, nodes: 0 };
    if parser.peek() == &Word::End {
        return Err(Problem::new(Code::ExpressionSyntax, 0..text.len(), "the expression is empty"));
    }
    let node = parser.expression()?;
    match parser.peek() {
        Word::End => Ok(node),
        _ => Err(parser.unexpected("an operator or the end")),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    nodes: usize,
}

impl Parser {
    fn expression(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(too_deep(self.span()));
        }
        let condition = self.binary(0)?;
        let node = if self.take("?") {
            let then = self.expression()?;
            self.expect(":", "the `:` of `condition ? then : otherwise`")?;
            let otherwise = self.expression()?;
            let span = condition.span.start..otherwise.span.end;
            let [condition, then, otherwise] = [condition, then, otherwise].map(Box::new);
            self.node(Kind::Choose { condition, then, otherwise }, span)?
        } else {
            condition
        };
        self.depth -= 1;
        Ok(node)
    }

    fn binary(&mut self, power: u8) -> Parsed {
        let mut left = self.unary()?;
        while let Some(operator) = self.operator().filter(|operator| operator.power() > power) {
            self.at += 1;
            let right = self.binary(operator.power())?;
            let span = left.span.start..right.span.end;
            let (left_node, right) = (Box::new(left), Box::new(right));
            left = self.node(Kind::Binary { operator, left: left_node, right }, span)?;
        }
        Ok(left)
    }

    fn operator(&self) -> Option<Operator> {
        Some(match self.peek() {
            Word::Name(name) if name == "in" => Operator::In,
            Word::Mark(mark) => match *mark {
                "||" => Operator::Or,
                "&&" => Operator::And,
                "==" => Operator::Equal,
                "!=" => Operator::Unequal,
                "<" => Operator::Less,
                "<=" => Operator::LessEqual,
                ">" => Operator::Greater,
                ">=" => Operator::GreaterEqual,
                "+" => Operator::Add,
                "-" => Operator::Subtract,
                "*" => Operator::Multiply,
                "/" => Operator::Divide,
                "%" => Operator::Remainder,
                _ => return None,
            },
            Word::Name(_) | Word::Int(_) | Word::Float(_) | Word::Text(_) | Word::End => {
                return None;
            }
        })
    }

    fn unary(&mut self) -> Parsed {
        let start = self.span().start;
        let not = self.peek() == &Word::Mark("!");
        if !not && self.peek() != &Word::Mark("-") {
            let primary = self.primary()?;
            return self.postfix(primary);
        }
        self.at += 1;
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(too_deep(self.span()));
        }
        let of = self.unary()?;
        self.depth -= 1;
        let span = start..of.span.end;
        let kind = match of.kind {
            Kind::Literal(Value::Int(number)) if !not => Kind::Literal(Value::Int(-number)),
            Kind::Literal(Value::Float(number)) if !not => Kind::Literal(Value::Float(-number)),
            _ if not => Kind::Not(Box::new(of)),
            _ => Kind::Negate(Box::new(of)),
        };
        self.node(kind, span)
    }

    fn primary(&mut self) -> Parsed {
        let span = self.span();
        let word = self.peek().clone();
        self.at += usize::from(word != Word::End);
        let kind = match word {
            Word::Int(number) => Kind::Literal(Value::Int(number)),
            Word::Float(number) => Kind::Literal(Value::Float(number)),
            Word::Text(text) => Kind::Literal(Value::String(text)),
            Word::Name(name) => return self.named(name, span),
            Word::Mark("(") => {
                let inner = self.expression()?;
                let end = self.expect(")", "the `)` that closes this bracket")?;
                return Ok(Node { span: span.start..end.end, ..inner });
            }
            Word::Mark("[") => {
                let (items, end) = self.list("]")?;
                return self.node(Kind::List(items), span.start..end.end);
            }
            Word::Mark(_) | Word::End => {
                self.at -= usize::from(word != Word::End);
                return Err(self.unexpected("a value"));
            }
        };
        self.node(kind, span)
    }

    /// What begins with a name: a literal, a function, a reference.
    fn named(&mut self, name: String, span: Span) -> Parsed {
        match name.as_str() {
            "true" | "false" => self.node(Kind::Literal(Value::Bool(name == "true")), span),
            "null" | "none" | "undefined" => Err(Problem::new(
                Code::UnknownName,
                span,
                format!("there is no `{name}`"),
            )
            .help("ask with `has(x)` whether an optional value is there; `default(x, y)` replaces an absent one")),
            "in" => Err(Problem::new(Code::ExpressionSyntax, span, "a value is missing before `in`")),
            "inputs" | "steps" => self.reference(&name, span),
            _ if self.peek() == &Word::Mark("(") => self.call(name, span, None),
            _ => self.node(Kind::Local(name), span),
        }
    }

    fn reference(&mut self, root: &str, span: Span) -> Parsed {
        let what = if root == "inputs" { "an input" } else { "a step" };
        if !self.take(".") {
            let problem =
                Problem::new(Code::UnknownName, span, format!("`{root}` alone is no value"));
            return Err(problem.help(format!("name {what}: `{root}.NAME`")));
        }
        let (name, name_span) = self.name(&format!("the name of {what}"))?;
        let kind = if root == "inputs" { Kind::Input(name) } else { Kind::Step(name) };
        self.node(kind, span.start..name_span.end)
    }

    fn postfix(&mut self, mut node: Node) -> Parsed {
        loop {
            let optional = matches!(self.peek(), Word::Mark(".?" | "[?"));
            if self.take(".") || self.take(".?") {
                let (name, name_span) = self.name("the name of a field or function")?;
                if !optional && self.peek() == &Word::Mark("(") {
                    node = self.call(name, name_span, Some(node))?;
                    continue;
                }
                let span = node.span.start..name_span.end;
                node =
                    self.node(Kind::Field { of: Box::new(node), name, name_span, optional }, span)?;
            } else if self.take("[") || self.take("[?") {
                let at = Box::new(self.expression()?);
                let end = self.expect("]", "the `]` that closes this index")?;
                let span = node.span.start..end.end;
                node = self.node(Kind::Index { of: Box::new(node), at, optional }, span)?;
            } else {
                return Ok(node);
            }
        }
    }

    /// A call, `receiver.name(...)` or `name(...)`; the name is read already.
    fn call(&mut self, name: String, name_span: Span, receiver: Option<Node>) -> Parsed {
        let start = receiver.as_ref().map_or(name_span.start, |receiver| receiver.span.start);
        self.expect("(", "`(`")?;
        if let (Some(quantifier), Some(_)) = (Quantifier::from_name(&name), &receiver) {
            let list = Box::new(receiver.expect("it was just looked at"));
            let (variable, _) = self.name(&format!("a name for the item, `{name}(x, ...)`"))?;
            self.expect(",", &format!("`,` and what to ask of each item, `{name}(x, ...)`"))?;
            let body = Box::new(self.expression()?);
            let end = self.expect(")", "the `)` that closes this call")?;
            return self.node(Kind::Each { quantifier, list, variable, body }, start..end.end);
        }
        let (rest, end) = self.list(")")?;
        let arguments: Vec<Node> = receiver.into_iter().chain(rest).collect();
        let span = start..end.end;
        if name == "matches" {
            return self.matches(arguments, span);
        }
        let Some(function) = Function::from_name(&name) else {
            return Err(unknown_function(&name, name_span));
        };
        if arguments.len() != function.arity() {
            return Err(wrong_count(&name, function.arity(), arguments.len(), span));
        }
        self.node(Kind::Call { function, arguments }, span)
    }

    /// `text.matches(r"...")`. The pattern is compiled here, so that a wrong one is found before a
    /// run; the engine takes time linear in the text, whatever the pattern.
    fn matches(&mut self, mut arguments: Vec<Node>, span: Span) -> Parsed {
        let (Some(pattern), Some(of), true) =
            (arguments.pop(), arguments.pop(), arguments.is_empty())
        else {
            return Err(wrong_count("matches", 2, 1, span));
        };
        let Kind::Literal(Value::String(text)) = &pattern.kind else {
            let problem =
                Problem::new(Code::Pattern, pattern.span, "the pattern must be a literal text");
            return Err(
                problem.help("for a computed text use `contains`, `startsWith`, `endsWith`")
            );
        };
        match RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).build() {
            Ok(regex) => {
                self.node(Kind::Matches { of: Box::new(of), pattern: Box::new(regex) }, span)
            }
            Err(error) => Err(Problem::new(Code::Pattern, pattern.span, regex_message(&error))),
        }
    }

    /// Items up to `close`, which is taken too.
    fn list(&mut self, close: &'static str) -> Result<(Vec<Node>, Span), Problem> {
        let mut items = Vec::new();
        while self.peek() != &Word::Mark(close) {
            items.push(self.expression()?);
            if !self.take(",") {
                break;
            }
        }
        let end = self.expect(close, &format!("`,` or `{close}`"))?;
        Ok((items, end))
    }

    fn name(&mut self, what: &str) -> Result<(String, Span), Problem> {
        let span = self.span();
        match self.peek().clone() {
            Word::Name(name) => {
                self.at += 1;
                Ok((name, span))
            }
            _ => Err(self.unexpected(what)),
        }
    }

    fn node(&mut self, kind: Kind, span: Span) -> Parsed {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(Problem::new(
                Code::ExpressionSize,
                span,
                format!("an expression has at most {NODES_MAX} parts"),
            ));
        }
        let height = 1 + kind.children().iter().map(|child| child.height).max().unwrap_or(0);
        if height > DEPTH_MAX {
            return Err(too_deep(span));
        }
        Ok(Node { kind, span, height })
    }

    fn peek(&self) -> &Word {
        &self.tokens[self.at].word
    }

    fn span(&self) -> Span {
        self.tokens[self.at].span.clone()
    }

    fn take(&mut self, mark: &'static str) -> bool {
        let found = self.peek() == &Word::Mark(mark);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, mark: &'static str, what: &str) -> Result<Span, Problem> {
        let span = self.span();
        if self.take(mark) { Ok(span) } else { Err(self.unexpected(what)) }
    }

    fn unexpected(&self, wanted: &str) -> Problem {
        let found = match self.peek() {
            Word::End => "the expression ends".to_owned(),
            Word::Name(name) => format!("here is `{name}`"),
            Word::Int(number) => format!("here is `{number}`"),
            Word::Float(number) => format!("here is `{number}`"),
            Word::Text(_) => "here is a text".to_owned(),
            Word::Mark(mark) => format!("here is `{mark}`"),
        };
        let problem = Problem::new(
            Code::ExpressionSyntax,
            self.span(),
            format!("{found} where {wanted} belongs"),
        );
        match self.peek() {
            Word::Name(name) if ["and", "or", "not"].contains(&name.as_str()) => {
                problem.help("the operators are `&&`, `||`, `!`")
            }
            _ => problem,
        }
    }
}

fn too_deep(span: Span) -> Problem {
    Problem::new(
        Code::ExpressionSize,
        span,
        format!("an expression is nested at most {DEPTH_MAX} deep"),
    )
    .help("split it over several steps, or use `in` for a long chain of comparisons")
}

fn unknown_function(name: &str, span: Span) -> Problem {
    let functions = Function::ALL.map(Function::name);
    let quantifiers = Quantifier::ALL.map(Quantifier::name);
    let known: Vec<&str> =
        functions.into_iter().chain(quantifiers).chain(["matches", "orValue"]).collect();
    let problem =
        Problem::new(Code::UnknownFunction, span, format!("there is no function `{name}`"));
    match nearest(name, known.iter().copied()) {
        Some(_) if Quantifier::from_name(name).is_some() => {
            problem.help(format!("it works on a list: `list.{name}(x, ...)`"))
        }
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help(format!("there are {}", known.join(", "))),
    }
}

fn wrong_count(name: &str, wanted: usize, found: usize, span: Span) -> Problem {
    let plural = if wanted == 1 { "" } else { "s" };
    Problem::new(
        Code::FunctionArguments,
        span,
        format!("`{name}` takes {wanted} argument{plural}, here are {found}"),
    )
    .help("what stands before the dot counts as the first")
}

/// The last line of a regex error; the ones above repeat the pattern.
fn regex_message(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or("malformed");
    format!("malformed pattern: {}", last.trim_start_matches("error: "))
}
