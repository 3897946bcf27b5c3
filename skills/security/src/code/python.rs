//! Dangerous calls in Python.

use super::{DEPTH_MAX, Sink, is_secret_name, is_sql};
use crate::model::Severity;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, Number, Operator, Stmt};
use ruff_text_size::Ranged;
use std::collections::BTreeMap;
use std::ops::Range;

/// Names whose every call, or every call with an argument that is no literal, is reported.
const CALLS: &[(&str, &[&str])] = &[
    (
        "py-deserialize",
        &[
            "pickle.load",
            "pickle.loads",
            "pickle.Unpickler",
            "cPickle.load",
            "cPickle.loads",
            "_pickle.loads",
            "dill.load",
            "dill.loads",
            "cloudpickle.load",
            "cloudpickle.loads",
            "shelve.open",
            "marshal.load",
            "marshal.loads",
            "jsonpickle.decode",
            "joblib.load",
            "pandas.read_pickle",
        ],
    ),
    ("py-temp-race", &["tempfile.mktemp", "os.tempnam", "os.tmpnam"]),
    ("py-plain-protocol", &["telnetlib.Telnet", "ftplib.FTP"]),
    ("py-tls-no-verify", &["ssl._create_unverified_context", "urllib3.disable_warnings"]),
    (
        "py-yaml-load",
        &["yaml.unsafe_load", "yaml.unsafe_load_all", "yaml.full_load", "yaml.full_load_all"],
    ),
    (
        "py-weak-cipher",
        &[
            "Crypto.Cipher.DES.new",
            "Crypto.Cipher.DES3.new",
            "Crypto.Cipher.ARC4.new",
            "Crypto.Cipher.ARC2.new",
            "Crypto.Cipher.Blowfish.new",
            "Cryptodome.Cipher.DES.new",
            "Cryptodome.Cipher.DES3.new",
            "Cryptodome.Cipher.ARC4.new",
            "cryptography.hazmat.primitives.ciphers.algorithms.ARC4",
            "cryptography.hazmat.primitives.ciphers.algorithms.TripleDES",
            "cryptography.hazmat.primitives.ciphers.algorithms.Blowfish",
            "cryptography.hazmat.primitives.ciphers.modes.ECB",
        ],
    ),
];

/// Names that are reported when their first argument is built at run time.
const BUILT: &[(&str, &[&str])] = &[
    ("py-eval", &["eval", "exec", "builtins.eval", "builtins.exec"]),
    ("py-os-command", OS_COMMANDS),
    ("py-template-injection", &["flask.render_template_string", "jinja2.Template"]),
    ("py-mark-safe", &["django.utils.safestring.mark_safe", "markupsafe.Markup", "flask.Markup"]),
];

const OS_COMMANDS: &[&str] = &[
    "os.system",
    "os.popen",
    "os.popen2",
    "os.popen3",
    "commands.getoutput",
    "commands.getstatusoutput",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
    "asyncio.create_subprocess_shell",
    "popen2.popen2",
    "popen2.popen3",
];

const SUBPROCESS: &[&str] = &[
    "subprocess.run",
    "subprocess.call",
    "subprocess.Popen",
    "subprocess.check_call",
    "subprocess.check_output",
];

const HTTP_METHODS: &[&str] =
    &["get", "post", "put", "delete", "head", "options", "patch", "request"];

/// Walks a text.
pub(super) fn scan(text: &str, sink: &mut Sink<'_>) -> Result<(), String> {
    let parsed = ruff_python_parser::parse_module(text).map_err(|error| {
        let line =
            text[..usize::from(error.location.start()).min(text.len())].matches('\n').count() + 1;
        format!("syntax error at line {line}")
    })?;
    let mut walk =
        Walk { sink, names: BTreeMap::new(), depth: 0, assigned: Vec::new(), comparing: false };
    walk.visit_body(&parsed.syntax().body);
    Ok(())
}

