//! Dangerous calls in Rust.
//!
//! What stands in the tokens of a macro is not parsed, so not seen.

use super::{DEPTH_MAX, Sink, is_sql};
use proc_macro2::TokenTree;
use std::collections::BTreeMap;
use std::ops::Range;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Expr, ExprCall, ExprMethodCall, ExprUnsafe, ItemImpl, ItemStatic, ItemUse, Lit,
    StaticMutability, Stmt, UseTree,
};

/// Endings of paths whose every call is reported.
const CALLS: &[(&str, &[&str])] = &[
    ("rs-transmute", &["mem::transmute", "mem::transmute_copy", "intrinsics::transmute"]),
    ("rs-uninitialized", &["mem::uninitialized"]),
    (
        "rs-unchecked",
        &[
            "str::from_utf8_unchecked",
            "String::from_utf8_unchecked",
            "char::from_u32_unchecked",
            "slice::from_raw_parts",
            "slice::from_raw_parts_mut",
            "Vec::from_raw_parts",
            "Box::from_raw",
            "hint::unreachable_unchecked",
        ],
    ),
    (
        "rs-weak-hash",
        &[
            "Md5::new",
            "Md5::digest",
            "md5::compute",
            "Md4::new",
            "Md4::digest",
            "Sha1::new",
            "Sha1::digest",
            "MessageDigest::md5",
            "MessageDigest::sha1",
        ],
    ),
    (
        "rs-weak-cipher",
        &[
            "Rc4::new",
            "Des::new",
            "TdesEde3::new",
            "Blowfish::new",
            "Cipher::des_cbc",
            "Cipher::des_ecb",
            "Cipher::aes_128_ecb",
            "Cipher::aes_256_ecb",
            "Cipher::rc4",
        ],
    ),
    (
        "rs-jwt-no-verify",
        &["jsonwebtoken::dangerous_insecure_decode", "dangerous::insecure_decode"],
    ),
    (
        "rs-c-call",
        &[
            "libc::system",
            "libc::popen",
            "libc::strcpy",
            "libc::strcat",
            "libc::sprintf",
            "libc::gets",
            "libc::mktemp",
            "libc::tmpnam",
        ],
    ),
];

/// Methods whose every call is reported.
const METHODS: &[(&str, &str)] = &[
    ("get_unchecked", "rs-unchecked"),
    ("get_unchecked_mut", "rs-unchecked"),
    ("unwrap_unchecked", "rs-unchecked"),
    ("insecure_disable_signature_validation", "rs-jwt-no-verify"),
];

const SHELLS: &[&str] = &[
    "sh",
    "bash",
    "zsh",
    "dash",
    "ksh",
    "fish",
    "cmd",
    "cmd.exe",
    "powershell",
    "pwsh",
    "/bin/sh",
    "/bin/bash",
    "/usr/bin/env",
];

/// Walks a text.
pub(super) fn scan(text: &str, sink: &mut Sink<'_>) -> Result<(), String> {
    // The parser drops a byte order mark and a first line of `#!`; its places count from after them.
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut skipped = text.len() - body.len();
    if body.starts_with("#!") && !body[2..].trim_start().starts_with('[') {
        skipped += body.find('\n').unwrap_or(body.len());
    }
    let parsed = syn::parse_file(&text[skipped..]);
    let outcome = match &parsed {
        Ok(file) => {
            let mut walk = Walk {
                sink,
                skipped,
                names: BTreeMap::new(),
                depth: 0,
                shells: Vec::new(),
                unsafe_blocks: Vec::new(),
            };
            walk.visit_file(file);
            walk.report_unsafe();
            Ok(())
        }
        Err(error) => Err(format!("syntax error at line {}", error.span().start().line)),
    };
    drop(parsed);
    // The places of all texts are kept in one table of the thread, which would grow without end.
    proc_macro2::extra::invalidate_current_thread_spans();
    outcome
}

