//! Environment Sanitizer: what a program sees of variables.
//!
//! It starts from nothing. Nothing of the host's own environment is ever read here; a variable reaches a
//! program because this file, the operator, or the call names it, and the call may name only harmless
//! ones: a variable that carries a secret would leak into the journal with the call, and one that steers
//! a loader or an interpreter would start a program that nobody granted.

use std::collections::BTreeMap;

use voyager_base::{
    Error,
    process::{HOST_VARIABLES, VARIABLE_BYTES_MAX, is_variable},
};

/// More variables than this no honest call has.
const VARIABLES_MAX: usize = 256;
/// Longest value; the kernel's own bound for one string is 128 KiB.
const VALUE_BYTES_MAX: usize = 64 << 10;

/// Words that, standing between underscores, mark a secret.
const SECRET_WORDS: [&str; 16] = [
    "APIKEY",
    "AUTH",
    "AUTHORIZATION",
    "BEARER",
    "COOKIE",
    "COOKIES",
    "CREDS",
    "KEY",
    "KEYS",
    "OAUTH",
    "PASS",
    "PASSPHRASE",
    "PAT",
    "PSK",
    "PW",
    "SIGNATURE",
];
/// Parts that mark a secret wherever they stand.
const SECRET_PARTS: [&str; 7] =
    ["ACCESSKEY", "CREDENTIAL", "PASSWD", "PASSWORD", "PRIVATEKEY", "SECRET", "TOKEN"];
/// Families of variables that steer a loader, an interpreter or a tool that starts others.
const STEERING_PREFIXES: [&str; 19] = [
    "BASH_",
    "CARGO_ALIAS_",
    "CARGO_BUILD_",
    "CARGO_TARGET_",
    "DOCKER_",
    "DYLD_",
    "GIT_",
    "GLIBC_",
    "JAVA_",
    "KUBE",
    "LD_",
    "LUA_",
    "MALLOC_",
    "NODE_",
    "NPM_CONFIG_",
    "PERL",
    "PIP_",
    "SSH_",
    "XDG_",
];
/// The same one by one; all that this file sets itself belongs here too.
const STEERING_NAMES: [&str; 58] = [
    "BASHOPTS",
    "CC",
    "CDPATH",
    "CLASSPATH",
    "CXX",
    "EDITOR",
    "ENV",
    "GCONV_PATH",
    "GETCONF_DIR",
    "GOENV",
    "GOFLAGS",
    "GOPATH",
    "GOPROXY",
    "GOROOT",
    "GOTOOLCHAIN",
    "GRADLE_OPTS",
    "HOME",
    "HOSTALIASES",
    "IFS",
    "JDK_JAVA_OPTIONS",
    "LANG",
    "LC_ALL",
    "LESSOPEN",
    "LOCALDOMAIN",
    "LOCPATH",
    "LOGNAME",
    "MAKEFLAGS",
    "MAVEN_OPTS",
    "NLSPATH",
    "OPENSSL_CONF",
    "OPENSSL_MODULES",
    "PAGER",
    "PATH",
    "PROMPT_COMMAND",
    "PS4",
    "PWD",
    "PYTHONHOME",
    "PYTHONINSPECT",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PYTHONUSERBASE",
    "RESOLV_HOST_CONF",
    "RES_OPTIONS",
    "RUBYLIB",
    "RUBYOPT",
    "RUSTC",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTDOC",
    "RUSTFLAGS",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "SHELL",
    "SHELLOPTS",
    "TERM",
    "TMPDIR",
    "USER",
    "_JAVA_OPTIONS",
];
/// Members of a refused family that only describe.
const HARMLESS: [&str; 6] = [
    "GIT_AUTHOR_DATE",
    "GIT_AUTHOR_EMAIL",
    "GIT_AUTHOR_NAME",
    "GIT_COMMITTER_DATE",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_NAME",
];

