//! Pushes that bring a key are stopped, at home and at the server, with real
//! git, and nothing else is.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/hooked.rs"]
mod hooked_support;
mod support;

use hooked_support::{assert_passed, assert_stopped, git, install, keysweep, with_server};
use support::{NAME, Run, assignment, key};

#[test]
fn push_of_commits_made_without_the_hook_is_stopped() {
    let (repo, server) = with_server();
    install(repo.root(), &["pre-push"]);
    repo.write("a.sh", "a\n").commit("clean", 1);
    assert_passed(&git(repo.root(), &["push", "-q", "-u", "origin", "main"]));
    repo.write("src/main.go", format!("const apiKey = \"x\"\nvar {NAME} = \"{}\"\n", key("go")));
    let bad = repo.commit("add the client", 2);
    repo.write("a.sh", "b\n").commit("later", 3);
    let run = git(repo.root(), &["push", "-q", "origin", "main"]);
    assert_stopped(&run, "go");
    for part in
        ["push stopped", "src/main.go:2:", &bad[..12], "add the client", "os.Getenv", "rebase"]
    {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
    // A new branch is compared with what the remote has; a deletion is nothing.
    repo.git(&["checkout", "-q", "-b", "topic", "main~2"]);
    repo.write("t.sh", "t\n").commit("topic", 4);
    assert_passed(&git(repo.root(), &["push", "-q", "origin", "topic"]));
    assert_passed(&git(repo.root(), &["push", "-q", "origin", ":topic"]));
    // Removed again is still in the commits.
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["rm", "-q", "src/main.go"]);
    repo.commit_index("remove it", 5);
    assert_stopped(&git(repo.root(), &["push", "-q", "origin", "main"]), "go");
    // Rewritten it goes, with force too.
    repo.git(&["reset", "-q", "--hard", "main~3"]);
    repo.write("a.sh", "c\n").commit("rewritten", 6);
    assert_passed(&git(repo.root(), &["push", "-q", "--force", "origin", "main"]));
    assert!(server.join("refs/heads/main").exists());
}

#[test]
fn messages_and_tags_are_pushed_too() {
    let (repo, _) = with_server();
    install(repo.root(), &["pre-push"]);
    repo.write("a.sh", "a\n").commit("clean", 1);
    assert_passed(&git(repo.root(), &["push", "-q", "origin", "main"]));
    repo.git(&["tag", "-a", "-m", &assignment("tag"), "v1"]);
    assert_stopped(&git(repo.root(), &["push", "-q", "origin", "v1"]), "tag");
    repo.git(&["tag", "-a", "-m", "fine", "v2"]);
    assert_passed(&git(repo.root(), &["push", "-q", "origin", "v2"]));
    repo.commit_index(&assignment("message"), 2);
    assert_stopped(&git(repo.root(), &["push", "-q", "origin", "main"]), "message");
    // Another remote has none of this, so everything is new to it.
    let (other, _) = with_server();
    other.write("a.sh", assignment("public")).commit("inside", 1);
    assert_passed(&git(other.root(), &["push", "-q", "origin", "main"]));
    let public = other.beside("public.git");
    git(other.root(), &["init", "-q", "--bare", public.to_str().unwrap()]);
    install(other.root(), &["pre-push"]);
    other.git(&["remote", "add", "public", public.to_str().unwrap()]);
    assert_stopped(&git(other.root(), &["push", "-q", "public", "main"]), "public");
}

