//! From a command line to words. No shell: nothing is expanded, and a line that asks for a shell's work
//! is refused with what to do instead, because the words would reach the program as they are.

/// Words that mean something to a shell only.
const SHELL_ONLY: [&str; 10] = ["&&", "||", ";", "|", "&", ">", ">>", "<", "2>", "2>&1"];

/// The program and its arguments.
///
/// # Errors
/// One sentence, where the line is empty, a quote is open, or a shell is asked for.
pub fn words(line: &str) -> Result<(String, Vec<String>), String> {
    let words = shlex::split(line)
        .ok_or_else(|| format!("a quote or backslash is left open in the command `{line}`"))?;
    let mut words = words.into_iter();
    let Some(program) = words.next() else {
        return Err("the command is empty; name a program, for example `cargo test`".to_owned());
    };
    let arguments: Vec<String> = words.collect();
    let unquoted = line.split_whitespace();
    if let Some(word) = unquoted.into_iter().find(|word| SHELL_ONLY.contains(word))
        && arguments.iter().any(|argument| argument == word)
    {
        return Err(format!(
            "the command `{line}` has `{word}`, but runs without a shell; use one step for each \
             program, or grant and run `sh -c '...'`"
        ));
    }
    if program.contains('=') {
        return Err(format!("`{program}` is no program; variables can't be set in a command line"));
    }
    Ok((program, arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Vec<String> {
        let (program, arguments) = words(line).unwrap();
        std::iter::once(program).chain(arguments).collect()
    }

    #[test]
    fn quotes_and_backslashes_are_those_of_a_shell() {
        assert_eq!(split("cargo test  -p x"), ["cargo", "test", "-p", "x"]);
        assert_eq!(split(r#"sh -c 'a && b' "c d" e\ f"#), ["sh", "-c", "a && b", "c d", "e f"]);
        assert_eq!(split("echo $HOME *"), ["echo", "$HOME", "*"]);
    }

    #[test]
    fn what_only_a_shell_can_do_is_refused() {
        for line in ["a && b", "a | b", "a > b", "a ; b", "X=1 a"] {
            assert!(words(line).is_err(), "{line}");
        }
        assert!(words("grep '&&' file").is_ok());
    }

    #[test]
    fn a_malformed_line_is_refused() {
        for line in ["", "   ", "# comment", "a 'b", "a \\"] {
            assert!(words(line).is_err(), "{line}");
        }
    }
}
