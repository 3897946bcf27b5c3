//! Traces for others: OpenTelemetry's protocol over HTTP, configured by its standard variables.
//!
//! [`spans`] makes spans of what `tracing` tells, [`exporter`] sends them from a thread of its own, [`message`] is
//! their form on the wire.

mod exporter;
mod message;
mod settings;
mod spans;

pub(super) use self::{
    exporter::Exporter,
    settings::Settings,
    spans::{OfRuns, Spans},
};