struct Walk<'w, 't> {
    sink: &'w mut Sink<'t>,
    /// What imports call what: `sp` is `subprocess`, `r` is `subprocess.run`.
    names: BTreeMap<String, String>,
    depth: u32,
    /// Names of the functions and assignments around, for guesses about what a value is for.
    assigned: Vec<String>,
    /// The expression around is a comparison.
    comparing: bool,
}

impl<'a> Visitor<'a> for Walk<'_, '_> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        let names_before = self.assigned.len();
        match stmt {
            Stmt::Import(import) => {
                for alias in &import.names {
                    let full = alias.name.as_str();
                    let local = alias.asname.as_ref().map_or_else(
                        || full.split('.').next().unwrap_or(full),
                        |name| name.as_str(),
                    );
                    let target = if alias.asname.is_some() { full } else { local };
                    self.names.insert(local.to_owned(), target.to_owned());
                }
            }
            Stmt::ImportFrom(import) if import.level == 0 => {
                let module = import.module.as_ref().map_or("", |name| name.as_str());
                for alias in &import.names {
                    let local = alias.asname.as_ref().unwrap_or(&alias.name);
                    self.names.insert(local.to_string(), format!("{module}.{}", alias.name));
                }
            }
            Stmt::FunctionDef(function) => {
                self.assigned.push(function.name.to_string());
                for decorator in &function.decorator_list {
                    if self
                        .resolve(&decorator.expression)
                        .is_some_and(|name| name.ends_with("csrf_exempt"))
                    {
                        self.sink.report(
                            "py-csrf-exempt",
                            bytes(&decorator.expression),
                            "csrf_exempt",
                        );
                    }
                }
            }
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    self.assignment(target, &assign.value);
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    self.assignment(&assign.target, value);
                }
            }
            _ => {}
        }
        self.deeper(|walk| walk_stmt(walk, stmt));
        self.assigned.truncate(names_before);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Call(call) => self.call(call),
            Expr::Attribute(_) if !self.comparing => self.attribute(expr),
            _ => {}
        }
        // `mode != ssl.CERT_NONE` asks about a constant instead of choosing it.
        let comparing = std::mem::replace(&mut self.comparing, matches!(expr, Expr::Compare(_)));
        self.deeper(|walk| walk_expr(walk, expr));
        self.comparing = comparing;
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

    /// The dotted name of an expression, its first part resolved through the imports.
    fn resolve(&self, expr: &Expr) -> Option<String> {
        let mut parts = Vec::new();
        let mut at = expr;
        loop {
            match at {
                Expr::Attribute(attribute) if parts.len() < 16 => {
                    parts.push(attribute.attr.as_str());
                    at = &attribute.value;
                }
                Expr::Name(name) => {
                    parts.push(
                        self.names
                            .get(name.id.as_str())
                            .map_or_else(|| name.id.as_str(), String::as_str),
                    );
                    parts.reverse();
                    return Some(parts.join("."));
                }
                _ => return None,
            }
        }
    }

    fn assignment(&mut self, target: &Expr, value: &Expr) {
        if let Some(name) = self.resolve(target) {
            let name_end = name.rsplit('.').next().unwrap_or(&name).to_owned();
            if name_end == "check_hostname" && is_bool(value, false) {
                self.sink.report("py-tls-no-verify", bytes(target), &name);
            }
            self.assigned.push(name_end);
        }
    }

    /// Constants whose mere use is a decision.
    fn attribute(&mut self, expr: &Expr) {
        let Some(name) = self.resolve(expr) else { return };
        let rule = match name.as_str() {
            "ssl.CERT_NONE" => "py-tls-no-verify",
            "ssl.PROTOCOL_SSLv2"
            | "ssl.PROTOCOL_SSLv3"
            | "ssl.PROTOCOL_TLSv1"
            | "ssl.PROTOCOL_TLSv1_1"
            | "ssl.TLSVersion.SSLv3"
            | "ssl.TLSVersion.TLSv1"
            | "ssl.TLSVersion.TLSv1_1" => "py-ssl-version",
            "Crypto.Cipher.AES.MODE_ECB" | "Cryptodome.Cipher.AES.MODE_ECB" => "py-weak-cipher",
            _ => return,
        };
        self.sink.report(rule, bytes(expr), &name);
    }

    fn call(&mut self, call: &ExprCall) {
        if let Some(name) = self.resolve(&call.func) {
            self.named_call(&name, call);
        }
        if let Expr::Attribute(attribute) = &*call.func {
            self.method_call(attribute.attr.as_str(), call);
        }
    }

    fn named_call(&mut self, name: &str, call: &ExprCall) {
        let range = bytes(&*call.func);
        let first = call.arguments.find_positional(0);
        if let Some((rule, _)) = CALLS.iter().find(|(_, names)| names.contains(&name)) {
            self.sink.report(rule, range, name);
            return;
        }
        if let Some((rule, _)) = BUILT.iter().find(|(_, names)| names.contains(&name)) {
            if first.is_some_and(|argument| !is_literal(argument)) {
                self.sink.report(rule, range, name);
            } else if OS_COMMANDS.contains(&name) {
                self.sink.report_as(rule, Some(Severity::Info), range, name);
            }
            return;
        }
        if SUBPROCESS.contains(&name)
            && keyword(call, "shell").is_some_and(|value| is_bool(value, true))
        {
            let fixed = first.or_else(|| keyword(call, "args")).is_some_and(is_literal);
            self.sink.report_as("py-subprocess-shell", fixed.then_some(Severity::Low), range, name);
            return;
        }
        if let Some(rule) = self.special_call(name, call) {
            self.sink.report(rule, range, name);
        }
    }

    /// Calls that depend on more than their first argument.
    fn special_call(&self, name: &str, call: &ExprCall) -> Option<&'static str> {
        let first = call.arguments.find_positional(0);
        let flag =
            |key: &str, value: bool| keyword(call, key).is_some_and(|expr| is_bool(expr, value));
        match name {
            "yaml.load" | "yaml.load_all" => {
                (!self.has_safe_loader(call)).then_some("py-yaml-load")
            }
            "hashlib.md5" | "hashlib.sha1" => {
                (!flag("usedforsecurity", false)).then_some("py-weak-hash")
            }
            "hashlib.new" => {
                let weak = first.and_then(text_of).is_some_and(|name| {
                    matches!(name.to_ascii_lowercase().as_str(), "md5" | "sha1" | "md4")
                });
                (weak && !flag("usedforsecurity", false)).then_some("py-weak-hash")
            }
            "torch.load" => (!flag("weights_only", true)).then_some("py-deserialize"),
            "os.chmod" => call
                .arguments
                .find_positional(1)
                .and_then(number)
                .is_some_and(|mode| mode & 0o002 != 0)
                .then_some("py-chmod-world"),
            "jinja2.Environment" => {
                let escaped =
                    keyword(call, "autoescape").is_some_and(|value| !is_bool(value, false));
                (!escaped).then_some("py-jinja-autoescape")
            }
            "jwt.decode" => {
                let unchecked = keyword(call, "options")
                    .is_some_and(|options| dict_has_false(options, "verify_signature"));
                (unchecked || flag("verify", false)).then_some("py-jwt-no-verify")
            }
            "logging.config.listen" => {
                keyword(call, "verify").is_none().then_some("py-logging-listen")
            }
            "lxml.etree.XMLParser" => flag("resolve_entities", true).then_some("py-xml-external"),
            "xml.sax.make_parser"
            | "xml.sax.parse"
            | "xml.sax.parseString"
            | "xml.dom.pulldom.parse" => Some("py-xml-external"),
            "Crypto.PublicKey.RSA.generate" | "Cryptodome.PublicKey.RSA.generate" => {
                first.and_then(number).is_some_and(|bits| bits < 2048).then_some("py-weak-key")
            }
            "cryptography.hazmat.primitives.asymmetric.rsa.generate_private_key"
            | "cryptography.hazmat.primitives.asymmetric.dsa.generate_private_key" => {
                let size = keyword(call, "key_size").or_else(|| call.arguments.find_positional(1));
                size.and_then(number).is_some_and(|bits| bits < 2048).then_some("py-weak-key")
            }
            _ if is_random(name) && self.assigned.iter().any(|name| is_secret_name(name)) => {
                Some("py-insecure-random")
            }
            _ if is_request(name)
                && keyword(call, "verify").is_none_or(|value| !is_bool(value, false)) =>
            {
                (keyword(call, "timeout").is_none() && !has_spread(call))
                    .then_some("py-request-without-timeout")
            }
            _ => None,
        }
    }

    fn has_safe_loader(&self, call: &ExprCall) -> bool {
        let loader = keyword(call, "Loader").or_else(|| call.arguments.find_positional(1));
        loader.and_then(|expr| self.resolve(expr)).is_some_and(|name| {
            let end = name.rsplit('.').next().unwrap_or(&name).to_owned();
            end.contains("Safe") || end == "BaseLoader" || end == "CBaseLoader"
        })
    }

    /// Calls that are known by the name of their method, on whatever object.
    fn method_call(&mut self, method: &str, call: &ExprCall) {
        let range = bytes(&*call.func);
        let first = call.arguments.find_positional(0);
        match method {
            "execute" | "executemany" | "executescript" | "raw" | "read_sql" | "read_sql_query"
                if first.is_some_and(|argument| self.is_built_sql(argument)) =>
            {
                self.sink.report("py-sql-string", range, method);
            }
            "extractall"
                if self.imports("tarfile")
                    && keyword(call, "filter").is_none()
                    && keyword(call, "members").is_none() =>
            {
                self.sink.report("py-tar-extract", range, method);
            }
            "set_missing_host_key_policy" => {
                let policy = first.and_then(|expr| match expr {
                    Expr::Call(made) => self.resolve(&made.func),
                    other => self.resolve(other),
                });
                if policy.is_some_and(|name| {
                    name.ends_with("AutoAddPolicy") || name.ends_with("WarningPolicy")
                }) {
                    self.sink.report("py-ssh-host-key", range, method);
                }
            }
            "run"
                if self.imports("flask")
                    && keyword(call, "debug").is_some_and(|value| is_bool(value, true)) =>
            {
                self.sink.report("py-flask-debug", range, "app.run(debug=True)");
            }
            "bind" if first.is_some_and(is_any_address) => {
                self.sink.report("py-bind-all", range, method)
            }
            _ => {}
        }
        if method == "run"
            && keyword(call, "host").and_then(text_of).is_some_and(|host| host == "0.0.0.0")
        {
            self.sink.report("py-bind-all", bytes(&*call.func), method);
        }
        let tls = HTTP_METHODS.contains(&method)
            || matches!(method, "Session" | "Client" | "AsyncClient" | "client" | "stream");
        if tls && keyword(call, "verify").is_some_and(|value| is_bool(value, false)) {
            self.sink.report(
                "py-tls-no-verify",
                bytes(&*call.func),
                &format!("{method}(verify=False)"),
            );
        }
    }

    fn imports(&self, module: &str) -> bool {
        self.names.values().any(|name| name.split('.').next() == Some(module))
    }

    /// SQL with something from run time in it: an f-string, `%`, `+`, `.format`.
    fn is_built_sql(&self, expr: &Expr) -> bool {
        match expr {
            Expr::FString(_) => !is_literal(expr) && leading_text(expr).is_some_and(is_sql),
            Expr::BinOp(operation) if matches!(operation.op, Operator::Add | Operator::Mod) => {
                !is_literal(expr) && leading_text(expr).is_some_and(is_sql)
            }
            Expr::Call(call) => match &*call.func {
                Expr::Attribute(attribute) if attribute.attr.as_str() == "format" => {
                    leading_text(&attribute.value).is_some_and(is_sql)
                }
                func => {
                    let wrapped = self.resolve(func).is_some_and(|name| {
                        name == "text" || name == "sqlalchemy.text" || name == "sqlalchemy.sql.text"
                    });
                    wrapped
                        && call
                            .arguments
                            .find_positional(0)
                            .is_some_and(|inner| self.is_built_sql(inner))
                }
            },
            _ => false,
        }
    }
}

