//! Quoted-printable text is decoded, and no other text is taken for it: values
//! that end in base64's padding are read as they stand.

use std::sync::Arc;

use keysweep::detect::Detector;
use keysweep::finding::{Origin, SourceKind};
use keysweep::rule::RuleSet;
use keysweep::source::Content;

/// The name that announces a key, in parts so that this file holds no pair.
const NAME: &str = concat!("BITKIT", "_API_KEY");

/// Values as `openssl rand -base64` gives them, from a generator of its own.
struct Values(u64);

impl Values {
    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count)
            .map(|_| {
                self.0 ^= self.0 << 13;
                self.0 ^= self.0 >> 7;
                self.0 ^= self.0 << 17;
                (self.0 >> 24) as u8
            })
            .collect()
    }

    /// The base64 of so many bytes, its first characters replaced. The few that
    /// begin as a path does are not drawn.
    fn base64(&mut self, bytes: usize, head: &str) -> String {
        let value = data_encoding::BASE64.encode(&self.bytes(bytes));
        let first = value.split('/').next().unwrap_or_default();
        if first.len() < value.len() && first.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return self.base64(bytes, head);
        }
        format!("{head}{}", &value[head.len()..])
    }

    fn hex(&mut self, head: &str) -> String {
        let value = data_encoding::HEXLOWER.encode(&self.bytes(20));
        format!("{head}{}", &value[head.len()..])
    }
}

fn values(detector: &Detector, text: &str) -> Vec<String> {
    let origin = Arc::new(Origin {
        source: SourceKind::Worktree,
        root: Arc::from(""),
        path: Some(Arc::from("settings")),
        object: None,
    });
    detector
        .detect(&Content::whole(&origin, text.as_bytes()))
        .into_iter()
        .map(|found| String::from_utf8_lossy(found.secret.expose()).into_owned())
        .collect()
}

fn detector() -> Detector {
    Detector::new(Arc::new(RuleSet::builtin().expect("built-in rules parse")))
}

/// `{k}` is the key, `{x}` another service's secret, both padded base64.
fn ordinary_files() -> Vec<String> {
    let mut files: Vec<String> = [
        "{n}={k}\nTIMEOUT=200\nDEBUG=false\n",
        "{n}={k}\nSESSION_SECRET={x}\n",
        "{n}={k}\nAZURE_KEY={x}\nCOSMOS_KEY={x}\nMODE=production\n",
        "SESSION_SECRET={x}\n{n}={k}\n",
        "SESSION_SECRET={x}\n{n}={k}",
        "export {n}={k}\nexport SESSION={x}\n",
        "environment:\n  - {n}={k}\n  - SESSION={x}\n",
        "ENV {n}={k}\nENV SESSION={x}\nRUN x\n",
        "bitkit.api.key={k}\nspring.x={x}\ny=1\n",
        "{n}: {k}\nSESSION_SECRET: {x}\n",
        "SESSION_SECRET: {x}\n{n}: {k}\nA: 1\n",
        "+{n}={k}\n+SESSION={x}\n+A=1\n",
        "+ export {n}={k}\n+ export SESSION={x}\n+ ./run\n",
        "A=https://x/?y=3D1\n{n}={k}\nB=1\n",
        "{n}={k}\n\n# session\nSESSION={x}\n\nA=1\n",
        "A=\n{n}={k}\nB=\nC=1\n",
        "[bytestack]\napi_key = {k}\n[other]\nkey = {x}\n",
        "PORT=8080\r\n{n}={k}\r\nYEAR=2024\r\nSESSION={x}\r\n",
        "Title\n=====\n\n{n}={k}\n\nOther\n=====\n",
    ]
    .map(str::to_owned)
    .into();
    for line in
        ["NODE_VERSION=20", "PORT=3000", "FLAG=AB", "A=2F", "A=3D", "PCT=99", "A=09", "A=C3PO"]
    {
        files.push(format!("{line}\n{{n}}={{k}}\nDEBUG=false\n"));
        files.push(format!("X=y\n{{n}}={{k}}\n{line}\nDEBUG=false\n"));
        files.push(format!("{{n}}={{k}}\n{line}\n"));
    }
    files
}

/// A wrong value would be sent to the vendor, with the next line's secret in it.
#[test]
fn padded_values_of_ordinary_files_are_read_as_they_stand() {
    let detector = detector();
    let mut state = Values(0x9e37_79b9_7f4a_7c15);
    for file in ordinary_files() {
        for round in 0..60 {
            let head =
                ["", "20", "3D", "C3", "7E", "0A", "E2", "q/"].get(round % 12).unwrap_or(&"");
            let key = state.base64([32, 32, 29, 40, 64][round % 5], head);
            let mut text = file.replace("{n}", NAME).replace("{k}", &key);
            while text.contains("{x}") {
                text = text.replacen("{x}", &state.base64(32, ""), 1);
            }
            assert_eq!(values(&detector, &text), [key], "{text}");
        }
    }
}

/// Where all signs speak for quoted-printable but nothing says so, the value
/// as it stands is reported beside the decoded one.
#[test]
fn value_as_it_stands_is_never_lost_without_a_header() {
    let detector = detector();
    let mut state = Values(11);
    for head in ["20", "3D", "41", "C3", "7E", "0A", "a1"] {
        for file in ["A=3D1\n{n}={k}\nx=C3=A4\n", "A=3D\n{n}={k}\nB=3D\n", "{n}={k}\nA=20\n"] {
            let key = state.hex(head);
            let text = file.replace("{n}", NAME).replace("{k}", &key);
            assert!(values(&detector, &text).contains(&key), "{text}");
        }
    }
}

#[test]
fn quoted_printable_text_is_decoded_once() {
    let detector = detector();
    let mut state = Values(5);
    let wrapped = "one line that is longer than all others and so is wrapped here =\nand goes on ";
    let vcard = "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8:Doe\nNOTE;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:{n}=3D{k}=0D=0A\nTEL;WORK:1\n";
    let mail = "From: a@b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n";
    for head in ["20", "3D", "41", "7E", "0A", "C3", "a1", "5f", "3d"] {
        for file in [
            format!("{mail}{{n}}=3D{{k}}\n"),
            format!("{mail}F=FCr Sie: {{n}}=3D{{k}}\n"),
            format!("{mail}Gr=C3=BC=C3=9Fe, here it is: {{n}}=3D{{k}}\nbye =\nbye\n"),
            format!("{mail}{wrapped}{{n}}=3D{{k}}\nmore =C3=A4 text\n"),
            format!("{mail}{} {{n}}=3D=\n{{k}}\n", "x".repeat(80)),
            vcard.to_owned(),
        ] {
            let key = state.hex(head);
            let text = file.replace("{n}", NAME).replace("{k}", &key);
            assert_eq!(values(&detector, &text), [key], "{text}");
        }
    }
}

/// A message's other parts are not encoded as the first is.
#[test]
fn part_that_is_not_quoted_printable_is_read_as_it_stands() {
    let detector = detector();
    let mut state = Values(7);
    for _ in 0..100 {
        let (key, other) = (state.base64(32, ""), state.base64(32, ""));
        let text = format!(
            "Content-Type: multipart/mixed; boundary=\"b\"\n\n--b\n\
             Content-Transfer-Encoding: quoted-printable\n\nThe {NAME} is in =C3=A4.\n--b\n\
             Content-Transfer-Encoding: 7bit\n\n{NAME}={key}\nSESSION_SECRET={other}\nA=20\n--b--\n"
        );
        assert_eq!(values(&detector, &text), [key], "{text}");
    }
}
