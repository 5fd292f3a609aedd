//! Reads a report back.
//!
//! In: the bytes of a file that anybody may have written. Out: a report of
//! this version, or a refusal that says what is wrong with the bytes.

use serde::Deserialize;

use super::model::{Report, SCHEMA};

/// Why bytes are not a report that this version reads.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Not JSON, or not a whole JSON text.
    #[error("not a report: {}; it must be one written with `--format json`, whole", said(_0))]
    NotJson(serde_json::Error),
    /// JSON without a schema's name.
    #[error("not a report: no `schema` that begins with `keysweep-report/`")]
    NotAReport,
    /// A report of another version.
    #[error(
        "a report of another version, `{}`; this version reads `{SCHEMA}`: scan again, or use the version that wrote it",
        super::inert::visible(found)
    )]
    OtherVersion {
        /// The schema that the report names.
        found: String,
    },
    /// It names this version, but is not what the schema says.
    #[error(
        "a damaged or altered report: {}; compare it with `keysweep report --schema`",
        said(_0)
    )]
    Invalid(serde_json::Error),
}

/// Reads a report from the bytes of its `json` format.
///
/// Unknown fields are refused: whatever wrote them meant something by them
/// that this version would silently drop.
///
/// # Errors
///
/// Where the bytes are no report of this version.
pub fn read(bytes: &[u8]) -> Result<Report, ReadError> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(default)]
        schema: serde_json::Value,
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(ReadError::NotJson)?;
    let named = Named::deserialize(&value).map_err(|_| ReadError::NotAReport)?;
    match named.schema.as_str() {
        Some(SCHEMA) => serde_json::from_slice(bytes).map_err(ReadError::Invalid),
        Some(found) if found.starts_with("keysweep-report/") => {
            Err(ReadError::OtherVersion { found: found.to_owned() })
        }
        _ => Err(ReadError::NotAReport),
    }
}

/// What the parser said, without any value of the file: a message quotes what
/// it met, and whoever names the wrong file may name one that holds a key.
fn said(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let mut told = String::with_capacity(message.len());
    for (at, part) in message.split(['`', '"']).enumerate() {
        let is_field =
            part.len() <= 24 && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        match (at % 2, is_field) {
            (0, _) => told.push_str(part),
            (_, true) => {
                told.push('`');
                told.push_str(part);
                told.push('`');
            }
            (_, false) => told.push('…'),
        }
    }
    super::inert::visible(&told).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_report_is_refused_by_what_is_wrong() {
        assert!(matches!(read(b"{"), Err(ReadError::NotJson(_))));
        assert!(matches!(read(b"[1]"), Err(ReadError::NotAReport)));
        assert!(matches!(read(b"{}"), Err(ReadError::NotAReport)));
        assert!(matches!(read(br#"{"schema":"other/1"}"#), Err(ReadError::NotAReport)));
        assert!(matches!(
            read(br#"{"schema":"keysweep-report/2"}"#),
            Err(ReadError::OtherVersion { .. })
        ));
        assert!(matches!(read(br#"{"schema":"keysweep-report/1"}"#), Err(ReadError::Invalid(_))));
        let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
        assert!(matches!(read(&deep), Err(ReadError::NotJson(_))));
    }

    #[test]
    fn refusal_never_quotes_a_value() {
        let value = ["Zx9", "kQ"].concat().repeat(8);
        let text = format!(r#"{{"schema":"keysweep-report/1","tool":"{value}"}}"#);
        let error = read(text.as_bytes()).unwrap_err().to_string();
        assert!(!error.contains(&value), "{error}");
        let text = r#"{"schema":"keysweep-report/1","surplus":1}"#;
        let error = read(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("`surplus`"), "{error}");
    }
}
