//! Pictures as text.

use expect_test::{Expect, expect};
use ratatui::{Terminal, backend::TestBackend};
use voyager_base::Usage;

use super::*;
use crate::answer::{HostView, RunRow, StepDetail, TaskDetail, TopTask};

fn row(run: &str, name: &str, status: Status, millis: u64) -> RunRow {
    let (run, name) = (run.to_owned(), name.to_owned());
    let started = "2026-11-26T12:00:00.000Z".to_owned();
    RunRow { run, name, status, started, millis, records: 7 }
}

fn task(state: &str, operation: &str, depth: u32) -> TopTask {
    TopTask {
        task: "1b".to_owned(),
        step: "code".to_owned(),
        operation: operation.to_owned(),
        attempt: 1,
        priority: "high".to_owned(),
        state: state.to_owned(),
        reserves: (depth == 0).then(|| "memory 2GiB".to_owned()),
        millis: 1_500,
        depth,
    }
}

fn top() -> Top {
    let live = TopRun {
        row: row("01m8bxxw0ygw71y9vemxtt0nhb", "audit", Status::Running, 61_000),
        priority: "high".to_owned(),
        steps: (2, 5),
        usage: Usage { cpu_micros: 1_500_000, memory_bytes: 3 << 20, ..Usage::default() },
        tasks: vec![
            task("children", "voyager:coder@0.1.0/metrics.survey", 0),
            task("computes", "voyager:coder@0.1.0/metrics.files", 1),
        ],
    };
    let ended = TopRun {
        row: row("01m8bxxw0ygw71y9vemxtt0nha", "rename\u{1b}[31m", Status::Failed, 91),
        priority: String::new(),
        steps: (0, 0),
        usage: Usage::default(),
        tasks: Vec::new(),
    };
    let host = HostView { pid: 42, slots: 2, computing: 1, waiting: 3, memory_bytes: 5 << 20 };
    Top { host: Some(host), runs: vec![live, ended] }
}

fn detail() -> RunDetail {
    let task = |operation: &str, after_millis, millis, children| TaskDetail {
        task: "1b".to_owned(),
        operation: operation.to_owned(),
        attempt: 1,
        state: "done".to_owned(),
        after_millis,
        millis,
        paused: None,
        kept_from: None,
        usage: None,
        error: None,
        effects: Vec::new(),
        staged: Vec::new(),
        children,
    };
    let step = |step: &str, state: &str, tasks| {
        let (step, state) = (step.to_owned(), state.to_owned());
        StepDetail { step, state, kept: Vec::new(), tasks }
    };
    let child = task("a:b@1.0.0/c.files", 200, 600, Vec::new());
    let first = task("a:b@1.0.0/c.survey", 0, 1_000, vec![child]);
    RunDetail {
        row: row("01m8bxxw0ygw71y9vemxtt0nhb", "audit", Status::Done, 2_000),
        file: "audit.yaml".to_owned(),
        chain: String::new(),
        usage: Usage::default(),
        inputs: serde_json::Value::Null,
        steps: vec![
            step("code", "done", vec![first]),
            step("tests", "skipped", Vec::new()),
            step("report", "done", vec![task("a:b@1.0.0/c.audit", 1_000, 1_000, Vec::new())]),
        ],
        outputs: None,
        error: None,
        from: None,
        waits: Vec::new(),
        told: Vec::new(),
    }
}

fn press(view: &mut View, code: KeyCode) -> Wish {
    view.handle_key(KeyEvent::new(code, KeyModifiers::NONE))
}

fn check(view: &mut View, (width, height): (u16, u16), expected: &Expect) {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| view.draw(frame)).unwrap();
    expected.assert_eq(&terminal.backend().to_string());
}

fn view() -> View {
    let mut view = View::new(false);
    view.show(top());
    view
}