#[test]
fn server_refuses_what_brings_a_key_and_keeps_nothing_of_it() {
    let (repo, server) = with_server();
    install(&server, &["pre-receive"]);
    repo.write("a.sh", "a\n").write("b.sh", "b\n").commit("clean", 1);
    assert_passed(&git(repo.root(), &["push", "-q", "origin", "main"]));
    repo.write("a.sh", assignment("pushed")).commit("with a key", 2);
    let run = git(repo.root(), &["push", "-q", "origin", "main"]);
    assert_stopped(&run, "pushed");
    assert!(run.stderr.contains("remote: keysweep: push refused"), "{}", run.stderr);
    assert_eq!(git(&server, &["rev-list", "--all", "--count"]).stdout.trim(), "1");
    // Removed by a later commit of the same push.
    repo.write("a.sh", "clean\n").commit("removed", 3);
    assert_stopped(&git(repo.root(), &["push", "-q", "origin", "main"]), "pushed");
    // In a message, in a tag, and in a tag that names no commit.
    repo.git(&["reset", "-q", "--hard", "origin/main"]);
    repo.commit_index(&assignment("message"), 4);
    assert_stopped(&git(repo.root(), &["push", "-q", "origin", "main"]), "message");
    repo.git(&["reset", "-q", "--hard", "origin/main"]);
    repo.git(&["tag", "-a", "-m", &assignment("tag"), "v1"]);
    assert_stopped(&git(repo.root(), &["push", "-q", "origin", "v1"]), "tag");
    let blob = repo.blob(assignment("blob").as_bytes());
    repo.git(&["update-ref", "refs/tags/blob", &blob]);
    assert_stopped(&git(repo.root(), &["push", "-q", "origin", "refs/tags/blob"]), "blob");
    // An allow of whoever pushes does not count here.
    let allow = "# keysweep:allow reason=mine";
    repo.write("a.sh", format!("{allow}\n{}", assignment("allowed"))).commit("allowed", 5);
    assert_stopped(&git(repo.root(), &["push", "-q", "origin", "main"]), "allowed");
}

#[test]
fn key_of_a_merge_alone_is_refused() {
    let (repo, server) = with_server();
    repo.write("a.sh", "a\n").write("b.sh", "b\n").commit("base", 1);
    repo.git(&["checkout", "-q", "-b", "side"]);
    repo.write("a.sh", "side\n").commit("side", 2);
    repo.git(&["checkout", "-q", "main"]);
    repo.write("b.sh", "main\n").commit("main", 3);
    assert_passed(&git(repo.root(), &["push", "-q", "origin", "main", "side"]));
    install(&server, &["pre-receive"]);
    repo.git(&["merge", "-q", "--no-ff", "--no-commit", "side"]);
    repo.write("c.sh", assignment("merged")).commit("merge", 4);
    assert_stopped(&git(repo.root(), &["push", "-q", "origin", "main"]), "merged");
}

#[test]
fn key_that_the_server_once_held_is_refused_and_one_that_it_holds_is_not() {
    let (repo, server) = with_server();
    repo.write("held.sh", format!("one\n{}", assignment("held")))
        .write("once.sh", assignment("once"))
        .commit("both", 1);
    repo.write("once.sh", "clean\n").commit("one of them", 2);
    assert_passed(&git(repo.root(), &["push", "-q", "origin", "main"]));
    install(&server, &["pre-receive"]);
    repo.write("held.sh", format!("one\ntwo\n{}", assignment("held"))).commit("beside it", 3);
    repo.git(&["mv", "held.sh", "moved.sh"]);
    repo.write("moved.sh", format!("three\n{}", assignment("held"))).commit("moved", 4);
    let run = git(repo.root(), &["push", "-q", "origin", "main"]);
    assert_passed(&run);
    assert!(run.stderr.contains("the other side holds it already"), "{}", run.stderr);
    repo.write("once.sh", assignment("once")).commit("back", 5);
    assert_stopped(&git(repo.root(), &["push", "-q", "origin", "main"]), "once");
    repo.git(&["reset", "-q", "--hard", "origin/main"]);
    // Brought and changed within one push, whatever the dates say.
    repo.write("d.sh", assignment("dated")).commit("in", 9);
    repo.write("d.sh", format!("x\n{}", assignment("dated"))).commit("changed", 1);
    assert_stopped(&git(repo.root(), &["push", "-q", "origin", "main"]), "dated");
}

