//! Decides what a value is: a secret written out, or one of the many things
//! that stand where a secret could.
//!
//! In: the bytes between a value's delimiters. Out: its [`Class`]. Nothing
//! here knows which name the value had, so one table of cases tests it.

mod placeholder;
mod randomness;
mod reference;

use crate::rule::Strength;

/// The longest value, in bytes, that can be a key: longer runs are
/// ciphertext, certificates and encoded files.
pub const LONGEST_KEY_BYTES: usize = 512;

/// The shortest value, in bytes, that is worth calling a key.
pub const SHORTEST_KEY_BYTES: usize = 8;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A secret written out, and how random it looks.
    Literal(Strength),
    /// Names the place where the secret is kept: a variable, a vault, a file.
    Reference,
    /// Stands for a secret that is still to be filled in, or was masked.
    Placeholder,
    /// An expression of a programming language.
    Code,
    /// Nothing at all.
    Empty,
    /// A value of another kind: an id, a path, an address, a signature.
    Other,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Between quotes, or as the text of an element: words are text.
    Quoted,
    /// Bare: in a programming language, words are code.
    Bare,
}

/// Classifies a value.
#[must_use]
pub fn classify(value: &[u8], form: Form) -> Class {
    let value = value.trim_ascii();
    // Laravel and others say so where a value is encoded.
    let value = value.strip_prefix(b"base64:").unwrap_or(value);
    if value.is_empty() {
        return Class::Empty;
    }
    if reference::is_reference(value) {
        return Class::Reference;
    }
    if !value.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ')
        || placeholder::is_masked(value)
    {
        return Class::Placeholder;
    }
    if !value.iter().all(|byte| is_token_byte(*byte)) {
        return without_token_form(value, form);
    }
    if value.len() > LONGEST_KEY_BYTES || is_other_identifier(value) {
        return Class::Other;
    }
    token(value, form)
}

/// Whether a value says that it is kept in a store or is ciphertext.
#[must_use]
pub fn is_stored(value: &[u8]) -> bool {
    reference::names_store(value)
}

/// Whether a bearer token may hold the byte (RFC 6750, section 2.1, `b64token`).
#[must_use]
pub fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
}

fn without_token_form(value: &[u8], form: Form) -> Class {
    if placeholder::is_placeholder(value, 0.0) {
        Class::Placeholder
    } else if form == Form::Bare && value.iter().any(|byte| b"()[]{}<>&*!?".contains(byte)) {
        Class::Code
    } else {
        Class::Other
    }
}

fn token(value: &[u8], form: Form) -> Class {
    let evidence = randomness::bits(value);
    if placeholder::is_placeholder(value, evidence) {
        return Class::Placeholder;
    }
    if value.len() < SHORTEST_KEY_BYTES || is_place(value, evidence) {
        return if form == Form::Bare && value[0].is_ascii_alphabetic() {
            Class::Code
        } else {
            Class::Other
        };
    }
    let strength = randomness::strength(value, evidence);
    if form == Form::Bare && strength == Strength::Weak && reads_as_code(value) {
        return Class::Code;
    }
    Class::Literal(strength)
}

/// A path, an address or a file's name rather than a token.
fn is_place(value: &[u8], evidence: f64) -> bool {
    if is_wordy_path(value) {
        return true;
    }
    let rooted = value.starts_with(b"/") || value.starts_with(b"./") || value.starts_with(b"../");
    let home = value.starts_with(b"~/");
    if home || (rooted && evidence < 30.0) {
        return true;
    }
    const ENDINGS: [&[u8]; 32] = [
        b".json",
        b".yaml",
        b".yml",
        b".toml",
        b".txt",
        b".pem",
        b".key",
        b".crt",
        b".env",
        b".ini",
        b".conf",
        b".cfg",
        b".js",
        b".ts",
        b".py",
        b".go",
        b".rs",
        b".rb",
        b".php",
        b".java",
        b".sh",
        b".com",
        b".dev",
        b".io",
        b".net",
        b".org",
        b".local",
        b".internal",
        b".md",
        b".html",
        b".xml",
        b".gpg",
    ];
    evidence < 30.0 && ENDINGS.iter().any(|ending| value.to_ascii_lowercase().ends_with(ending))
}

/// Slashes with a plain lower-case word before the first: `/run/secrets/…`,
/// `secret/data/…`. Random text begins so once in a few thousand.
fn is_wordy_path(value: &[u8]) -> bool {
    let inner = value.strip_prefix(b"/").unwrap_or(value);
    let Some(slash) = memchr::memchr(b'/', inner) else { return false };
    let first = &inner[..slash];
    let least = if inner.len() < value.len() { 3 } else { 4 };
    first.len() >= least
        && first.iter().all(|b| b.is_ascii_lowercase() || matches!(b, b'-' | b'_'))
        && randomness::bits(first) < 3.0
}

/// Identifiers joined by dots, underscores or nothing, as code writes them.
fn reads_as_code(value: &[u8]) -> bool {
    value[0].is_ascii_alphabetic() || value[0] == b'_'
}

