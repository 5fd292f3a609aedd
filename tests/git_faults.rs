//! Damaged, hostile and outsized objects: each loses itself and its children
//! only, is named, and takes neither the process nor its memory with it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/git.rs"]
pub(crate) mod git_support;
#[path = "support/git_pack.rs"]
mod pack_support;
#[path = "support/git_sweep.rs"]
mod sweep_support;

use std::collections::BTreeSet;
use std::path::PathBuf;

use git_support::Repo;
use keysweep::rule::{Literal, Prefilter};
use pack_support::{Entry, PackWriter, delta, literal_delta};
use sweep_support::{brute_force, sweep};

fn prefilter() -> Prefilter {
    Prefilter::new(&[Literal::new("needle").unwrap()], false)
}

fn is_named(kept: &sweep_support::Kept, id: &str, kind: &str) -> bool {
    kept.skipped().iter().any(|(origin, own)| origin == id && *own == kind)
}

#[test]
fn a_corrupt_entry_loses_itself_and_its_children_only() {
    let mut pack = PackWriter::new();
    let sound = pack.add(Entry::blob(b"a needle in a sound blob"));
    let broken = pack.add(Entry::blob(b"needle in a broken blob").damaged());
    let child = pack.add(Entry::offset_delta(&broken, delta(23, &[(0, 6)]), b"needle"));
    let grandchild = pack.add(Entry::offset_delta(&child, delta(6, &[(0, 3)]), b"nee"));
    let other = pack.add(Entry::offset_delta(&sound, delta(24, &[(2, 6)]), b"needle2"));
    let repo = pack.into_repository();
    let kept = sweep(repo.root(), &prefilter());
    for lost in [&broken, &child, &grandchild] {
        assert!(is_named(&kept, lost, "corrupt"), "{lost} {:?}", kept.skipped());
    }
    assert_eq!(kept.skipped().len(), 3);
    assert_eq!(kept.objects().len(), 2, "{other} and {sound}");
    assert_eq!(kept.tally.lock().unwrap().blobs, 2);
}

#[test]
fn a_damaged_entry_gives_way_to_a_sound_copy_elsewhere() {
    let content = b"needle that is stored twice";
    let mut pack = PackWriter::new();
    let broken = pack.add(Entry::blob(content).damaged());
    let child = pack.add(Entry::offset_delta(&broken, delta(27, &[(0, 6)]), b"needle"));
    let repo = pack.into_repository();
    assert_eq!(repo.blob(content), broken);
    assert_eq!(repo.blob(b"needle"), child);
    // `git hash-object -w` does not write what a pack holds already.
    let apart = Repo::new();
    apart.blob(content);
    let loose = format!("{}/{}", &broken[..2], &broken[2..]);
    let target = repo.root().join(".git/objects").join(&loose);
    std::fs::create_dir_all(target.parent().unwrap()).unwrap();
    std::fs::copy(apart.root().join(".git/objects").join(&loose), &target).unwrap();
    let kept = sweep(repo.root(), &prefilter());
    assert_eq!(kept.skipped(), BTreeSet::new());
    assert_eq!(kept.objects(), [broken, child].into());
}

#[test]
fn bases_may_come_later_lie_loose_or_in_another_pack() {
    let (later, loose, packed) = (b"needle later", b"needle loose", b"needle packed");
    let mut pack = PackWriter::new();
    let first = pack.add(Entry::id_delta(
        &pack_support::blob_id(later),
        delta(12, &[(0, 6), (7, 1)]),
        b"needlel",
    ));
    pack.add(Entry::blob(later));
    let second = pack.add(Entry::id_delta(
        &pack_support::blob_id(loose),
        delta(12, &[(0, 6), (7, 2)]),
        b"needlelo",
    ));
    let third = pack.add(Entry::id_delta(
        &pack_support::blob_id(packed),
        delta(13, &[(0, 6), (7, 1)]),
        b"needlep",
    ));
    let fourth = pack.add(Entry::offset_delta(&third, delta(7, &[(0, 6)]), b"needle"));
    let repo = pack.into_repository();
    repo.blob(packed);
    repo.git(&["repack", "-q", "-d"]);
    repo.blob(loose);
    let kept = sweep(repo.root(), &prefilter());
    assert_eq!(kept.skipped(), BTreeSet::new());
    assert_eq!(kept.objects().len(), 7);
    for id in [first, second, third, fourth] {
        assert!(kept.objects().contains(&id), "{id}");
    }
}

