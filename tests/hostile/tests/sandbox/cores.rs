//! Cores of guests that break: standard core dumps, for who wants them.

use std::time::Duration;

use voyager_base::{ErrorKind, Limits};
use voyager_hostile::{Host, World, component};
use wasmparser::{CoreDumpSection, CoreDumpStackSection, DataKind, KnownCustom, Parser, Payload};

/// What a core holds.
#[derive(Debug, Default)]
struct Core {
    name: String,
    /// Functions, the innermost first, by their number in their module.
    functions: Vec<u32>,
    memory_pages: Vec<u64>,
    data: Vec<u8>,
}

fn read(bytes: &[u8]) -> Core {
    let mut core = Core::default();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.unwrap() {
            Payload::CustomSection(section) => match section.as_known() {
                KnownCustom::CoreDump(CoreDumpSection { name, .. }) => core.name = name.to_owned(),
                KnownCustom::CoreDumpStack(CoreDumpStackSection { frames, .. }) => {
                    core.functions.extend(frames.iter().map(|it| it.funcidx));
                }
                _ => {}
            },
            Payload::MemorySection(memories) => {
                core.memory_pages.extend(memories.into_iter().map(|it| it.unwrap().initial));
            }
            Payload::DataSection(data) => {
                for part in data {
                    let part = part.unwrap();
                    assert!(matches!(part.kind, DataKind::Active { .. }));
                    core.data.extend(part.data);
                }
            }
            _ => {}
        }
    }
    core
}

const SECRET: &[u8] = b"what the guest knew";

/// Writes into its memory, and then does `end` two functions deeper.
fn broken(end: &str) -> Vec<u8> {
    let core = format!(
        r#"
        (memory (export "memory") 3)
        (data (i32.const 70000) "what the guest knew")
        (func $inner {end})
        (func $middle (call $inner))
        (func (export "test:hostile/api@0.1.0#f") (call $middle))
        "#
    );
    component("f: func();", "", &core)
}

#[tokio::test]
async fn a_core_has_the_frames_and_the_memory() {
    let (host, world) = (Host::new(), World::default());
    world.book.want_cores();
    let component = broken("unreachable");
    let ended = host.run(&component, Vec::new(), Limits::default(), &world).await;
    assert_eq!(ended.unwrap_err().kind, ErrorKind::Trapped);
    let cores = world.book.cores();
    let core = read(&cores[0]);
    assert!(core.name.starts_with("test:hostile@0.1.0/api.f of "), "{core:?}");
    assert_eq!((cores.len(), &core.functions[..]), (1, &[0, 1, 2][..]), "{core:?}");
    assert_eq!(core.memory_pages, [3]);
    assert!(core.data.windows(SECRET.len()).any(|it| it == SECRET), "{} bytes", core.data.len());
}

#[tokio::test]
async fn a_limit_leaves_a_core_and_a_return_leaves_none() {
    let (host, world) = (Host::new(), World::default());
    world.book.want_cores();
    let limits = Limits { cpu: Duration::from_millis(30), ..Limits::default() };
    let ended = host.run(&broken("(loop $l (br $l))"), Vec::new(), limits, &world).await;
    assert_eq!(ended.unwrap_err().kind, ErrorKind::Limit);
    host.run(&broken(""), Vec::new(), Limits::default(), &world).await.unwrap();
    let cores: Vec<Core> = world.book.cores().iter().map(|it| read(it)).collect();
    assert_eq!(cores.len(), 1);
    assert_eq!(cores[0].functions, [0, 1, 2]);
}

#[tokio::test]
async fn a_core_fits_the_memory_limit() {
    let (host, world) = (Host::new(), World::default());
    world.book.want_cores();
    // No byte of any page is zero, which leaves nothing out.
    let filled = "(memory.fill (i32.const 0) (i32.const 255) (i32.const 196608)) unreachable";
    let ended = host.run(&broken(filled), Vec::new(), Limits::default(), &world).await;
    assert_eq!(ended.unwrap_err().kind, ErrorKind::Trapped);
    let bytes = world.book.cores()[0].len();
    assert!((196_608..196_608 + 4_096).contains(&bytes), "{bytes} bytes");
}
