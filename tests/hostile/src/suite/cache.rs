//! Attacks by what lies in the cache of compiled code: whoever gets native code in there owns the host.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    sync::Arc,
};

use voyager_base::{BoxFuture, Limits, Value};
use voyager_sandbox::{CompilerCommand, EngineShape};

use super::Case;
use crate::{Arena, Host, World, arena::harmless, component};

pub(super) fn cases() -> Vec<Case> {
    const CODE: &str = "each entry is authenticated with the folder's key";
    const FILE: &str = "entries are files, and no link is followed";
    let case = |name, tries, bound, scene| Case::scene(name, tries, bound, "gives 7", scene);
    vec![
        case("cache-flipped-bit", "changes a bit of compiled code", CODE, |_| {
            played(|entry, _| {
                let mut bytes = fs::read(entry).expect("it is there");
                let at = bytes.len() / 2;
                bytes[at] ^= 1;
                fs::write(entry, bytes).expect("it is ours");
            })
        }),
        case("cache-truncated", "cuts compiled code in the middle", CODE, |_| {
            played(|entry, _| {
                let bytes = fs::read(entry).expect("it is there");
                fs::write(entry, &bytes[..bytes.len() / 2]).expect("it is ours");
            })
        }),
        case("cache-empty", "empties an entry", CODE, |_| {
            played(|entry, _| fs::write(entry, b"").expect("it is ours"))
        }),
        case(
            "cache-only-a-code",
            "leaves nothing but the authentication of an entry",
            CODE,
            |_| {
                played(|entry, _| {
                    let bytes = fs::read(entry).expect("it is there");
                    fs::write(entry, &bytes[..32]).expect("it is ours");
                })
            },
        ),
        case(
            "cache-planted-code",
            "puts native code as wasmtime writes it in the place of an entry",
            CODE,
            |_| {
                played(|entry, _| {
                    let bytes = fs::read(entry).expect("it is there");
                    let at = bytes.windows(4).position(|it| it == b"\x7fELF").expect("it is code");
                    fs::write(entry, &bytes[at..]).expect("it is ours");
                })
            },
        ),
        case(
            "cache-other-component",
            "puts the entry of another component in its place",
            CODE,
            |_| {
                played(|entry, host| {
                    let skill = host.sandbox.load(&other()).expect("it is a skill");
                    fs::rename(entry_of(host, &skill.component.to_string()), entry).expect("ours");
                })
            },
        ),
        case(
            "cache-other-key",
            "puts the entry of another host, with its own key, in its place",
            CODE,
            |_| {
                played(|entry, _| {
                    let host = Host::with(CompilerCommand::InProcess, 10);
                    let folder = host.cache.path().join("compiled");
                    fs::write(folder.join("key"), [7; 32]).expect("it is ours");
                    let host = again(&host);
                    // The same component, with code that gives something else, would look like this.
                    let skill = host.sandbox.load(&harmless()).expect("it is a skill");
                    let from = entry_of(&host, &skill.component.to_string());
                    fs::copy(from, entry).expect("there is room");
                })
            },
        ),
        case(
            "cache-other-settings",
            "puts code that was compiled with other settings in its place",
            CODE,
            |_| {
                played(|entry, host| {
                    let shape = EngineShape {
                        stack_bytes: 2 << 20,
                        memory_bytes_max: 1 << 20,
                        ..EngineShape::default()
                    };
                    let host = host.again(shape).expect("the cache is ours");
                    host.sandbox.load(&harmless()).expect("it is a skill");
                    let entries = entries(&host);
                    let newest = entries.into_iter().max_by_key(|it| {
                        it.metadata().and_then(|it| it.modified()).expect("it has a time")
                    });
                    fs::copy(newest.expect("there is one"), entry).unwrap_or_default();
                })
            },
        ),
        case("cache-link", "puts a link to an entry elsewhere in its place", FILE, |_| {
            played(|entry, host| {
                let elsewhere = host.cache.path().join("elsewhere");
                fs::rename(entry, &elsewhere).expect("it is ours");
                symlink(&elsewhere, entry).expect("it is gone");
            })
        }),
        case(
            "cache-link-to-an-endless-device",
            "puts a link to `/dev/zero` in its place",
            FILE,
            |_| {
                played(|entry, _| {
                    fs::remove_file(entry).expect("it is ours");
                    symlink("/dev/zero", entry).expect("it is gone");
                })
            },
        ),
        case("cache-pipe", "puts a pipe that nobody writes in its place", FILE, |_| {
            played(|entry, _| {
                fs::remove_file(entry).expect("it is ours");
                let mode = rustix::fs::Mode::from_raw_mode(0o600);
                let kind = rustix::fs::FileType::Fifo;
                rustix::fs::mknodat(rustix::fs::CWD, entry, kind, mode, 0).expect("it is gone");
            })
        }),
        case("cache-folder-in-its-place", "puts a folder in its place", FILE, |_| {
            played(|entry, _| {
                fs::remove_file(entry).expect("it is ours");
                fs::create_dir(entry).expect("it is gone");
            })
        }),
        Case::scene(
            "cache-link-to-be-written",
            "puts a link to a file outside where an entry is going to be written",
            FILE,
            "gives 7; outside is as it was",
            written_through,
        ),
        Case::scene(
            "cache-open-to-others",
            "lets others write in the folder",
            "the folder belongs to the host's user alone, with mode 0700",
            "the host does not start",
            |_| {
                Box::pin(async {
                    let host = Host::with(CompilerCommand::InProcess, 10);
                    let folder = host.cache.path().join("compiled");
                    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).expect("ours");
                    match host.again(EngineShape::default()) {
                        Ok(_) => "the host starts".to_owned(),
                        Err(_) => "the host does not start".to_owned(),
                    }
                })
            },
        ),
    ]
}

