//! The manifest: a sum for each file, the journal's head, the signer.
//!
//! In and out: the bytes of `MANIFEST`. There is one way to write what it says,
//! and bytes that say it another way are refused. The lines that
//! `sha256sum -c` does not know begin with `#`, which it skips.

use std::collections::BTreeMap;

use super::chain::Chain;

/// The manifest's format and version.
const FORMAT: &str = "# keysweep-audit/1";

/// What a manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    /// The journal, where there is one.
    pub(super) journal: Option<Chain>,
    /// The fingerprint of the key that signs, `SHA256:…`, where one does.
    pub(super) signer: Option<String>,
    /// The SHA-256 of each file, in hexadecimal, by its name.
    pub(super) sums: BTreeMap<String, String>,
}

/// The first line of a manifest that is not as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadLine {
    /// The line, from 1.
    pub(super) line: u64,
    /// What was expected.
    pub(super) why: &'static str,
}

/// Whether a name, without its directories, may stand in a manifest: nothing
/// in it is shown, quoted or resolved as anything but itself.
pub(super) fn is_nameable(name: &str) -> bool {
    !matches!(name, "" | "." | "..")
        && !name.contains(['/', '\\'])
        && !name.contains(super::super::inert::is_active)
}

impl Manifest {
    /// The bytes of `MANIFEST`.
    pub(super) fn render(&self) -> String {
        let journal = self
            .journal
            .as_ref()
            .map_or_else(|| "none".to_owned(), |chain| format!("{} {}", chain.lines, chain.head));
        let signer = self.signer.as_deref().unwrap_or("none");
        let mut text = format!("{FORMAT}\n# journal: {journal}\n# signer: {signer}\n");
        for (name, sum) in &self.sums {
            text.push_str(sum);
            text.push_str("  ");
            text.push_str(name);
            text.push('\n');
        }
        text
    }

    /// Reads the bytes of `MANIFEST`.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, BadLine> {
        let text = std::str::from_utf8(bytes)
            .map_err(|_| BadLine { line: 1, why: "UTF-8, as a manifest is written" })?;
        let mut lines = text.split_inclusive('\n').zip(1..);
        let mut header = |start: &'static str| {
            let (line, number) = lines.next().unwrap_or(("", 1));
            line.strip_suffix('\n')
                .and_then(|line| line.strip_prefix(start))
                .map(str::to_owned)
                .ok_or(BadLine { line: number, why: "the manifest's three header lines" })
        };
        header(FORMAT)?;
        let journal = match header("# journal: ")?.as_str() {
            "none" => None,
            said => Some(chain(said).ok_or(BadLine { line: 2, why: "the journal's head" })?),
        };
        let signer = header("# signer: ")?;
        let signer = (signer != "none").then_some(signer);
        let mut sums = BTreeMap::new();
        for (line, number) in lines {
            let bad = BadLine { line: number, why: "a SHA-256 sum, two spaces and a file's name" };
            let (sum, name) = line
                .strip_suffix('\n')
                .and_then(|line| line.split_once("  "))
                .ok_or(bad.clone())?;
            if !is_sum(sum) || !name.split('/').all(is_nameable) {
                return Err(bad);
            }
            sums.insert(name.to_owned(), sum.to_owned());
        }
        let manifest = Self { journal, signer, sums };
        match differs(&manifest.render(), text) {
            None => Ok(manifest),
            Some(line) => Err(BadLine { line, why: "each line once, in order, and nothing else" }),
        }
    }
}

fn chain(said: &str) -> Option<Chain> {
    let (lines, head) = said.split_once(' ')?;
    Some(Chain { lines: lines.parse().ok()?, head: is_sum(head).then(|| head.to_owned())? })
}

fn is_sum(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The first line, from 1, in which two texts differ.
fn differs(expected: &str, found: &str) -> Option<u64> {
    let mut expected = expected.split_inclusive('\n');
    let mut found = found.split_inclusive('\n');
    for line in 1.. {
        match (expected.next(), found.next()) {
            (None, None) => return None,
            (a, b) if a != b => return Some(line),
            _ => {}
        }
    }
    None
}
