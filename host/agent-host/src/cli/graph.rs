//! `agent-host graph`: a manifest as a picture.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;
use voyager_manifest::graph;

use super::{Context, plan::checked};
use crate::{failure::Failure, printing, report};

/// Draws the steps of a manifest and what they wait for.
#[derive(Args)]
pub(crate) struct Graph {
    /// The manifest: a file, or the name of a shipped one.
    manifest: PathBuf,
    /// In which language.
    #[arg(long, default_value = "text")]
    format: Format,
}

/// Languages of pictures.
#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Mermaid, which code hosts draw in Markdown.
    Mermaid,
    /// Graphviz.
    Dot,
    /// Plain text.
    Text,
}

impl Graph {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let plan = checked(context, &self.manifest)?.plan;
        let (format, name) = match self.format {
            Format::Mermaid => (graph::Format::Mermaid, "mermaid"),
            Format::Dot => (graph::Format::Dot, "dot"),
            Format::Text => (graph::Format::Text, "text"),
        };
        let picture = graph::graph(&plan, format);
        let answer = json!({ "format": name, "graph": picture });
        report::tell(context, &answer, 0, || printing::line(picture.trim_end()))
    }
}