struct Walk<'w, 't> {
    sink: &'w mut Sink<'t>,
    /// Bytes before the text that was parsed.
    skipped: usize,
    /// What `use` calls what, as whole paths.
    names: BTreeMap<String, String>,
    depth: u32,
    /// Places of the shells that were reported: each argument of the chain would report them again.
    shells: Vec<usize>,
    /// Places of the unsafe blocks: they are one finding, or the report drowns in them.
    unsafe_blocks: Vec<Range<usize>>,
}

impl<'a> Visit<'a> for Walk<'_, '_> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        self.deeper(|walk| visit::visit_stmt(walk, stmt));
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        self.deeper(|walk| visit::visit_expr(walk, expr));
    }

    fn visit_item_use(&mut self, item: &'a ItemUse) {
        self.remember(&item.tree, String::new(), 0);
    }

    fn visit_expr_unsafe(&mut self, block: &'a ExprUnsafe) {
        let range = self.bytes(&block.unsafe_token);
        self.unsafe_blocks.push(range);
        visit::visit_expr_unsafe(self, block);
    }

    fn visit_item_impl(&mut self, item: &'a ItemImpl) {
        if let (Some(token), Some((path, _))) = (&item.unsafety, &item.trait_) {
            let name =
                path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
            let range = self.bytes(token);
            self.sink.report("rs-unsafe-impl", range, &format!("unsafe impl {name}"));
        }
        visit::visit_item_impl(self, item);
    }

    fn visit_item_static(&mut self, item: &'a ItemStatic) {
        if matches!(item.mutability, StaticMutability::Mut(_)) {
            let range = self.bytes(&item.ident);
            self.sink.report("rs-static-mut", range, &format!("static mut {}", item.ident));
        }
        visit::visit_item_static(self, item);
    }

    fn visit_expr_call(&mut self, call: &'a ExprCall) {
        if let Some(path) = self.resolve(&call.func) {
            let range = self.bytes(&call.func);
            self.path_call(&path, call, range);
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        let range = self.bytes(&call.method);
        self.method_call(&call.method.to_string(), call, range);
        visit::visit_expr_method_call(self, call);
    }
}

impl Walk<'_, '_> {
    fn deeper(&mut self, descend: impl FnOnce(&mut Self)) {
        if self.depth < DEPTH_MAX {
            self.depth += 1;
            descend(self);
            self.depth -= 1;
        }
    }

    /// One finding for all unsafe blocks of the file, at the first.
    fn report_unsafe(&mut self) {
        let name = match self.unsafe_blocks.len() {
            0 | 1 => "unsafe".to_owned(),
            more => format!("unsafe (the first of {more} blocks)"),
        };
        if let Some(first) = self.unsafe_blocks.drain(..).next() {
            self.sink.report("rs-unsafe", first, &name);
        }
    }

    fn bytes(&self, node: &impl Spanned) -> Range<usize> {
        let range = node.span().byte_range();
        range.start + self.skipped..range.end + self.skipped
    }

    fn remember(&mut self, tree: &UseTree, prefix: String, depth: u32) {
        let join = |name: &dyn std::fmt::Display| {
            if prefix.is_empty() { name.to_string() } else { format!("{prefix}::{name}") }
        };
        match tree {
            UseTree::Path(path) if depth < 32 => {
                let longer = join(&path.ident);
                self.remember(&path.tree, longer, depth + 1);
            }
            UseTree::Name(name) => {
                let full = if name.ident == "self" { prefix.clone() } else { join(&name.ident) };
                let local = full.rsplit("::").next().unwrap_or(&full).to_owned();
                self.names.insert(local, full);
            }
            UseTree::Rename(rename) => {
                self.names.insert(rename.rename.to_string(), join(&rename.ident));
            }
            UseTree::Group(group) if depth < 32 => {
                for tree in &group.items {
                    self.remember(tree, prefix.clone(), depth + 1);
                }
            }
            UseTree::Path(_) | UseTree::Group(_) | UseTree::Glob(_) => {}
        }
    }

