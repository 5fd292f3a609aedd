//! The few facts of a repository's configuration that say how it is stored.
//!
//! In: the bytes of a `config` file. Out: its format version and extensions.
//! Everything else in it is another program's business: includes are not
//! followed and no other key is even kept.

/// What a configuration says of the storage format.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct StorageConfig {
    /// `core.repositoryFormatVersion`.
    pub(crate) version: Option<String>,
    /// `extensions.*`: the key in lower case, and its value.
    pub(crate) extensions: Vec<(String, String)>,
    /// Whether any remote is a promisor, so that objects may be missing by
    /// intention.
    pub(crate) has_promisor: bool,
}

impl StorageConfig {
    /// Reads what concerns storage; lines that are no configuration are passed
    /// over, since nothing else here depends on them.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut config = Self::default();
        let mut section = String::new();
        for line in text.lines() {
            let mut line = line.trim();
            if let Some(rest) = line.strip_prefix('[') {
                let Some((name, rest)) = rest.split_once(']') else { continue };
                section = name.trim().to_ascii_lowercase();
                line = rest.trim();
            }
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            let (key, value) = line.split_once('=').unwrap_or((line, "true"));
            config.note(&section, &key.trim().to_ascii_lowercase(), value);
        }
        config
    }

    fn note(&mut self, section: &str, key: &str, value: &str) {
        let value = value.split(['#', ';']).next().unwrap_or("").trim().trim_matches('"');
        match (section, key) {
            ("core", "repositoryformatversion") => self.version = Some(value.to_owned()),
            ("extensions", _) => self.extensions.push((key.to_owned(), value.to_owned())),
            _ if section.starts_with("remote ") && key == "promisor" => self.has_promisor = true,
            _ => {}
        }
        self.has_promisor |= section == "extensions" && key == "partialclone";
    }

    /// The last value of an extension, as git reads it.
    pub(crate) fn extension(&self, key: &str) -> Option<&str> {
        self.extensions.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_read_whatever_their_case_and_place() {
        let config = StorageConfig::parse(
            b"[core]\n\trepositoryformatversion = 1\n[Extensions] ObjectFormat = \"sha256\"\n\
              # refstorage = files\n\trefStorage=reftable ; x\n[remote \"o\"]\n promisor\n",
        );
        assert_eq!(config.version.as_deref(), Some("1"));
        assert_eq!(config.extension("objectformat"), Some("sha256"));
        assert_eq!(config.extension("refstorage"), Some("reftable"));
        assert!(config.has_promisor);
        assert_eq!(
            StorageConfig::parse(b"\xff[[[\n=\n]"),
            StorageConfig { extensions: vec![], ..StorageConfig::default() }
        );
    }
}