/// All variables of a program but those that name its private folder ([`private_folder`]). Those of its
/// grant may carry secrets, and be called as they like: who grants a program says what it starts.
///
/// # Errors
/// `denied`, with the name, for a variable of the call that carries a secret, steers a loader or an
/// interpreter, or is the operator's; `invalid` for a malformed one.
pub(crate) fn sanitized(
    search_path: &str,
    network: bool,
    operator: &BTreeMap<String, String>,
    granted: &BTreeMap<String, String>,
    asked: &[(String, String)],
) -> Result<BTreeMap<String, String>, Error> {
    if asked.len() > VARIABLES_MAX {
        return Err(Error::limit("process.environment", VARIABLES_MAX));
    }
    let mut variables = defaults(search_path, network);
    variables.extend(operator.iter().map(|(name, value)| (name.clone(), value.clone())));
    for (name, value) in granted {
        let taken = HOST_VARIABLES.contains(&name.as_str()) || variables.contains_key(name);
        if taken || !is_variable(name) {
            return Err(refused(name, "is set already"));
        }
        variables.insert(name.clone(), value.clone());
    }
    for (name, value) in asked {
        check(name, value)?;
        if operator.contains_key(name) || variables.insert(name.clone(), value.clone()).is_some() {
            return Err(refused(name, "is set already"));
        }
    }
    Ok(variables)
}

