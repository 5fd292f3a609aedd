//! The case corpus: files of cases with placeholders, and the text that each
//! case stands for once keys are made.
//!
//! In: `fixtures/detect/**/*.cases`. Out: cases with bytes, and the keys that
//! must be found in them. No key is ever written in a file: each is made here,
//! from a generator seeded by the case's id.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// One case.
#[derive(Debug, Clone)]
pub struct Case {
    /// Unique.
    pub id: String,
    /// The file that holds it.
    pub file: PathBuf,
    /// The path that the scanner is told.
    pub path: String,
    /// The kind of file.
    pub kind: String,
    /// What real format it follows.
    pub follows: String,
    /// The rule whose keys it holds.
    pub rule: String,
    /// Key names and their lines.
    pub finds: Vec<(String, u64)>,
    /// How the text is written as bytes.
    pub bytes: Vec<String>,
    /// The containers around it, outermost first.
    pub containers: Vec<String>,
    body: String,
}

/// A case's text, with its keys.
#[derive(Debug)]
pub struct Expanded {
    /// The text with every placeholder replaced.
    pub text: Vec<u8>,
    /// Each key's value by its name.
    pub keys: BTreeMap<String, String>,
}

/// Every case below a folder, in the order of files and lines.
pub fn cases(folder: &Path) -> Vec<Case> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("the folder can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "cases"))
        .collect();
    files.sort();
    files.iter().flat_map(|file| parse(file)).collect()
}

fn parse(file: &Path) -> Vec<Case> {
    let text =
        fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut cases = Vec::new();
    for part in format!("\n{text}").split("\n== ").skip(1) {
        let (head, body) = part.split_once("\n--\n").unwrap_or_else(|| panic!("no `--` in {part}"));
        let mut lines = head.lines();
        let id = lines.next().expect("a case has an id").trim().to_owned();
        let fields: BTreeMap<&str, &str> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(k, v)| (k.trim(), v.trim()))
            .collect();
        let field = |name: &str| fields.get(name).copied().unwrap_or_default().to_owned();
        let list = |name: &str, separator: char| -> Vec<String> {
            field(name)
                .split(separator)
                .map(str::trim)
                .filter(|s| !s.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let rule = match field("rule").as_str() {
            "" | "api-key" => "bytestack-api-key".to_owned(),
            "webhook-secret" => "bytestack-webhook-secret".to_owned(),
            other => panic!("{id}: unknown rule {other}"),
        };
        cases.push(Case {
            file: file.to_owned(),
            path: field("path"),
            kind: field("kind"),
            follows: field("follows"),
            rule,
            finds: finds(&field("finds")),
            bytes: list("bytes", ','),
            containers: list("container", '>'),
            body: body.strip_suffix("\n\n").map_or(body, |body| body).to_owned(),
            id,
        });
    }
    cases
}

fn finds(text: &str) -> Vec<(String, u64)> {
    if text == "none" {
        return Vec::new();
    }
    text.split(',')
        .flat_map(|item| {
            let (key, lines) =
                item.trim().split_once('@').unwrap_or_else(|| panic!("bad finds {text}"));
            lines
                .split('+')
                .map(|line| (key.to_owned(), line.trim().parse().expect("a line is a number")))
                .collect::<Vec<_>>()
        })
        .collect()
}

impl Case {
    /// The text without what placeholders stand for: two cases of one shape
    /// would differ in their values alone.
    pub fn shape(&self) -> String {
        let mut shape = format!("{:?} ", self.bytes);
        let mut rest = self.body.as_str();
        while let Some((before, after)) = rest.split_once('⟦') {
            shape.push_str(before);
            shape.push('⟦');
            rest = after.split_once('⟧').map_or("", |(_, rest)| rest);
        }
        shape.push_str(rest);
        shape
    }

    /// The case's text, its keys made from a generator seeded by its id,
    /// written as the bytes that the case asks for.
    pub fn expand(&self) -> Expanded {
        let mut maker = Maker { state: seed(&self.id), keys: BTreeMap::new() };
        let mut text = maker.expand(&self.body);
        if self.bytes.iter().any(|b| b == "no-final-newline") {
            text.truncate(text.trim_end_matches('\n').len());
        } else if !text.ends_with('\n') {
            text.push('\n');
        }
        // Line ends are chosen before the text becomes wider units.
        let (ends, others): (Vec<&String>, Vec<&String>) =
            self.bytes.iter().partition(|form| ["crlf", "cr", "nul-lines"].contains(&&***form));
        let forms = ends.into_iter().chain(others);
        let bytes = forms.fold(text.into_bytes(), |bytes, form| written_as(form, bytes));
        Expanded { text: bytes, keys: maker.keys }
    }

    /// The file that holds the text, in the containers that the case asks for.
    pub fn packed(&self, text: &[u8]) -> Vec<u8> {
        self.containers
            .iter()
            .rev()
            .flat_map(|container| container.split('.').collect::<Vec<_>>())
            .fold(text.to_vec(), |bytes, container| {
                super::pack::pack(container, &self.path, &bytes)
            })
    }
}

/// Text written in another form of bytes.
fn written_as(form: &str, bytes: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let wide = |mark: &str, write: &dyn Fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("{mark}{text}").encode_utf16().flat_map(write).collect()
    };
    match form {
        "no-final-newline" => bytes,
        "utf16le-bom" => wide("\u{feff}", &u16::to_le_bytes),
        "utf16be-bom" => wide("\u{feff}", &u16::to_be_bytes),
        "utf16le" => wide("", &u16::to_le_bytes),
        "utf16be" => wide("", &u16::to_be_bytes),
        "utf32le-bom" => {
            format!("\u{feff}{text}").chars().flat_map(|c| u32::from(c).to_le_bytes()).collect()
        }
        "utf8-bom" => format!("\u{feff}{text}").into_bytes(),
        "crlf" => text.replace('\n', "\r\n").into_bytes(),
        "cr" => text.replace('\n', "\r").into_bytes(),
        "nul-lines" => text.replace('\n', "\0").into_bytes(),
        "latin1" => text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect(),
        _ => panic!("bad bytes {form}"),
    }
}