fn bytes(node: &impl Ranged) -> Range<usize> {
    let range = node.range();
    usize::from(range.start())..usize::from(range.end())
}

fn keyword<'c>(call: &'c ExprCall, name: &str) -> Option<&'c Expr> {
    call.arguments.find_keyword(name).map(|keyword| &keyword.value)
}

fn has_spread(call: &ExprCall) -> bool {
    call.arguments.keywords.iter().any(|keyword| keyword.arg.is_none())
}

fn is_bool(expr: &Expr, value: bool) -> bool {
    matches!(expr, Expr::BooleanLiteral(literal) if literal.value == value)
        || matches!(expr, Expr::NumberLiteral(_) if number(expr) == Some(u64::from(value)))
}

fn number(expr: &Expr) -> Option<u64> {
    match expr {
        Expr::NumberLiteral(literal) => match &literal.value {
            Number::Int(int) => int.as_i64().and_then(|value| u64::try_from(value).ok()),
            Number::Float(_) | Number::Complex { .. } => None,
        },
        _ => None,
    }
}

fn text_of(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::StringLiteral(literal) => Some(literal.value.to_str()),
        _ => None,
    }
}

/// The text that an expression begins with.
fn leading_text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::StringLiteral(literal) => Some(literal.value.to_str()),
        Expr::FString(string) => string
            .value
            .elements()
            .next()
            .and_then(|element| element.as_literal())
            .map(|literal| &*literal.value),
        Expr::BinOp(operation) => leading_text(&operation.left),
        _ => None,
    }
}

