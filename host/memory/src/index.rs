//! Everything that recall needs in memory: shards by space, standings, relations. A cache of the tables, as of
//! one commit.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use voyager_base::{Digest, memory::Trust};

use crate::{
    cache::Stamps,
    groups::{GroupRow, Groups},
    known::{Known, KnownList},
    lineage::{DERIVED_FROM, Lineage},
    pack::{Pack, Writer, at_once},
    record::{MemoryId, Record},
    row::{Edge, Standing},
    shard::{Names, Place, Shard},
    succession::{Judge, SUPERSEDES, Succession},
    vectors::{Code, Vectors},
};

/// Name of the section of a pack that holds relations.
const EDGES: &str = "edges";

/// Bytes of a relation there: where it starts and leads to, its number, its weight.
const EDGE_BYTES: usize = 24;

/// Name of the section of a pack that holds which of them say that a record supersedes another.
const CLAIMS: &str = "claims";

/// Name of the section of a pack that holds which of them say that a record is derived from another.
const LINKS: &str = "links";

/// Bytes of such a claim, or such a link, there: where it starts and leads to, its number.
const CLAIM_BYTES: usize = 20;

/// What an edge is read by: the record that it starts at, and its number.
pub(crate) type EdgeKey = (u64, u32);

/// The cache.
#[derive(Default)]
pub(crate) struct Index {
    spaces: BTreeMap<String, Shard>,
    /// Numbers of spaces, held once for each record.
    space_names: Names,
    known: KnownList,
    edges: BTreeMap<(MemoryId, u32), (MemoryId, f32)>,
    backward: BTreeMap<(MemoryId, MemoryId, u32), f32>,
    /// Which records a newer one supersedes.
    succession: Succession,
    /// Which records are derived from which, and trusted as these are.
    lineage: Lineage,
    /// Which records others stand for.
    groups: Groups,
    archived: usize,
    /// Records whose row, key, standing or relation is damaged: they can be forgotten, and nothing else.
    damaged: BTreeSet<MemoryId>,
    /// Records that are removed one after the other, and are in no answer any more; none once that is done.
    leaving: BTreeSet<MemoryId>,
    /// Whatever changes a space, or a relation of its records, marks it here.
    stamps: Stamps,
    /// What concerns all spaces, as of the last commit: see [`Index::concerns_all`].
    settled: (u64, bool),
    cycle: u64,
    commit: u64,
}

/// Where a relation in a section of a pack starts, where it leads to, and its number.
fn ends(row: &[u8]) -> (MemoryId, MemoryId, u32) {
    let long = |at: usize| row[at..].first_chunk().map_or(0, |it| u64::from_le_bytes(*it));
    let number = row[16..].first_chunk().map_or(0, |it| u32::from_le_bytes(*it));
    (MemoryId(long(0)), MemoryId(long(8)), number)
}

/// How far a record is trusted by itself; none where it is not here.
fn own_trust(known: &KnownList, id: MemoryId) -> Option<Trust> {
    Some(known.get(id)?.standing.trust.unwrap_or_default())
}

/// What decides which claims count now.
struct Now<'a> {
    known: &'a KnownList,
    lineage: &'a Lineage,
}

impl Judge for Now<'_> {
    fn lives(&self, id: MemoryId) -> bool {
        self.known.get(id).is_some_and(|it| !it.standing.archived)
    }

    fn trust(&self, id: MemoryId) -> Trust {
        self.lineage.of(id, own_trust(self.known, id))
    }
}

/// Claims, links, as rows of a section.
fn rows(all: impl Iterator<Item = (MemoryId, MemoryId, u32)>) -> Vec<u8> {
    let row = |(from, to, number): (MemoryId, MemoryId, u32)| {
        let mut row = [0; CLAIM_BYTES];
        row[..8].copy_from_slice(&from.0.to_le_bytes());
        row[8..16].copy_from_slice(&to.0.to_le_bytes());
        row[16..].copy_from_slice(&number.to_le_bytes());
        row
    };
    all.flat_map(row).collect()
}