#[test]
fn cycles_missing_bases_and_false_offsets_are_named() {
    let mut pack = PackWriter::new();
    let (a, b) = ("a1".repeat(20), "b2".repeat(20));
    let one = pack.add(Entry::id_delta(&b, delta(6, &[(0, 6)]), b"").named(&a));
    let two = pack.add(Entry::id_delta(&a, delta(6, &[(0, 6)]), b"").named(&b));
    let itself = "c3".repeat(20);
    let three = pack.add(Entry::id_delta(&itself, delta(6, &[(0, 6)]), b"").named(&itself));
    let missing = pack.add(Entry::id_delta(&"d4".repeat(20), delta(6, &[(0, 6)]), b"needle"));
    let astray = pack.add(Entry::raw_offset_delta(3, delta(6, &[(0, 6)]), b"needle3"));
    let far = pack.add(Entry::raw_offset_delta(1 << 40, delta(6, &[(0, 6)]), b"needle4"));
    let zero = pack.add(Entry::raw_offset_delta(0, delta(6, &[(0, 6)]), b"needle5"));
    let sound = pack.add(Entry::blob(b"a sound needle"));
    let repo = pack.into_repository();
    let kept = sweep(repo.root(), &prefilter());
    for id in [&one, &two, &three, &astray, &far, &zero] {
        assert!(is_named(&kept, id, "corrupt"), "{id} {:?}", kept.skipped());
    }
    assert!(is_named(&kept, &missing, "missing"));
    assert_eq!(kept.objects(), [sound].into());
}

#[test]
fn sizes_that_lie_are_errors_before_anything_is_allocated() {
    let mut pack = PackWriter::new();
    let huge = pack.add(Entry::blob(b"needle huge").with_size(1 << 60));
    let short = pack.add(Entry::blob(b"needle short").with_size(5));
    let long = pack.add(Entry::blob(b"needle long").with_size(500));
    let base = pack.add(Entry::blob(b"needle base"));
    let result = literal_delta(11, 1 << 50, b"needle");
    let child = pack.add(Entry::offset_delta(&base, result, b"x"));
    pack.add(Entry::offset_delta(&child, delta(1, &[(0, 1)]), b"y"));
    let repo = pack.into_repository();
    let kept = sweep(repo.root(), &prefilter());
    for id in [&huge, &short, &long] {
        assert!(is_named(&kept, id, "corrupt"), "{id} {:?}", kept.skipped());
    }
    assert!(is_named(&kept, &child, "over-budget"), "{:?}", kept.skipped());
    assert_eq!(kept.objects(), [base].into());
}

#[test]
fn an_entry_that_does_not_end_where_the_next_begins_is_swept() {
    let mut pack = PackWriter::new();
    let padded = pack.add(Entry::blob(b"needle before a gap").followed_by(b"unindexed bytes"));
    let next = pack.add(Entry::blob(b"needle after it"));
    let repo = pack.into_repository();
    let kept = sweep(repo.root(), &prefilter());
    assert_eq!(kept.objects(), [padded, next].into());
}