/// Known before the program runs.
fn is_literal(expr: &Expr) -> bool {
    match expr {
        Expr::StringLiteral(_)
        | Expr::BytesLiteral(_)
        | Expr::NumberLiteral(_)
        | Expr::BooleanLiteral(_)
        | Expr::NoneLiteral(_) => true,
        Expr::FString(string) => string.value.elements().all(|element| element.is_literal()),
        Expr::BinOp(operation) => is_literal(&operation.left) && is_literal(&operation.right),
        Expr::List(list) => list.elts.iter().all(is_literal),
        Expr::Tuple(tuple) => tuple.elts.iter().all(is_literal),
        _ => false,
    }
}

fn is_random(name: &str) -> bool {
    matches!(
        name,
        "random.random"
            | "random.randint"
            | "random.choice"
            | "random.choices"
            | "random.sample"
            | "random.randrange"
            | "random.getrandbits"
            | "random.randbytes"
            | "random.uniform"
    )
}

fn is_request(name: &str) -> bool {
    name.split_once('.')
        .is_some_and(|(module, method)| module == "requests" && HTTP_METHODS.contains(&method))
}

fn is_any_address(expr: &Expr) -> bool {
    match expr {
        Expr::Tuple(tuple) => tuple
            .elts
            .first()
            .and_then(text_of)
            .is_some_and(|host| host == "0.0.0.0" || host == "::"),
        _ => false,
    }
}

fn dict_has_false(expr: &Expr, key: &str) -> bool {
    match expr {
        Expr::Dict(dict) => dict.items.iter().any(|item| {
            item.key.as_ref().and_then(text_of) == Some(key) && is_bool(&item.value, false)
        }),
        _ => false,
    }
}