impl Index {
    /// Takes a record in.
    pub(crate) fn add(&mut self, record: &Record, standing: Standing, code: Option<Code>) {
        let space = &record.draft.space;
        self.stamps.touch(space, self.commit + 1);
        if !self.spaces.contains_key(space) {
            self.spaces.insert(space.clone(), Shard::default());
        }
        let shard = self.spaces.entry(space.clone()).or_default();
        let place = shard.add(record);
        if let Some(code) = code {
            shard.vectors.set(place, &code);
        }
        self.archived += usize::from(standing.archived);
        let space = self.space_names.hold(&record.draft.space);
        let trust = standing.trust.or_else(|| Some(record.trust_of_before()));
        let standing = Standing { trust, ..standing };
        self.known.insert(Known { id: record.id, space, standing });
    }

    /// Writes it as sections of a pack, in which spaces have the numbers of their order.
    pub(crate) fn write(&self, writer: &mut Writer) -> io::Result<()> {
        let mut numbers = BTreeMap::new();
        for (number, (space, shard)) in self.spaces.iter().enumerate() {
            shard.write(writer, &number.to_string())?;
            numbers.extend(self.space_names.find(space).map(|it| (it, number as u32)));
        }
        self.known.write(writer, |it| numbers.get(&it).copied().unwrap_or(it))?;
        let edges = self.edges.iter().flat_map(|((from, number), (to, weight))| {
            let mut row = [0; EDGE_BYTES];
            row[..8].copy_from_slice(&from.0.to_le_bytes());
            row[8..16].copy_from_slice(&to.0.to_le_bytes());
            row[16..20].copy_from_slice(&number.to_le_bytes());
            row[20..].copy_from_slice(&weight.to_le_bytes());
            row
        });
        writer.section(EDGES, &edges.collect::<Vec<u8>>())?;
        writer.section(CLAIMS, &rows(self.succession.all()))?;
        writer.section(LINKS, &rows(self.lineage.all()))?;
        if self.is_torn() {
            return Err(io::Error::other("the index that was kept before is damaged"));
        }
        Ok(())
    }

    /// What [`Index::write`] wrote; none where it is something else. More than `resident_max` vectors of a space stay
    /// in the pack.
    pub(crate) fn read(pack: &Pack, spaces: Vec<String>, resident_max: usize) -> Option<Self> {
        let known = || KnownList::read(pack, spaces.len());
        let shards = || {
            let shard = |it: usize| Shard::read(pack, &it.to_string(), resident_max);
            (0..spaces.len()).map(shard).collect::<Option<Vec<_>>>()
        };
        let (known, shards) = at_once(KnownList::bytes_in(pack), known, shards);
        let ((known, held), shards) = (known?, shards?);
        let archived = known.archived();
        let mut index = Self { known, archived, ..Self::default() };
        let all = spaces.into_iter().zip(shards).zip(held).enumerate();
        for (number, ((space, shard), held)) in all {
            let named = index.space_names.hold_for(&space, held);
            let fits = held > 0 && held as usize == shard.len() && named as usize == number;
            fits.then_some(())?;
            index.spaces.insert(space, shard);
        }
        let edges = pack.section(EDGES)?.to_vec();
        let (edges, []) = edges.as_chunks::<EDGE_BYTES>() else { return None };
        for row in edges {
            let (from, to, number) = ends(row);
            let weight = row.last_chunk().map_or(0.0, |it| f32::from_le_bytes(*it));
            index.edges.insert((from, number), (to, weight));
            index.backward.insert((to, from, number), weight);
        }
        let claims = pack.section(CLAIMS)?.to_vec();
        let (claims, []) = claims.as_chunks::<CLAIM_BYTES>() else { return None };
        claims.iter().for_each(|it| index.succession.insert(ends(it)));
        // One that was kept before there were links has none, and says nothing of trust.
        let links = pack.section(LINKS)?.to_vec();
        let (links, []) = links.as_chunks::<CLAIM_BYTES>() else { return None };
        for link in links {
            let known = &index.known;
            index.lineage.add(ends(link), |it| own_trust(known, it));
        }
        Some(index)
    }

