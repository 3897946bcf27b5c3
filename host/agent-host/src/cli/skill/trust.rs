//! `agent-host skill keygen | sign | trust`: who made a skill, and whom to believe that.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use voyager_base::clock::Clock as _;
use voyager_package::{
    Keys, PolicyError, PublicKey, SignatureError, TrustedKey, Unsigned, read_component, sign,
    signature_file,
};

use crate::{
    cli::Context,
    failure::{Failure, FailureKind},
    printing, report,
    system::SystemClock,
    trusting,
};

/// Makes a pair of keys to sign skills with: NAME.key for you alone, NAME.pub for everybody. They are minisign's.
#[derive(Args)]
pub(crate) struct Keygen {
    /// Name of the files.
    name: PathBuf,
    /// Without a password: who has the file can sign.
    #[arg(long)]
    no_password: bool,
}

/// Signs a component: the signature lies beside it, in COMPONENT.minisig.
#[derive(Args)]
pub(crate) struct Sign {
    /// The component's file.
    component: PathBuf,
    /// The secret key, of `skill keygen` or minisign.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

/// Shows and changes whom the operator trusts: the policy in trust.yaml.
#[derive(Args)]
pub(crate) struct Trust {
    #[command(subcommand)]
    command: Option<TrustCommand>,
}

#[derive(Subcommand)]
enum TrustCommand {
    /// Lists the keys, and what becomes of skills that none of them signed.
    List,
    /// Trusts a key with packages.
    Add {
        /// What you call its owner.
        name: String,
        /// The public key: its file, or its second line.
        key: String,
        /// Packages that it may sign: `acme:spelling`, `acme:*` or `*`. May be given several times.
        #[arg(long = "package", value_name = "PACKAGE", required = true)]
        packages: Vec<String>,
    },
    /// Trusts a key no more.
    Remove {
        /// What you called its owner.
        name: String,
    },
    /// Says what becomes of skills that no trusted key signed.
    Unsigned {
        /// `allow` serves them, `ask` holds those from elsewhere, `deny` neither installs nor serves them.
        what: What,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    Allow,
    Ask,
    Deny,
}

impl Keygen {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let (secret, public) = (with_end(&self.name, "key"), with_end(&self.name, "pub"));
        for file in [&secret, &public] {
            if file.exists() {
                return Err(Failure::usage(format!("{} exists already", file.display())));
            }
        }
        let password = if self.no_password { None } else { Some(new_password()?) };
        let keys = Keys::generate(password)
            .map_err(|error| Failure::environment("cannot make keys", &error))?;
        write(&secret, &keys.secret, 0o600)?;
        write(&public, &keys.public, 0o644)?;
        let key = PublicKey::read(&keys.public)
            .map_err(|error| Failure::environment("cannot make keys", &error))?;
        let answer = json!({ "secret": secret.to_string_lossy(), "public": public.to_string_lossy(), "id": key.id(), "key": key.to_string() });
        report::tell(context, &answer, 0, || {
            printing::line(format!("{}: yours alone, signs", secret.display()))?;
            printing::line(format!("{}: for everybody, checks", public.display()))?;
            printing::line(format!("key {}: {key}", key.id()))
        })
    }
}

impl Sign {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let offer = read_component(&self.component)
            .map_err(|error| Failure::environment("cannot sign", &error))?;
        let secret = fs::read_to_string(&self.key).map_err(|error| {
            Failure::environment(format!("cannot read {}", self.key.display()), &error)
        })?;
        let name = self.component.file_name().unwrap_or_default().to_string_lossy();
        let now = SystemClock::new().now();
        let comment = format!("timestamp:{}\tfile:{name}\thashed", now.as_millis() / 1_000);
        let signature = sign(&secret, &offer.bytes, &comment, password)
            .map_err(|error| Failure::environment(self.key.display(), &error))?;
        let file = signature_file(&self.component);
        fs::write(&file, signature).map_err(|error| {
            Failure::environment(format!("cannot write {}", file.display()), &error)
        })?;
        report::tell(context, &json!({ "signature": file.to_string_lossy() }), 0, || {
            printing::line(file.display().to_string())
        })
    }
}

