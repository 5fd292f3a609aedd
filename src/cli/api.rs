//! Options of every command that talks to the API, and what they become.
//!
//! In: flags, environment variables and the files that they name. Out: a
//! client, the admin key and the time limits. A scanned repository's
//! configuration has no say in any of them.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use keysweep::detect::value::SHORTEST_KEY_BYTES;
use keysweep::respond::Tempo;
use keysweep::secret::Secret;
use keysweep::source::path::escape;
use keysweep::vendor::{AdminKey, Client, Patience, Profile, Transport};
use keysweep::verify::{read_keys, read_wiped};

use super::output;

/// The largest CA or profile file that is read.
const FILE_LIMIT_BYTES: u64 = 4 << 20;

/// How the API is reached.
#[derive(Debug, Args)]
#[command(next_help_heading = "API")]
pub(crate) struct ApiArgs {
    /// The API's address; https, or plain http to this machine alone
    /// [default: https://api.bytestack.dev/v1].
    #[arg(long, value_name = "URL", env = "KEYSWEEP_API_URL", hide_env_values = true)]
    api_url: Option<String>,

    /// A file that holds the admin key, which revokes keys and shows that the
    /// API still lets a live key in; or set KEYSWEEP_ADMIN_KEY.
    #[arg(long, value_name = "FILE")]
    admin_key_file: Option<PathBuf>,

    /// Reads the leaked keys from standard input, one a line, instead of from
    /// where the report found them.
    #[arg(long)]
    pub(super) keys_stdin: bool,

    /// Certificates in PEM that are trusted besides the system's.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,

    /// Your own settings for the vendor's calls, in TOML. The vendor documents
    /// no call that lists or revokes keys: those built in are assumed.
    #[arg(long, value_name = "FILE")]
    vendor_profile: Option<PathBuf>,

    /// Requests a second at most.
    #[arg(long, value_name = "N", default_value_t = 200,
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,

    /// How long to go on asking: 30s, 10m, 2h.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    timeout: Duration,
}

/// Everything that a command needs to talk to the API.
pub(crate) struct Connection {
    pub(super) client: Client,
    pub(super) admin: Option<AdminKey>,
    pub(super) tempo: Tempo,
    pub(super) patience: Patience,
}

impl ApiArgs {
    /// Reads the files and builds the client; nothing is sent.
    pub(super) fn connect(&self) -> anyhow::Result<Connection> {
        let mut profile = match &self.vendor_profile {
            None => Profile::builtin(),
            Some(path) => {
                let toml = String::from_utf8(read_file(path)?)
                    .with_context(|| format!("{}: not UTF-8", escape(path)))?;
                Profile::with_overrides(&toml).with_context(|| escape(path))?
            }
        };
        if let Some(url) = &self.api_url {
            profile.base_url = url.parse().context("--api-url or KEYSWEEP_API_URL")?;
        }
        let extra_roots_pem = self.ca_file.as_deref().map(read_file).transpose()?;
        let transport = Transport { extra_roots_pem, rate: self.rate, ..Transport::default() };
        let client = Client::new(profile, &transport)?;
        let tempo = Tempo { limit: self.timeout, ..Tempo::default() };
        Ok(Connection { client, admin: self.admin()?, tempo, patience: Patience::default() })
    }

    /// The option that only a command which asks the API has a use for.
    pub(super) fn without_use(&self) -> Option<&'static str> {
        let given = [
            (self.admin_key_file.is_some(), "--admin-key-file"),
            (self.ca_file.is_some(), "--ca-file"),
            (self.vendor_profile.is_some(), "--vendor-profile"),
        ];
        given.into_iter().find_map(|(is_given, option)| is_given.then_some(option))
    }

    fn admin(&self) -> anyhow::Result<Option<AdminKey>> {
        let Some(path) = &self.admin_key_file else {
            let value = std::env::var_os("KEYSWEEP_ADMIN_KEY").unwrap_or_default();
            let bytes = zeroize::Zeroizing::new(value.into_encoded_bytes());
            let key = bytes.trim_ascii();
            return Ok((!key.is_empty()).then(|| AdminKey::new(Secret::new(key))));
        };
        let file = File::open(path).with_context(|| escape(path))?;
        warn_if_open_to_others(path, &file);
        let keys = read_keys(file).with_context(|| escape(path))?;
        match <[Secret; 1]>::try_from(keys) {
            Ok([key]) => Ok(Some(AdminKey::new(key))),
            Err(keys) => {
                bail!(
                    "{}: holds {} lines; an admin key file holds the key alone",
                    escape(path),
                    keys.len()
                )
            }
        }
    }
}

/// Keys from standard input, one a line.
pub(crate) fn keys_from_stdin() -> anyhow::Result<Vec<Secret>> {
    let keys = read_keys(std::io::stdin().lock()).context("standard input")?;
    if keys.is_empty() {
        bail!("standard input holds no key; give one a line");
    }
    Ok(keys)
}

/// Keys from standard input that are searched for by their values.
pub(crate) fn known_keys_from_stdin() -> anyhow::Result<Vec<Secret>> {
    let keys = keys_from_stdin()?;
    if let Some(short) = keys.iter().position(|key| key.len() < SHORTEST_KEY_BYTES) {
        bail!(
            "standard input: key {} is shorter than {SHORTEST_KEY_BYTES} bytes and would be found \
             everywhere; give the whole key",
            short + 1
        );
    }
    Ok(keys)
}

/// A report from standard input.
pub(crate) fn report_from_stdin() -> anyhow::Result<keysweep::report::model::Report> {
    let bytes = read_wiped(std::io::stdin().lock()).context("standard input")?;
    keysweep::report::read(&bytes).context("standard input")
}

fn read_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(|| escape(path))?;
    file.take(FILE_LIMIT_BYTES + 1).read_to_end(&mut bytes).with_context(|| escape(path))?;
    if bytes.len() as u64 > FILE_LIMIT_BYTES {
        bail!("{}: larger than 4 MiB; is it the right file?", escape(path));
    }
    Ok(bytes)
}

#[cfg(unix)]
fn warn_if_open_to_others(path: &Path, file: &File) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata().map_or(0, |metadata| metadata.permissions().mode());
    if mode & 0o077 != 0 {
        output::remark(&format!(
            "{}: others on this machine can open this admin key; `chmod 600` it",
            escape(path)
        ));
    }
}

#[cfg(not(unix))]
fn warn_if_open_to_others(_: &Path, _: &File) {}

/// `30s`, `10m`, `2h`, `500ms`, or seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| "write it as 30s, 10m or 2h".to_owned())?;
    let seconds = |each: u64| number.checked_mul(each).map(Duration::from_secs);
    let duration = match &text[digits.len()..] {
        "ms" => Some(Duration::from_millis(number)),
        "" | "s" => seconds(1),
        "m" => seconds(60),
        "h" => seconds(3600),
        "d" => seconds(86_400),
        _ => return Err("its unit must be ms, s, m, h or d".to_owned()),
    };
    duration
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "too short or too long".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_unit() {
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("10m"), Ok(Duration::from_secs(600)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        for bad in ["", "m", "10 m", "1w", "0s", "-1", "99999999999999999999h"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
