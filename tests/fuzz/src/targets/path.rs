//! Paths and globs of a skill: whatever they are, nothing outside the granted folder is read or changed,
//! also where symbolic links lead out.

use std::{
    collections::BTreeMap,
    fs,
    num::NonZeroUsize,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
};

use crate::memory::Memory;
use arbitrary::{Result, Unstructured};
use futures_executor::block_on;
use voyager_base::{
    call::{CallContext, Folders},
    grant::{FolderGrant, Globs, GrantLayer, Grants},
    sim::asking,
    workspace::{
        Inspect, List, ReadFile, RemoveFile, RenameFile, Replace, Search, TextQuery,
        WorkspaceService, WriteFile,
    },
};
use voyager_workspace::Workspace;

/// What stands in every file outside, and in none inside.
const SECRET: &str = "secret";

static SCENE: LazyLock<Scene> = LazyLock::new(Scene::new);

/// States what must hold of any bytes.
///
/// # Panics
/// Where it does not.
pub fn target(bytes: &[u8]) {
    // An input too short for a question is none.
    let _ = ask(&SCENE, &mut Unstructured::new(bytes));
    assert_eq!(SCENE.outside(), *OUTSIDE, "something outside the folder was changed");
}

static OUTSIDE: LazyLock<BTreeMap<PathBuf, Vec<u8>>> = LazyLock::new(|| SCENE.outside());

/// A granted folder `in` beside files that are not granted, with links that lead out.
struct Scene {
    folder: tempfile::TempDir,
    content: Arc<Memory>,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("there is a folder for temporary files");
        let scene = Self { folder, content: Arc::default() };
        fs::create_dir_all(scene.path("out/deep")).expect("it is new");
        fs::write(scene.path("out/file"), SECRET).expect("it is new");
        fs::write(scene.path("out/deep/file"), SECRET).expect("it is new");
        scene.furnish();
        scene
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Makes the granted folder as it was at first.
    fn furnish(&self) {
        drop(fs::remove_dir_all(self.path("in")));
        fs::create_dir_all(self.path("in/a/b")).expect("it was removed");
        fs::write(self.path("in/a/file"), "plain").expect("it is new");
        fs::write(self.path("in/file"), "plain").expect("it is new");
        for (link, to) in [
            ("in/link", "../out"),
            ("in/a/up", ".."),
            ("in/a/file-link", "../../out/file"),
            ("in/loop", "loop"),
        ] {
            symlink(to, self.path(link)).expect("it is new");
        }
        symlink(self.path("out"), self.path("in/absolute")).expect("it is new");
    }

    fn outside(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(self.folder.path(), &mut files);
        files.retain(|path, _| !path.starts_with(self.path("in")));
        files
    }
}

fn collect(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("it can be read").flatten() {
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|it| it.is_dir());
        if is_folder && entry.file_name() != "in" {
            collect(&path, files);
        } else if !is_folder {
            files.insert(path.clone(), fs::read(&path).unwrap_or_default());
        }
    }
}

fn ask(scene: &Scene, u: &mut Unstructured<'_>) -> Result<()> {
    // Blocking work is done at once: a thread for each question would take most of the time.
    let workspace = Workspace::new(
        Arc::<Memory>::clone(&scene.content),
        Arc::new(|work| work()),
        NonZeroUsize::MIN,
    );
    let (context, folders) = context(scene);
    let root = || "r".to_owned();
    let mut wrote = false;
    for _ in 0..u.int_in_range(1..=4)? {
        match u.int_in_range(0..=7)? {
            0 => {
                let call = ReadFile { root: root(), path: path(u)?, offset: 0, length: 1 << 20 };
                let read = block_on(workspace.read(&context, call));
                read.iter().for_each(|bytes| no_secret(bytes));
            }
            1 => drop(block_on(
                workspace.stat(&context, Inspect { root: root(), path: path(u)?, follow: false }),
            )),
            2 => {
                let call =
                    WriteFile { root: root(), path: path(u)?, content: b"new".to_vec().into() };
                wrote |= block_on(workspace.write(&context, call)).is_ok();
            }
            3 => {
                let call = RemoveFile { root: root(), path: path(u)? };
                wrote |= block_on(workspace.remove(&context, call)).is_ok();
            }
            4 => {
                let call = RenameFile { root: root(), from: path(u)?, to: path(u)? };
                wrote |= block_on(workspace.rename(&context, call)).is_ok();
            }
            5 => {
                let call = List { root: root(), globs: globs(u)? };
                let listed = block_on(workspace.list(&context, call));
                for file in listed.map(|listed| listed.files).unwrap_or_default() {
                    assert!(!file.path.split('/').any(|name| name == ".."), "{}", file.path);
                    assert!(!file.path.starts_with('/'), "{}", file.path);
                }
            }
            6 => {
                let call = Search { root: root(), query: query(u, SECRET)?, places_max: 10 };
                let found = block_on(workspace.search(&context, call));
                for place in found.iter().flat_map(|it| &it.places) {
                    no_secret(place.text.as_bytes());
                }
            }
            _ => {
                let query = query(u, "plain")?;
                let call = Replace { root: root(), query, replacement: "other".to_owned() };
                wrote |= block_on(workspace.replace(&context, call)).is_ok();
            }
        }
    }
    if wrote {
        let staged = block_on(WorkspaceService::staged(&workspace, context.stages[0]));
        if let Ok(changes) = staged {
            drop(block_on(workspace.commit(&folders, &changes)));
        }
        scene.furnish();
    }
    Ok(())
}

fn no_secret(bytes: &[u8]) {
    assert!(!bytes.starts_with(SECRET.as_bytes()), "something outside the folder was read");
}

/// A path: any text, or names that mean something put together.
fn path(u: &mut Unstructured<'_>) -> Result<String> {
    const NAMES: [&str; 16] = [
        "a",
        "b",
        "file",
        "link",
        "up",
        "file-link",
        "loop",
        "absolute",
        "..",
        ".",
        "",
        "out",
        "in",
        "deep",
        "new",
        ".voyager-x",
    ];
    if u.ratio(1, 3)? {
        return u.arbitrary();
    }
    let length = u.int_in_range(1..=5)?;
    let names = (0..length).map(|_| u.choose(&NAMES).copied()).collect::<Result<Vec<_>>>()?;
    Ok(names.join("/"))
}

fn globs(u: &mut Unstructured<'_>) -> Result<Vec<String>> {
    let length = u.int_in_range(0..=2)?;
    (0..length).map(|_| if u.arbitrary()? { path(u) } else { Ok("**/*".to_owned()) }).collect()
}

fn query(u: &mut Unstructured<'_>, word: &str) -> Result<TextQuery> {
    Ok(TextQuery {
        pattern: if u.ratio(2, 3)? { word.to_owned() } else { u.arbitrary()? },
        literal: u.arbitrary()?,
        word: u.arbitrary()?,
        ignore_case: u.arbitrary()?,
        globs: globs(u)?,
    })
}

fn context(scene: &Scene) -> (CallContext, Folders) {
    let folders = Folders::from([("r".to_owned(), scene.path("in").display().to_string())]);
    let all = || Globs::new(["**"]).expect("it is a glob");
    let grant = FolderGrant { root: "r".into(), read: all(), write: all(), write_bytes_max: None };
    let layer =
        GrantLayer { source: "fuzz".into(), workspace: Some(vec![grant]), ..GrantLayer::default() };
    let grants = Grants { folders: Arc::new(folders.clone()), layers: vec![Arc::new(layer)] };
    (asking(grants), folders)
}
