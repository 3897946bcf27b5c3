//! A true and a false sample for every rule, and hostile text for every parser.

use super::*;
use proptest::prelude::*;

fn found(path: &str, text: &str) -> Vec<&'static str> {
    let language = Language::of(path).unwrap();
    let mut rules: Vec<_> =
        scan(language, text.as_bytes()).unwrap().into_iter().map(|hit| hit.rule).collect();
    rules.dedup();
    rules
}

fn file_of(rule: &str) -> &'static str {
    match &rule[..3] {
        "py-" => "a.py",
        "js-" => "a.tsx",
        _ => "a.rs",
    }
}

/// Rule, a text that has it, a text that looks alike and has it not.
const SAMPLES: &[(&str, &str, &str)] = &[
    ("py-bind-all", "s.bind(('0.0.0.0', 80))", "s.bind(('127.0.0.1', 80))"),
    ("py-chmod-world", "import os\nos.chmod(p, 0o777)", "import os\nos.chmod(p, 0o755)"),
    (
        "py-csrf-exempt",
        "from django.views.decorators.csrf import csrf_exempt as free\n@free\ndef f(r): pass",
        "@login\ndef f(r): pass",
    ),
    ("py-deserialize", "import pickle as p\np.loads(x)", "import json as p\np.loads(x)"),
    ("py-eval", "eval(x)", "eval('1+1')\nmodel.eval(x)"),
    (
        "py-flask-debug",
        "from flask import Flask\napp.run(debug=True)",
        "from flask import Flask\napp.run(debug=False)",
    ),
    (
        "py-insecure-random",
        "import random\ntoken = ''.join(random.choice(a) for _ in b)",
        "import random\ncolour = random.choice(a)",
    ),
    (
        "py-jinja-autoescape",
        "from jinja2 import Environment\nEnvironment(loader=x)",
        "from jinja2 import Environment\nEnvironment(autoescape=True)",
    ),
    (
        "py-jwt-no-verify",
        "import jwt\njwt.decode(t, options={'verify_signature': False})",
        "import jwt\njwt.decode(t, k, algorithms=['RS256'])",
    ),
    (
        "py-logging-listen",
        "import logging.config\nlogging.config.listen(1)",
        "import logging.config\nlogging.config.dictConfig(x)",
    ),
    (
        "py-mark-safe",
        "from django.utils.safestring import mark_safe\nmark_safe(x)",
        "from django.utils.safestring import mark_safe\nmark_safe('<b>')",
    ),
    ("py-os-command", "from os import system as s\ns('ls ' + x)", "import os\nos.listdir(x)"),
    ("py-plain-protocol", "import ftplib\nftplib.FTP(h)", "import ftplib\nftplib.FTP_TLS(h)"),
    (
        "py-request-without-timeout",
        "import requests\nrequests.get(u)",
        "import requests\nrequests.get(u, timeout=3)",
    ),
    (
        "py-sql-string",
        "c.execute(f\"SELECT * FROM t WHERE a = {x}\")",
        "c.execute('SELECT * FROM t WHERE a = %s', (x,))",
    ),
    (
        "py-ssh-host-key",
        "import paramiko\nc.set_missing_host_key_policy(paramiko.AutoAddPolicy())",
        "import paramiko\nc.set_missing_host_key_policy(paramiko.RejectPolicy())",
    ),
    (
        "py-ssl-version",
        "import ssl\nv = ssl.PROTOCOL_SSLv3",
        "import ssl\nv = ssl.PROTOCOL_TLS_CLIENT\nif v == ssl.PROTOCOL_SSLv3: pass",
    ),
    (
        "py-subprocess-shell",
        "from subprocess import run as r\nr(f'ls {x}', shell=True)",
        "from subprocess import run as r\nr(['ls', x])",
    ),
    (
        "py-tar-extract",
        "import tarfile\nt.extractall(p)",
        "import tarfile\nt.extractall(p, filter='data')",
    ),
    ("py-temp-race", "import tempfile\ntempfile.mktemp()", "import tempfile\ntempfile.mkstemp()"),
    (
        "py-template-injection",
        "import flask\nflask.render_template_string(x)",
        "import flask\nflask.render_template_string('{{ a }}', a=x)",
    ),
    (
        "py-tls-no-verify",
        "import requests\nrequests.get(u, verify=False, timeout=1)",
        "import requests\nrequests.get(u, verify=ca, timeout=1)",
    ),
    (
        "py-weak-cipher",
        "from Crypto.Cipher import AES\nAES.new(k, AES.MODE_ECB)",
        "from Crypto.Cipher import AES\nAES.new(k, AES.MODE_GCM)",
    ),
    (
        "py-weak-hash",
        "import hashlib\nhashlib.md5(x)",
        "import hashlib\nhashlib.md5(x, usedforsecurity=False)\nhashlib.sha256(x)",
    ),
    (
        "py-weak-key",
        "from Crypto.PublicKey import RSA\nRSA.generate(1024)",
        "from Crypto.PublicKey import RSA\nRSA.generate(3072)",
    ),
    (
        "py-xml-external",
        "from lxml import etree\netree.XMLParser(resolve_entities=True)",
        "from lxml import etree\netree.XMLParser(resolve_entities=False)",
    ),
    (
        "py-yaml-load",
        "import yaml\nyaml.load(x)",
        "import yaml\nyaml.load(x, Loader=yaml.SafeLoader)",
    ),
    ("js-angular-bypass", "s.bypassSecurityTrustHtml(x)", "s.sanitize(x)"),
    ("js-buffer-constructor", "new Buffer(3)", "Buffer.alloc(3)"),
    (
        "js-cookie-flags",
        "r.cookie('a', b, { httpOnly: false })",
        "r.cookie('a', b, { httpOnly: true })",
    ),
    (
        "js-cors-any-origin",
        "res.setHeader('Access-Control-Allow-Origin', '*')",
        "res.setHeader('Access-Control-Allow-Origin', o)",
    ),
    ("js-document-write", "document.write(x)", "document.write('<p>')"),
    (
        "js-electron-web-preferences",
        "w({ webPreferences: { nodeIntegration: true } })",
        "w({ webPreferences: { nodeIntegration: false } })",
    ),
    ("js-eval", "eval(x)", "eval('1'); m.eval(x)"),
    (
        "js-exec-shell",
        "import { exec as run } from 'node:child_process'; run(`ls ${x}`)",
        "import { exec } from 'child_process'; exec('ls'); /a/.exec(x)",
    ),
    ("js-implied-eval", "setTimeout('f()', 1)", "setTimeout(() => f(), 1)"),
    ("js-inner-html", "e.innerHTML = `<b>${x}`", "e.innerHTML = ''; e.textContent = x"),
    (
        "js-insecure-random",
        "const token = Math.random().toString(36)",
        "const colour = Math.random()",
    ),
    (
        "js-jwt-hardcoded-secret",
        "const jwt = require('jsonwebtoken'); jwt.sign(a, 'hush')",
        "const jwt = require('jsonwebtoken'); jwt.sign(a, key)",
    ),
    ("js-jwt-none", "v(t, k, { algorithms: ['none'] })", "v(t, k, { algorithms: ['RS256'] })"),
    ("js-new-function", "new Function('a', body)", "new Function('return 1')"),
    ("js-post-message-any", "w.postMessage(m, '*')", "w.postMessage(m, origin)"),
    (
        "js-react-inner-html",
        "const a = <p dangerouslySetInnerHTML={{ __html: x }} />",
        "const a = <p>{x}</p>",
    ),
    ("js-script-url", "location.href = 'javascript:f()'", "location.href = '/a'"),
    (
        "js-spawn-shell",
        "const { spawn: s } = require('child_process'); s(c, a, { shell: true })",
        "const { spawn: s } = require('child_process'); s('ls', a)",
    ),
    (
        "js-sql-string",
        "db.query(`SELECT * FROM t WHERE a = ${x}`)",
        "db.query('SELECT * FROM t WHERE a = ?', [x])",
    ),
    (
        "js-tls-no-verify",
        "process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'",
        "r({ rejectUnauthorized: true })",
    ),
    ("js-unserialize", "require('node-serialize').unserialize(x)", "JSON.parse(x)"),
    (
        "js-vm-run",
        "import vm from 'vm'; vm.runInNewContext(x)",
        "import vm from 'vm'; vm.createContext(x)",
    ),
    (
        "js-weak-cipher",
        "const c = require('crypto'); c.createCipheriv('des-ede3', k, i)",
        "const c = require('crypto'); c.createCipheriv('aes-256-gcm', k, i)",
    ),
    (
        "js-weak-hash",
        "import * as c from 'crypto'; c.createHash('md5')",
        "import * as c from 'crypto'; c.createHash('sha256')",
    ),
    (
        "rs-bind-all",
        "fn f() { std::net::TcpListener::bind(\"0.0.0.0:80\"); }",
        "fn f() { TcpListener::bind(\"127.0.0.1:80\"); }",
    ),
    ("rs-c-call", "fn f() { unsafe { libc::system(p) }; }", "fn f() { system(p); }"),
    (
        "rs-command-built",
        "fn f() { Command::new(format!(\"{x}-cli\")); }",
        "fn f() { Command::new(\"ls\").arg(x); }",
    ),
    (
        "rs-jwt-no-verify",
        "fn f() { v.insecure_disable_signature_validation(); }",
        "fn f() { v.validate(); }",
    ),
    (
        "rs-shell-command",
        "use std::process::Command as C; fn f() { C::new(\"sh\").arg(\"-c\").arg(format!(\"ls {x}\")).status(); }",
        "fn f() { Command::new(\"sh\").arg(\"-c\").arg(\"ls\").status(); Command::new(\"ls\").arg(x); }",
    ),
    (
        "rs-sql-format",
        "fn f() { sqlx::query(&format!(\"SELECT * FROM t WHERE a = {x}\")); }",
        "fn f() { sqlx::query(\"SELECT * FROM t WHERE a = ?\"); d.query(&format!(\"{x}\")); }",
    ),
    ("rs-static-mut", "static mut A: u8 = 0;", "static A: u8 = 0;"),
    (
        "rs-tls-no-verify",
        "fn f() { b.danger_accept_invalid_certs(true); }",
        "fn f() { b.danger_accept_invalid_certs(false); }",
    ),
    ("rs-transmute", "use core::mem; fn f() { mem::transmute(x) }", "fn f() { mem::swap(a, b) }"),
    ("rs-unchecked", "fn f() { x.get_unchecked(0); }", "fn f() { x.get(0); }"),
    (
        "rs-uninitialized",
        "fn f() { std::mem::uninitialized() }",
        "fn f() { MaybeUninit::uninit() }",
    ),
    ("rs-unsafe", "fn f() { unsafe { g() } }", "unsafe fn f() { g() }"),
    ("rs-unsafe-impl", "unsafe impl Send for A {}", "impl Send for A {}"),
    ("rs-weak-cipher", "fn f() { Rc4::new(k); }", "fn f() { Aes256Gcm::new(k); }"),
    ("rs-weak-hash", "use md5::Md5; fn f() { Md5::new(); }", "fn f() { Sha256::new(); }"),
    ("rs-world-writable", "fn f() { p.set_mode(0o777); }", "fn f() { p.set_mode(0o755); }"),
];