#[test]
fn a_chain_of_five_thousand_overflows_no_stack() {
    let mut pack = PackWriter::new();
    let mut content = b"0000 start of a long chain".to_vec();
    let mut base = pack.add(Entry::blob(&content));
    for number in 1..5000u32 {
        let prefix = format!("{number:04}");
        let step = [vec![4], prefix.clone().into_bytes()].concat();
        let bytes = [pack_support::lengths(26, 26), step, pack_support::copy(4, 22)].concat();
        content[..4].copy_from_slice(prefix.as_bytes());
        base = pack.add(Entry::offset_delta(&base, bytes, &content));
    }
    let needle = pack.add(Entry::offset_delta(&base, literal_delta(26, 6, b"needle"), b"needle"));
    let repo = pack.into_repository();
    let kept = sweep(repo.root(), &prefilter());
    assert_eq!(kept.skipped(), BTreeSet::new());
    assert_eq!(kept.objects(), [needle].into());
    assert_eq!(kept.tally.lock().unwrap().blobs, 5001);
    let everything = Prefilter::new(&[], true);
    assert_eq!(sweep(repo.root(), &everything).objects().len(), 5001);
}

#[test]
fn packs_without_their_index_and_indexes_without_their_pack_are_named() {
    let repo = Repo::new();
    let head = repo.write("f", "needle").commit("one", 1);
    repo.git(&["repack", "-q", "-a", "-d"]);
    // That the branch leads nowhere then is named too.
    let skipped = |kept: &sweep_support::Kept| {
        let skipped = kept.skipped().into_iter().filter(|(origin, _)| *origin != head);
        skipped.map(|(_, kind)| kind).collect::<Vec<_>>()
    };
    let directory = repo.root().join(".git/objects/pack");
    let find = |extension: &str| {
        let mut entries = std::fs::read_dir(&directory).unwrap();
        entries
            .find_map(|entry| {
                Some(entry.unwrap().path())
                    .filter(|path| path.extension().is_some_and(|own| own == extension))
            })
            .unwrap()
    };
    let (pack, index) = (find("pack"), find("idx"));
    let away = repo.beside("away");
    for (path, kind) in [(&pack, "missing"), (&index, "corrupt")] {
        std::fs::rename(path, &away).unwrap();
        let kept = sweep(repo.root(), &prefilter());
        assert_eq!(skipped(&kept), [kind]);
        assert!(is_named(&kept, &head, "missing"));
        std::fs::rename(&away, path).unwrap();
    }
    std::fs::write(directory.join("tmp_pack_x"), "unfinished").unwrap();
    assert_eq!(sweep(repo.root(), &prefilter()).skipped().len(), 1);
    std::fs::remove_file(directory.join("tmp_pack_x")).unwrap();
    let sound = std::fs::read(&index).unwrap();
    for damage in [0, 5, 8 + 4 * 255, sound.len() - 30] {
        let mut bytes = sound.clone();
        bytes[damage] ^= 0x40;
        let writable = |path: &std::path::Path| {
            let mut permissions = std::fs::metadata(path).unwrap().permissions();
            #[expect(clippy::permissions_set_readonly_false, reason = "a file of this test")]
            permissions.set_readonly(false);
            std::fs::set_permissions(path, permissions).unwrap();
        };
        writable(&index);
        std::fs::write(&index, &bytes).unwrap();
        let kept = sweep(repo.root(), &prefilter());
        assert_eq!(skipped(&kept).len(), 1, "{damage} {:?}", kept.skipped());
    }
    for length in (0..sound.len()).step_by(29) {
        std::fs::write(&index, &sound[..length]).unwrap();
        assert!(!sweep(repo.root(), &prefilter()).skipped().is_empty(), "{length}");
    }
}