    /// Leaves what needs not be in memory in an index that was just kept, with the spaces in the order of its sections.
    pub(crate) fn rest_on(&mut self, pack: &Pack, spaces: &[String], resident_max: usize) {
        for (number, space) in spaces.iter().enumerate() {
            if let Some(shard) = self.spaces.get_mut(space) {
                shard.rest_on(pack, &number.to_string(), resident_max);
            }
        }
    }

    /// Whether something was found damaged that was left in a kept index.
    pub(crate) fn is_torn(&self) -> bool {
        self.spaces.values().any(Shard::is_torn)
    }

    /// Notes that a record can't be read, or its standing.
    pub(crate) fn add_damaged(&mut self, id: MemoryId) {
        self.damaged.insert(id);
    }

    /// Records that can't be read.
    pub(crate) fn damaged(&self) -> &BTreeSet<MemoryId> {
        &self.damaged
    }

    /// How many records are archived.
    pub(crate) fn archived(&self) -> usize {
        self.archived
    }

    /// Gives a record a vector.
    pub(crate) fn set_vector(&mut self, id: MemoryId, code: Code) {
        if let Some((vectors, place)) = self.vectors_with(id) {
            vectors.set(place, &code);
        }
    }

    /// Lets the vector of a record go.
    pub(crate) fn remove_vector(&mut self, id: MemoryId) {
        if let Some((vectors, place)) = self.vectors_with(id) {
            vectors.remove(place);
        }
    }

    /// The vectors among which that of a record lies, and where: it is about to change.
    fn vectors_with(&mut self, id: MemoryId) -> Option<(&mut Vectors, Place)> {
        let space = self.space_names.name(self.known.get(id)?.space);
        self.stamps.touch(space, self.commit + 1);
        let shard = self.spaces.get_mut(space)?;
        let place = shard.place(id)?;
        Some((&mut shard.vectors, place))
    }

    /// Changes what is known of a record beside its content.
    pub(crate) fn set_standing(&mut self, id: MemoryId, standing: Standing) {
        self.touch(id);
        if let Some(Known { standing: before, .. }) = self.known.get(id) {
            self.archived -= usize::from(before.archived);
            self.archived += usize::from(standing.archived);
            let turned = before.archived != standing.archived;
            let trust = standing.trust.or(before.trust);
            self.known.set_standing(id, Standing { trust, ..standing });
            if trust != before.trust {
                self.trust_turned(id);
            }
            if turned {
                // The records that it supersedes are of its space, which is marked.
                let now = Now { known: &self.known, lineage: &self.lineage };
                self.succession.turned(id, &now);
            }
        }
    }

    /// A record is trusted otherwise by itself, or is not here any more to say so.
    fn trust_turned(&mut self, id: MemoryId) {
        let known = &self.known;
        let turned = self.lineage.turned(id, |it| own_trust(known, it));
        self.retrusted(&turned);
    }

    /// Records are trusted otherwise than before: that changes what answers hold, and which claims count.
    fn retrusted(&mut self, ids: &[MemoryId]) {
        ids.iter().for_each(|it| self.touch(*it));
        let now = Now { known: &self.known, lineage: &self.lineage };
        ids.iter().for_each(|it| self.succession.retrusted(*it, &now));
    }

    /// Takes an edge in.
    pub(crate) fn relate(&mut self, number: u32, edge: &Edge) {
        self.touch(edge.from);
        self.touch(edge.to);
        self.edges.insert((edge.from, number), (edge.to, edge.weight));
        self.backward.insert((edge.to, edge.from, number), edge.weight);
        // Programs that knew of no such kind may have related records of two spaces by it.
        let space = self.known.get(edge.from).map(|it| it.space);
        let is_claim = edge.kind == SUPERSEDES
            && space.is_some()
            && space == self.known.get(edge.to).map(|it| it.space);
        if is_claim {
            let now = Now { known: &self.known, lineage: &self.lineage };
            self.succession.add((edge.from, edge.to, number), &now);
        }
        if edge.kind == DERIVED_FROM {
            let known = &self.known;
            let link = (edge.from, edge.to, number);
            let lowered = self.lineage.add(link, |it| own_trust(known, it));
            self.retrusted(&lowered);
        }
    }

