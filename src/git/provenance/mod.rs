//! What history says of an object.
//!
//! In: a repository and the ids of objects that hold findings. Out: for each
//! how it is reached, by which refs, under which paths, which commit brought it
//! and which took it away. Correct across merges, renames and several roots,
//! since all of it follows from one fact about each commit: which of the wanted
//! objects its tree leads to.

mod holders;
mod lines;
mod paths;
mod records;
mod sets;
mod tips;
mod upwards;

use std::collections::{BTreeSet, HashMap};

use gix_hash::ObjectId;

use super::pack::Inflater;
use super::{GitError, Repository, Store};
use crate::finding::{Commit, Provenance, Reach};

use super::commits;
use super::graph::{CommitId, Graph, Unlinked};
use super::names::escape;
use super::short::{Short, short};
use holders::{Trees, Wanted};
use lines::Lines;
use sets::{SetId, Sets};
use tips::Tip;

/// How many paths are kept of an object; the others are counted.
const PATHS_SHOWN: usize = 5;

/// Works out the provenance of each of `ids`: blobs, commits, tags or trees.
///
/// After a sweep of the same repository that handed all of them over it costs one
/// visit of the trees that lead to them, and of those packed with these; else one of
/// every tree and every commit, too, however many ids there are.
/// An id that nothing leads to is given with [`Reach::Nothing`].
///
/// # Errors
/// Refs that cannot be read at all. Damaged trees and commits are passed over:
/// the sweep names them.
pub fn provenance(
    repository: &Repository,
    ids: &[ObjectId],
) -> Result<HashMap<ObjectId, Provenance>, GitError> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let store = repository.store();
    let wanted = Wanted::new(&ids);
    let commits = Unlinked::gather(&store);
    let mut sets = Sets::new();
    // Both ask for ids, and to make their table takes all threads.
    for pack in &store.packs {
        pack.ids();
    }
    // To link them keeps one thread busy, to read the trees all that are left.
    let (graph, trees) =
        rayon::join(|| Graph::link(&commits), || holders::gather(&store, &wanted, &mut sets));
    let tips = tips::gather(repository, &store, &graph, &wanted)?;
    let history = History::new(graph, trees, sets, &ids, &wanted);
    let head = repository.head().ok().flatten().and_then(|head| history.graph.number(&head));
    Ok(history.provenances(&ids, &tips, head, &store, &wanted))
}

/// Where a blob stands in the trees of some commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The blob.
    pub(crate) id: ObjectId,
    /// The path, `/`-separated.
    pub(crate) path: Vec<u8>,
    /// The first of the commits that has it there.
    pub(crate) commit: ObjectId,
}

/// Where `ids` stand in the trees of `commits`, in the order of those; `None`
/// where they stand at more paths than can be told apart.
///
/// Costs one visit of every tree and commit that is stored, and a second one of the
/// trees that lead to them.
pub(crate) fn standing(
    store: &Store,
    ids: &[ObjectId],
    commits: &[ObjectId],
) -> Option<Vec<Standing>> {
    let graph = Graph::read(store);
    let wanted = Wanted::new(ids);
    let trees = holders::gather(store, &wanted, &mut Sets::new());
    let roots: Vec<Short> = commits
        .iter()
        .map(|id| {
            let commit = graph.number(id)?;
            Some(short(graph.tree(commit).as_bytes()))
        })
        .collect::<Option<_>>()?;
    let mut found = paths::all(&trees, &roots)?;
    found.sort_unstable_by(|(_, path, at), (_, other_path, other_at)| {
        (at, path).cmp(&(other_at, other_path))
    });
    let standing = found.into_iter().map(|(number, path, at)| Standing {
        id: ids[number as usize],
        path,
        commit: commits[at],
    });
    Some(standing.collect())
}

/// Which wanted objects each commit holds.
struct History {
    graph: Graph,
    trees: Trees,
    sets: Sets,
    /// By commit: what its tree leads to.
    holds: Vec<SetId>,
    /// Wanted objects that are commits.
    commits: Vec<(CommitId, u32)>,
}

impl History {
    fn new(graph: Graph, trees: Trees, mut sets: Sets, ids: &[ObjectId], wanted: &Wanted) -> Self {
        let numbered = ids.iter().zip(0..);
        let commits = numbered.filter_map(|(id, own)| Some((graph.number(id)?, own))).collect();
        let mut holds = Vec::with_capacity(graph.len());
        for number in 0..graph.len() as CommitId {
            let tree = graph.tree(number).as_bytes();
            let below = trees.leads_to.get(&short(tree));
            let mut set = below.copied().unwrap_or(SetId::EMPTY);
            if let Some(tree) = wanted.number(tree) {
                set = sets.with(set, tree);
            }
            holds.push(set);
        }
        Self { graph, trees, sets, holds, commits }
    }

    fn holds(&self, commit: CommitId) -> SetId {
        self.holds[commit as usize]
    }

    fn provenances(
        &self,
        ids: &[ObjectId],
        tips: &[Tip],
        head: Option<CommitId>,
        store: &Store,
        wanted: &Wanted,
    ) -> HashMap<ObjectId, Provenance> {
        let lines = Lines::follow(self, ids.len(), tips, head, wanted);
        let mut paths = paths::find(self, ids.len(), &lines.order(self));
        let mut inflater = Inflater::new();
        let mut described: HashMap<CommitId, Commit> = HashMap::new();
        let mut describe = |commit: Option<CommitId>| {
            let commit = commit?;
            if let Some(known) = described.get(&commit) {
                return Some(known.clone());
            }
            let id = self.graph.id(commit).to_owned();
            let (_, bytes) = store.read(&id, &mut inflater).ok()??;
            let commit_facts = commits::describe(id, &bytes);
            described.insert(commit, commit_facts.clone());
            Some(commit_facts)
        };
        let mut found = HashMap::with_capacity(ids.len());
        for (number, id) in ids.iter().enumerate() {
            let line = &lines.lines[number];
            let names = |is_remote: bool| {
                let names = line.refs.iter().map(|tip| tips[*tip].name.as_deref());
                names
                    .flatten()
                    .filter(|name| name.starts_with(b"refs/remotes/") == is_remote)
                    .map(escape)
                    .collect()
            };
            let (mut shown, mut total) = std::mem::take(&mut paths[number]);
            if shown.is_empty() {
                // What was never committed has the path that it is staged under.
                let staged: BTreeSet<&[u8]> = tips
                    .iter()
                    .filter(|tip| tip.chain.first() == Some(id))
                    .filter_map(|tip| tip.path.as_deref())
                    .collect();
                total = staged.len() as u64;
                shown.extend(staged.iter().take(PATHS_SHOWN).map(|path| escape(path).into()));
            }
            found.insert(
                *id,
                Provenance {
                    reach: line.reach.unwrap_or(Reach::Nothing),
                    paths: shown,
                    paths_total: total,
                    introduced: describe(line.introduced),
                    removed: describe(line.removed),
                    in_head: line.in_head,
                    refs: names(false),
                    remote_refs: names(true),
                },
            );
        }
        found
    }
}