/// What a pack's reverse index says is checked, or done without.
#[test]
fn a_false_reverse_index_changes_nothing() {
    let repo = Repo::new();
    for number in 0..40 {
        repo.write("f", format!("{number} {}", "needle and hay\n".repeat(30)));
        repo.commit("a version", number);
    }
    repo.git(&["-c", "pack.writeReverseIndex=true", "repack", "-adfq"]);
    let path = beside_the_pack(&repo, "rev");
    let sound = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let expected = sweep(repo.root(), &prefilter());
    assert_eq!(expected.objects().len(), 40);
    let end = sound.len() - 40;
    let reversed = [&sound[..12], &reversed_by_four(&sound[12..end]), &sound[end..]].concat();
    let outside = [&sound[..12], &[0xff; 4], &sound[16..]].concat();
    let twice = [&sound[..16], &sound[12..16], &sound[20..]].concat();
    for stored in [&*sound, &reversed, &outside, &twice, &sound[..end], b""] {
        let _ = std::fs::remove_file(&path);
        std::fs::write(&path, stored).unwrap();
        let kept = sweep(repo.root(), &prefilter());
        assert_eq!(kept.objects(), expected.objects());
        assert_eq!(kept.skipped(), BTreeSet::new());
        assert_eq!(*kept.tally.lock().unwrap(), *expected.tally.lock().unwrap());
    }
}

/// Where the index itself is false, a reverse index that agrees with it hides
/// nothing.
#[test]
fn a_reverse_index_of_a_false_index_changes_nothing() {
    for places in [vec![3], vec![1 << 20], vec![3, 1 << 20], vec![12], vec![200, 200]] {
        let mut pack = PackWriter::new();
        let sound = pack.add(Entry::blob(b"a sound needle"));
        let lost: Vec<String> = (0..places.len())
            .map(|number| pack.add(Entry::blob(format!("needle {number}").as_bytes())))
            .collect();
        for (id, place) in lost.iter().zip(&places) {
            pack.misplace(id, *place);
        }
        let repo = pack.into_repository();
        let expected = sweep(repo.root(), &prefilter());
        add_reverse_index(&repo);
        let kept = sweep(repo.root(), &prefilter());
        assert_eq!(kept.objects(), expected.objects(), "{places:?}");
        // With their reasons: what lies outside is no damaged entry.
        let told = |kept: &sweep_support::Kept| -> BTreeSet<String> {
            kept.skips.lock().unwrap().iter().map(|skip| format!("{skip:?}")).collect()
        };
        assert_eq!(told(&kept), told(&expected), "{places:?}");
        assert!(kept.objects().contains(&sound) || places.contains(&12), "{places:?}");
        let is_outside = |place: &u64| *place < 12 || *place >= 1 << 20;
        for (id, _) in lost.iter().zip(&places).filter(|(_, place)| is_outside(place)) {
            assert!(is_named(&kept, id, "corrupt"), "{places:?} {:?}", kept.skipped());
            assert!(told(&kept).iter().any(|skip| skip.contains("outside the pack")));
        }
    }
}

/// Writes what git would, by the offsets that stand in the index.
fn add_reverse_index(repo: &Repo) {
    let path = beside_the_pack(repo, "idx");
    let index = std::fs::read(&path).unwrap();
    let number = |at: usize| u32::from_be_bytes(*index[at..].first_chunk().unwrap());
    let count = number(8 + 255 * 4);
    let offset_of = |position: &u32| number(8 + 1024 + (24 * count + 4 * position) as usize);
    let mut positions: Vec<u32> = (0..count).collect();
    positions.sort_by_key(offset_of);
    let mut reverse = b"RIDX\0\0\0\x01\0\0\0\x01".to_vec();
    reverse.extend(positions.iter().flat_map(|position| position.to_be_bytes()));
    let pack_checksum = &index[index.len() - 40..index.len() - 20];
    reverse.extend([pack_checksum, &[0; 20]].concat());
    std::fs::write(path.with_extension("rev"), reverse).unwrap();
}

/// The file of the repository's one pack that ends so.
fn beside_the_pack(repo: &Repo, ending: &str) -> PathBuf {
    std::fs::read_dir(repo.root().join(".git/objects/pack"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|own| own == ending))
        .unwrap()
}

fn reversed_by_four(bytes: &[u8]) -> Vec<u8> {
    bytes.rchunks(4).flatten().copied().collect()
}

