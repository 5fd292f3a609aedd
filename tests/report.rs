//! Every format, over the sample reports: what it says, and that its own
//! consumer's schema takes it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::print_stderr, reason = "a test that was skipped says so")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use keysweep::report::model::Report;
use keysweep::report::{Format, JSON_SCHEMA, read, render, write_atomically};
use serde_json::Value;

const SAMPLES: [&str; 5] = ["clean", "incomplete", "findings", "responded", "hostile"];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/report").join(name)
}

fn sample(name: &str) -> Report {
    read(&std::fs::read(fixture(&format!("samples/{name}.json"))).unwrap()).unwrap()
}

fn rendered(report: &Report, format: Format) -> String {
    let mut bytes = Vec::new();
    render(report, format, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn check(schema: &str, instance: &Value) {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(instance)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

fn check_file(schema: &str, instance: &str) {
    let schema = std::fs::read_to_string(fixture(schema)).unwrap();
    check(&schema, &serde_json::from_str(instance).unwrap());
}

#[test]
fn every_format_says_what_it_said() {
    for name in SAMPLES {
        let report = sample(name);
        for format in [
            Format::Jsonl,
            Format::Sarif,
            Format::Gitlab,
            Format::Junit,
            Format::Github,
            Format::Markdown,
            Format::Csv,
        ] {
            insta::with_settings!({
                snapshot_path => fixture("snapshots"),
                prepend_module_to_snapshot => false,
                omit_expression => true,
                filters => vec![(env!("CARGO_PKG_VERSION"), "VERSION")],
            }, {
                insta::assert_snapshot!(format!("{name}.{format}"), rendered(&report, format));
            });
        }
    }
}

#[test]
fn json_is_read_back_unchanged_and_satisfies_its_schema() {
    for name in SAMPLES {
        let report = sample(name);
        let text = rendered(&report, Format::Json);
        assert_eq!(read(text.as_bytes()).unwrap(), report, "{name}");
        check(JSON_SCHEMA, &serde_json::from_str(&text).unwrap());
    }
}

/// The schema and the reader must not drift apart: whatever field of a report
/// is renamed is refused by both.
#[test]
fn schema_names_exactly_the_fields_that_are_read() {
    let schema: Value = serde_json::from_str(JSON_SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let whole = serde_json::to_value(sample("responded")).unwrap();
    let mut pointers = Vec::new();
    objects(&whole, "", &mut pointers);
    assert!(pointers.len() > 30, "{}", pointers.len());
    for pointer in pointers {
        let names: Vec<String> =
            whole.pointer(&pointer).unwrap().as_object().unwrap().keys().cloned().collect();
        for name in names {
            let mut altered = whole.clone();
            let object = altered.pointer_mut(&pointer).unwrap().as_object_mut().unwrap();
            let value = object.remove(&name).unwrap();
            assert!(!validator.is_valid(&altered), "{pointer}/{name} is optional in the schema");
            let object = altered.pointer_mut(&pointer).unwrap().as_object_mut().unwrap();
            object.insert(format!("{name}_"), value);
            let bytes = serde_json::to_vec(&altered).unwrap();
            assert!(read(&bytes).is_err(), "{pointer}/{name} may be renamed unnoticed");
            assert!(!validator.is_valid(&altered), "{pointer}/{name} may be renamed in the schema");
        }
    }
}

fn objects(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            // The names of rules are the report's own.
            if pointer != "/rules" {
                found.push(pointer.to_owned());
            }
            for (name, value) in fields {
                objects(value, &format!("{pointer}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                objects(item, &format!("{pointer}/{at}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn sarif_satisfies_its_published_schema_and_code_scanning() {
    for name in SAMPLES {
        let report = sample(name);
        let text = rendered(&report, Format::Sarif);
        check_file("sarif-2.1.0.json", &text);
        let log: Value = serde_json::from_str(&text).unwrap();
        let run = &log["runs"][0];
        assert_eq!(
            run["invocations"][0]["executionSuccessful"], report.coverage.complete,
            "{name}"
        );
        for result in run["results"].as_array().unwrap() {
            let artifact = &result["locations"][0]["physicalLocation"]["artifactLocation"];
            let uri = artifact["uri"].as_str().unwrap();
            assert!(!uri.contains(':') && !uri.is_empty(), "{uri} is not a relative path");
            assert!(result["partialFingerprints"]["primaryLocationLineHash"].is_string());
            let rule = result["ruleIndex"].as_u64().unwrap() as usize;
            assert_eq!(run["tool"]["driver"]["rules"][rule]["id"], result["ruleId"]);
        }
    }
}

#[test]
fn sarif_alert_stays_the_same_when_its_key_moves() {
    let mut report = sample("findings");
    let fingerprints = |report: &Report| {
        let log: Value = serde_json::from_str(&rendered(report, Format::Sarif)).unwrap();
        log["runs"][0]["results"][0]["partialFingerprints"].clone()
    };
    let before = fingerprints(&report);
    for place in &mut report.findings[0].occurrences {
        place.path = Some("elsewhere/moved.env".to_owned());
        place.line += 100;
    }
    assert_eq!(fingerprints(&report), before);
}

#[test]
fn sarif_lists_at_most_a_thousand_places_and_counts_the_rest() {
    let mut report = sample("findings");
    let place = report.findings[0].occurrences[0].clone();
    report.findings[0].occurrences = vec![place; 1_500];
    let log: Value = serde_json::from_str(&rendered(&report, Format::Sarif)).unwrap();
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["relatedLocations"].as_array().unwrap().len(), 999);
    assert_eq!(result["properties"]["placesNotListed"], 500);
    assert!(result["message"]["text"].as_str().unwrap().contains("1500 places"));
}

#[test]
fn gitlab_report_satisfies_its_schema_with_an_id_a_place() {
    for name in SAMPLES {
        let text = rendered(&sample(name), Format::Gitlab);
        check_file("gitlab-secret-detection-15.2.4.json", &text);
        let report: Value = serde_json::from_str(&text).unwrap();
        let ids: Vec<&str> = report["vulnerabilities"]
            .as_array()
            .unwrap()
            .iter()
            .map(|vulnerability| vulnerability["id"].as_str().unwrap())
            .collect();
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len(), "{name}");
    }
}

#[test]
fn junit_satisfies_the_schemas_of_its_readers() {
    if Command::new("xmllint").arg("--version").stderr(Stdio::null()).status().is_err() {
        eprintln!(
            "SKIPPED: junit_satisfies_the_schemas_of_its_readers needs xmllint (libxml2-utils)"
        );
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    for name in SAMPLES {
        let path = directory.path().join(format!("{name}.xml"));
        let report = sample(name);
        write_atomically(&path, |out| render(&report, Format::Junit, out)).unwrap();
        for schema in ["junit-10.xsd", "junit-ant.xsd"] {
            let checked = Command::new("xmllint")
                .args(["--noout", "--nonet", "--schema"])
                .args([&fixture(schema), &path])
                .output()
                .unwrap();
            assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
        }
    }
}

/// The commands that a line of hostile text would give must not be there.
#[test]
fn github_prints_commands_of_its_own_alone() {
    for name in SAMPLES {
        for line in rendered(&sample(name), Format::Github).lines() {
            let command = line.strip_prefix("::").unwrap_or_else(|| panic!("{line}"));
            let kind = command.split([' ', ':']).next().unwrap();
            assert!(matches!(kind, "error" | "warning" | "notice"), "{line}");
            // Between the opening colons and the message's there is no third pair.
            let properties = command.split("::").next().unwrap();
            assert!(properties.contains("title="), "{line}");
        }
    }
}

#[test]
fn csv_rows_have_every_column_and_no_formula() {
    for name in SAMPLES {
        let text = rendered(&sample(name), Format::Csv);
        for row in text.split_terminator("\r\n") {
            assert!(!row.contains(['\n', '\r']), "{row:?}");
            let fields = fields(row);
            assert_eq!(fields.len(), 29, "{row}");
            for field in fields {
                assert!(!field.trim_start().starts_with(['=', '+', '-', '@']), "{field}");
            }
        }
    }
}

fn fields(row: &str) -> Vec<String> {
    let mut fields = Vec::new();
    let mut chars = row.chars().peekable();
    while chars.next() == Some('"') {
        let mut field = String::new();
        loop {
            match chars.next().expect("the field is closed") {
                '"' if chars.peek() == Some(&'"') => field.extend(chars.next()),
                '"' => break,
                c => field.push(c),
            }
        }
        fields.push(field);
        assert!(matches!(chars.next(), None | Some(',')));
    }
    fields
}

/// A terminal, an editor or a browser acts on none of these characters.
#[test]
fn no_format_writes_an_active_character() {
    for name in SAMPLES {
        let report = sample(name);
        for format in Format::ALL {
            if format == Format::Human {
                continue;
            }
            let text = rendered(&report, format);
            let active = text.chars().find(|c| {
                (c.is_control() && !matches!(c, '\n' | '\r'))
                    || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
                    || matches!(c, '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
            });
            assert_eq!(active, None, "{name} as {format}");
        }
    }
}

#[test]
fn markdown_keeps_hostile_text_in_code_spans() {
    let text = rendered(&sample("hostile"), Format::Markdown);
    for line in text.lines() {
        let outside = without_code_spans(line);
        for mark in ["<img", "<script", "<svg", "javascript:", "@everyone", "<details"] {
            assert!(!outside.contains(mark), "{outside}");
        }
    }
}

/// A span opens with a run of backticks and ends with the next run of the same
/// length, as `CommonMark` has it.
fn without_code_spans(line: &str) -> String {
    let mut outside = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        outside.push_str(&rest[..start]);
        let length = rest[start..].chars().take_while(|c| *c == '`').count();
        let after = &rest[start + length..];
        let mut from = 0;
        rest = loop {
            let Some(at) = after[from..].find('`').map(|at| at + from) else {
                panic!("a span stays open: {line}");
            };
            let run = after[at..].chars().take_while(|c| *c == '`').count();
            if run == length {
                break &after[at + run..];
            }
            from = at + run;
        };
    }
    outside + rest
}

#[test]
fn incomplete_report_is_called_clean_in_no_format() {
    let report = sample("incomplete");
    for format in Format::ALL {
        if matches!(format, Format::Human | Format::Jsonl) {
            continue;
        }
        let text = rendered(&report, format);
        assert!(text.contains("backup/dump.sql"), "{format} names what was not read");
        assert!(!text.contains("everything in scope was read"), "{format}");
    }
}