#[test]
fn forced_push_is_compared_with_what_the_server_has() {
    let (repo, server) = with_server();
    repo.write("a.sh", "a\n").commit("one", 1);
    repo.write("a.sh", "b\n").commit("two", 2);
    assert_passed(&git(repo.root(), &["push", "-q", "origin", "main"]));
    install(&server, &["pre-receive"]);
    repo.git(&["reset", "-q", "--hard", "main~1"]);
    repo.write("a.sh", assignment("forced")).commit("other two", 3);
    let push = ["push", "-q", "--force", "origin", "main"];
    assert_stopped(&git(repo.root(), &push), "forced");
    repo.git(&["reset", "-q", "--hard", "main~1"]);
    repo.write("a.sh", "c\n").commit("other two", 4);
    assert_passed(&git(repo.root(), &push));
    assert_passed(&git(repo.root(), &["push", "-q", "origin", "HEAD:refs/heads/topic"]));
    assert_passed(&git(repo.root(), &["push", "-q", "origin", ":topic"]));
}

#[test]
fn what_came_along_unnamed_is_refused() {
    let (repo, server) = with_server();
    repo.write("a.sh", "a\n").commit("one", 1);
    assert_passed(&git(repo.root(), &["push", "-q", "origin", "main"]));
    // A quarantine that holds an object which no pushed ref leads to.
    let blob = repo.blob(assignment("stowaway").as_bytes());
    let quarantine = server.join("objects/tmp_objdir-incoming-x");
    let (fan, rest) = blob.split_at(2);
    std::fs::create_dir_all(quarantine.join(fan)).unwrap();
    std::fs::copy(
        repo.root().join(format!(".git/objects/{fan}/{rest}")),
        quarantine.join(fan).join(rest),
    )
    .unwrap();
    repo.commit_index("two", 2);
    let two = repo.rev("HEAD");
    let (fan, rest) = two.split_at(2);
    std::fs::create_dir_all(quarantine.join(fan)).unwrap();
    std::fs::copy(
        repo.root().join(format!(".git/objects/{fan}/{rest}")),
        quarantine.join(fan).join(rest),
    )
    .unwrap();
    let input = format!("{} {two} refs/heads/main\n", repo.rev("HEAD~1"));
    let run = |told: &[(&str, &std::path::Path)]| {
        use std::io::Write as _;
        let mut command = support::command(&server);
        command
            .args(["hook", "run", "pre-receive"])
            .env("GIT_DIR", ".")
            .stdin(std::process::Stdio::piped());
        command.stderr(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        command.envs(told.iter().copied());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Run::of(child.wait_with_output().unwrap())
    };
    let told = run(&[
        ("GIT_QUARANTINE_PATH", &quarantine),
        ("GIT_OBJECT_DIRECTORY", &quarantine),
        ("GIT_ALTERNATE_OBJECT_DIRECTORIES", &server.join("objects")),
    ]);
    assert_stopped(&told, "stowaway");
    assert_passed(&run(&[]));
}

#[test]
fn server_trusts_the_revision_that_its_administrator_names() {
    let (repo, server) = with_server();
    let config = "[[exclude]]\nglob = \"vendor/**\"\nreason = \"reviewed\"\n";
    let allow = "# keysweep:allow reason=\"a test double\"";
    let allowed = format!("{allow}\n{}", assignment("allowed"));
    repo.write(".keysweep.toml", config).write("double.sh", &allowed).commit("reviewed", 1);
    assert_passed(&git(repo.root(), &["push", "-q", "origin", "main"]));
    let run = hooked_support::keysweep(
        &server,
        &["hook", "install", "pre-receive", "--config-from", "main"],
    );
    assert_passed(&run);
    // What main excludes and allows may change; a new branch may not add to it.
    repo.git(&["checkout", "-q", "-b", "topic"]);
    repo.write("vendor/a.sh", assignment("vendored"));
    repo.git(&["mv", "double.sh", "moved.sh"]);
    repo.write("double.sh", format!("more\n{allowed}")).commit("as main allows", 2);
    assert_passed(&git(repo.root(), &["push", "-q", "origin", "topic"]));
    let wider = config.replace("vendor/**", "**");
    repo.write(".keysweep.toml", wider).write("b.sh", assignment("wider")).commit("wider", 3);
    assert_stopped(&git(repo.root(), &["push", "-q", "origin", "topic"]), "wider");
    repo.git(&["reset", "-q", "--hard", "topic~1"]);
    repo.write("c.sh", format!("{allow}\n{}", assignment("own"))).commit("own allow", 4);
    assert_stopped(&git(repo.root(), &["push", "-q", "origin", "topic"]), "own");
    // Before main has a commit nothing is trusted, and nothing is in the way.
    let (first, other) = with_server();
    let install = ["hook", "install", "pre-receive", "--config-from", "main"];
    assert_passed(&hooked_support::keysweep(&other, &install));
    first.write("a.sh", &allowed).commit("first", 1);
    assert_stopped(&git(first.root(), &["push", "-q", "origin", "main"]), "allowed");
    first.write("a.sh", "a\n").git(&["add", "a.sh"]);
    first.git(&["commit", "-q", "--amend", "-m", "first"]);
    assert_passed(&git(first.root(), &["push", "-q", "origin", "main"]));
}

#[test]
fn first_push_of_a_long_history_is_refused_for_a_key_that_was_once_in_it() {
    let history = |with_key: bool| {
        let (repo, server) = with_server();
        install(&server, &["pre-receive"]);
        let mut stream = String::new();
        let mut data = |head: String, text: &str| {
            stream.push_str(&format!("{head}\ndata {}\n{text}\n", text.len()));
        };
        for at in 1..=1100 {
            let time = 1_700_000_000 + at;
            data(format!("commit refs/heads/main\ncommitter A <a@b> {time} +0000"), "change");
            data(format!("M 100644 inline d{}/file", at % 9), &format!("line {at}\n"));
            let text = if with_key && at == 500 { assignment("old") } else { "clean\n".to_owned() };
            data("M 100644 inline conf/old.sh".to_owned(), &text);
        }
        repo.git_bytes(&["fast-import", "--quiet"], stream.as_bytes());
        (repo, server)
    };
    let (repo, _server) = history(true);
    let run = git(repo.root(), &["push", "-q", "origin", "main"]);
    assert_stopped(&run, "old");
    let commit = &repo.rev("main~600")[..12];
    assert!(run.stderr.contains("conf/old.sh:1:"), "{}", run.stderr);
    assert!(run.stderr.contains(commit), "{commit}: {}", run.stderr);
    let (repo, _server) = history(false);
    assert_passed(&git(repo.root(), &["push", "-q", "origin", "main"]));
}

#[test]
fn baseline_counts_at_a_server_where_its_administrator_laid_it_and_not_where_it_is_pushed() {
    let (repo, server) = with_server();
    install(&server, &["pre-receive"]);
    repo.write("a.sh", assignment("accepted")).commit("a key", 1);
    let baseline = ".keysweep-baseline";
    let accept = ["scan", "--write-baseline", baseline, "--reason", "known", "--by", "Ada"];
    let run = keysweep(repo.root(), &accept);
    let written = repo.root().join(baseline);
    assert!(written.exists(), "{run:?}");
    repo.git(&["add", "-A"]);
    repo.commit_index("the baseline with it", 2);
    assert_stopped(&git(repo.root(), &["push", "-q", "origin", "main"]), "accepted");
    std::fs::copy(&written, server.join(baseline)).unwrap();
    assert_passed(&git(repo.root(), &["push", "-q", "origin", "main"]));
}