#[test]
fn every_rule_finds_its_true_sample_and_not_its_false_one() {
    let mut wrong = Vec::new();
    for (rule, yes, no) in SAMPLES {
        let (yes, no) = (found(file_of(rule), yes), found(file_of(rule), no));
        if !yes.contains(rule) || no.contains(rule) {
            wrong.push((rule, yes, no));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_rule_has_samples_and_an_id_of_its_own() {
    let mut ids: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
    let mut sampled: Vec<_> = SAMPLES.iter().map(|(rule, ..)| *rule).collect();
    sampled.sort_unstable();
    assert!(ids.is_sorted(), "the catalogue is ordered");
    ids.dedup();
    assert_eq!(ids, sampled);
}

#[test]
fn places_survive_marks_and_wide_characters() {
    let text = "\u{feff}// é\nfn f() { unsafe { g() } }";
    let hits = scan(Language::Rust, text.as_bytes()).unwrap();
    assert_eq!(&text[hits[0].start..hits[0].end], "unsafe");
    let text = "#!/usr/bin/env run\n// é\nfn f() { unsafe { g() } }";
    let hits = scan(Language::Rust, text.as_bytes()).unwrap();
    assert_eq!(&text[hits[0].start..hits[0].end], "unsafe");
    let text = "# é\nx = eval(y)";
    let hits = scan(Language::Python, text.as_bytes()).unwrap();
    assert_eq!(&text[hits[0].start..hits[0].end], "eval");
}

#[test]
fn broken_and_deep_text_is_an_error_that_says_where() {
    let error = |path: &str, text: &[u8]| scan(Language::of(path).unwrap(), text).unwrap_err();
    assert_eq!(error("a.py", b"x = 1\ny = ("), "syntax error at line 2");
    assert_eq!(error("a.rs", b"fn f() {}\nfn {}"), "syntax error at line 2");
    assert!(error("a.py", b"\xff").contains("not UTF-8"));
    for path in ["a.py", "a.js", "a.rs"] {
        assert!(
            error(path, "[".repeat(100_000).as_bytes()).contains("nested too deeply at line 1")
        );
    }
}

#[test]
fn the_deepest_text_that_passes_fits_a_small_stack() {
    let deep = [
        ("a.py", format!("x = {}1{}", "(".repeat(149), ")".repeat(149))),
        ("a.py", format!("x = 1{}", " + 1".repeat(950))),
        ("a.py", format!("x = {}1", "not ".repeat(190))),
        ("a.js", format!("x = {}1{}", "[".repeat(149), "]".repeat(149))),
        ("a.js", format!("x = {}1", "!".repeat(190))),
        ("a.js", format!("x = 1{}", " + 1".repeat(950))),
        ("a.rs", format!("fn f() {{ {}1{} }}", "(".repeat(148), ")".repeat(148))),
        ("a.rs", format!("fn f() {{ x = 1{}; }}", " + 1".repeat(950))),
    ];
    for (path, text) in deep {
        let outcome = scan(Language::of(path).unwrap(), text.as_bytes());
        assert!(outcome.is_ok(), "{path}: {outcome:?}");
    }
}

#[test]
fn unsafe_blocks_of_a_file_are_one_finding() {
    let hits = scan(Language::Rust, b"fn f() { unsafe { a() }; unsafe { b() } }").unwrap();
    assert_eq!(hits.len(), 1);
    assert!(hits[0].message.contains("the first of 2 blocks"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn arbitrary_bytes_never_panic(data in proptest::collection::vec(any::<u8>(), 0..400)) {
        for path in ["a.py", "a.js", "a.tsx", "a.rs"] {
            let _ = scan(Language::of(path).unwrap(), &data);
        }
    }

    #[test]
    fn cut_and_mixed_code_never_panics(
        pieces in proptest::collection::vec((0usize..SAMPLES.len(), 0usize..120), 1..6),
    ) {
        let text: String = pieces.iter().map(|(sample, cut)| {
            let text = SAMPLES[*sample].1;
            format!("{}\n", &text[..text.floor_char_boundary(*cut)])
        }).collect();
        for path in ["a.py", "a.js", "a.tsx", "a.rs"] {
            let _ = scan(Language::of(path).unwrap(), text.as_bytes());
        }
    }
}