#[test]
fn flipped_bytes_anywhere_in_a_pack_are_never_passed_over() {
    let repo = Repo::new();
    for time in 1..8 {
        repo.write("f", format!("needle {time}\n{}", "text and more text\n".repeat(20)));
        repo.commit("needle message", time);
    }
    repo.git(&["repack", "-q", "-a", "-d", "-f"]);
    let brute = brute_force(repo.root(), &prefilter());
    let pack = beside_the_pack(&repo, "pack");
    let sound = std::fs::read(&pack).unwrap();
    std::fs::remove_file(&pack).unwrap();
    for at in (12..sound.len() - 20).step_by(11) {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x10;
        std::fs::write(&pack, &bytes).unwrap();
        let kept = sweep(repo.root(), &prefilter());
        let is_whole = brute.objects.is_subset(&kept.objects());
        assert!(is_whole || !kept.skipped().is_empty(), "byte {at}");
    }
}

#[test]
fn a_damaged_loose_object_is_named() {
    let repo = Repo::new();
    let id = repo.blob(b"needle loose");
    let sound = repo.blob(b"needle sound");
    let path = repo.root().join(format!(".git/objects/{}/{}", &id[..2], &id[2..]));
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    for damage in [&bytes[..bytes.len() - 3], &bytes[..3], b"", b"not an object at all"] {
        std::fs::write(&path, damage).unwrap();
        let kept = sweep(repo.root(), &prefilter());
        assert!(is_named(&kept, &id, "corrupt"), "{:?}", kept.skipped());
        assert_eq!(kept.objects(), [sound.clone()].into());
    }
}

/// Nobody knows how many objects lie in a directory that does not open.
#[cfg(unix)]
#[test]
fn a_directory_of_loose_objects_that_does_not_open_is_named() {
    let repo = Repo::new();
    repo.blob(b"a needle that lies loose");
    // A link to itself opens for nobody, not even for root.
    let fans = repo.root().join(".git/objects");
    let fan = (0..=u8::MAX).map(|fan| fans.join(format!("{fan:02x}"))).find(|fan| !fan.exists());
    let fan = fan.unwrap();
    std::os::unix::fs::symlink(fan.file_name().unwrap(), &fan).unwrap();
    let kept = sweep(repo.root(), &prefilter());
    assert!(is_named(&kept, fan.to_str().unwrap(), "unreadable"), "{:?}", kept.skipped());
    assert_eq!(kept.objects().len(), 1);
}

/// Nobody knows what the refs of worktrees that are not listed name.
#[cfg(unix)]
#[test]
fn worktrees_that_do_not_list_are_named() {
    let repo = Repo::new();
    repo.commit("one", 1);
    std::os::unix::fs::symlink("worktrees", repo.root().join(".git/worktrees")).unwrap();
    let kept = sweep(repo.root(), &prefilter());
    assert!(is_named(&kept, "worktrees", "unreadable"), "{:?}", kept.skipped());
}

/// Takes an object away, wherever it lies, and leaves all others.
fn lose(repo: &Repo, id: &str) {
    let objects = repo.root().join(".git/objects");
    for name in ["pack", "kept"] {
        std::fs::create_dir_all(objects.join(name)).unwrap();
    }
    for entry in std::fs::read_dir(objects.join("pack")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "pack") {
            let bytes = std::fs::read(&path).unwrap();
            std::fs::remove_file(&path).unwrap();
            let _ = std::fs::remove_file(path.with_extension("idx"));
            repo.git_bytes(&["unpack-objects", "-q"], &bytes);
        }
    }
    std::fs::remove_file(objects.join(&id[..2]).join(&id[2..])).unwrap();
}

/// Packs everything that is stored, whether anything else is missing or not.
fn pack_all(repo: &Repo) {
    let ids = repo.git(&["cat-file", "--batch-all-objects", "--batch-check=%(objectname)"]);
    let pack = repo.root().join(".git/objects/pack/pack");
    repo.git_bytes(&["pack-objects", "-q", pack.to_str().unwrap()], ids.as_bytes());
    repo.git(&["prune-packed", "-q"]);
}

