//! A plan as a picture: Mermaid, DOT, and lines of text.

use std::fmt::Write as _;

use crate::{
    plan::{Action, Awaited, Changes, Handling, Mode, Part, Plan, Step},
    scalar::show_duration,
};

/// How a graph is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A Mermaid flowchart.
    Mermaid,
    /// Graphviz.
    Dot,
    /// Lines for a terminal.
    Text,
}

/// The graph of a plan: steps, and for each those that it waits for.
pub fn graph(plan: &Plan, format: Format) -> String {
    match format {
        Format::Mermaid => mermaid(plan),
        Format::Dot => dot(plan),
        Format::Text => text(plan),
    }
}

/// What is special about a step, in a few words each.
fn notes(plan: &Plan, at: usize) -> Vec<String> {
    let step = &plan.steps[at];
    let mut notes = Vec::new();
    if let Some(when) = &step.when {
        notes.push(format!("when {when}"));
    }
    if let Some(for_each) = &step.for_each {
        notes.push(format!("for each {} in {}", for_each.variable, for_each.items));
    }
    if let Some(repeat) = &step.repeat {
        let until = repeat.until.as_ref().map(|until| format!(" until {until}"));
        notes.push(format!("up to {} rounds{}", repeat.max, until.unwrap_or_default()));
    }
    if let Some(retry) = &step.retry {
        notes.push(format!("up to {} attempts", retry.attempts));
    }
    if step.changes == Changes::Discard {
        notes.push("preview".to_owned());
    }
    if let Some(root) = step.transaction() {
        notes.push(format!("transaction over {root}"));
    }
    if step.on_error.iter().any(|handler| handler.then == Handling::Continue) {
        notes.push("may be passed over".to_owned());
    }
    if step.part == Part::Finally {
        notes.push("runs however the others end".to_owned());
    }
    if let Some(by) = plan.compensation(at) {
        notes.push(format!("taken back by {}", what(&plan.steps[by])));
    }
    notes
}

/// For each step those beside it that it waits for, without those that another of them waits for anyway.
fn edges(plan: &Plan) -> Vec<Vec<usize>> {
    // Steps stand in order, so everything behind a need is known when it is reached.
    let mut behind: Vec<Vec<bool>> = Vec::with_capacity(plan.steps.len());
    let mut edges = Vec::with_capacity(plan.steps.len());
    for step in &plan.steps {
        let needs: Vec<usize> =
            step.needs.iter().copied().filter(|need| *need < behind.len()).collect();
        let implied =
            |need: usize| needs.iter().any(|other| *other != need && behind[*other][need]);
        edges.push(needs.iter().copied().filter(|need| !implied(*need)).collect());
        let mut all = vec![false; plan.steps.len()];
        for need in &needs {
            all[*need] = true;
            for (at, is_behind) in behind[*need].iter().enumerate() {
                all[at] |= is_behind;
            }
        }
        behind.push(all);
    }
    edges
}

fn mermaid(plan: &Plan) -> String {
    let mut graph = String::from("flowchart TD\n");
    mermaid_steps(plan, None, 1, &mut graph);
    for (at, needs) in edges(plan).iter().enumerate() {
        for need in needs {
            let _ = writeln!(graph, "    s{need} --> s{at}");
        }
    }
    graph
}

fn mermaid_steps(plan: &Plan, block: Option<usize>, depth: usize, graph: &mut String) {
    let indent = "    ".repeat(depth);
    for at in plan.inside(block) {
        let step = &plan.steps[at];
        let mut label = format!("<b>{}</b><br/>{}", step.local_id(), html(&what(step)));
        for note in notes(plan, at) {
            let _ = write!(label, "<br/>{}", html(&note));
        }
        if step.holds_steps() {
            let _ = writeln!(graph, "{indent}subgraph s{at}[\"{label}\"]");
            mermaid_steps(plan, Some(at), depth + 1, graph);
            let _ = writeln!(graph, "{indent}end");
            continue;
        }
        let (open, close) = if step.when.is_some() { ("{{", "}}") } else { ("[", "]") };
        let _ = writeln!(graph, "{indent}s{at}{open}\"{label}\"{close}");
    }
}

fn dot(plan: &Plan) -> String {
    let mut graph = format!("digraph \"{}\" {{\n    node [shape=box];\n", quoted(&plan.name));
    dot_steps(plan, None, 1, &mut graph);
    for (at, needs) in edges(plan).iter().enumerate() {
        for need in needs {
            let _ = writeln!(graph, "    s{need} -> s{at};");
        }
    }
    graph.push_str("}\n");
    graph
}

fn dot_steps(plan: &Plan, block: Option<usize>, depth: usize, graph: &mut String) {
    let indent = "    ".repeat(depth);
    for at in plan.inside(block) {
        let step = &plan.steps[at];
        let lines: Vec<String> =
            [step.local_id().to_owned(), what(step)].into_iter().chain(notes(plan, at)).collect();
        let label: Vec<String> = lines.iter().map(|line| quoted(line)).collect();
        let mut style = String::from(if step.when.is_some() { ", style=dashed" } else { "" });
        let is_block = step.holds_steps();
        if is_block {
            // An edge ends at a node, so that each block has one that stands for it.
            style.push_str(", shape=plaintext");
            let _ = writeln!(graph, "{indent}subgraph cluster_{at} {{");
        }
        let _ = writeln!(graph, "{indent}s{at} [label=\"{}\"{style}];", label.join("\\n"));
        if is_block {
            dot_steps(plan, Some(at), depth + 1, graph);
            let _ = writeln!(graph, "{indent}}}");
        }
    }
}

fn text(plan: &Plan) -> String {
    let mut graph = format!("{} {}\n", plan.name, plan.version);
    let depth = |at: usize| plan.outward(at).count();
    let width =
        plan.steps.iter().enumerate().map(|(at, step)| step.local_id().len() + 2 * depth(at));
    let width = width.max().unwrap_or(0);
    for (at, (step, needs)) in plan.steps.iter().zip(edges(plan)).enumerate() {
        let id = format!("{}{}", "  ".repeat(depth(at)), step.local_id());
        let _ = write!(graph, "{id:width$}  {}", what(step));
        let needs: Vec<&str> = needs.iter().map(|need| plan.steps[*need].local_id()).collect();
        if !needs.is_empty() {
            let _ = write!(graph, "  after {}", needs.join(", "));
        }
        for note in notes(plan, at) {
            let _ = write!(graph, "; {note}");
        }
        graph.push('\n');
    }
    for output in &plan.outputs {
        let file = output.file.as_ref().map(|file| format!(" -> {file}")).unwrap_or_default();
        let _ = writeln!(graph, "  = {}: {} from {}{file}", output.name, output.ty, output.from);
    }
    graph
}

fn what(step: &Step) -> String {
    match &step.action {
        Action::Call(call) => call.operation.name.unversioned(),
        Action::Sleep(time) => format!("sleep {}", show_duration(*time)),
        Action::Wait(wait) => match &wait.on {
            Awaited::Approval(_) => "approval".to_owned(),
            Awaited::Signal(name) => format!("signal {name}"),
        },
        Action::Restore(changes) => format!("restore {} files", changes.len()),
        Action::Manifest(sub) => format!("manifest {} {}", sub.name, sub.version),
        Action::Block(block) => match block.mode {
            Mode::All => "block",
            Mode::Any => "any of",
            Mode::Race => "race of",
            Mode::Switch => "switch",
        }
        .to_owned(),
    }
}

fn html(text: &str) -> String {
    let mut safe = String::new();
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace(char::is_control, " ")
}
