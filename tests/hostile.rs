//! The hostile kit's verdicts: each attack is found through, named as not
//! covered, or refused; nothing panics, shows a key or takes more than its
//! share of memory, descriptors and time.
//!
//! What an attack needs a race, a second process or a library call for stands
//! with its subject: files that grow, shrink and vanish in `coverage.rs`; keys
//! across every edge of a buffer, paths over the system's limit and ignore files
//! in `worktree.rs`; flipped bytes in packs and indexes in `git_faults.rs`;
//! budgets of containers in `decode_hostile.rs`; what a full disk, a signal or a
//! closed pipe does in `host_faults.rs`; what is run and written in `sandbox.rs`.

#![cfg(target_os = "linux")]
#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "what each attack costs is read by people, and a test that cannot go on has failed"
)]

#[path = "support/demanding.rs"]
mod demanding;
#[path = "support/hostile/mod.rs"]
mod hostile;
#[path = "support/pack.rs"]
mod pack;
#[path = "support/git_pack.rs"]
mod pack_support;
mod support;

use hostile::{archives, files, layouts, objects, run_all, texts};
// The writer of packs looks for it here.
use support::git as git_support;

#[test]
fn the_kit_holds_fifty_attacks_and_more() {
    let groups = [files::CASES, texts::CASES, archives::CASES, layouts::CASES, objects::CASES];
    let names: std::collections::BTreeSet<&str> =
        groups.iter().flat_map(|group| group.iter().map(|case| case.name)).collect();
    assert_eq!(names.len(), groups.iter().map(|group| group.len()).sum::<usize>());
    assert!(names.len() >= 50, "{}", names.len());
}

#[test]
fn attacks_by_files_get_their_verdict() {
    run_all(files::CASES);
}

#[test]
fn attacks_by_texts_get_their_verdict() {
    run_all(texts::CASES);
}

#[test]
fn attacks_by_archives_get_their_verdict() {
    run_all(archives::CASES);
}

#[test]
fn attacks_by_layouts_get_their_verdict() {
    run_all(layouts::CASES);
}

#[test]
fn attacks_by_objects_get_their_verdict() {
    run_all(objects::CASES);
}
