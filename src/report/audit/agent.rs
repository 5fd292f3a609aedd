//! Asks an `ssh-agent` for a signature.
//!
//! In: a public key and bytes. Out: the agent's signature. The private key
//! stays where it is, in the agent or on its hardware. The protocol is
//! draft-ietf-sshm-ssh-agent, of which this knows one request.

use std::io::{self, Read, Write};
use std::path::Path;

use ssh_key::public::KeyData;
use ssh_key::{Algorithm, Signature};

const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;

/// Asks for `rsa-sha2-512`; without it an RSA key would answer with SHA-1.
const RSA_SHA2_512: u32 = 4;

/// The longest answer that is read; a signature takes hundreds of bytes.
const MAX_ANSWER_BYTES: u32 = 64 * 1024;

/// Signs `message` with the private half of `key`, which the agent at `socket`
/// holds; waits for as long as its holder takes to touch a hardware key.
pub(super) fn sign(socket: &Path, key: &KeyData, message: &[u8]) -> Result<Signature, String> {
    let blob = ssh_key::PublicKey::from(key.clone())
        .to_bytes()
        .map_err(|_| "the public key cannot be encoded".to_owned())?;
    let flags = if matches!(key.algorithm(), Algorithm::Rsa { .. }) { RSA_SHA2_512 } else { 0 };
    let mut request = vec![SIGN_REQUEST];
    put_string(&mut request, &blob);
    put_string(&mut request, message);
    request.extend(flags.to_be_bytes());
    let answer = exchange(socket, &request)
        .map_err(|error| format!("the ssh-agent at {}: {error}", socket.display()))?;
    let signature = match answer.split_first() {
        Some((&SIGN_RESPONSE, rest)) => string(rest),
        _ => return Err("the ssh-agent holds no such key, or its use was declined".to_owned()),
    };
    signature
        .and_then(|bytes| Signature::try_from(bytes).ok())
        .ok_or_else(|| "the ssh-agent answered with something that is no signature".to_owned())
}

fn exchange(socket: &Path, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = connect(socket)?;
    let mut framed = Vec::with_capacity(request.len() + 4);
    put_string(&mut framed, request);
    stream.write_all(&framed)?;
    stream.flush()?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length);
    if length > MAX_ANSWER_BYTES {
        return Err(io::Error::other("it answered with more than a signature"));
    }
    let mut answer = vec![0; length as usize];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

#[cfg(unix)]
fn connect(socket: &Path) -> io::Result<std::os::unix::net::UnixStream> {
    std::os::unix::net::UnixStream::connect(socket)
}

/// On Windows the agent listens on a named pipe, which opens like a file.
#[cfg(not(unix))]
fn connect(socket: &Path) -> io::Result<std::fs::File> {
    std::fs::OpenOptions::new().read(true).write(true).open(socket)
}

fn put_string(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).expect("keys and signed data are short");
    out.extend(length.to_be_bytes());
    out.extend(bytes);
}

fn string(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.get(..u32::from_be_bytes(*length) as usize)
}