/// Query and webhook ids and signatures, which the vendor documents as such,
/// and the digests of nothing.
fn is_other_identifier(value: &[u8]) -> bool {
    let documented_id = [&b"qry_"[..], b"wh_"].iter().any(|prefix| {
        value.strip_prefix(*prefix).is_some_and(|rest| {
            (17..=26).contains(&rest.len())
                && rest.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
        })
    });
    documented_id || is_digest(value) || is_version(value) || is_digest_of_nothing(value)
}

/// A value that says itself which digest it is: `sha256=…`, `sha512-…`, `md5:…`.
fn is_digest(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    [
        &b"sha1"[..],
        b"sha-1",
        b"sha-256",
        b"sha-384",
        b"sha-512",
        b"sha256",
        b"sha384",
        b"sha512",
        b"md5",
        b"blake3",
        b"blake2b",
    ]
    .iter()
    .any(|name| {
        lower.strip_prefix(*name).is_some_and(|rest| {
            rest.len() > 20 && matches!(rest[0], b'=' | b'-' | b'_' | b':' | b'~')
        })
    })
}

fn is_version(value: &[u8]) -> bool {
    let rest = value.strip_prefix(b"v").unwrap_or(value);
    let mut numbers = rest.splitn(3, |b| *b == b'.');
    let is_number = |part: Option<&[u8]>| {
        part.is_some_and(|part| (1..4).contains(&part.len()) && part.iter().all(u8::is_ascii_digit))
    };
    if rest.len() < value.len() && is_number(numbers.next()) && is_number(numbers.next()) {
        return true;
    }
    !rest.is_empty()
        && rest
            .iter()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'/' | b'+'))
        && rest.contains(&b'.')
}