    /// Lets edges of a record go, by their numbers. What it is derived from stays.
    pub(crate) fn unrelate(&mut self, from: MemoryId, numbers: &[u32]) {
        for number in numbers {
            let Some((to, _)) = self.edges.remove(&(from, *number)) else { continue };
            self.touch(from);
            self.touch(to);
            self.backward.remove(&(to, from, *number));
            let now = Now { known: &self.known, lineage: &self.lineage };
            self.succession.take_back((from, to, *number), &now);
        }
    }

    /// Has records be in no answer from now on, which are removed one after the other: their rows are gone already. Their
    /// threads they leave at once.
    pub(crate) fn leave(&mut self, ids: &[MemoryId]) {
        ids.iter().for_each(|it| self.touch(*it));
        let mut by_space: BTreeMap<u32, Vec<MemoryId>> = BTreeMap::new();
        for known in ids.iter().filter_map(|it| self.known.get(*it)) {
            by_space.entry(known.space).or_default().push(known.id);
        }
        for (space, ids) in by_space {
            if let Some(shard) = self.spaces.get_mut(self.space_names.name(space)) {
                shard.leave_threads(&ids);
            }
        }
        self.leaving.extend(ids);
    }

    /// Whether records are being removed one after the other: what is here is of no commit.
    pub(crate) fn is_between(&self) -> bool {
        !self.leaving.is_empty()
    }

    /// Whether all that is here is as it was written up to a commit.
    pub(crate) fn is_of(&self, commit: u64) -> bool {
        self.commit == commit && !self.is_between() && !self.is_torn()
    }

    /// Whether a record is one of those.
    pub(crate) fn is_leaving(&self, id: MemoryId) -> bool {
        self.leaving.contains(&id)
    }

    /// Lets a record go, with everything that hangs on it. What is derived from it has its trust by then: see
    /// [`Index::floors`].
    pub(crate) fn remove(&mut self, id: MemoryId) {
        self.damaged.remove(&id);
        self.take_out(id);
        self.lineage.remove(id);
        self.ungroup_all(id);
    }

    /// Lets a record go that can't be read, or whose standing or relations can't. Its links stay: nobody knows any more
    /// how far what is derived from it is to be trusted.
    pub(crate) fn set_aside(&mut self, id: MemoryId) {
        self.take_out(id);
        self.damaged.insert(id);
        self.trust_turned(id);
    }

    fn take_out(&mut self, id: MemoryId) {
        if let Some(known) = self.known.remove(id) {
            self.archived -= usize::from(known.standing.archived);
            let space = self.space_names.name(known.space);
            if let Some(shard) = self.spaces.get_mut(space) {
                shard.remove(id);
                self.stamps.touch(space, self.commit + 1);
                if shard.len() == 0 {
                    self.spaces.remove(space);
                    self.stamps.empty(space, self.commit + 1);
                }
            }
            self.space_names.release(known.space);
        }
        // Others may lead to one that could never be read.
        let from: Vec<_> = self.edges.range((id, 0)..=(id, u32::MAX)).map(|it| *it.0).collect();
        for key in from {
            if let Some((to, _)) = self.edges.remove(&key) {
                self.touch(to);
                self.backward.remove(&(to, id, key.1));
            }
        }
        let all = (id, MemoryId(0), 0)..=(id, MemoryId(u64::MAX), u32::MAX);
        let to: Vec<_> = self.backward.range(all).map(|it| *it.0).collect();
        for key in to {
            self.touch(key.1);
            self.backward.remove(&key);
            self.edges.remove(&(key.1, key.2));
        }
        let now = Now { known: &self.known, lineage: &self.lineage };
        self.succession.remove(id, &now);
    }

