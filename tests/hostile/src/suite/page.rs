//! The list of cases as a page of the documentation.

use std::fmt::Write as _;

use super::{groups, matrix};

const HEAD: &str = "# The hostile suite

What attackers try, what bounds it, and what must come of it. `cargo test -p voyager-hostile` plays all of
this in one process with real files, real programs, a real journal and compilers in processes of their own; a test keeps
this page equal to what is played. `cargo run -p voyager-hostile --bin suite -- NAME...` plays some.

After each attack

- a good skill still answers, nobody holds a slot, and no program's folder is left;
- nothing changed that was not granted: a file beside what is granted, and a folder outside;
- the journal tells how the run ended, its chain is whole, and its skills do the same again with the recorded answers;
- no line was told that a terminal obeys.

The host's process never uses more than 512 MiB over all of it, what attackers make included: components of 30 MiB, and
texts from which they are made. Compilers are processes of their own, each bounded by its address space (512 MiB and
less for compile bombs), and so are programs.

An outcome is how the run ended: with an error kind and its bound (`limit cpu: 50ms`), `trapped` with the reason, `gives`
a value, `goes on` where there is none; or why the component was `refused`. `…` stands for what is left out.
";

/// The text of `docs/reference/hostile-suite.md`.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    for group in groups() {
        let title = group.title;
        if title == matrix::TITLE {
            page.push_str(&matrix::table());
            continue;
        }
        write!(page, "\n## {title}\n\n| attack | tries | bound | outcome |\n|---|---|---|---|\n")
            .expect("writing to a text does not fail");
        for case in group.cases {
            let outcome = cell(case.outcome);
            let (name, tries, bound) = (&case.name, cell(&case.tries), cell(case.bound));
            writeln!(page, "| `{name}` | {tries} | {bound} | {outcome} |")
                .expect("writing to a text does not fail");
        }
    }
    page
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\u{200d}', "").replace('\n', " ")
}