#[test]
fn runs_and_the_tasks_of_the_chosen_one() {
    check(
        &mut view(),
        (90, 16),
        &expect![[r#"
        "agent-host 42: 1 live, slots 1/2, 3 waiting, memory 5.0 MiB                               "
        "RUN                        STATUS      PRIORITY STEPS   TASKS TIME         MANIFEST       "
        "01m8bxxw0ygw71y9vemxtt0nhb running     high     2/5     2     1 min 1 s    audit          "
        "01m8bxxw0ygw71y9vemxtt0nha failed                       0     91 ms        rename[31m     "
        "                                                                                          "
        "                                                                                          "
        "                                                                                          "
        "                                                                                          "
        "                                                                                          "
        "                                                                                          "
        "                                                                                          "
        "                                                                                          "
        "TASK     PRIORITY TRY  TIME       STEP             OPERATION                              "
        "children high     #1   1.5 s      code             voyager:coder@0.1.0/metrics.survey  mem"
        "computes high     #1   1.5 s      code               voyager:coder@0.1.0/metrics.files    "
        "q leave   ↑↓ choose   Enter trace   a live or all                                         "
    "#]],
    );
}

#[test]
fn a_wide_terminal_has_what_runs_used() {
    check(
        &mut view(),
        (110, 5),
        &expect![[r#"
        "agent-host 42: 1 live, slots 1/2, 3 waiting, memory 5.0 MiB                                                   "
        "RUN                        STATUS      PRIORITY STEPS   TASKS TIME         CPU      MEMORY    MANIFEST        "
        "01m8bxxw0ygw71y9vemxtt0nhb running     high     2/5     2     1 min 1 s    1.5 s    3.0 MiB   audit           "
        "01m8bxxw0ygw71y9vemxtt0nha failed                       0     91 ms                           rename[31m      "
        "q leave   ↑↓ choose   Enter trace   a live or all                                                             "
    "#]],
    );
}

#[test]
fn a_small_terminal_has_the_runs() {
    check(
        &mut view(),
        (44, 5),
        &expect![[r#"
            "agent-host 42: 1 live, slots 1/2, 3 waiting,"
            "RUN            STATUS      STEPS  MANIFEST  "
            "01m8bxxw0ygw71 running     2/5    audit     "
            "01m8bxxw0ygw71 failed             rename[31m"
            "q leave   ↑↓ choose   Enter trace   a live o"
        "#]],
    );
}

#[test]
fn the_smallest_terminals_break_nothing() {
    for size in [(1, 1), (2, 2), (10, 3)] {
        let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
        let mut view = view();
        terminal.draw(|frame| view.draw(frame)).unwrap();
        press(&mut view, KeyCode::Enter);
        view.show_trace(detail());
        terminal.draw(|frame| view.draw(frame)).unwrap();
    }
}

#[test]
fn a_trace_is_a_tree_with_bars() {
    let mut view = view();
    let run = "01m8bxxw0ygw71y9vemxtt0nhb".to_owned();
    assert_eq!(press(&mut view, KeyCode::Enter), Wish::Trace(Some(run)));
    view.show_trace(detail());
    check(
        &mut view,
        (70, 10),
        &expect![[r#"
        "agent-host 42: 1 live, slots 1/2, 3 waiting, memory 5.0 MiB           "
        "01m8bxxw0ygw71y9vemxtt0nhb  audit  done  2.0 s                        "
        "TASK           STATE    TIME        TIME LINE                         "
        "code           done     1.0 s       █████████████████                 "
        "  c.survey #1  done     1.0 s       █████████████████                 "
        "    c.files #1 done     600 ms         ██████████                     "
        "tests          skipped                                                "
        "report         done     1.0 s                        █████████████████"
        "  c.audit #1   done     1.0 s                        █████████████████"
        "q leave   ↑↓ move   Esc back                                          "
    "#]],
    );
    assert_eq!(press(&mut view, KeyCode::Esc), Wish::Trace(None));
}

#[test]
fn the_bar_of_what_goes_on_reaches_to_now() {
    let mut running = detail();
    running.row.status = Status::Running;
    running.steps[2].tasks[0].state = "open".to_owned();
    running.steps[2].tasks[0].millis = 0;
    let earlier =
        TaskDetail { attempt: 0, after_millis: 1_000, ..running.steps[2].tasks[0].clone() };
    running.steps[2].tasks.insert(0, earlier);
    let (bars, total) = trace::bars(&running);
    let ends: Vec<u64> = bars.iter().map(|it| it.after + it.millis).collect();
    assert_eq!((ends, total), (vec![1_000, 1_000, 800, 0, 2_000, 1_000, 2_000], 2_000));
}

#[test]
fn the_chosen_run_stays_chosen_where_others_come() {
    let mut view = view();
    press(&mut view, KeyCode::Down);
    let mut more = top();
    let newest = TopRun { row: row("02", "new", Status::Running, 1), ..more.runs[0].clone() };
    more.runs.insert(0, newest);
    view.show(more);
    assert_eq!(view.chosen_run().unwrap().row.status, Status::Failed);
}

#[test]
fn q_and_control_c_leave() {
    let mut view = view();
    assert_eq!(press(&mut view, KeyCode::Char('q')), Wish::Leave);
    let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(view.handle_key(interrupt), Wish::Leave);
    assert_eq!(press(&mut view, KeyCode::Char('c')), Wish::Nothing);
}

#[test]
fn what_went_wrong_stands_where_the_keys_stood() {
    let mut view = View::new(false);
    view.complain("cannot list the runs".to_owned());
    check(
        &mut view,
        (50, 4),
        &expect![[r#"
            "agent-host: looking ...                           "
            "                                                  "
            "                                                  "
            "cannot list the runs                              "
        "#]],
    );
}