#[test]
fn what_a_complete_clone_lost_is_named() {
    for (lost, is_packed) in ["HEAD:f", "HEAD:dir", "HEAD^{tree}", "HEAD~1", "HEAD~1:dir/g"]
        .iter()
        .zip([true, false].into_iter().cycle())
    {
        let repo = Repo::new();
        repo.write("f", "1").write("dir/g", "2").commit("one", 1);
        repo.write("f", "3").write("dir/g", "4").commit("two", 2);
        let id = repo.rev(lost);
        lose(&repo, &id);
        if is_packed {
            pack_all(&repo);
        }
        let kept = sweep(repo.root(), &prefilter());
        assert_eq!(kept.skipped(), [(id, "missing")].into(), "{lost}");
    }
}

/// Several packs, which name one another's objects; some hold the same ones.
#[test]
fn what_many_packs_lost_is_named_and_what_two_hold_is_counted_once() {
    let repo = Repo::new();
    for number in 0..9u8 {
        repo.write("f", [number, b'f']).write("same", "needle");
        repo.commit("a change", number.into());
        repo.git(&["repack", if number == 4 { "-aq" } else { "-q" }]);
    }
    repo.git(&["prune-packed", "-q"]);
    let kept = sweep(repo.root(), &prefilter());
    assert_eq!(kept.skipped(), [].into());
    let tally = *kept.tally.lock().unwrap();
    assert_eq!((tally.blobs, tally.commits), (10, 9));
    assert_eq!(kept.objects().len(), 1);

    let lost = repo.rev("HEAD~2");
    let packs = std::fs::read_dir(repo.root().join(".git/objects/pack")).unwrap();
    let indexes = packs.map(|entry| entry.unwrap().path().with_extension("idx"));
    let holds_lost = |index: &std::path::PathBuf| {
        repo.git(&["verify-pack", "-v", index.to_str().unwrap()]).contains(&lost)
    };
    let index = indexes.into_iter().find(holds_lost).expect("a pack");
    for ending in ["idx", "pack"] {
        std::fs::remove_file(index.with_extension(ending)).unwrap();
    }
    let kept = sweep(repo.root(), &prefilter());
    assert_eq!(kept.skipped(), [(lost, "missing")].into());
}

#[test]
fn what_git_takes_for_granted_or_keeps_elsewhere_is_not_missed() {
    let repo = Repo::new();
    let empty = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    let commit = repo.git(&["commit-tree", "-m", "no file", empty]);
    repo.git(&["update-ref", "refs/heads/main", commit.trim()]);
    let cacheinfo = format!("160000,{},module", "1".repeat(40));
    repo.git(&["update-index", "--add", "--cacheinfo", &cacheinfo]);
    repo.commit_index("a submodule", 2);
    let kept = sweep(repo.root(), &prefilter());
    assert_eq!(kept.skipped(), [("module".to_owned(), "gitlink")].into());
}

#[test]
fn a_tree_whose_bytes_are_not_all_entries_is_named() {
    let repo = Repo::new();
    let mut tree = b"100644 needle\0".to_vec();
    tree.extend([7; 20]);
    tree.extend(b"100644 cut");
    let id = repo.git_bytes(&["hash-object", "-w", "-t", "tree", "--literally", "--stdin"], &tree);
    let id = String::from_utf8(id).unwrap().trim().to_owned();
    let kept = sweep(repo.root(), &prefilter());
    assert!(is_named(&kept, &id, "corrupt"), "{:?}", kept.skipped());
    assert_eq!(kept.names(), [b"needle".to_vec()].into());
}

