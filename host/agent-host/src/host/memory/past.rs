//! What the memory was, and what became of it.

use voyager_base::memory::Trust;
use voyager_memory::{
    AuditLine, Blame, Difference, Edge, FIELDS_OF_HOST, Happened, Happening, MemoryId, ReadError,
    SUPERSEDES, Touch,
};

use super::{Desk, read};
use crate::{
    answer::{
        memory::{RelationDetail, named},
        past::{
            BlameAnswer, DiffAnswer, HappeningDetail, HistoryAnswer, HistoryDetail, MomentDetail,
        },
    },
    failure::Failure,
    moment::Moment,
    when,
};

impl Desk {
    /// The commit that a moment names.
    pub(super) fn commit_of(&self, moment: Moment) -> Result<MomentDetail, Failure> {
        let (line, commit) = match moment {
            Moment::Time(time) => {
                let line = self.memory.commit_at(time).map_err(read)?;
                (line, line.map_or(0, |it| it.commit))
            }
            Moment::Commit(commit) => (self.memory.line(commit).map_err(read)?, commit),
        };
        let past = self.memory.known_from();
        let at = line.map(|it: AuditLine| when::exact(it.at));
        Ok(MomentDetail { commit, at, known_from: past })
    }

    /// Answers `memory history`.
    pub(super) fn history(&self, id: MemoryId) -> Result<HistoryAnswer, Failure> {
        let story = self.memory.story(id, Trust::Outside).map_err(|it| self.gone(id, it))?;
        let mut records = Vec::with_capacity(story.len());
        for record in self.memory.records(&story).map_err(read)?.into_iter().flatten() {
            let of = record.id;
            let supersedes = named(&self.memory.older(of).unwrap_or_default());
            let archived = self.memory.is_archived(of).unwrap_or_default();
            records.push(HistoryDetail { record: self.detail(record), supersedes, archived });
        }
        Ok(HistoryAnswer { id: id.to_string(), records })
    }

    /// Answers `memory diff`.
    pub(super) fn diff(&self, from: Moment, to: Option<Moment>) -> Result<DiffAnswer, Failure> {
        let last = Moment::Commit(self.memory.commit());
        let (from, to) = (self.commit_of(from)?, self.commit_of(to.unwrap_or(last))?);
        let told = self.memory.difference(from.commit, to.commit).map_err(read)?;
        let Difference { added, gone, related, archived, restored, pinned, .. } = told;
        let Difference { unpinned, trusted, encoded, forgotten, forgotten_ids, cycles, .. } = told;
        let Difference { consolidated, parted, unrelated, .. } = told;
        let (superseded, related): (Vec<Edge>, Vec<Edge>) =
            related.into_iter().partition(|it| it.kind == SUPERSEDES);
        let details = |all: Vec<Edge>| all.into_iter().map(RelationDetail::of).collect();
        Ok(DiffAnswer {
            from,
            to,
            added: named(&added),
            gone,
            superseded: details(superseded),
            related: details(related),
            unrelated: named(&unrelated),
            archived: named(&archived),
            restored: named(&restored),
            pinned: named(&pinned),
            unpinned: named(&unpinned),
            trusted: named(&trusted),
            encoded,
            cycles,
            consolidated,
            parted,
            forgotten,
            forgotten_ids: named(&forgotten_ids),
        })
    }

    /// Answers `memory blame`.
    pub(super) fn blame(&self, id: MemoryId) -> Result<BlameAnswer, Failure> {
        let Blame { written, since, undated, known_from } =
            self.memory.blame(id).map_err(|it| self.gone(id, it))?;
        let record = self.memory.record(id).map_err(read)?;
        let batch: Vec<MemoryId> =
            (written.first..written.first + written.count).map(MemoryId).collect();
        let together: Vec<MemoryId> =
            batch.into_iter().filter(|it| self.memory.space_of(*it).is_ok()).collect();
        let field = |name: &str| record.draft.fields.get(name).cloned();
        let [(run, run_of_file), (skill, skill_of_file)] =
            FIELDS_OF_HOST.map(|(own, kept)| (field(own), field(kept)));
        let origin = match (&run, run_of_file.or(skill_of_file), written.count) {
            (Some(_), ..) => "a skill",
            (None, Some(_), _) => {
                "an import, whose file says by which run and skill; nothing proves that"
            }
            (None, None, 1) => "`memory add`, or an import of one record",
            (None, None, _) => "an import, whose batch is one commit; which file is not kept",
        };
        let draft = record.draft;
        Ok(BlameAnswer {
            id: id.to_string(),
            author: draft.author,
            space: draft.space,
            thread: draft.thread,
            run,
            skill,
            origin: origin.to_owned(),
            written: when::exact(record.written),
            commit: written.commit,
            together: named(&together),
            since: since.into_iter().map(|it| happening(id, it)).collect(),
            undated: undated.into_iter().map(RelationDetail::of).collect(),
            known_from,
        })
    }

    /// Why a record is not here: one that was forgotten is told so.
    pub(super) fn gone(&self, id: MemoryId, error: ReadError) -> Failure {
        let is_missing = matches!(error, ReadError::NotFound { .. });
        let failure = read(error);
        match self.memory.forgotten(id) {
            Ok(Some(it)) if is_missing => {
                let (at, commit) = (when::short(it.at), it.commit);
                failure.hint(format!("it was forgotten on {at}, in commit #{commit}"))
            }
            _ => failure,
        }
    }
}

fn happening(id: MemoryId, it: Happening) -> HappeningDetail {
    let (deed, relation) = match it.what {
        Happened::Related(edge) => {
            let deed = match edge.kind == SUPERSEDES {
                true if edge.from == id => "supersedes",
                true => "superseded",
                false => "related",
            };
            (deed, Some(RelationDetail::of(edge)))
        }
        Happened::Touched(touch) => (word(touch), None),
    };
    let at = it.at.map(when::exact);
    HappeningDetail { commit: it.commit, at, deed: deed.to_owned(), relation }
}

fn word(touch: Touch) -> &'static str {
    match touch {
        Touch::Related { .. } => "related",
        Touch::Unrelated => "unrelated",
        Touch::Archived { .. } => "archived",
        Touch::Restored => "restored",
        Touch::Pinned => "pinned",
        Touch::Unpinned => "unpinned",
        Touch::Encoded => "encoded",
        Touch::Trusted { .. } => "trusted",
        Touch::Forgotten { .. } => "forgotten",
    }
}
