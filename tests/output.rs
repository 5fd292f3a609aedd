//! What a person reads: the human format, whole.

mod support;

use support::git::Repo;
use support::{NAME, Tree, assignment, command, key, run_in};

/// The human output of a sweep, fingerprints cut.
fn human(run: &support::Run) -> String {
    let mut text = String::new();
    for line in run.stdout.lines() {
        let cut = line.find("sha256:").map_or(line, |at| &line[..at + "sha256:".len() + 8]);
        text.push_str(cut);
        text.push('\n');
    }
    text
}

#[test]
fn found_keys_are_shown_with_line_caret_reason_and_next_step() {
    let tree = Tree::new();
    tree.write("src/client.js", format!("const k =\n  process.env.{NAME} || \"{}\";\n", key("a")));
    tree.write("deploy/prod.yaml", format!("env:\n  {NAME}: {}\n", key("a")));
    tree.write("deploy/other.yaml", format!("env:\n  {NAME}: {}\n", key("b")));
    let allow = concat!("keysweep", ":allow");
    let held = assignment("c");
    tree.write("old.sh", format!("{} # {allow} reason=\"revoked in May\"\n", held.trim_end()));
    tree.write(".gitignore", "*.log\n").write("x.log", "x");
    insta::assert_snapshot!("found", human(&tree.run(&["scan"])));
}

#[test]
fn clean_tree_says_so_in_two_lines() {
    let tree = Tree::new();
    tree.write("a.txt", "nothing to see\n").write("b/c.txt", "nor here\n");
    insta::assert_snapshot!("clean", human(&tree.run(&["scan"])));
}

#[test]
fn repository_says_what_no_clone_holds() {
    let repo = Repo::new();
    repo.write("a.txt", "nothing to see\n").commit("one", 0);
    insta::assert_snapshot!("repository", human(&run_in(repo.root(), &["scan"])));
}

/// A file may be named after the key, and nothing of it be read.
#[cfg(unix)]
#[test]
fn name_of_a_thing_that_is_not_read_shows_no_key() {
    let tree = Tree::new();
    tree.write("a.txt", "nothing\n");
    let name = format!("{}.link", assignment("a").trim_end());
    std::os::unix::fs::symlink("/etc", tree.root().join(name)).expect("a link");
    for format in ["human", "json", "jsonl", "sarif", "gitlab", "junit", "markdown", "html", "csv"]
    {
        let run = tree.run(&["scan", "--format", format, "--strict-coverage"]);
        assert_eq!(run.code, 3, "{format}: {run:?}");
        assert!(!run.stdout.contains(&key("a")), "{format}: {}", run.stdout);
        assert!(!run.stderr.contains(&key("a")), "{format}: {}", run.stderr);
    }
}

#[test]
fn hostile_content_cannot_act_on_the_terminal() {
    let tree = Tree::new();
    let line = format!("\x1b[2J\x1b]0;owned\x07 {NAME}={} \u{202e}\u{9b}31m\r\n", key("a"));
    tree.write("a\x1b[31m.sh", line);
    for format in ["human", "jsonl", "markdown", "github", "csv"] {
        let run = tree.run(&["scan", "--format", format]);
        assert_eq!(run.code, 1, "{run:?}");
        let bad = |c: char| (c.is_control() && c != '\n' && c != '\r') || c == '\u{202e}';
        assert!(!run.stdout.contains(bad), "{format}: {:?}", run.stdout);
        assert!(!run.stderr.contains(bad), "{format}: {:?}", run.stderr);
    }
    // Errors name hostile paths too.
    let run = tree.run(&["scan", "\x1b[31mnone"]);
    assert_eq!(run.code, 2);
    assert!(!run.stderr.contains('\x1b'), "{:?}", run.stderr);
}

#[test]
fn pipe_gets_neither_colour_nor_progress() {
    let tree = Tree::new();
    tree.write("a.sh", assignment("a"));
    for variables in [&[][..], &[("NO_COLOR", "1")], &[("TERM", "xterm-256color")]] {
        let output = command(tree.root()).arg("scan").envs(variables.iter().copied()).output();
        let run = support::Run::of(output.unwrap());
        assert!(!run.stdout.contains('\x1b') && run.stderr.is_empty(), "{run:?}");
    }
}

#[test]
fn caret_stands_under_the_mask_whatever_stands_before_it() {
    let tree = Tree::new();
    tree.write("a.sh", format!("\t\té{NAME}={} x\n", key("a")));
    tree.write("b.json", format!("{{{}\"{NAME}\": \"{}\"}}", "\"a\": 1, ".repeat(500), key("b")));
    let run = tree.run(&["scan"]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    let carets: Vec<usize> = (0..lines.len()).filter(|&at| lines[at].contains("^^^")).collect();
    assert_eq!(carets.len(), 2, "{}", run.stdout);
    for at in carets {
        let column = |text: &str, what: char| text.chars().position(|c| c == what);
        let caret = column(lines[at], '^').unwrap();
        let masked: String = lines[at - 1].chars().skip(caret).take(7).collect();
        assert_eq!(masked.chars().nth(4), Some('…'), "{}", run.stdout);
    }
}
