//! The catalogue of dangerous calls: what is known about each before any code is read.
//!
//! Where a rule applies is said in the module of its language.

use crate::model::Confidence::{self, High as Sure, Low as Guess, Medium as Likely};
use crate::model::Severity::{self, High, Info, Low, Medium};

/// One dangerous construct.
pub(crate) struct CodeRule {
    /// Its id.
    pub(crate) id: &'static str,
    /// How bad it is.
    pub(crate) severity: Severity,
    /// How sure a hit is.
    pub(crate) confidence: Confidence,
    /// The weakness.
    pub(crate) cwe: &'static str,
    /// What it is, as the end of "`x` ...".
    pub(crate) title: &'static str,
    /// What to do.
    pub(crate) help: &'static str,
}

const fn rule(
    id: &'static str,
    severity: Severity,
    confidence: Confidence,
    cwe: &'static str,
    title: &'static str,
    help: &'static str,
) -> CodeRule {
    CodeRule { id, severity, confidence, cwe, title, help }
}

/// The rules, by language and id.
#[rustfmt::skip]
pub(crate) const RULES: &[CodeRule] = &[
    rule("js-angular-bypass", Medium, Likely, "CWE-79", "switches off Angular's sanitising", "Let Angular sanitise the value, or sanitise it before."),
    rule("js-buffer-constructor", Low, Sure, "CWE-1188", "is the deprecated `Buffer` constructor, whose memory may be uninitialised", "Use `Buffer.from` or `Buffer.alloc`."),
    rule("js-cookie-flags", Low, Likely, "CWE-614", "takes a protection away from a cookie", "Set `httpOnly` and `secure` to true."),
    rule("js-cors-any-origin", Low, Likely, "CWE-942", "lets every origin read the answer", "Name the origins that may."),
    rule("js-document-write", Medium, Likely, "CWE-79", "writes markup that is built at run time", "Create elements and set `textContent`."),
    rule("js-electron-web-preferences", Medium, Sure, "CWE-1188", "gives web content the powers of Node", "Keep `contextIsolation` and `webSecurity` on and `nodeIntegration` off."),
    rule("js-eval", High, Likely, "CWE-95", "runs text as code", "Parse the data (`JSON.parse`) or look the function up in a table."),
    rule("js-exec-shell", High, Likely, "CWE-78", "starts a shell with a command that is built at run time", "Use `execFile` or `spawn` with a list of arguments."),
    rule("js-implied-eval", Medium, Sure, "CWE-95", "is given text to run as code", "Hand it a function."),
    rule("js-inner-html", Medium, Likely, "CWE-79", "is set to markup that is built at run time", "Use `textContent`, or sanitise the markup."),
    rule("js-insecure-random", Medium, Guess, "CWE-338", "makes a secret from `Math.random`, which can be predicted", "Use `crypto.randomBytes` or `crypto.getRandomValues`."),
    rule("js-jwt-hardcoded-secret", High, Likely, "CWE-798", "signs or verifies with a secret that stands in the code", "Load the secret from the environment or a vault."),
    rule("js-jwt-none", High, Sure, "CWE-347", "accepts tokens without a signature", "Name the algorithm that you sign with."),
    rule("js-new-function", High, Likely, "CWE-95", "makes a function from text", "Look the function up in a table instead."),
    rule("js-post-message-any", Low, Sure, "CWE-346", "sends a message to a window of any origin", "Name the origin of the receiver."),
    rule("js-react-inner-html", Medium, Likely, "CWE-79", "puts raw markup into the page", "Render text, or sanitise the markup."),
    rule("js-script-url", Medium, Sure, "CWE-79", "runs a `javascript:` address", "Use an event handler."),
    rule("js-spawn-shell", Medium, Likely, "CWE-78", "starts a program through a shell", "Leave `shell` out and give a list of arguments."),
    rule("js-sql-string", High, Likely, "CWE-89", "runs SQL that is built from strings", "Use placeholders and hand the values over beside the statement."),
    rule("js-tls-no-verify", High, Sure, "CWE-295", "switches the check of certificates off", "Add the right certificate authority instead (`ca`)."),
    rule("js-unserialize", High, Likely, "CWE-502", "revives objects with code in them", "Exchange plain JSON."),
    rule("js-vm-run", Medium, Likely, "CWE-94", "runs text as code; `vm` is no sandbox", "Run foreign code in a process or a sandbox of its own."),
    rule("js-weak-cipher", Medium, Sure, "CWE-327", "uses a broken cipher or mode", "Use AES-256-GCM or ChaCha20-Poly1305 with a random nonce."),
    rule("js-weak-hash", Low, Likely, "CWE-328", "uses a broken hash", "Use SHA-256; for passwords scrypt or argon2."),
    rule("py-bind-all", Low, Likely, "CWE-1327", "listens on all interfaces", "Listen on 127.0.0.1, or on the interface that is meant."),
    rule("py-chmod-world", Medium, Sure, "CWE-732", "lets everybody write the file", "Take the write bit of others away."),
    rule("py-csrf-exempt", Low, Sure, "CWE-352", "takes the view out of the CSRF protection", "Protect it, or authenticate without cookies."),
    rule("py-deserialize", Medium, Likely, "CWE-502", "can run code while it loads", "Use JSON, or sign the data and check before loading."),
    rule("py-eval", High, Likely, "CWE-95", "runs text as code", "Use `ast.literal_eval`, a parser, or a table of functions."),
    rule("py-flask-debug", High, Likely, "CWE-489", "runs with the debugger that lets everybody run code", "Switch debug off, or on by an environment variable only in development."),
    rule("py-insecure-random", Medium, Guess, "CWE-338", "makes a secret from `random`, which can be predicted", "Use the module `secrets`."),
    rule("py-jinja-autoescape", Medium, Likely, "CWE-79", "renders without escaping", "Pass `autoescape=select_autoescape()`."),
    rule("py-jwt-no-verify", High, Sure, "CWE-347", "reads a token without checking its signature", "Check the signature and name the algorithms."),
    rule("py-logging-listen", Medium, Sure, "CWE-94", "takes a configuration from the network and runs it", "Read the configuration from a file; or pass `verify`."),
    rule("py-mark-safe", Medium, Likely, "CWE-79", "marks text that is built at run time as safe markup", "Use `format_html` or `escape`."),
    rule("py-os-command", High, Likely, "CWE-78", "starts a shell with a command that is built at run time", "Use `subprocess.run` with a list of arguments."),
    rule("py-plain-protocol", Low, Likely, "CWE-319", "talks without encryption", "Use SSH, SFTP, or FTP over TLS."),
    rule("py-request-without-timeout", Info, Sure, "CWE-400", "waits for ever when the server does not answer", "Pass `timeout`."),
    rule("py-sql-string", High, Likely, "CWE-89", "runs SQL that is built from strings", "Use placeholders and hand the values over beside the statement."),
    rule("py-ssh-host-key", Medium, Sure, "CWE-295", "accepts every host key", "Load the known hosts and reject the rest."),
    rule("py-ssl-version", Medium, Sure, "CWE-327", "allows a broken version of TLS", "Use `ssl.create_default_context`."),
    rule("py-subprocess-shell", High, Likely, "CWE-78", "starts a shell with a command that is built at run time", "Leave `shell` out and give a list of arguments."),
    rule("py-tar-extract", Medium, Likely, "CWE-22", "unpacks an archive that may write outside of its folder", "Pass `filter='data'`."),
    rule("py-temp-race", Medium, Sure, "CWE-377", "names a temporary file that somebody else can create first", "Use `tempfile.NamedTemporaryFile` or `mkstemp`."),
    rule("py-template-injection", High, Likely, "CWE-1336", "renders a template that is built at run time", "Render a fixed template and pass the values."),
    rule("py-tls-no-verify", High, Sure, "CWE-295", "switches the check of certificates off", "Add the right certificate authority instead (`verify=PATH`)."),
    rule("py-weak-cipher", Medium, Sure, "CWE-327", "uses a broken cipher or mode", "Use AES-GCM or ChaCha20-Poly1305."),
    rule("py-weak-hash", Low, Likely, "CWE-328", "uses a broken hash", "Use SHA-256 (passwords: scrypt, argon2), or say `usedforsecurity=False`."),
    rule("py-weak-key", Medium, Sure, "CWE-326", "makes a key that is too short", "Use at least 2048 bits, better 3072."),
    rule("py-xml-external", Medium, Likely, "CWE-611", "may fetch external entities while it parses", "Use `defusedxml`, or pass `resolve_entities=False`."),
    rule("py-yaml-load", High, Likely, "CWE-502", "can make any object, so can run code", "Use `yaml.safe_load`."),
    rule("rs-bind-all", Low, Likely, "CWE-1327", "listens on all interfaces", "Listen on 127.0.0.1, or on the interface that is meant."),
    rule("rs-c-call", Medium, Likely, "CWE-676", "is a C function that can't be used safely", "Use the standard library."),
    rule("rs-command-built", Medium, Guess, "CWE-78", "starts a program whose name is built at run time", "Choose the program from a fixed list."),
    rule("rs-jwt-no-verify", High, Sure, "CWE-347", "reads a token without checking its signature", "Check the signature and name the algorithms."),
    rule("rs-shell-command", High, Likely, "CWE-78", "starts a shell with a command that is built at run time", "Start the program itself and give it a list of arguments."),
    rule("rs-sql-format", High, Likely, "CWE-89", "runs SQL that is built from strings", "Use placeholders and bind the values."),
    rule("rs-static-mut", Low, Sure, "CWE-362", "is a mutable static, which threads can race for", "Use an atomic, a `Mutex`, or a `OnceLock`."),
    rule("rs-tls-no-verify", High, Sure, "CWE-295", "switches the check of certificates off", "Add the right root certificate instead."),
    rule("rs-transmute", Low, Sure, "CWE-843", "reads bytes as another type without a check", "Use a conversion (`from_ne_bytes`, `bytemuck`), or say why it is sound."),
    rule("rs-unchecked", Info, Sure, "CWE-119", "skips a check that memory safety needs", "Use the checked form, or say in `SAFETY:` why it holds."),
    rule("rs-uninitialized", Medium, Sure, "CWE-908", "makes a value from memory that is not initialised", "Use `MaybeUninit`."),
    rule("rs-unsafe", Info, Sure, "CWE-119", "is code that the compiler does not check", "Review it; say in `SAFETY:` why it is sound."),
    rule("rs-unsafe-impl", Info, Sure, "CWE-362", "promises what the compiler does not check", "Review it; say in `SAFETY:` why it is sound."),
    rule("rs-weak-cipher", Medium, Likely, "CWE-327", "uses a broken cipher or mode", "Use AES-GCM or ChaCha20-Poly1305."),
    rule("rs-weak-hash", Low, Likely, "CWE-328", "uses a broken hash", "Use SHA-256 or BLAKE3; for passwords argon2."),
    rule("rs-world-writable", Medium, Sure, "CWE-732", "lets everybody write the file", "Take the write bit of others away."),
];