    /// Has a record stand for another one, where both are here, damaged or not.
    pub(crate) fn group(&mut self, row: GroupRow) {
        let is_here = |id| self.holds(id) || self.damaged.contains(&id);
        if is_here(row.0) && is_here(row.1) {
            self.touch(row.0);
            self.touch(row.1);
            self.groups.add(row);
        }
    }

    /// Lets a record speak for itself again.
    pub(crate) fn ungroup(&mut self, id: MemoryId) {
        self.touch(id);
        self.groups.remove_row(id);
    }

    fn ungroup_all(&mut self, id: MemoryId) {
        let members: Vec<MemoryId> = self.groups.members(id).collect();
        members.iter().for_each(|it| self.touch(*it));
        self.groups.remove(id);
    }

    /// Records that something of a group is noted of with some: themselves, and those that they stand for.
    pub(crate) fn grouped_with(&self, ids: &[MemoryId]) -> Vec<MemoryId> {
        let with = |it: &MemoryId| self.groups.members(*it).chain([*it]).collect::<Vec<_>>();
        let all =
            if self.groups.is_empty() { Vec::new() } else { ids.iter().flat_map(with).collect() };
        all.into_iter().filter(|it| self.groups.standing(*it).is_some()).collect()
    }

    /// Which records others stand for.
    pub(crate) fn groups(&self) -> &Groups {
        &self.groups
    }

    /// How far a record is trusted, with all that it descends from; none where it is not here.
    pub(crate) fn trust(&self, id: MemoryId) -> Option<Trust> {
        Some(self.lineage.of(id, Some(own_trust(&self.known, id)?)))
    }

    /// What is derived from what.
    pub(crate) fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// What has to be noted before records go: the standings of those that are derived from them, which are trusted no
    /// more by themselves from now on than through what goes.
    pub(crate) fn floors(&self, gone: &BTreeSet<MemoryId>) -> Vec<(u64, Standing)> {
        let mut least: BTreeMap<MemoryId, Trust> = BTreeMap::new();
        for id in gone {
            let trust = self.trust(*id).unwrap_or_default();
            for derived in self.lineage.derived(*id).filter(|it| !gone.contains(it)) {
                let least = least.entry(derived).or_insert(trust);
                *least = trust.min(*least);
            }
        }
        let floor = |(id, least): (MemoryId, Trust)| {
            let standing = self.standing(id)?;
            let lower = standing.trust.unwrap_or_default() > least;
            lower.then_some((id.0, Standing { trust: Some(least), ..standing }))
        };
        least.into_iter().filter_map(floor).collect()
    }

    /// Marks the space of a record as changed by the next commit.
    fn touch(&mut self, id: MemoryId) {
        if let Some(known) = self.known.get(id) {
            self.stamps.touch(self.space_names.name(known.space), self.commit + 1);
        }
    }

    /// The last commit that changed what `spaces` answer, all spaces where none is named: never too low. Higher than
    /// [`Index::commit`] where something was set aside since.
    pub(crate) fn changed(&self, spaces: &[String]) -> u64 {
        let is_settled = self.settled == self.concerns_all();
        if is_settled { self.stamps.of(spaces) } else { self.commit + 1 }
    }

    /// What answers from every space depend on: the cycle of decay, and whether anything is set aside.
    fn concerns_all(&self) -> (u64, bool) {
        (self.cycle, self.sets_aside())
    }

    /// Whether there are records that are recalled only where somebody asks for such, or are about to be removed.
    pub(crate) fn sets_aside(&self) -> bool {
        let is_some_superseded = !self.succession.superseded().is_empty();
        self.archived > 0 || is_some_superseded || !self.leaving.is_empty()
    }

    /// Which records a newer one supersedes.
    pub(crate) fn succession(&self) -> &Succession {
        &self.succession
    }