impl Trust {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let mut policy = trusting::policy(&context.places)?;
        match self.command.unwrap_or(TrustCommand::List) {
            TrustCommand::List => return list(context, &policy),
            TrustCommand::Add { name, key, packages } => {
                let key = public_key(&key)?.to_string();
                policy.add(TrustedKey { name, key, packages }).map_err(|error| refused(&error))?;
            }
            TrustCommand::Remove { name } => {
                if !policy.remove(&name) {
                    return Err(Failure::usage(format!("no key of `{name}` is trusted")));
                }
            }
            TrustCommand::Unsigned { what } => {
                policy.unsigned = match what {
                    What::Allow => Unsigned::Allow,
                    What::Ask => Unsigned::Ask,
                    What::Deny => Unsigned::Deny,
                };
            }
        }
        trusting::write(&context.places, &policy)?;
        list(context, &policy)
    }
}

fn list(context: &Context, policy: &voyager_package::Policy) -> Result<u8, Failure> {
    let id =
        |key: &TrustedKey| PublicKey::read(&key.key).map_or_else(|_| String::new(), |it| it.id());
    let keys: Vec<_> = policy
        .keys
        .iter()
        .map(|it| json!({ "name": it.name, "id": id(it), "key": it.key, "packages": it.packages }))
        .collect();
    let answer = json!({
        "file": trusting::file(&context.places),
        "unsigned": policy.unsigned,
        "keys": keys,
    });
    report::tell(context, &answer, 0, || {
        for key in &policy.keys {
            let line = format!("{:<20} {}  {}", key.name, id(key), key.packages.join(", "));
            printing::line(printing::harmless(&line))?;
        }
        printing::line(match policy.unsigned {
            Unsigned::Allow => "what none of these keys signed is installed and served",
            Unsigned::Ask => "what none of these keys signed is held where it comes from elsewhere",
            Unsigned::Deny => "what none of these keys signed is neither installed nor served",
        })
    })
}

/// A key as somebody names it: by its file, or as it is.
fn public_key(named: &str) -> Result<PublicKey, Failure> {
    let text = fs::read_to_string(named).unwrap_or_else(|_| named.to_owned());
    PublicKey::read(&text).map_err(|error| {
        Failure::usage(format!("{named}: {error}"))
            .hint("name the file of a public key, or give its second line, which begins with `RW`")
    })
}

fn refused(error: &PolicyError) -> Failure {
    let cause = match error {
        PolicyError::Key { source, .. } => SignatureError::to_string(source),
        other => other.to_string(),
    };
    Failure::usage(cause)
}

fn with_end(name: &Path, end: &str) -> PathBuf {
    let mut name = name.as_os_str().to_owned();
    name.push(format!(".{end}"));
    name.into()
}

fn write(file: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    let open = OpenOptions::new().write(true).create_new(true).mode(mode).open(file);
    open.and_then(|mut it| it.write_all(text.as_bytes()).and_then(|()| it.sync_all()))
        .map_err(|error| Failure::environment(format!("cannot write {}", file.display()), &error))
}

/// Asks at the terminal, wherever standard input comes from.
fn password() -> Result<String, String> {
    rpassword::prompt_password("password of the key: ")
        .map_err(|error| format!("there is no terminal to ask for its password: {error}"))
}

fn new_password() -> Result<String, Failure> {
    let refused = |why: String| {
        Failure::new(FailureKind::Environment, why).hint("--no-password makes keys without one")
    };
    let one = password().map_err(refused)?;
    let again =
        rpassword::prompt_password("again: ").map_err(|error| refused(error.to_string()))?;
    if one == again { Ok(one) } else { Err(Failure::usage("the passwords are not the same")) }
}
