//! How deeply a Python text nests, found without recursion and before anything recurses.
//!
//! The parser, the walk over the tree and the tree's own release recurse; the sandbox gives a task
//! one megabyte of stack. A text beyond these bounds is refused as data, where it would otherwise
//! end the task. CPython refuses most of them as well (200 brackets, 100 indentations).

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer};

use crate::contract::exports::voyager::coder::metrics::Problem;
use crate::measure::problem;

/// Brackets, indentations and operators that wait for their right side, together.
const NESTING_MAX: u32 = 200;
/// Operators of one expression that bind to the left: `a + b + c`, `a.b.c`, `a()()`.
const CHAIN_MAX: u32 = 3_000;

/// What is open inside one pair of brackets, or outside all.
#[derive(Clone, Copy, Default)]
struct Level {
    /// Prefix operators and powers that wait for the operand to their right.
    tight: u32,
    /// `lambda`, `else` and the like, that wait for the rest of the expression.
    loose: u32,
    /// Operators that bind to the left since the last comma.
    chain: u32,
}

impl Level {
    fn depth(self) -> u32 {
        1 + self.tight + self.loose
    }
}

/// Refuses what nests too deeply.
pub(super) fn check(text: &str) -> Result<(), Problem> {
    let mut lexer = lexer::lex(text, Mode::Module);
    // The innermost level stands apart from those around it, whose depth is summed up.
    let (mut level, mut around, mut around_depth) = (Level::default(), Vec::new(), 0u32);
    let mut indentation = 0u32;
    let mut after_operand = false;
    loop {
        let kind = lexer.next_token();
        match kind {
            TokenKind::EndOfFile => return Ok(()),
            TokenKind::Indent => indentation += 1,
            TokenKind::Dedent => indentation = indentation.saturating_sub(1),
            kind if opens(kind) => {
                level.chain += 1;
                around_depth += level.depth();
                around.push(std::mem::take(&mut level));
            }
            kind if closes(kind) => {
                level = around.pop().unwrap_or_default();
                around_depth = around_depth.saturating_sub(level.depth());
            }
            TokenKind::Comma | TokenKind::Newline | TokenKind::Semi => level = Level::default(),
            TokenKind::Lambda | TokenKind::Else | TokenKind::Yield | TokenKind::ColonEqual => {
                level.loose += 1;
                level.tight = 0;
            }
            TokenKind::Not | TokenKind::Tilde | TokenKind::Await | TokenKind::DoubleStar => {
                level.tight += 1
            }
            TokenKind::Plus | TokenKind::Minus | TokenKind::Star if !after_operand => {
                level.tight += 1
            }
            TokenKind::Dot => level.chain += 1,
            // The operands of `and` and `or` stand side by side in the tree, however many there are.
            TokenKind::And | TokenKind::Or => (level.tight, level.chain) = (0, 0),
            TokenKind::If => level.tight = 0,
            kind if kind.is_operator() => {
                level.tight = 0;
                level.chain += 1;
            }
            _ => {}
        }
        after_operand = ends_operand(kind);
        if around_depth + level.depth() + indentation > NESTING_MAX || level.chain > CHAIN_MAX {
            return Err(too_deep());
        }
    }
}

fn opens(kind: TokenKind) -> bool {
    use TokenKind::{FStringStart, Lbrace, Lpar, Lsqb, TStringStart};
    matches!(kind, Lpar | Lsqb | Lbrace | FStringStart | TStringStart)
}

fn closes(kind: TokenKind) -> bool {
    use TokenKind::{FStringEnd, Rbrace, Rpar, Rsqb, TStringEnd};
    matches!(kind, Rpar | Rsqb | Rbrace | FStringEnd | TStringEnd)
}

fn ends_operand(kind: TokenKind) -> bool {
    use TokenKind::{Complex, Ellipsis, False, Float, Int, Name, None, String, True};
    closes(kind)
        || matches!(kind, Name | Int | Float | Complex | String | True | False | None | Ellipsis)
}

fn too_deep() -> Problem {
    let message = format!(
        "The text nests more than {NESTING_MAX} levels deep, or chains more than {CHAIN_MAX} operators."
    );
    problem("too-deep", message, None)
}
