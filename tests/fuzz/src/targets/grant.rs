//! Layers of grants: adding one never allows what was refused before, and what they tell of a whole
//! folder holds for each path in it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use arbitrary::{Result, Unstructured};
use voyager_base::{
    call::Need,
    grant::{Extent, FolderGrant, Globs, GrantLayer, Grants, ProgramGrant},
    policy::{Allowed, FolderRule, Rule, Rules, Verdict, What},
};

const ROOTS: [&str; 3] = ["repo", "docs", "unknown"];
const WORDS: [&str; 4] = ["cargo", "test", "run", "--all"];

/// States what must hold of any bytes.
///
/// # Panics
/// Where it does not.
pub fn target(bytes: &[u8]) {
    // An input too short for grants is none.
    let _ = check(&mut Unstructured::new(bytes));
}

fn check(u: &mut Unstructured<'_>) -> Result<()> {
    let folders = ROOTS[..2].iter().map(|root| ((*root).to_owned(), format!("/{root}")));
    let folders: Arc<BTreeMap<String, String>> = Arc::new(folders.collect());
    let mut grants = Grants { folders, layers: Vec::new() };
    let needs: Vec<Asked> = several(u, 6, asked)?;
    assert!(needs.iter().all(|need| !allows(&grants, need)), "nothing is allowed without a layer");
    // The first layer is the ceiling: from nothing it may only widen.
    grants = grants.narrowed(layer(u)?);
    for _ in 0..u.int_in_range(1..=4)? {
        let spoken = |grants: &Grants| {
            let speaks = |of: fn(&GrantLayer) -> bool| grants.layers.iter().any(|it| of(it));
            (
                speaks(|it| it.workspace.is_some()),
                speaks(|it| it.process.is_some()),
                speaks(|it| it.tasks.is_some()),
            )
        };
        let before = spoken(&grants);
        let narrow = grants.narrowed(layer(u)?);
        for need in &needs {
            // Of what no layer spoke, nothing was allowed; the manifest, which speaks of all, is
            // always among the layers of a run.
            let spoke = match need {
                Asked::Program(_) => before.1,
                Asked::Operation(_) => before.2,
                _ => before.0,
            };
            let widened = allows(&narrow, need) && !allows(&grants, need);
            assert!(!widened || !spoke, "{need:?}: {grants:?} became {narrow:?}");
            narrower_rule(&grants, &narrow, need);
            told_of_folders(&narrow, need);
            if before.0 {
                narrower_folder(&grants, &narrow, need);
            }
        }
        grants = narrow;
    }
    Ok(())
}

