//! Runs the built program in a scrubbed environment.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use keysweep::secret::Secret;

/// What a run printed and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn text(key: &Secret) -> String {
    String::from_utf8(key.expose().to_vec()).unwrap()
}

pub(crate) fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keysweep"));
    command
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("HOME", directory)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub(crate) fn finish(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn run(directory: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let mut command = command(directory, arguments);
    command.envs(environment.iter().copied());
    finish(command.output().unwrap())
}

pub(crate) fn run_with_input(
    directory: &Path,
    arguments: &[&str],
    environment: &[(&str, &str)],
    input: &str,
) -> Ran {
    let mut command = command(directory, arguments);
    let mut child =
        command.envs(environment.iter().copied()).stdin(Stdio::piped()).spawn().unwrap();
    // A program that refuses early closes its end.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    finish(child.wait_with_output().unwrap())
}

/// Every spelling in which a key could slip out.
pub(crate) fn spellings(key: &Secret) -> Vec<Vec<u8>> {
    let bytes = key.expose();
    let reversed: Vec<u8> = bytes.iter().rev().copied().collect();
    let wide: Vec<u8> = bytes.iter().flat_map(|byte| [*byte, 0]).collect();
    let percent: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
    let mut spellings = vec![bytes.to_vec(), reversed, wide, percent.into_bytes()];
    spellings.push(data_encoding::HEXLOWER.encode(bytes).into_bytes());
    spellings.push(data_encoding::HEXUPPER.encode(bytes).into_bytes());
    // Base64 of a longer text holds one of three shifted encodings of the key;
    // the characters that depend on neighbours are cut off.
    for shift in 0..3 {
        let padded = [vec![0; shift], bytes.to_vec()].concat();
        let encoded = data_encoding::BASE64_NOPAD.encode(&padded);
        let inner = &encoded[if shift == 0 { 0 } else { 4 }..encoded.len() - 3];
        spellings.push(inner.as_bytes().to_vec());
        spellings.push(inner.replace('+', "-").replace('/', "_").into_bytes());
    }
    // Half a key is a leak too.
    spellings.push(bytes[..bytes.len() / 2].to_vec());
    spellings.push(bytes[bytes.len() / 2..].to_vec());
    spellings
}

pub(crate) fn assert_no_key(what: &str, bytes: &[u8], keys: &[&Secret]) {
    for key in keys {
        for spelling in spellings(key) {
            let found = bytes.windows(spelling.len()).position(|window| window == spelling);
            assert_eq!(found, None, "{what} holds a key ({} of it)", spelling.len());
        }
    }
}

/// Looks into every file below a directory but those named.
pub(crate) fn assert_no_key_below(directory: &Path, but: &[&Path], keys: &[&Secret]) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if but.contains(&path.as_path()) {
            continue;
        }
        if path.is_dir() {
            assert_no_key_below(&path, but, keys);
        } else {
            assert_no_key(&path.display().to_string(), &std::fs::read(&path).unwrap(), keys);
        }
    }
}
