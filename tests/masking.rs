//! What is printed and written of keys that stand where none belongs, and of
//! texts that would act on a terminal.

mod support;

use support::{NAME, Tree, key};

/// Whether a text shows more of a key than its mask does.
fn shows(text: &str, key: &str) -> bool {
    (0..=key.len() - 10).any(|at| text.contains(&key[at..at + 10]))
}

#[test]
fn message_obeys_no_terminal_whatever_a_scanned_file_says() {
    let escape = "\\u001b[2J\\u001b]0;x\\u0007";
    let rule = |severity: &str, example: &str| {
        format!(
            "[[rule]]\nid = \"a\"\ntitle = \"{escape}\"\ndescription = \"{escape}\"\n\
             remedy = \"{escape}\"\nseverity = \"{severity}\"\nconfidence = \"high\"\n\
             keywords = [\"shk_\"]\npattern = 'shk_(?P<secret>[a-z0-9]{{20}})'\n\
             examples = [\"{example}\"]\n"
        )
    };
    let tree = Tree::new();
    tree.write("a/.keysweep.toml", format!("\"{escape}\" = 1\n"))
        .write("b/.keysweep.toml", rule(escape, "x"))
        .write("c/.keysweep.toml", rule("high", &format!("⟦{escape}:3⟧")))
        .write("d/.keysweep-baseline", format!("{{\"{escape}\":1}}\n"))
        .write("e.toml", rule("high", escape));
    for arguments in [
        &["scan", "a"][..],
        &["scan", "b"],
        &["scan", "c"],
        &["scan", "d"],
        &["rules", "check", "--config", "a/.keysweep.toml"],
        &["rules", "check", "--config", "c/.keysweep.toml"],
        &["rules", "list", "--config", "e.toml"],
        &["rules", "show", "a", "--config", "e.toml"],
        &["verify", "\u{1b}[2J.json"],
        &["audit", "check", "\u{1b}[2J"],
    ] {
        let run = tree.run(arguments);
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(said.contains("u{1b}") || said.contains("%1B"), "{arguments:?}: {run:?}");
        assert!(!said.contains(['\u{1b}', '\u{7}']), "{arguments:?}: {said}");
    }
}

#[test]
fn message_shows_no_key_that_stands_in_a_configuration_or_baseline() {
    let (tree, key) = (Tree::new(), key("wrong place"));
    tree.write("r.json", "{}");
    for (name, text) in [
        (".keysweep.toml", format!("[{key}]\n")),
        (".keysweep.toml", format!("{key} = 1\n")),
        (".keysweep.toml", format!("[[rule]]\nid = \"a\"\ntitle = \"a\"\nseverity = \"{key}\"\n")),
        (".keysweep.toml", format!("[[exclude]]\nglob = \"a\"\nwhen-asked = \"{key}\"\n")),
        (".keysweep-baseline", format!("{{\"{key}\":1}}\n")),
        ("profile.toml", format!("\"{key}\" = 1\n")),
        ("profile.toml", format!("strategies = [\"{key}\"]\n")),
        ("profile.toml", format!("[calls]\nlive_statuses = [\"{key}\"]\n")),
    ] {
        tree.write(format!("p/{name}"), &text);
        let run = match name {
            "profile.toml" => tree.run(&["verify", "r.json", "--vendor-profile", "p/profile.toml"]),
            _ => tree.run(&["scan", "p"]),
        };
        assert_eq!(run.code, 2, "{name} {run:?}");
        assert!(!shows(&run.stderr, &key), "{}", run.stderr);
        std::fs::remove_file(tree.root().join("p").join(name)).unwrap();
    }
}

#[test]
fn message_shows_no_key_that_was_typed_into_the_wrong_place() {
    let (tree, key) = (Tree::new(), key("typed"));
    tree.write("r.json", "{}").write("a", "a");
    let attached = format!("--keys-stdin={key}");
    let known = format!("--known-keys-stdin={key}");
    for arguments in [
        &["verify", "r.json", &attached][..],
        &["scan", "a", &known],
        &["revoke", "r.json", "--only", &key],
        &["verify", "r.json", "--admin-key-file", &key],
        &["verify", "r.json", &key],
        &["scan", "a", "--config-from", &key],
        &["scan", &key],
        &["scan", "--format", &key],
        &[&key],
        &["verify", "r.json", "--timeout", &key],
    ] {
        let run = tree.run(arguments);
        assert_eq!(run.code, 2, "{arguments:?} {run:?}");
        assert!(!shows(&run.stderr, &key), "{arguments:?} {}", run.stderr);
    }
}