/// Compiles a component that gives 7, has `attack` change its entry, and runs it in a host that starts on
/// the same cache.
fn played(attack: fn(&Path, &Host)) -> BoxFuture<'static, String> {
    Box::pin(async move {
        let host = Host::with(CompilerCommand::InProcess, 10);
        let skill = host.sandbox.load(&harmless()).expect("it is a skill");
        attack(&entry_of(&host, &skill.component.to_string()), &host);
        run(&again(&host)).await
    })
}

/// A host that starts on the same cache.
fn again(host: &Host) -> Host {
    let shape = EngineShape { instances_max: 10, ..EngineShape::default() };
    host.again(shape).expect("the cache is ours")
}

async fn run(host: &Host) -> String {
    let ended = host.run(&harmless(), Vec::new(), Limits::default(), &World::default()).await;
    match ended {
        Ok(Value::Int(number)) => format!("gives {number}"),
        other => format!("{other:?}"),
    }
}

fn written_through(_arena: Arc<Arena>) -> BoxFuture<'static, String> {
    Box::pin(async {
        let host = Host::with(CompilerCommand::InProcess, 10);
        let skill = host.sandbox.load(&harmless()).expect("it is a skill");
        let entry = entry_of(&host, &skill.component.to_string());
        fs::remove_file(&entry).expect("it is ours");
        let outside = host.cache.path().join("outside");
        fs::write(&outside, "as it was").expect("there is room");
        symlink(&outside, entry.with_extension(format!("{}.partial", std::process::id())))
            .expect("it is new");
        let ended = run(&again(&host)).await;
        let now = fs::read_to_string(&outside).unwrap_or_default();
        let now = if now == "as it was" { "outside is as it was" } else { "outside was written" };
        format!("{ended}; {now}")
    })
}

fn entries(host: &Host) -> Vec<PathBuf> {
    let entries = fs::read_dir(host.cache.path().join("compiled")).expect("it is there");
    let paths = entries.map(|it| it.expect("it can be read").path());
    paths.filter(|path| path.extension().is_some_and(|end| end == "skill")).collect()
}

fn entry_of(host: &Host, component: &str) -> PathBuf {
    let name = |path: &PathBuf| {
        path.file_name().is_some_and(|it| it.to_string_lossy().starts_with(component))
    };
    entries(host).into_iter().find(name).expect("it was kept")
}

/// Another component with the same operation.
fn other() -> Vec<u8> {
    component(
        "f: func() -> u32;",
        "",
        r#"(func (export "test:hostile/api@0.1.0#f") (result i32) i32.const 666)"#,
    )
}