    /// A path as text, its first segment resolved through `use`.
    fn resolve(&self, expr: &Expr) -> Option<String> {
        let Expr::Path(path) = expr else { return None };
        let mut segments = path.path.segments.iter().map(|segment| segment.ident.to_string());
        let first = segments.next()?;
        let mut full = self.names.get(&first).cloned().unwrap_or(first);
        for segment in segments.take(16) {
            full = full + "::" + &segment;
        }
        Some(full)
    }

    fn path_call(&mut self, path: &str, call: &ExprCall, range: Range<usize>) {
        let ends = |name: &str| {
            path == name || path.strip_suffix(name).is_some_and(|before| before.ends_with("::"))
        };
        if let Some((rule, _)) = CALLS.iter().find(|(_, names)| names.iter().any(|name| ends(name)))
        {
            self.sink.report(rule, range, path);
            return;
        }
        let first = call.args.first();
        let rule = match path {
            _ if ends("Command::new") && first.is_some_and(is_built) => "rs-command-built",
            _ if ends("TcpListener::bind")
                && first
                    .and_then(text_of)
                    .is_some_and(|address| address.starts_with("0.0.0.0")) =>
            {
                "rs-bind-all"
            }
            _ if ends("Permissions::from_mode")
                && first.and_then(number).is_some_and(|mode| mode & 0o002 != 0) =>
            {
                "rs-world-writable"
            }
            _ if (ends("sqlx::query")
                || ends("sqlx::query_as")
                || ends("diesel::sql_query")
                || ends("sqlx::raw_sql"))
                && first.is_some_and(is_built_sql) =>
            {
                "rs-sql-format"
            }
            _ => return,
        };
        self.sink.report(rule, range, path);
    }

    fn method_call(&mut self, method: &str, call: &ExprMethodCall, range: Range<usize>) {
        if let Some((_, rule)) = METHODS.iter().find(|(name, _)| *name == method) {
            self.sink.report(rule, range, method);
            return;
        }
        let first = call.args.first();
        let rule = match method {
            "danger_accept_invalid_certs"
            | "danger_accept_invalid_hostnames"
            | "tls_danger_accept_invalid_certs"
            | "danger_accept_invalid_certificates"
                if first.is_none_or(|argument| !is_false(argument)) =>
            {
                "rs-tls-no-verify"
            }
            "dangerous" if call.args.is_empty() => "rs-tls-no-verify",
            "set_verify"
                if first
                    .and_then(|mode| self.resolve(mode))
                    .is_some_and(|path| path.ends_with("SslVerifyMode::NONE")) =>
            {
                "rs-tls-no-verify"
            }
            "set_mode" | "mode"
                if first
                    .and_then(number)
                    .is_some_and(|mode| mode <= 0o7777 && mode & 0o002 != 0) =>
            {
                "rs-world-writable"
            }
            "query" | "execute" | "prepare" | "query_row" | "execute_batch" | "query_one"
            | "batch_execute" | "simple_query"
                if first.is_some_and(is_built_sql) =>
            {
                "rs-sql-format"
            }
            "arg" | "args" if first.is_some_and(|argument| !is_literal(argument)) => {
                return self.shell_argument(call);
            }
            _ => return,
        };
        self.sink.report(rule, range, method);
    }

