//! Prints what the checker says of a manifest, without any skill: `cargo run --example show FILE`.

#![expect(clippy::print_stdout, reason = "that is its purpose")]

use voyager_base::Limits;
use voyager_manifest::{Catalog, check, render};

fn main() -> std::io::Result<()> {
    for file in std::env::args().skip(1) {
        let text = std::fs::read(&file)?;
        let checked = check(&text, &file, &Catalog::new(Vec::new()), &Limits::ceiling());
        print!("{}", render(&checked.diagnostics, &file, &text, false));
    }
    Ok(())
}
