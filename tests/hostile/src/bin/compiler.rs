//! The compiler's process of these tests, shut in as the host's own is.

use std::process::ExitCode;

fn main() -> ExitCode {
    voyager_process::confine_self();
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    match voyager_sandbox::compile_child_main(&mut input, &mut output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
