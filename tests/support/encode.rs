//! Texts in other encodings, made at run time.
//!
//! In: the name of an encoding and a seed. Out: bytes that hold a random key
//! under its name, and where.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};

/// Bytes that hold a key.
#[derive(Debug)]
pub(crate) struct Planted {
    /// The key.
    pub(crate) key: String,
    /// The bytes.
    pub(crate) bytes: Vec<u8>,
    /// The line of the key's first byte, from 1.
    pub(crate) line: u64,
    /// The encodings from the outside in.
    pub(crate) chain: Vec<&'static str>,
}

/// Every encoding that [`planted`] makes.
pub(crate) const ENCODINGS: [&str; 24] = [
    "plain",
    "base64",
    "base64url",
    "base64-wrapped",
    "base64-value",
    "base64-twice",
    "hex",
    "hex-value",
    "percent",
    "percent-partly",
    "json",
    "c-hex",
    "c-octal",
    "html",
    "quoted-printable",
    "quoted-printable-all",
    "utf-16-le",
    "utf-16-be-bom",
    "utf-32-le",
    "base64-of-utf-16",
    "base64-of-gzip",
    "base64-twice-of-gzip",
    "utf-16-of-base64",
    "cr-only",
];

/// A random key of letters and digits.
pub(crate) fn key(seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..40)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            char::from(
                b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"
                    [(state >> 20) as usize % 55],
            )
        })
        .collect()
}

/// A text in an encoding, with a key.
pub(crate) fn planted(encoding: &str, seed: u64) -> Planted {
    let key = key(seed + 1);
    let inner = format!("# settings\nBITKIT_API_KEY={key}\nREGION=eu\n");
    let all = |unit: &dyn Fn(u8) -> String| inner.bytes().map(unit).collect::<String>();
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let behind = |text: String| format!("first line\n\ndata: {text}\nlast line\n").into_bytes();
    let gzip = || super::pack::pack("gzip", "", inner.as_bytes());
    let (bytes, line, chain): (Vec<u8>, u64, &[&'static str]) = match encoding {
        "plain" => (inner.clone().into_bytes(), 2, &[]),
        "base64" => (behind(BASE64.encode(inner.as_bytes())), 3, &["base64"]),
        "base64url" => (behind(BASE64URL_NOPAD.encode(inner.as_bytes())), 3, &["base64"]),
        "base64-wrapped" => {
            let text = BASE64.encode(format!("{}\n{inner}", "# ".repeat(60)).as_bytes());
            let lines: Vec<&str> = text
                .as_bytes()
                .chunks(64)
                .map(|line| std::str::from_utf8(line).expect("base64 is ASCII"))
                .collect();
            // 121 bytes, then 11 and 15: the key begins with the 148th byte.
            (format!("-- \n{}\n", lines.join("\n")).into_bytes(), 2 + 147 * 4 / 3 / 64, &["base64"])
        }
        "base64-value" => {
            let text = format!("data:\n  BITKIT_API_KEY: {}\n", BASE64.encode(key.as_bytes()));
            (text.into_bytes(), 2, &["base64"])
        }
        "base64-twice" => {
            let once = BASE64.encode(inner.as_bytes());
            (behind(BASE64.encode(once.as_bytes())), 3, &["base64", "base64"])
        }
        "hex" => (behind(HEXLOWER.encode(inner.as_bytes())), 3, &["hex"]),
        "hex-value" => (
            format!("BITKIT_API_KEY={}\n", HEXLOWER.encode(key.as_bytes())).into_bytes(),
            1,
            &["hex"],
        ),
        "percent" => (behind(all(&|byte| format!("%{byte:02X}"))), 3, &["percent"]),
        "percent-partly" => {
            (behind(format!("a=1&env=BITKIT_API_KEY%3D{key}%0AREGION%3Deu")), 3, &["percent"])
        }
        "json" => (behind(all(&|byte| format!("\\u{byte:04x}"))), 3, &["escapes"]),
        "c-hex" => (behind(all(&|byte| format!("\\x{byte:02x}"))), 3, &["escapes"]),
        "c-octal" => (behind(all(&|byte| format!("\\{byte:03o}"))), 3, &["escapes"]),
        "html" => (behind(all(&|byte| format!("&#{byte};"))), 3, &["html"]),
        "quoted-printable" => {
            let text = format!(
                "Content-Transfer-Encoding: quoted-printable\n\nBITKIT_API_KEY=3D{}=\n{}\n",
                &key[..20],
                &key[20..]
            );
            let text = text.replace("BITKIT", &format!("{} BITKIT", "x".repeat(30)));
            (text.into_bytes(), 3, &["quoted-printable"])
        }
        "quoted-printable-all" => {
            (behind(all(&|byte| format!("={byte:02X}"))), 3, &["quoted-printable"])
        }
        "utf-16-le" => (wide(&inner), 2, &["utf-16"]),
        "utf-16-be-bom" => {
            let text = format!("\u{feff}{inner}");
            (text.encode_utf16().flat_map(u16::to_be_bytes).collect(), 2, &["utf-16"])
        }
        "utf-32-le" => {
            (inner.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(), 2, &["utf-32"])
        }
        "base64-of-utf-16" => (behind(BASE64.encode(&wide(&inner))), 3, &["base64", "utf-16"]),
        "base64-of-gzip" => (behind(BASE64.encode(&gzip())), 3, &["base64", "gzip"]),
        "base64-twice-of-gzip" => {
            let once = BASE64.encode(&gzip());
            (behind(BASE64.encode(once.as_bytes())), 3, &["base64", "base64", "gzip"])
        }
        "utf-16-of-base64" => {
            let text = format!("first\ndata: {}\n", BASE64.encode(inner.as_bytes()));
            (wide(&text), 2, &["utf-16", "base64"])
        }
        "cr-only" => (inner.replace('\n', "\r").into_bytes(), 2, &[]),
        _ => panic!("bad encoding {encoding}"),
    };
    Planted { key, bytes, line, chain: chain.to_vec() }
}