/// MD5, SHA-1 and SHA-256 of the empty string, which stand in many files.
fn is_digest_of_nothing(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    [&b"d41d8cd98f00b204"[..], b"da39a3ee5e6b4b0d", b"e3b0c44298fc1c14"]
        .iter()
        .any(|start| lower.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(value: &str) -> Class {
        classify(value.as_bytes(), Form::Quoted)
    }

    /// Built at run time, so that this file holds no key-like literal.
    fn random(alphabet: &str, length: usize) -> String {
        random_from(&mut 0x9e37_79b9_7f4a_7c15, alphabet, length)
    }

    fn random_from(state: &mut u64, alphabet: &str, length: usize) -> String {
        let bytes = alphabet.as_bytes();
        (0..length)
            .map(|_| {
                *state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                char::from(bytes[(*state >> 33) as usize % bytes.len()])
            })
            .collect()
    }

    const BASE64_URL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const ALNUM: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    #[test]
    fn random_tokens_are_strong_literals() {
        for (alphabet, length) in [
            (ALNUM, 40),
            (ALNUM, 24),
            (ALNUM, 20),
            ("0123456789abcdef", 32),
            ("0123456789abcdef", 64),
            ("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 32),
            ("abcdefghijklmnopqrstuvwxyz0123456789", 32),
            ("abcdefghijklmnopqrstuvwxyz", 40),
        ] {
            let value = random(alphabet, length);
            assert_eq!(class(&value), Class::Literal(Strength::Strong), "{alphabet} {length}");
            assert_eq!(classify(value.as_bytes(), Form::Bare), Class::Literal(Strength::Strong));
            assert_eq!(class(&format!("prod_{value}")), Class::Literal(Strength::Strong));
        }
    }

    /// Some random keys look like words for a while: of 300,000 in a plain file
    /// twelve were taken for code or a mask, and not even counted.
    #[test]
    fn none_of_many_random_keys_is_taken_for_something_else() {
        let mut state = 7;
        let missed = (0..100_000)
            .map(|_| random_from(&mut state, ALNUM, 40))
            .filter(|key| !matches!(classify(key.as_bytes(), Form::Bare), Class::Literal(_)))
            .count();
        assert_eq!(missed, 0);
        // The four of a million that read most like words.
        for (one, other) in [
            ("xboZzUIkeOvCEteFFEyr", "MdeNSHTrExLVeUGek9vD"),
            ("SIlNOAraTH3Xal8AP1hu", "YhMAlyZisEVFaMCaMANA"),
            ("qunJEallLIEZUaACnANp", "ORoR9LsV5JubloHmUM2l"),
            ("KiGiWuiPrrJAEsXBUeda", "MetYCI4XxCBoYndT442N"),
        ] {
            let key = format!("{one}{other}");
            assert_eq!(classify(key.as_bytes(), Form::Bare), Class::Literal(Strength::Fair));
        }
        // One in some ten million has a run that masks have.
        let key = format!("{}{}", "jj2rGDFP0F2xxxxxaqWc", "Ho1h48o9TzoJ5PDTlqUn");
        assert_eq!(classify(key.as_bytes(), Form::Bare), Class::Literal(Strength::Strong));
        for identifier in ["geohashGetDistanceIfInRadiusWGS84", "kCFURLUbiquitousItemIsExcluded"] {
            assert_eq!(classify(identifier.as_bytes(), Form::Bare), Class::Code);
        }
    }

    /// A key that only may be random counts for less, and in documentation or tests
    /// is not shown: of 20,000 random keys 19 were so.
    #[test]
    fn hardly_any_random_key_counts_for_less_than_strong() {
        let mut state = 11;
        for (alphabet, length, most) in [
            (ALNUM, 40, 4),
            (ALNUM, 32, 30),
            (ALNUM, 24, 260),
            (ALNUM, 20, 800),
            (BASE64_URL, 43, 5),
            (BASE64_URL, 24, 450),
            ("0123456789abcdef", 32, 100),
            ("abcdefghijklmnopqrstuvwxyz0123456789", 32, 20),
        ] {
            let weaker = (0..20_000)
                .map(|_| random_from(&mut state, alphabet, length))
                .filter(|key| class(key) != Class::Literal(Strength::Strong))
                .count();
            assert!(weaker <= most, "{weaker} of {length} from {alphabet}");
        }
    }

    /// The names, words and numbers of four large repositories that come nearest to
    /// chance.
    #[test]
    fn names_and_words_are_no_random_keys() {
        for name in [
            "kCFURLUbiquitousItemIsExcludedFromSyncKey",
            "NSURLUbiquitousItemIsExcludedFromSyncKey",
            "geohashCalculateAreasByShapeWGS84",
            "fortios_wireless_controller_hotspot20_h2qp_osu_provider",
            "_AX_CXX_COMPILE_STDCXX_testbody_new_in_17",
            "ax_cxx_compile_cxx17_required",
            "XBS5_LP64_OFF64_LINTFLAGS",
            "windows_x86_64_msvc",
            "x86_pkg_temp_thermal",
            "ec2_vpc_dhcp_option_info",
            "ipv4_mapped_ipv6_address",
            "X509_get_ext_d2i",
            "csISO139CSN369103",
            "ssh_nopipelining_vvvv",
            "20210805T150534Z",
        ] {
            let class = class(name);
            assert_ne!(class, Class::Literal(Strength::Strong), "{name}");
        }
    }

    #[test]
    fn documented_identifiers_and_signatures_are_not_keys() {
        let id = random("abcdefghijklmnopqrstuvwxyz0123456789", 22);
        assert_eq!(class(&format!("qry_{id}")), Class::Other);
        assert_eq!(class(&format!("wh_{id}")), Class::Other);
        assert_eq!(class(&format!("sha256={}", random("0123456789abcdef", 64))), Class::Other);
        assert_eq!(class("d41d8cd98f00b204e9800998ecf8427e"), Class::Other);
    }

    #[test]
    fn what_stands_for_a_key_is_no_key() {
        for value in [
            "YOUR_API_KEY",
            "your-api-key-here",
            "<your key>",
            "xxxxxxxxxxxxxxxxxxxxxxxx",
            "changeme",
            "REDACTED",
            "****************",
            "...",
            "…",
            "example-key-0000",
            "dummy-key-for-tests",
            "abcdefghijklmnopqrstuvwxyz",
            "0123456789abcdef0123456789abcdef",
            "1234567890",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "00000000-0000-0000-0000-000000000000",
            "qwertyuiopasdfghjkl",
            "deadbeefdeadbeefdeadbeef",
            "abc123abc123abc123abc123",
            "TODO",
            "a1b2c3d4e5f6g7h8i9j0",
            "insert-key-here",
            "replace_me_with_a_real_key",
        ] {
            assert_eq!(class(value), Class::Placeholder, "{value}");
        }
    }

    #[test]
    fn references_are_no_keys() {
        for value in [
            "$BITKIT_API_KEY",
            "${BITKIT_API_KEY}",
            "{{ secrets.key }}",
            "$(cat key)",
            "%BITKIT_API_KEY%",
            "op://vault/item/field",
            "vault:secret/bytestack#key",
            "!vault |",
            "ENC[AES256_GCM,data:x]",
            "arn:aws:secretsmanager:eu-west-1:1:secret:x",
            "{{resolve:ssm:key:1}}",
            "#{key}",
            "<%= key %>",
            "process.env.BITKIT_API_KEY",
            "os.environ",
            "@Microsoft.KeyVault(SecretUri=x)",
            "%{key}",
            "secretref:bitkit-key",
            "env(BITKIT_API_KEY)",
            "@@BITKIT_API_KEY@@",
            "env:BITKIT_API_KEY",
        ] {
            assert_eq!(class(value), Class::Reference, "{value}");
        }
    }

    #[test]
    fn bare_words_are_no_literals() {
        for value in [
            "bitkit_settings.api_key",
            "bitkitApiKey",
            "apiKeyFromVaultProvider",
            "get_key_from_store",
        ] {
            let class = classify(value.as_bytes(), Form::Bare);
            assert!(!matches!(class, Class::Literal(_)), "{value}: {class:?}");
        }
        assert_eq!(classify(b"getKey(x)", Form::Bare), Class::Code);
    }
}