/// Something that a task wants.
#[derive(Debug)]
enum Asked {
    Read(&'static str, String),
    Write(&'static str, String),
    Rename(&'static str, String, String),
    Program(Vec<&'static str>),
    Operation(String),
}

fn allows(grants: &Grants, asked: &Asked) -> bool {
    let arguments: Vec<String>;
    let need = match asked {
        Asked::Read(root, path) => Need::Read { root, path },
        Asked::Write(root, path) => Need::Write { root, path },
        Asked::Rename(root, from, to) => Need::Rename { root, from, to },
        Asked::Program(words) => {
            arguments = words[1..].iter().map(|it| (*it).to_owned()).collect();
            Need::Program { program: words[0], arguments: &arguments }
        }
        Asked::Operation(name) => Need::Operation { name },
    };
    grants.check(&need).is_ok()
}

/// What a program may do under more layers is no more than under fewer.
fn narrower_rule(wide: &Grants, narrow: &Grants, asked: &Asked) {
    let Asked::Program(words) = asked else { return };
    let arguments: Vec<String> = words[1..].iter().map(|it| (*it).to_owned()).collect();
    let rule = |grants: &Grants| grants.program(words[0], &arguments).ok();
    let (Some(wide), Some(narrow)) = (rule(wide), rule(narrow)) else { return };
    assert!(wide.network || !narrow.network);
    assert!(at_most(narrow.time_max, wide.time_max));
    assert!(at_most(narrow.output_bytes_max, wide.output_bytes_max));
    assert!(at_most(narrow.memory_bytes_max, wide.memory_bytes_max));
    assert!(at_most(narrow.processes_max, wide.processes_max));
    assert!(at_most(narrow.cpus_max, wide.cpus_max));
    assert!(wide.demand.iter().all(|demand| narrow.demand.contains(demand)));
    assert!(narrow.secrets.iter().all(|(variable, name)| wide.secrets.get(variable) == Some(name)));
}

/// What layers tell of the folders above a path holds for it: a walk leaves out what it need not look
/// at, and asks no more where all is readable.
fn told_of_folders(grants: &Grants, asked: &Asked) {
    let Asked::Read(root, path) = asked else { return };
    for folder in above(path) {
        let extent = grants.reads_below(root, folder);
        let readable = grants.may_read(root, path);
        let fits = match extent {
            Extent::Nothing => !readable,
            Extent::Some => true,
            Extent::All => readable,
        };
        assert!(fits, "`{folder}` has {extent:?}, `{path}` is readable: {readable}; {grants:?}");
    }
}

/// More layers show no more folders, no more of each, and let no more bytes be written.
fn narrower_folder(wide: &Grants, narrow: &Grants, asked: &Asked) {
    let Asked::Read(root, path) = asked else { return };
    let roots = wide.roots();
    assert!(narrow.roots().iter().all(|root| roots.contains(root)));
    assert!(at_most(narrow.write_bytes_max(root), wide.write_bytes_max(root)));
    for folder in above(path) {
        assert!(narrow.reads_below(root, folder) <= wide.reads_below(root, folder), "{folder}");
    }
}

/// The folders above a path as a walk has them, the whole first; none above what no walk meets.
fn above(path: &str) -> Vec<&str> {
    let met = |name: &str| !matches!(name, "" | "." | "..");
    if !path.split('/').all(met) {
        return Vec::new();
    }
    let ends = path.match_indices('/').map(|(at, _)| &path[..at]);
    std::iter::once("").chain(ends).collect()
}

fn at_most<T: Ord>(narrow: Option<T>, wide: Option<T>) -> bool {
    wide.is_none_or(|wide| narrow.is_some_and(|narrow| narrow <= wide))
}

fn several<T>(
    u: &mut Unstructured<'_>,
    most: u8,
    one: impl Fn(&mut Unstructured<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let length = u.int_in_range(0..=most)?;
    (0..length).map(|_| one(u)).collect()
}

fn maybe<T>(
    u: &mut Unstructured<'_>,
    some: impl FnOnce(&mut Unstructured<'_>) -> Result<T>,
) -> Result<Option<T>> {
    if u.ratio(3, 4)? { some(u).map(Some) } else { Ok(None) }
}

fn layer(u: &mut Unstructured<'_>) -> Result<GrantLayer> {
    Ok(GrantLayer {
        source: "fuzz".to_owned(),
        workspace: maybe(u, |u| several(u, 3, folder))?,
        process: maybe(u, |u| several(u, 3, program))?,
        http: None,
        memory: None,
        tasks: maybe(u, globs)?,
        rules: if u.ratio(1, 3)? { Some(rules(u)?.into()) } else { None },
        stands: None,
    })
}

/// A policy of the host.
fn rules(u: &mut Unstructured<'_>) -> Result<Rules> {
    let rule = |u: &mut Unstructured<'_>| {
        Ok(Rule { line: 1, verdict: verdict(u)?, packages: None, what: what(u)? })
    };
    let allowed = |u: &mut Unstructured<'_>| {
        let [package, by, at, scope] = [(); 4].map(|()| String::new());
        Ok(Allowed { package, what: what(u)?, by, at, scope })
    };
    Ok(Rules {
        file: "policy.yaml".to_owned(),
        otherwise: verdict(u)?,
        lines: BTreeMap::new(),
        rules: several(u, 4, rule)?,
        allowed: several(u, 2, allowed)?,
    })
}

fn verdict(u: &mut Unstructured<'_>) -> Result<Verdict> {
    Ok(*u.choose(&[Verdict::Allow, Verdict::Ask, Verdict::Deny])?)
}

fn what(u: &mut Unstructured<'_>) -> Result<What> {
    Ok(match u.int_in_range(0..=2)? {
        0 => {
            let paths = ["/", "/repo", "/repo/a", "/docs", "/rep", "/repo/a/b"];
            let path = maybe(u, |u| Ok((*u.choose(&paths)?).to_owned()))?;
            let (read, write, write_bytes_max) = (globs(u)?, globs(u)?, u.arbitrary()?);
            What::Folder(FolderRule { path, read, write, write_bytes_max })
        }
        1 => What::Program(program(u)?),
        _ => What::Tasks(globs(u)?),
    })
}

fn folder(u: &mut Unstructured<'_>) -> Result<FolderGrant> {
    let root = (*u.choose(&ROOTS)?).to_owned();
    Ok(FolderGrant { root, read: globs(u)?, write: globs(u)?, write_bytes_max: u.arbitrary()? })
}

fn program(u: &mut Unstructured<'_>) -> Result<ProgramGrant> {
    let time_max = u.arbitrary::<Option<u16>>()?.map(|it| Duration::from_secs(it.into()));
    Ok(ProgramGrant {
        run: several(u, 3, |u| Ok((*u.choose(&WORDS)?).to_owned()))?,
        network: u.arbitrary()?,
        time_max,
        output_bytes_max: u.arbitrary()?,
        memory_bytes_max: u.arbitrary()?,
        processes_max: u.arbitrary()?,
        cpus_max: u.arbitrary()?,
        demand: several(u, 2, |u| Ok((*u.choose(&["view", "seccomp"])?).to_owned()))?,
        secrets: several(u, 2, |u| {
            let (variable, name) = (u.choose(&["TOKEN", "KEY"])?, u.choose(&["token", "key"])?);
            Ok(((*variable).to_owned(), (*name).to_owned()))
        })?
        .into_iter()
        .collect(),
    })
}

/// Globs of any text that is one.
fn globs(u: &mut Unstructured<'_>) -> Result<Globs> {
    let glob = |u: &mut Unstructured<'_>| match u.ratio(1, 2)? {
        true => Ok((*u.choose(&["**", "*", "a/**", "**/b", "a?", "{a,b}/*", "[!a]"])?).to_owned()),
        false => u.arbitrary::<String>(),
    };
    let patterns: Vec<String> = several(u, 3, glob)?;
    Globs::new(patterns).map_err(|_| arbitrary::Error::IncorrectFormat)
}

fn path(u: &mut Unstructured<'_>) -> Result<String> {
    match u.ratio(1, 2)? {
        true => Ok((*u.choose(&["a", "b", "a/b", "a/b/a", "ab", "b/a"])?).to_owned()),
        false => u.arbitrary(),
    }
}

fn asked(u: &mut Unstructured<'_>) -> Result<Asked> {
    let root = *u.choose(&ROOTS)?;
    Ok(match u.int_in_range(0..=4)? {
        0 => Asked::Read(root, path(u)?),
        1 => Asked::Write(root, path(u)?),
        2 => Asked::Rename(root, path(u)?, path(u)?),
        3 => {
            let mut words = vec![*u.choose(&WORDS)?];
            words.extend(several(u, 3, |u| Ok(*u.choose(&WORDS)?))?);
            Asked::Program(words)
        }
        _ => Asked::Operation(path(u)?),
    })
}
