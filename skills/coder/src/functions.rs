//! The count of functions within functions, for languages where the dialects need no more than this:
//! each function counts its own decisions, and cognitive complexity adds what is nested in it.

use crate::contract::exports::voyager::coder::metrics::FunctionMetrics;

/// A function that is being walked, or the file around all of them.
#[derive(Default)]
struct Frame {
    /// Its place in the list; none for the file.
    place: Option<usize>,
    name: String,
    recursive: bool,
    statements: u32,
    extended: u32,
    cognitive: u32,
    /// How many parts of the cognitive complexity grow with the nesting around the function.
    cognitive_nested: u32,
    nesting: u32,
}

/// The functions of a file, while it is walked.
#[derive(Default)]
pub(crate) struct Functions {
    list: Vec<FunctionMetrics>,
    around: Vec<Frame>,
    current: Frame,
    /// Names of what is around, each followed by a dot.
    scope: String,
    decisions: u32,
}

/// Where and how a function is declared.
pub(crate) struct Declared<'a> {
    pub(crate) name: &'a str,
    pub(crate) line: u32,
    pub(crate) end_line: u32,
    pub(crate) parameters: usize,
}

impl Functions {
    /// Walks a function.
    pub(crate) fn function<W>(
        walk: &mut W,
        of: impl Fn(&mut W) -> &mut Self,
        declared: &Declared<'_>,
        body: impl FnOnce(&mut W),
    ) {
        of(walk).enter(declared);
        Self::scoped(walk, &of, declared.name, body);
        of(walk).leave();
    }

    /// Walks something whose name stands before the names in it.
    pub(crate) fn scoped<W>(
        walk: &mut W,
        of: impl Fn(&mut W) -> &mut Self,
        name: &str,
        inner: impl FnOnce(&mut W),
    ) {
        let length = of(walk).scope.len();
        of(walk).scope.push_str(name);
        of(walk).scope.push('.');
        inner(walk);
        of(walk).scope.truncate(length);
    }

    /// Walks what is nested one level deeper, as cognitive complexity sees it.
    pub(crate) fn nested<W>(
        walk: &mut W,
        of: impl Fn(&mut W) -> &mut Self,
        inner: impl FnOnce(&mut W),
    ) {
        of(walk).current.nesting += 1;
        inner(walk);
        of(walk).current.nesting -= 1;
    }

    fn enter(&mut self, declared: &Declared<'_>) {
        let frame = Frame {
            place: Some(self.list.len()),
            name: declared.name.to_owned(),
            ..Frame::default()
        };
        self.list.push(FunctionMetrics {
            name: format!("{}{}", self.scope, declared.name),
            line: declared.line,
            end_line: declared.end_line,
            parameters: u32::try_from(declared.parameters).unwrap_or(u32::MAX),
            cyclomatic: 0,
            cyclomatic_extended: 0,
            cognitive: 0,
        });
        self.around.push(std::mem::replace(&mut self.current, frame));
    }

    fn leave(&mut self) {
        let outer = self.around.pop().unwrap_or_default();
        let mut inner = std::mem::replace(&mut self.current, outer);
        inner.cognitive += u32::from(inner.recursive);
        if let Some(metrics) = inner.place.and_then(|place| self.list.get_mut(place)) {
            metrics.cyclomatic = inner.statements + 1;
            metrics.cyclomatic_extended = inner.extended + 1;
            metrics.cognitive = inner.cognitive;
        }
        let outer = &mut self.current;
        let nesting = outer.nesting + u32::from(outer.place.is_some());
        outer.cognitive += inner.cognitive + inner.cognitive_nested * nesting;
        outer.cognitive_nested += inner.cognitive_nested;
        // A function is one path more through the file.
        self.decisions += 1;
    }

    /// Statements decide here.
    pub(crate) fn statement(&mut self) {
        self.current.statements += 1;
        self.expression();
    }

    /// An expression decides here.
    pub(crate) fn expression(&mut self) {
        self.current.extended += 1;
        self.decisions += 1;
    }

    /// Harder to follow by one, and by one for each level of nesting.
    pub(crate) fn nested_increment(&mut self) {
        self.current.cognitive += 1 + self.current.nesting;
        self.current.cognitive_nested += 1;
    }

    /// Harder to follow by one, whatever the nesting.
    pub(crate) fn increment(&mut self) {
        self.current.cognitive += 1;
    }

    /// Something of this name is called; where it is the function itself, that is recursion.
    pub(crate) fn called(&mut self, name: &str) {
        self.current.recursive |= self.current.place.is_some() && self.current.name == name;
    }

    /// The functions, and the cyclomatic complexity of the whole file.
    pub(crate) fn finish(self) -> (Vec<FunctionMetrics>, u32) {
        (self.list, self.decisions + 1)
    }
}
