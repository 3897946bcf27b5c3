//! Codes of diagnostics.

/// What sort of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "moved into the table next")]
pub enum Code {
    ExpressionSyntax,
    ExpressionSize,
    NumberRange,
    Pattern,
    UnknownName,
    UnknownInput,
    UnknownStep,
    UnknownField,
    UnknownFunction,
    FunctionArguments,
    OperandTypes,
    EnumName,
    Absent,
}
