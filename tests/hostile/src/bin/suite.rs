//! Plays the hostile suite, or the cases that are named, or one half of them (`0/2`, `1/2`), and says what held.
//!
//! A process of its own, so that its memory can be measured; it is the compiler and the launcher of the
//! host that it attacks, too.
#![expect(clippy::print_stdout, reason = "what is found is told")]

use std::{process::ExitCode, sync::Arc};

use voyager_hostile::{Arena, COMPILE, LAUNCH, suite};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some(COMPILE) => compile(),
        Some(LAUNCH) => voyager_process::launcher_main(arguments[1..].to_vec()),
        Some("0/2") => play(|place, _| place % 2 == 0),
        Some("1/2") => play(|place, _| place % 2 == 1),
        None => play(|_, _| true),
        Some(_) => play(move |_, case| arguments.iter().any(|name| case.contains(name.as_str()))),
    }
}

/// Shut in as the host's own compiler is.
fn compile() -> ExitCode {
    voyager_process::confine_self();
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    match voyager_sandbox::compile_child_main(&mut input, &mut output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Plays the cases of which `wanted` says so, by their place and name.
fn play(wanted: impl Fn(usize, &str) -> bool) -> ExitCode {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("the machine has threads");
    let program = std::env::current_exe().expect("this program has a path");
    let cases = suite::groups().into_iter().flat_map(|group| group.cases).enumerate();
    let cases = cases.filter(|(place, case)| wanted(*place, &case.name));
    let broken = runtime.block_on(async {
        let arena = Arc::new(Arena::new(&program));
        let mut broken = 0;
        for (_, case) in cases {
            broken += u32::from(!holds(case, &arena).await);
        }
        broken
    });
    println!("peak {} KiB", peak_kib());
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Plays one case, and says what came of it.
async fn holds(case: suite::Case, arena: &Arc<Arena>) -> bool {
    let (name, outcome) = (case.name.clone(), case.outcome);
    let playing = Arc::clone(arena);
    let played = tokio::spawn(async move {
        let ended = case.play(&playing).await;
        (case.holds(&ended), ended)
    });
    let (mut held, mut ended) = match played.await {
        Ok(played) => played,
        Err(panic) => (false, panic.to_string()),
    };
    if let Err(reason) = arena.serves().await {
        (held, ended) = (false, format!("{ended}; but then {reason}"));
    }
    if held {
        println!("held {name}: {ended}");
    } else {
        println!("BROKE {name}: {ended}\n  and not: {outcome}");
    }
    held
}

/// The most memory that this process ever had.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|it| it.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(u64::MAX)
}
