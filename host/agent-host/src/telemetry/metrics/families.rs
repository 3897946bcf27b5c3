//! The metrics, and what each counts. `docs/reference/telemetry.md` lists them.

use std::time::Duration;

use prometheus::{
    Counter, Encoder as _, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter,
    IntCounterVec, IntGauge, Opts, Registry, TextEncoder, core::Collector,
};

use crate::{system, telemetry::fields::Fields};

/// Upper ends of seconds: from a call in the sandbox to a program of ten minutes.
const SECONDS: [f64; 14] =
    [0.000_01, 0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0];
/// Upper ends of a guest's memory: a page of WebAssembly to four gigabytes.
const BYTES: [f64; 8] = [
    65_536.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
    268_435_456.0,
    1_073_741_824.0,
    4_294_967_296.0,
];

/// All metrics of a process.
pub(super) struct Families {
    registry: Registry,
    runs: IntCounterVec,
    runs_active: IntGauge,
    steps: IntCounterVec,
    tasks: IntCounterVec,
    tasks_active: IntGauge,
    task_seconds: HistogramVec,
    task_cpu_seconds: Counter,
    task_bytes: IntCounterVec,
    queue_seconds: HistogramVec,
    effects: IntCounterVec,
    effect_seconds: HistogramVec,
    retries: IntCounter,
    preemptions: IntCounterVec,
    paused_seconds: Histogram,
    evictions: IntCounter,
    recoveries: IntCounter,
    commits: IntCounterVec,
    journal_sync_seconds: Histogram,
    journal_bytes: IntCounter,
    sandbox_calls: IntCounterVec,
    sandbox_call_seconds: Histogram,
    guest_memory_bytes: Histogram,
    resident_bytes: Gauge,
}

/// Makes metrics and makes them known.
struct Maker(Registry);

impl Maker {
    fn known<C: Collector + Clone + 'static>(&self, made: prometheus::Result<C>) -> C {
        let made = made.expect("the name is well formed");
        self.0.register(Box::new(made.clone())).expect("each name is there once");
        made
    }

    fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.known(IntCounter::new(name, help))
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.known(IntCounterVec::new(Opts::new(name, help), labels))
    }

    fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.known(IntGauge::new(name, help))
    }

    fn seconds(&self, name: &str, help: &str) -> Histogram {
        self.known(Histogram::with_opts(HistogramOpts::new(name, help).buckets(SECONDS.to_vec())))
    }

    fn seconds_by(&self, name: &str, help: &str, label: &str) -> HistogramVec {
        let options = HistogramOpts::new(name, help).buckets(SECONDS.to_vec());
        self.known(HistogramVec::new(options, &[label]))
    }
}

impl Families {
    pub(super) fn new() -> Self {
        let make = Maker(Registry::new());
        let memory = "Linear memory of a guest at the end of a call.";
        let memory = HistogramOpts::new("voyager_guest_memory_bytes", memory);
        let resident = "Memory of the process, guests included.";
        Self {
            runs: make.counters("voyager_runs_total", "Runs that ended.", &["outcome"]),
            runs_active: make.gauge("voyager_runs_active", "Runs that are going on."),
            steps: make.counters("voyager_steps_total", "Steps that ended.", &["outcome"]),
            tasks: make.counters(
                "voyager_tasks_total",
                "Attempts of tasks that ended.",
                &["priority", "outcome"],
            ),
            tasks_active: make.gauge("voyager_tasks_active", "Attempts of tasks that are open."),
            task_seconds: make.seconds_by(
                "voyager_task_seconds",
                "Time from the start of an attempt to its end.",
                "priority",
            ),
            task_cpu_seconds: make.known(Counter::new(
                "voyager_task_cpu_seconds_total",
                "Processor time of tasks that ended.",
            )),
            task_bytes: make.counters(
                "voyager_task_bytes_total",
                "Bytes that came to guests (in) and from them (out) in tasks that ended.",
                &["direction"],
            ),
            queue_seconds: make.seconds_by(
                "voyager_queue_seconds",
                "Waits for keys and a slot.",
                "priority",
            ),
            effects: make.counters(
                "voyager_effects_total",
                "Questions of guests to the host.",
                &["call", "outcome"],
            ),
            effect_seconds: make.seconds_by(
                "voyager_effect_seconds",
                "Time in which a service answered.",
                "call",
            ),
            retries: make.counter("voyager_retries_total", "Failed tasks that are tried again."),
            preemptions: make.counters(
                "voyager_preemptions_total",
                "Times that a more important task took a slot, by the priority of the loser.",
                &["priority"],
            ),
            paused_seconds: make.seconds(
                "voyager_paused_seconds",
                "Time from a lost slot to the next.",
            ),
            evictions: make.counter(
                "voyager_evictions_total",
                "Paused guests that were dropped, since others needed the memory.",
            ),
            recoveries: make.counter(
                "voyager_recoveries_total",
                "Runs that went on after an interruption.",
            ),
            commits: make.counters(
                "voyager_commits_total",
                "Commits of changed files.",
                &["outcome"],
            ),
            journal_sync_seconds: make.seconds(
                "voyager_journal_sync_seconds",
                "Time in which the journal made records durable.",
            ),
            journal_bytes: make.counter("voyager_journal_bytes_total", "Bytes of records written."),
            sandbox_calls: make.counters(
                "voyager_sandbox_calls_total",
                "Calls of operations in the sandbox, by how they ended and whether an instance that had served before did it.",
                &["outcome", "reused"],
            ),
            sandbox_call_seconds: make.seconds(
                "voyager_sandbox_call_seconds",
                "Time of a call in the sandbox, waits for the host included.",
            ),
            guest_memory_bytes: make.known(Histogram::with_opts(memory.buckets(BYTES.to_vec()))),
            resident_bytes: make.known(Gauge::new("process_resident_memory_bytes", resident)),
            registry: make.0,
        }
    }

