//! A check of grants that allows does not allocate: it stands before every question of every skill.
//!
//! A test program of its own, because the allocator counts for the whole process.

#![expect(unsafe_code, reason = "counting allocations takes an allocator")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    collections::BTreeMap,
    sync::Arc,
};

use voyager_base::{
    call::Need,
    grant::{FolderGrant, Globs, GrantLayer, Grants, ProgramGrant},
};

/// The system's allocator, counting for each thread what it is asked for.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every method hands its arguments to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract of `alloc`, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: `block` came from `alloc` above, thus from the system's allocator.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: `block` came from `alloc` above, thus from the system's allocator.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

/// Three layers, as a step of a manifest under a policy has them, with globs of every kind that
/// matchers treat apart.
fn grants() -> Grants {
    let globs = || {
        Globs::new(["src/**", "tests/**/*.rs", "*.md", "**/Cargo.toml", "doc?/[a-c]*/{x,y}/**"])
            .unwrap()
    };
    let layer = |source: &str| GrantLayer {
        source: source.to_owned(),
        workspace: Some(vec![FolderGrant {
            root: "repo".to_owned(),
            read: globs(),
            write: globs(),
            write_bytes_max: None,
        }]),
        process: Some(vec![ProgramGrant {
            run: vec!["cargo".to_owned(), "test".to_owned()],
            network: false,
            time_max: None,
            output_bytes_max: None,
            memory_bytes_max: None,
            processes_max: None,
            cpus_max: None,
            demand: vec!["landlock".to_owned(), "seccomp".to_owned()],
            secrets: BTreeMap::new(),
        }]),
        http: None,
        memory: None,
        tasks: Some(Globs::new(["voyager:*/*.*"]).unwrap()),
        ..GrantLayer::default()
    };
    let folders = Arc::new(BTreeMap::from([("repo".to_owned(), "/repo".to_owned())]));
    Grants { folders, layers: Vec::new() }
        .narrowed(layer("policy"))
        .narrowed(layer("manifest"))
        .narrowed(layer("step"))
}

#[test]
fn an_allowed_use_does_not_allocate() {
    let grants = grants();
    let paths: Vec<String> = (0..1_000)
        .flat_map(|number| {
            [
                format!("src/part-{number}/deep/er/{number}.rs"),
                format!("tests/{number}/case_{number}.rs"),
                format!("NOTES-{number}.md"),
                format!("crates/c{number}/Cargo.toml"),
                format!("docs/b{number}/y/{number}/page.txt"),
            ]
        })
        .collect();
    let arguments = ["test".to_owned(), "--quiet".to_owned()];
    let check_all = |paths: &[String]| {
        for path in paths {
            let needs = [
                Need::Folder { root: "repo" },
                Need::Read { root: "repo", path },
                Need::Write { root: "repo", path },
                Need::Rename { root: "repo", from: path, to: path },
                Need::Program { program: "cargo", arguments: &arguments },
                Need::Operation { name: "voyager:coder/metrics.measure" },
            ];
            needs.iter().for_each(|need| grants.check(need).unwrap());
        }
    };
    // A matcher makes its working space when a thread first uses it.
    let (first, others) = paths.split_at(10);
    assert!(allocations(|| check_all(first)) > 0, "nothing is counted");
    assert_eq!(allocations(|| check_all(others)), 0);
}
