//! The house's rules that a compiler does not hold: who imports whom, and how
//! every file begins.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The rooms, in the order of the data: each imports only rooms before it.
/// `lib.rs` shows the same list to a reader.
fn rooms() -> Vec<String> {
    let map = std::fs::read_to_string("src/lib.rs").expect("the map");
    map.lines()
        .filter_map(|line| line.strip_prefix("//! | [`")?.split('`').next())
        .map(str::to_owned)
        .collect()
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The part of a file before its tests.
fn product_code(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().expect("a first part")
}

/// The room that a file belongs to: `src/git/pack/mod.rs` to `git`.
fn room_of(path: &Path) -> String {
    let below = path.strip_prefix("src").expect("below src");
    let first = below.iter().next().expect("a name").to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn map_names_every_room() {
    let rooms = rooms();
    let map = std::fs::read_to_string("src/lib.rs").expect("the map");
    let mut declared: Vec<&str> =
        map.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    declared.sort_unstable();
    let mut named: Vec<&str> = rooms.iter().map(String::as_str).collect();
    named.sort_unstable();
    assert_eq!(declared, named);
}

#[test]
fn room_imports_only_rooms_before_it() {
    let rooms = rooms();
    let rank: BTreeMap<&str, usize> =
        rooms.iter().enumerate().map(|(rank, room)| (room.as_str(), rank)).collect();
    let mut wrong = Vec::new();
    for path in sources(Path::new("src")) {
        let room = room_of(&path);
        let Some(&own) = rank.get(room.as_str()) else { continue };
        let text = std::fs::read_to_string(&path).expect("a source");
        for (number, line) in product_code(&text).lines().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            for used in line.split("crate::").skip(1) {
                let name: String =
                    used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if rank.get(name.as_str()).is_some_and(|&other| other > own) {
                    wrong.push(format!("{}:{}: {room} imports {name}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_enters_and_what_leaves() {
    for path in sources(Path::new("src")).into_iter().chain(sources(Path::new("tests"))) {
        let text = std::fs::read_to_string(&path).expect("a source");
        assert!(text.starts_with("//! "), "{} does not begin with a header", path.display());
    }
}

#[test]
fn library_neither_prints_nor_exits_and_unsafe_is_named() {
    for path in sources(Path::new("src")) {
        let text = std::fs::read_to_string(&path).expect("a source");
        let code = product_code(&text);
        let is_binary = path.starts_with("src/cli") || path == Path::new("src/main.rs");
        for word in ["println!", "eprintln!", "process::exit", "dbg!", "todo!", "unimplemented!"] {
            assert!(!code.contains(word), "{}: {word}", path.display());
        }
        if code.contains("unsafe {") || code.contains("unsafe fn") {
            let allow = "#![allow(unsafe_code, reason = ";
            assert!(
                text.contains(allow) || text.contains("allow(\n    unsafe_code,"),
                "{}: unsafe without its reason",
                path.display()
            );
        }
        assert!(is_binary || !code.contains("anyhow"), "{}: anyhow", path.display());
    }
}

#[test]
fn only_one_room_holds_an_http_client() {
    for path in sources(Path::new("src")) {
        let text = std::fs::read_to_string(&path).expect("a source");
        if product_code(&text).contains("reqwest::") {
            assert_eq!(room_of(&path), "vendor", "{}", path.display());
        }
    }
}

#[test]
fn every_direct_dependency_has_its_reason() {
    let manifest: toml::Table = std::fs::read_to_string("Cargo.toml")
        .expect("the manifest")
        .parse()
        .expect("a sound manifest");
    let names = |table: Option<&toml::Value>| -> Vec<String> {
        table.and_then(toml::Value::as_table).into_iter().flat_map(|t| t.keys().cloned()).collect()
    };
    let mut direct = names(manifest.get("dependencies"));
    let targets = manifest.get("target").and_then(toml::Value::as_table).into_iter().flatten();
    direct.extend(targets.flat_map(|(_, target)| names(target.get("dependencies"))));
    direct.sort();
    direct.dedup();
    let text = std::fs::read_to_string(".github/CONTRIBUTING.md").expect("the document");
    let (_, section) = text.split_once("## Direct dependencies").expect("the section");
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    let mut reasoned: Vec<String> = rows
        .flat_map(|row| row.split('|').nth(1).expect("a cell").split(','))
        .map(|name| name.split_whitespace().next().expect("a name").to_owned())
        .collect();
    reasoned.sort();
    assert_eq!(direct, reasoned);
}