    /// An argument built at run time, after `-c`, of a chain that starts a shell.
    fn shell_argument(&mut self, call: &ExprMethodCall) {
        let mut at: &Expr = &call.receiver;
        let mut takes_command = false;
        for _ in 0..64 {
            match at {
                Expr::MethodCall(inner) => {
                    takes_command |= inner.args.iter().any(|argument| {
                        texts_of(argument)
                            .iter()
                            .any(|text| matches!(*text, "-c" | "/C" | "/c" | "-Command" | "-lc"))
                    });
                    at = &inner.receiver;
                }
                Expr::Call(made) => {
                    let starts =
                        self.resolve(&made.func).is_some_and(|path| path.ends_with("Command::new"));
                    let shell = made
                        .args
                        .first()
                        .and_then(text_of)
                        .is_some_and(|program| SHELLS.contains(&program));
                    let range = self.bytes(made);
                    if starts && shell && takes_command && !self.shells.contains(&range.start) {
                        self.shells.push(range.start);
                        self.sink.report("rs-shell-command", range, "Command::new");
                    }
                    return;
                }
                _ => return,
            }
        }
    }
}

fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Reference(reference) => bare(&reference.expr),
        Expr::Paren(paren) => bare(&paren.expr),
        other => other,
    }
}

/// The text of a literal, also of `"x".to_string()`, `String::from("x")`.
fn literal(expr: &Expr) -> Option<&Lit> {
    match bare(expr) {
        Expr::Lit(literal) => Some(&literal.lit),
        Expr::MethodCall(call)
            if matches!(
                call.method.to_string().as_str(),
                "to_string" | "to_owned" | "into" | "as_str"
            ) =>
        {
            literal(&call.receiver)
        }
        Expr::Call(call)
            if call.args.len() == 1
                && matches!(&*call.func, Expr::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == "from")) =>
        {
            call.args.first().and_then(literal)
        }
        _ => None,
    }
}

fn is_literal(expr: &Expr) -> bool {
    match bare(expr) {
        Expr::Array(array) => array.elems.iter().all(is_literal),
        other => literal(other).is_some(),
    }
}

fn text_of(expr: &Expr) -> Option<&'static str> {
    // Only the few texts that rules compare with are of interest.
    const KNOWN: &[&str] = &["-c", "/C", "/c", "-Command", "-lc", "0.0.0.0"];
    let Some(Lit::Str(text)) = literal(expr) else { return None };
    let value = text.value();
    SHELLS
        .iter()
        .chain(KNOWN)
        .copied()
        .find(|known| value == **known || (*known == "0.0.0.0" && value.starts_with("0.0.0.0:")))
}

fn texts_of(expr: &Expr) -> Vec<&'static str> {
    match bare(expr) {
        Expr::Array(array) => array.elems.iter().filter_map(text_of).collect(),
        other => text_of(other).into_iter().collect(),
    }
}

fn number(expr: &Expr) -> Option<u32> {
    match literal(expr) {
        Some(Lit::Int(int)) => int.base10_parse().ok(),
        _ => None,
    }
}

fn is_false(expr: &Expr) -> bool {
    matches!(literal(expr), Some(Lit::Bool(value)) if !value.value)
}

/// `format!` with something to fill in: its first text, where it is one.
fn format_text(expr: &Expr) -> Option<String> {
    let Expr::Macro(call) = bare(expr) else { return None };
    call.mac
        .path
        .segments
        .last()
        .filter(|segment| segment.ident == "format" || segment.ident == "format_args")?;
    let TokenTree::Literal(token) = call.mac.tokens.clone().into_iter().next()? else {
        return None;
    };
    let Lit::Str(text) = Lit::new(token) else { return None };
    let text = text.value();
    text.replace("{{", "").contains('{').then_some(text)
}

fn is_built(expr: &Expr) -> bool {
    format_text(expr).is_some()
}

/// SQL with something from run time in it: `format!` or `+`.
fn is_built_sql(expr: &Expr) -> bool {
    match bare(expr) {
        Expr::Binary(binary) => match literal(&binary.left) {
            Some(Lit::Str(text)) => is_sql(&text.value()),
            _ => is_built_sql(&binary.left),
        },
        Expr::MethodCall(call) if call.method == "as_str" => is_built_sql(&call.receiver),
        other => format_text(other).is_some_and(|text| is_sql(&text)),
    }
}