/// The variables that name the private folder of a program, as it sees that folder.
pub(crate) fn private_folder(folder: &str) -> [(&'static str, String); 7] {
    let home = format!("{folder}/home");
    [
        ("TMPDIR", folder.to_owned()),
        ("XDG_CACHE_HOME", format!("{home}/.cache")),
        ("XDG_CONFIG_HOME", format!("{home}/.config")),
        ("XDG_DATA_HOME", format!("{home}/.local/share")),
        ("XDG_STATE_HOME", format!("{home}/.local/state")),
        ("XDG_RUNTIME_DIR", format!("{folder}/runtime")),
        ("HOME", home),
    ]
}

fn defaults(search_path: &str, network: bool) -> BTreeMap<String, String> {
    let mut variables = vec![
        ("PATH", search_path),
        ("LANG", "C.UTF-8"),
        ("LC_ALL", "C.UTF-8"),
        ("TERM", "dumb"),
        ("SHELL", "/bin/sh"),
        ("GIT_TERMINAL_PROMPT", "0"),
        // Compiled files beside every source would all be discarded after the run.
        ("PYTHONDONTWRITEBYTECODE", "1"),
    ];
    if !network {
        // Package managers say at once what is missing, instead of trying for a minute.
        variables.extend([
            ("CARGO_NET_OFFLINE", "true"),
            ("GOPROXY", "off"),
            ("GOTOOLCHAIN", "local"),
            ("NPM_CONFIG_OFFLINE", "true"),
            ("PIP_NO_INDEX", "1"),
        ]);
    }
    variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn check(name: &str, value: &str) -> Result<(), Error> {
    if !is_variable(name) {
        return Err(Error::invalid(format!(
            "`{}` is no name of a variable: letters, digits and `_`, at most {VARIABLE_BYTES_MAX} bytes",
            name.chars().take(64).collect::<String>().escape_debug()
        )));
    }
    if value.contains('\0') || value.len() > VALUE_BYTES_MAX {
        return Err(Error::invalid(format!(
            "the value of the variable `{name}` holds a NUL or more than {VALUE_BYTES_MAX} bytes"
        )));
    }
    // `http_proxy` and `npm_config_x` are read in lower case too.
    let upper = name.to_ascii_uppercase();
    if carries_secret(&upper) {
        return Err(refused(name, "is named like a secret"));
    }
    if steers(&upper) {
        return Err(refused(name, "steers what is loaded or started"));
    }
    Ok(())
}

fn carries_secret(name: &str) -> bool {
    SECRET_PARTS.iter().any(|part| name.contains(part))
        || name.split('_').any(|word| SECRET_WORDS.contains(&word))
}

fn steers(name: &str) -> bool {
    if HARMLESS.contains(&name) {
        return false;
    }
    STEERING_NAMES.contains(&name)
        || STEERING_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || name.ends_with("_PROXY")
        || name.ends_with("_ASKPASS")
}

fn refused(name: &str, why: &str) -> Error {
    Error::denied(
        format!(
            "the variable `{name}` {why}, so it does not reach a program; leave it out of \
             `environment`, or let the operator set it in the host's configuration"
        ),
        format!("environment: {name}"),
    )
}

#[cfg(test)]
mod tests {
    use voyager_base::ErrorKind;

    use super::*;

    fn asked(name: &str) -> Result<BTreeMap<String, String>, Error> {
        let none = BTreeMap::new();
        sanitized("/usr/bin", false, &none, &none, &[(name.to_owned(), "value".to_owned())])
    }

    #[test]
    fn harmless_variables_pass() {
        for name in ["RUST_LOG", "CI", "KEYBOARD", "MONKEY", "AUTHOR", "COMPASS", "GIT_AUTHOR_NAME"]
        {
            assert!(asked(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn variables_that_carry_secrets_or_steer_are_denied() {
        for name in [
            "GITHUB_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "DB_PASSWORD",
            "api_key",
            "SSH_AUTH_SOCK",
            "LD_PRELOAD",
            "DYLD_INSERT_LIBRARIES",
            "PYTHONPATH",
            "NODE_OPTIONS",
            "BASH_ENV",
            "ENV",
            "GIT_SSH_COMMAND",
            "PATH",
            "IFS",
            "https_proxy",
            "PERL5OPT",
            "RUSTC_WRAPPER",
            "HOME",
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER",
            "SUDO_ASKPASS",
        ] {
            assert_eq!(asked(name).unwrap_err().kind, ErrorKind::Denied, "{name}");
        }
    }

    #[test]
    fn malformed_variables_are_invalid() {
        for name in ["", "A=B", "1A", "A B", "Ä", "A\0"] {
            assert_eq!(asked(name).unwrap_err().kind, ErrorKind::Invalid, "{name:?}");
        }
        let value = [("A".to_owned(), "a\0b".to_owned())];
        let none = BTreeMap::new();
        assert!(sanitized("", false, &none, &none, &value).is_err());
    }

    #[test]
    fn a_call_can_not_change_what_the_operator_set() {
        let operator = BTreeMap::from([("CARGO_HOME".to_owned(), "/opt/cargo".to_owned())]);
        let none = BTreeMap::new();
        let error = sanitized("", false, &operator, &none, &[("CARGO_HOME".into(), "/x".into())]);
        assert_eq!(error.unwrap_err().kind, ErrorKind::Denied);
    }

    #[test]
    fn a_grant_may_name_what_a_call_may_not_but_nothing_that_is_set_already() {
        let none = BTreeMap::new();
        let granted = |name: &str| {
            let granted = BTreeMap::from([(name.to_owned(), "hush-hush".to_owned())]);
            sanitized("/usr/bin", false, &none, &granted, &[])
        };
        assert_eq!(granted("GITHUB_TOKEN").unwrap()["GITHUB_TOKEN"], "hush-hush");
        assert!(granted("NODE_AUTH_TOKEN").is_ok());
        for name in HOST_VARIABLES {
            assert_eq!(granted(name).unwrap_err().kind, ErrorKind::Denied, "{name}");
        }
        let granted = BTreeMap::from([("LEVEL".to_owned(), "hush-hush".to_owned())]);
        let asked = [("LEVEL".to_owned(), "loud".to_owned())];
        let error = sanitized("", false, &none, &granted, &asked).unwrap_err();
        assert!(!error.message.contains("hush"), "{error}");
    }

    #[test]
    fn all_that_is_set_here_is_refused_from_a_call_or_set_already() {
        for name in defaults("", false).keys() {
            assert!(asked(name).is_err(), "{name}");
            assert!(HOST_VARIABLES.contains(&name.as_str()), "{name}");
        }
        for (name, _) in private_folder("/tmp") {
            assert!(asked(name).is_err(), "{name}");
            assert!(HOST_VARIABLES.contains(&name), "{name}");
        }
    }
}