/// Every file format of one scan, standard output and standard error.
fn all_that_is_written(tree: &Tree, scan: &[&str]) -> String {
    let formats = ["json", "jsonl", "sarif", "gitlab", "junit", "github", "markdown", "html"];
    let reports: Vec<String> =
        formats.iter().map(|format| format!("--report={format}=../out.{format}")).collect();
    let mut arguments = vec!["scan"];
    arguments.extend_from_slice(scan);
    arguments.extend(reports.iter().map(String::as_str));
    let run = tree.run(&arguments);
    let files = formats.map(|format| {
        std::fs::read_to_string(tree.beside(&format!("out.{format}"))).unwrap_or_default()
    });
    assert!(!files[0].is_empty(), "{run:?}");
    format!("{}{}{}", run.stdout, run.stderr, files.concat())
}

#[test]
fn report_holds_no_key_from_a_scanned_configuration() {
    let (tree, key, other) = (Tree::new(), key("rule"), key("other"));
    let rule = format!(
        "[[rule]]\nid = \"a\"\ntitle = \"a {key}\"\ndescription = \"b {key}\"\n\
         remedy = \"c {other}\"\nseverity = \"high\"\nconfidence = \"high\"\n\
         keywords = [\"shk_\"]\npattern = 'shk_(?P<secret>[A-Za-z0-9]{{40}})'\n\
         examples = [\"shk_⟦alnum:40⟧\"]\n"
    );
    tree.write("p/.keysweep.toml", rule).write("p/a", format!("shk_{key}\n"));
    assert!(!shows(&all_that_is_written(&tree, &["p"]), &key));
    assert!(!shows(&all_that_is_written(&tree, &["p"]), &other));
    let exclude = format!("[[exclude]]\nglob = \"*\"\nreason = \"{NAME}={key}\"\n");
    tree.write("q/.keysweep.toml", exclude).write("q/a", "a");
    assert!(!shows(&all_that_is_written(&tree, &["q"]), &key));
}

#[test]
fn report_holds_no_key_that_a_root_or_directory_is_named_after() {
    let (tree, key) = (Tree::new(), key("root"));
    tree.write(format!("{key}/.env"), format!("{NAME}={key}\n"));
    let written = all_that_is_written(&tree, &[&key]);
    assert!(!shows(&written, &key), "{written}");
    let report = tree.beside("out.json").display().to_string();
    let verified = tree.run(&["verify", &report, "--api-url", "http://127.0.0.1:9/"]);
    assert_eq!(verified.code, 3, "{verified:?}");
    let run = support::run_in(&tree.root().join(&key), &["scan", "--format", "json"]);
    assert_eq!(run.code, 1);
    assert!(!shows(&run.stdout, &key), "{}", run.stdout);
}

#[test]
fn allow_holds_no_key_wherever_it_is_cut() {
    let (tree, key, other) = (Tree::new(), key("allowed"), key("beside"));
    let words = "word ".repeat(36);
    tree.write(
        "a.sh",
        format!(
            "{NAME}={key} # keysweep:allow reason={words}{key} by={other} expires=2999-01-01\n"
        ),
    );
    let written = all_that_is_written(&tree, &["."]);
    assert!(!shows(&written, &key) && !shows(&written, &other), "{written}");
    assert!(written.contains("by") && written.contains("word word"));
}

#[test]
fn short_key_stands_in_no_path() {
    let tree = Tree::new();
    let short = format!("p{}", 482_913);
    tree.write(
        ".keysweep.toml",
        "[[rule]]\nid = \"a\"\ntitle = \"a\"\ndescription = \"b\"\nremedy = \"c\"\n\
         severity = \"high\"\nconfidence = \"high\"\nkeywords = [\"pin-is\"]\n\
         pattern = 'pin-is (?P<secret>p[0-9]{6})'\nexamples = [\"pin-is p⟦digits:6⟧\"]\n\
         [rule.value]\nmin_length = 5\nmin_strength = \"weak\"\n",
    );
    tree.write(format!("d/{short}.txt"), format!("pin-is {short}\n"));
    let run = tree.run(&["scan", "--format", "jsonl"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(!run.stdout.contains(&short), "{}", run.stdout);
}
