//! What is printed and written of keys that stand where none belongs, and of
//! texts that would act on a terminal.

mod support;

use support::{Tree, key};

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