    /// A span began.
    pub(super) fn began(&self, span: &str) {
        if let Some(active) = self.active(span) {
            active.inc();
        }
    }

    /// A span ended, with these fields, after so long.
    pub(super) fn ended(&self, span: &str, fields: &Fields, took: Duration) {
        self.left(span);
        let text = |name: &str| fields.text(name).unwrap_or_default();
        let seconds = took.as_secs_f64();
        match span {
            "run" => self.runs.with_label_values(&[text("outcome")]).inc(),
            "task" => {
                self.tasks.with_label_values(&[text("priority"), text("outcome")]).inc();
                self.task_seconds.with_label_values(&[text("priority")]).observe(seconds);
                let cpu = Duration::from_micros(number(fields, "cpu_us"));
                self.task_cpu_seconds.inc_by(cpu.as_secs_f64());
                for (direction, bytes) in [("in", "bytes_in"), ("out", "bytes_out")] {
                    let bytes = number(fields, bytes);
                    self.task_bytes.with_label_values(&[direction]).inc_by(bytes);
                }
            }
            "journal-sync" => {
                self.journal_sync_seconds.observe(seconds);
                self.journal_bytes.inc_by(number(fields, "bytes"));
            }
            "sandbox-call" => {
                let reused = if fields.bool("reused") { "true" } else { "false" };
                self.sandbox_calls.with_label_values(&[text("outcome"), reused]).inc();
                self.sandbox_call_seconds.observe(seconds);
                if let Some(bytes) = fields.int("memory_bytes") {
                    self.guest_memory_bytes.observe(bytes as f64);
                }
            }
            _ => {}
        }
    }

    /// A span is not open any more.
    pub(super) fn left(&self, span: &str) {
        if let Some(active) = self.active(span) {
            active.dec();
        }
    }

    /// An event.
    pub(super) fn happened(&self, event: &str, fields: &Fields) {
        let text = |name: &str| fields.text(name).unwrap_or_default();
        let seconds = |name: &str| Duration::from_micros(number(fields, name)).as_secs_f64();
        match event {
            "step" => self.steps.with_label_values(&[text("outcome")]).inc(),
            "scheduled" => {
                let queue = self.queue_seconds.with_label_values(&[text("priority")]);
                queue.observe(seconds("waited_us"));
            }
            "effect" => {
                self.effects.with_label_values(&[text("call"), text("outcome")]).inc();
                if fields.int("took_us").is_some() {
                    let took = self.effect_seconds.with_label_values(&[text("call")]);
                    took.observe(seconds("took_us"));
                }
            }
            "retry" => self.retries.inc(),
            "paused" => self.preemptions.with_label_values(&[text("priority")]).inc(),
            "continued" => self.paused_seconds.observe(seconds("after_us")),
            "evicted" => self.evictions.inc(),
            "recovered" => self.recoveries.inc(),
            "commit" => self.commits.with_label_values(&[text("outcome")]).inc(),
            _ => {}
        }
    }

    /// All, in Prometheus' text format.
    pub(super) fn text(&self) -> Vec<u8> {
        self.resident_bytes.set(system::resident_bytes().unwrap_or_default() as f64);
        let mut text = Vec::new();
        // Into memory, and of what was made here: nothing can fail.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        text
    }

    fn active(&self, span: &str) -> Option<&IntGauge> {
        match span {
            "run" => Some(&self.runs_active),
            "task" => Some(&self.tasks_active),
            _ => None,
        }
    }
}

fn number(fields: &Fields, name: &str) -> u64 {
    fields.int(name).and_then(|it| u64::try_from(it).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::telemetry::fields::Value;

    const PAGE: &str = include_str!("../../../../../docs/reference/telemetry.md");

    /// Names of all metrics, each having counted something.
    fn names() -> BTreeSet<String> {
        let families = Families::new();
        let text = |name, text: &str| (name, Value::Text(text.to_owned()));
        let all = Fields(vec![
            text("outcome", "done"),
            text("priority", "low"),
            text("call", "a.b"),
            ("took_us", Value::Int(7)),
        ]);
        for span in ["run", "task", "journal-sync", "sandbox-call"] {
            families.began(span);
            families.ended(span, &all, Duration::from_millis(1));
        }
        for event in ["step", "scheduled", "effect", "paused", "commit"] {
            families.happened(event, &all);
        }
        families.registry.gather().iter().map(|it| it.name().to_owned()).collect()
    }

    #[test]
    fn the_page_lists_the_metrics_that_there_are() {
        let part = PAGE.split("\n## Metrics\n").nth(1).expect("there is a part on them");
        let part = part.split("\n## ").next().unwrap_or(part);
        let rows = part.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        let is_metric = |it: &&str| it.starts_with("voyager_") || it.starts_with("process_");
        let listed: BTreeSet<String> = rows
            .map(|it| it.split('{').next().unwrap_or(it))
            .filter(is_metric)
            .map(str::to_owned)
            .collect();
        assert_eq!(listed, names());
    }

    #[test]
    fn what_is_open_is_counted_up_and_down() {
        let families = Families::new();
        families.began("task");
        families.began("task");
        families.left("task");
        assert_eq!(families.tasks_active.get(), 1);
    }
}