fn seed(id: &str) -> u64 {
    id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

struct Maker {
    state: u64,
    keys: BTreeMap<String, String>,
}

const ALNUM: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &str = "0123456789abcdef";

impl Maker {
    fn draw(&mut self, alphabet: &str, length: usize) -> String {
        let bytes = alphabet.as_bytes();
        (0..length)
            .map(|_| {
                self.state ^= self.state << 13;
                self.state ^= self.state >> 7;
                self.state ^= self.state << 17;
                char::from(bytes[(self.state >> 16) as usize % bytes.len()])
            })
            .collect()
    }

    fn groups(&mut self, alphabet: &str, lengths: &[usize], joint: &str) -> String {
        lengths.iter().map(|length| self.draw(alphabet, *length)).collect::<Vec<_>>().join(joint)
    }

    /// Replaces every placeholder; a block's inside is replaced first.
    fn expand(&mut self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(open) = rest.find('⟦') {
            out.push_str(&rest[..open]);
            let after = &rest[open + '⟦'.len_utf8()..];
            let close = after.find('⟧').unwrap_or_else(|| panic!("no ⟧ in {text}"));
            let item = &after[..close];
            rest = &after[close + '⟧'.len_utf8()..];
            if let Some(transform) = item.strip_suffix('{') {
                let end = block_end(rest);
                let inner = self.expand(&rest[..end]);
                out.push_str(&transformed(transform, &inner));
                rest = &rest[end + "⟦}⟧".len()..];
            } else {
                out.push_str(&self.item(item));
            }
        }
        out.push_str(rest);
        out
    }

    fn item(&mut self, item: &str) -> String {
        if let Some(repeat) = item.strip_prefix("repeat:") {
            let (text, count) = repeat.rsplit_once(':').expect("repeat takes a text and a count");
            return text.repeat(count.parse().expect("a count is a number"));
        }
        let unseen = match item {
            "esc" => "\u{1b}",
            "nbsp" => "\u{a0}",
            "zwsp" => "\u{200b}",
            "bom" => "\u{feff}",
            _ => "",
        };
        if !unseen.is_empty() {
            return unseen.to_owned();
        }
        let is_key =
            item.starts_with('k') && item.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        if is_key { self.key(item) } else { self.noise(item) }
    }

    fn noise(&mut self, item: &str) -> String {
        let (kind, length) =
            item.split_once(':').unwrap_or_else(|| panic!("bad placeholder {item}"));
        let length = length.parse().unwrap_or_else(|_| panic!("bad placeholder {item}"));
        match kind {
            "hex" => self.draw(HEX, length),
            "HEX" => self.draw("0123456789ABCDEF", length),
            "alnum" => self.draw(ALNUM, length),
            "lower" => self.draw(LOWER, length),
            "upper" => self.draw("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", length),
            "digits" => self.draw("0123456789", length),
            "b64" => {
                let pad = usize::from(length % 4 == 0);
                format!("{}{}", self.draw(&format!("{ALNUM}+/"), length - pad), "=".repeat(pad))
            }
            "uuid" => self.groups(HEX, &[8, 4, 4, 4, 12], "-"),
            _ => panic!("bad placeholder {item}"),
        }
    }

    fn key(&mut self, item: &str) -> String {
        let name = item[..2].to_owned();
        let mut rest = &item[2..];
        let mut shape = "alnum40";
        if let Some(named) = rest.strip_prefix(':') {
            let end = named.find(['|', '[']).unwrap_or(named.len());
            shape = &named[..end];
            rest = &named[end..];
        }
        let value = if let Some(value) = self.keys.get(&name) {
            value.clone()
        } else {
            let value = self.shape(shape);
            self.keys.insert(name, value.clone());
            value
        };
        let mut value = value;
        if let Some(range) = rest.strip_prefix('[') {
            let (range, after) = range.split_once(']').expect("a range closes");
            let (from, to) = range.split_once("..").expect("a range has two ends");
            let from: usize = if from.is_empty() { 0 } else { from.parse().expect("a number") };
            let to: usize = if to.is_empty() { value.len() } else { to.parse().expect("a number") };
            value.truncate(to);
            value.drain(..from);
            rest = after;
        }
        match rest.strip_prefix('|') {
            Some(transform) => transformed(transform, &value),
            None => value,
        }
    }

    fn shape(&mut self, shape: &str) -> String {
        match shape {
            "alnum20" | "alnum24" | "alnum32" | "alnum40" | "alnum48" | "alnum64" => {
                self.draw(ALNUM, shape[5..].parse().expect("a number"))
            }
            "lower32" => self.draw(LOWER, 32),
            "upper32" => self.draw("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 32),
            "hex32" | "hex40" | "hex64" => self.draw(HEX, shape[3..].parse().expect("a number")),
            "b64url43" => {
                let inner = self.draw(&format!("{ALNUM}-_"), 41);
                format!("{}{inner}{}", self.draw(ALNUM, 1), self.draw(ALNUM, 1))
            }
            "b64-44" => format!("{}=", self.draw(&format!("{ALNUM}+/"), 43)),
            "uuid" => self.groups(HEX, &[8, 4, 4, 4, 12], "-"),
            "dashed" => self.groups(ALNUM, &[5; 5], "-"),
            "dotted" => self.groups(ALNUM, &[12, 20, 16], "."),
            _ => panic!("bad shape {shape}"),
        }
    }
}

fn block_end(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while let Some(open) = text[at..].find('⟦') {
        let start = at + open + '⟦'.len_utf8();
        let close = start + text[start..].find('⟧').expect("a placeholder closes");
        let item = &text[start..close];
        if item == "}" {
            if depth == 0 {
                return at + open;
            }
            depth -= 1;
        } else if item.ends_with('{') {
            depth += 1;
        }
        at = close + '⟧'.len_utf8();
    }
    panic!("a block does not close in {text}")
}

/// A text in another encoding.
pub fn transformed(transform: &str, text: &str) -> String {
    use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
    let bytes = text.as_bytes();
    match transform {
        "base64" => BASE64.encode(bytes),
        "base64url" => BASE64URL_NOPAD.encode(bytes),
        "hex" => HEXLOWER.encode(bytes),
        "HEX" => HEXUPPER.encode(bytes),
        "percent" => bytes.iter().map(|b| format!("%{b:02X}")).collect(),
        "reverse" => text.chars().rev().collect(),
        "base64wrap" => BASE64
            .encode(bytes)
            .as_bytes()
            .chunks(76)
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect::<Vec<_>>()
            .join("\n"),
        "gzip-base64" => {
            use std::io::Write as _;
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(bytes).expect("memory takes writes");
            BASE64.encode(&encoder.finish().expect("memory takes writes"))
        }
        "utf16le-base64" => {
            let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            BASE64.encode(&wide)
        }
        "qp" => quoted_printable(bytes),
        "jsonstr" => {
            let quoted = serde_json::to_string(text).expect("text is JSON");
            quoted[1..quoted.len() - 1].to_owned()
        }
        "html" => text
            .chars()
            .map(|c| match c {
                '&' => "&amp;".to_owned(),
                '<' => "&lt;".to_owned(),
                '>' => "&gt;".to_owned(),
                '"' => "&quot;".to_owned(),
                '\'' => "&#39;".to_owned(),
                c => c.to_string(),
            })
            .collect(),
        "cescape" => bytes.iter().map(|b| format!("\\x{b:02x}")).collect(),
        "uescape" => text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect(),
        _ => panic!("bad transform {transform}"),
    }
}

/// RFC 2045, section 6.7, with lines of at most 76 characters.
fn quoted_printable(bytes: &[u8]) -> String {
    let mut out = String::new();
    let mut column = 0;
    for byte in bytes {
        let piece = match byte {
            b'\n' => "\n".to_owned(),
            b'=' | 0..=31 | 127..=255 => format!("={byte:02X}"),
            _ => char::from(*byte).to_string(),
        };
        if piece == "\n" {
            column = 0;
        } else if column + piece.len() > 75 {
            out.push_str("=\n");
            column = 0;
        }
        if piece != "\n" {
            column += piece.len();
        }
        out.push_str(&piece);
    }
    out
}