/// A tag or a ref whose object is gone is as incomplete as a tree.
#[test]
fn what_a_tag_or_a_ref_names_in_vain_is_named() {
    for is_packed in [false, true] {
        let repo = Repo::new();
        repo.write("f", "1").commit("one", 1);
        let lost: Vec<String> =
            (0..12).map(|at| repo.blob(format!("lost {at}").as_bytes())).collect();
        for (at, id) in lost.iter().enumerate() {
            let text = format!("{}\nabout {at}", "a long message\n".repeat(20));
            repo.git(&["tag", "-a", "-m", &text, &format!("tag{at}"), id]);
        }
        for id in &lost {
            lose(&repo, id);
        }
        if is_packed {
            pack_all(&repo);
        }
        let gone = "1".repeat(40);
        std::fs::write(repo.root().join(".git/refs/heads/gone"), format!("{gone}\n")).unwrap();
        let kept = sweep(repo.root(), &prefilter());
        let expected = lost.into_iter().chain([gone]).map(|id| (id, "missing")).collect();
        assert_eq!(kept.skipped(), expected, "{is_packed}");
    }
}

/// A tree too large to be kept beside others is read all the same.
#[test]
fn names_in_the_largest_trees_are_swept() {
    let repo = Repo::new();
    let missing = "7".repeat(40);
    let mut tree = Vec::new();
    for number in 0..9_000u32 {
        let name = format!("{number:05}{}", "x".repeat(4_000));
        let name = if number == 8_000 { format!("{number:05}needle") } else { name };
        tree.extend(format!("100644 {name}\0").bytes());
        tree.extend([0x77; 20]);
    }
    let id = repo.git_bytes(&["hash-object", "-w", "-t", "tree", "--literally", "--stdin"], &tree);
    for is_packed in [false, true] {
        if is_packed {
            let pack = repo.root().join(".git/objects/pack/pack");
            repo.git_bytes(&["pack-objects", "-q", pack.to_str().unwrap()], &id);
            repo.git(&["prune-packed", "-q"]);
        }
        let kept = sweep(repo.root(), &prefilter());
        assert_eq!(kept.names(), [b"08000needle".to_vec()].into(), "{is_packed}");
        assert_eq!(kept.skipped(), [(missing.clone(), "missing")].into(), "{is_packed}");
    }
}

/// Of what rests on something unreadable a copy elsewhere says what it is.
#[test]
fn what_is_read_elsewhere_keeps_its_kind() {
    let repo = Repo::new();
    repo.write("needle", "1").commit(&"a needle, told at length\n".repeat(20), 1);
    let (commit, tree) = (repo.rev("HEAD"), repo.rev("HEAD^{tree}"));
    let mut pack = PackWriter::new();
    let lost = Entry::id_delta(&"d4".repeat(20), delta(6, &[(0, 6)]), b"x");
    let lost = pack.add(lost);
    pack.add(Entry::offset_delta(&lost, delta(6, &[(0, 6)]), b"").named(&commit));
    pack.add(Entry::offset_delta(&lost, delta(6, &[(0, 5)]), b"").named(&tree));
    let damaged = pack.into_repository();
    for extension in ["pack", "idx"] {
        let name = format!(".git/objects/pack/pack-0.{extension}");
        let target = repo.root().join(&name);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(damaged.root().join(&name), target).unwrap();
    }
    let kept = sweep(repo.root(), &prefilter());
    assert_eq!(kept.skipped(), [(lost, "missing")].into());
    assert_eq!(kept.objects(), [commit].into());
    assert_eq!(kept.names(), [b"needle".to_vec()].into());
    assert_eq!(kept.tally.lock().unwrap().commits, 1);
}

/// A delta of few bytes may say that it gives very many.
#[test]
fn a_delta_that_gives_more_than_may_be_held_is_named_and_not_built() {
    let base = vec![b'.'; 64];
    let steps = 9 << 20;
    let mut bytes = pack_support::lengths(64, steps * 64);
    bytes.extend([0x90, 64].repeat(steps as usize));
    let mut pack = PackWriter::new();
    let root = pack.add(Entry::blob(&base));
    let bomb = pack.add(Entry::offset_delta(&root, bytes, b"bomb"));
    let repo = pack.into_repository();
    let kept = sweep(repo.root(), &prefilter());
    assert_eq!(kept.skipped(), [(bomb, "over-budget")].into());
}