    /// The records that supersede one directly and hide it.
    pub(crate) fn superseded_by(&self, id: MemoryId) -> Vec<MemoryId> {
        let now = Now { known: &self.known, lineage: &self.lineage };
        let mut hiding: Vec<MemoryId> = self.succession.hiding(id, &now).collect();
        hiding.dedup();
        hiding
    }

    /// Whether one of some spaces is superseded; of all where none is named.
    pub(crate) fn supersedes_in(&self, spaces: &[String]) -> bool {
        let of =
            |it: &MemoryId| self.space_of(*it).is_some_and(|it| spaces.iter().any(|of| of == it));
        let mut superseded = self.succession.superseded().iter();
        if spaces.is_empty() { superseded.next().is_some() } else { superseded.any(of) }
    }

    /// Says that it was loaded: nothing is asked of what it was before.
    pub(crate) fn is_loaded(&mut self) {
        let now = Now { known: &self.known, lineage: &self.lineage };
        self.succession.untie(&now);
        (self.stamps, self.settled) = (Stamps::default(), self.concerns_all());
    }

    /// Says that no answer from before this commit holds.
    pub(crate) fn answers_anew(&mut self) {
        self.stamps.touch_all(self.commit);
    }

    /// The records that relations of one lead to or come from, and how strong those are.
    pub(crate) fn related(&self, id: MemoryId) -> impl Iterator<Item = (MemoryId, f32)> + '_ {
        let forward = self.edges.range((id, 0)..=(id, u32::MAX)).map(|it| *it.1);
        let all = (id, MemoryId(0), 0)..=(id, MemoryId(u64::MAX), u32::MAX);
        let backward = self.backward.range(all).map(|(key, weight)| (key.1, *weight));
        forward.chain(backward)
    }

    /// The records that an edge leads to from one, and those from which one leads to it.
    pub(crate) fn cited(&self, id: MemoryId) -> impl Iterator<Item = MemoryId> + '_ {
        self.edges.range((id, 0)..=(id, u32::MAX)).map(|it| it.1.0)
    }

    pub(crate) fn citing(&self, id: MemoryId) -> impl Iterator<Item = MemoryId> + '_ {
        let all = (id, MemoryId(0), 0)..=(id, MemoryId(u64::MAX), u32::MAX);
        self.backward.range(all).map(|it| it.0.1)
    }

    /// When what a record tells was told, in microseconds.
    pub(crate) fn told(&self, id: MemoryId) -> Option<u64> {
        let shard = self.spaces.get(self.space_of(id)?)?;
        Some(shard.doc(shard.place(id)?)?.at)
    }

    /// Where the edges of a record lead, with their numbers there.
    pub(crate) fn edges_from(&self, id: MemoryId) -> Vec<(u32, MemoryId)> {
        self.edges.range((id, 0)..=(id, u32::MAX)).map(|it| (it.0.1, it.1.0)).collect()
    }

    /// The edges of a record, by the record they start at and their number, each with the record at its other end.
    pub(crate) fn edges_of(&self, id: MemoryId) -> Vec<(EdgeKey, MemoryId)> {
        let forward = self.edges.range((id, 0)..=(id, u32::MAX));
        let forward = forward.map(|(key, to)| ((key.0.0, key.1), to.0));
        let all = (id, MemoryId(0), 0)..=(id, MemoryId(u64::MAX), u32::MAX);
        let backward = self.backward.range(all).map(|it| ((it.0.1.0, it.0.2), it.0.1));
        let mut edges: Vec<_> = forward.chain(backward).collect();
        edges.sort_unstable();
        edges
    }

    /// All edges, by the record they start at and their number.
    pub(crate) fn all_edges(&self) -> Vec<(u64, u32)> {
        self.edges.keys().map(|it| (it.0.0, it.1)).collect()
    }

    /// What is known of a record beside its content; none where it is not here.
    pub(crate) fn standing(&self, id: MemoryId) -> Option<Standing> {
        self.known.get(id).map(|it| it.standing)
    }

    /// Whether a record is here and has no vector.
    pub(crate) fn lacks_vector(&self, id: MemoryId) -> bool {
        let shard = self.space_of(id).and_then(|it| self.spaces.get(it));
        shard.is_some_and(|it| it.place(id).is_some_and(|place| !it.vectors.has(place)))
    }

    /// Whether a record is there.
    pub(crate) fn holds(&self, id: MemoryId) -> bool {
        self.known.get(id).is_some()
    }

    /// The same for records of the same words, of which the author's name, the tags and the fields are some; without their order and
    /// the small ones among them. Two with different ones don't say the same.
    pub(crate) fn saying(&self, id: MemoryId) -> Option<Digest> {
        let shard = self.spaces.get(self.space_of(id)?)?;
        let place = shard.place(id)?;
        Some(Digest::of_parts(shard.terms(place).map(|it| shard.word(it).as_bytes())))
    }

    /// The space of a record.
    pub(crate) fn space_of(&self, id: MemoryId) -> Option<&str> {
        self.known.get(id).map(|it| self.space_names.name(it.space))
    }

    /// The shard of a record.
    pub(crate) fn shard_of(&self, id: MemoryId) -> Option<&Shard> {
        self.spaces.get(self.space_of(id)?)
    }

    /// Shards of some spaces; of all where none is named.
    pub(crate) fn shards(&self, spaces: &[String]) -> Vec<&Shard> {
        let wanted = |name: &String| spaces.is_empty() || spaces.contains(name);
        self.spaces.iter().filter(|it| wanted(it.0)).map(|it| it.1).collect()
    }

    /// All shards, to be damaged.
    #[cfg(test)]
    pub(crate) fn shards_mut(&mut self) -> impl Iterator<Item = &mut Shard> {
        self.spaces.values_mut()
    }

    /// All spaces.
    pub(crate) fn spaces(&self) -> impl Iterator<Item = (&str, &Shard)> {
        self.spaces.iter().map(|it| (it.0.as_str(), it.1))
    }

    /// Records that have no vector.
    pub(crate) fn without_vector(&self, limit: usize) -> Vec<MemoryId> {
        let mut ids = Vec::new();
        for shard in self.spaces.values() {
            let bare = shard.places().filter(|it| !shard.vectors.has(*it));
            ids.extend(bare.filter_map(|it| shard.doc(it)).map(|it| it.id).take(limit));
        }
        ids.sort_unstable();
        ids.truncate(limit);
        ids
    }

    /// All records, in the order of writing.
    pub(crate) fn ids(&self) -> Vec<MemoryId> {
        self.known.ids().collect()
    }

    /// The number of records.
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    /// How many terms the texts of all records have.
    pub(crate) fn terms(&self) -> u64 {
        self.spaces.values().map(|it| it.totals().lengths[0]).sum()
    }

    /// The number of edges.
    pub(crate) fn edges(&self) -> usize {
        self.edges.len()
    }

    /// The cycle of decay.
    pub(crate) fn cycle(&self) -> u64 {
        self.cycle
    }

    /// The commit that this is a cache of.
    pub(crate) fn commit(&self) -> u64 {
        self.commit
    }

    /// Says which commit this is a cache of, and in which cycle.
    pub(crate) fn stands_at(&mut self, commit: u64, cycle: u64) {
        self.commit = commit;
        self.cycle = cycle;
        self.leaving.clear();
        if self.settled != self.concerns_all() {
            self.settled = self.concerns_all();
            self.stamps.touch_all(commit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who compares it with the rows waits for the last of them.
    #[test]
    fn while_records_are_removed_one_after_the_other_it_is_of_no_commit() {
        let mut index = Index::default();
        index.stands_at(3, 0);
        assert!(index.is_of(3));
        index.leave(&[MemoryId(0), MemoryId(1)]);
        [0, 1].iter().for_each(|it| index.remove(MemoryId(*it)));
        assert!(!index.is_of(3) && !index.is_of(4));
        index.stands_at(4, 0);
        assert!(index.is_of(4));
    }
}
