//! Signatures in the SSH signature format, namespace `keysweep-audit`.
//!
//! In: a manifest and a key of the operator's. Out: what `ssh-keygen -Y verify`
//! accepts, and the same check made here. Ed25519 and ECDSA keys sign from
//! their files; RSA keys, encrypted keys and keys in hardware through
//! `ssh-agent`, so that no passphrase and no RSA secret is handled here. So do
//! keys that `ssh-key` does not read: it refuses a number of fewer than 32
//! bytes, which one ECDSA key of 256 has.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use ring::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512, RsaPublicKeyComponents,
};
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey, PublicKey, Signature, SshSig};
use zeroize::Zeroizing;

use super::agent;

/// The namespace: a signature made for anything else does not fit an audit.
pub const NAMESPACE: &str = "keysweep-audit";

/// How the file of an OpenSSH private key begins.
const PRIVATE_KEY: &[u8] = b"-----BEGIN OPENSSH PRIVATE KEY-----";

/// Why an audit cannot be signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The key's file cannot be read.
    #[error("{}: the signing key cannot be read: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds no key that is known.
    #[error(
        "{}: no OpenSSH key; for a key in another format, in hardware or in an agent name its \
         public half (`….pub`) and add it to ssh-agent",
        path.display()
    )]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
    /// The file begins as an OpenSSH private key, is none that is read here, and
    /// its public half is not beside it.
    #[error(
        "{}: this OpenSSH private key is damaged, or has a form that is not read here (one ECDSA \
         key of 256); add it to ssh-agent and put its public half beside it as {}.pub",
        path.display(),
        path.display()
    )]
    Unread {
        /// The file.
        path: PathBuf,
    },
    /// The key needs an agent, and there is none.
    #[error(
        "{}: this key signs through ssh-agent alone (it is encrypted, RSA, in hardware, of a form \
         that is not read here, or only its public half), and SSH_AUTH_SOCK names no agent",
        path.display()
    )]
    NoAgent {
        /// The file.
        path: PathBuf,
    },
    /// The key did not sign.
    #[error("the audit was not signed: {0}")]
    Refused(String),
}

/// A key that signs.
#[derive(Debug)]
pub struct Signer {
    public: PublicKey,
    holder: Holder,
}

/// Where the private half is.
enum Holder {
    File(Box<PrivateKey>),
    Agent(PathBuf),
}

impl std::fmt::Debug for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::File(_) => "File(..)",
            Self::Agent(_) => "Agent(..)",
        })
    }
}

impl Signer {
    /// Takes the key in a file, private or public; `agent` is where
    /// `SSH_AUTH_SOCK` points, for keys that sign through it. Of a private key
    /// that cannot be read here the public half is taken from the file beside it,
    /// as `ssh-keygen` leaves it there.
    ///
    /// # Errors
    ///
    /// Where the file holds no key, or the key needs an agent and there is
    /// none. Nothing is asked of the agent yet.
    pub fn open(path: &Path, agent: Option<&Path>) -> Result<Self, SignError> {
        let bytes = Zeroizing::new(
            std::fs::read(path)
                .map_err(|source| SignError::Io { path: path.to_owned(), source })?,
        );
        let through_agent = |public: PublicKey| match agent {
            Some(agent) => Ok(Self { public, holder: Holder::Agent(agent.to_owned()) }),
            None => Err(SignError::NoAgent { path: path.to_owned() }),
        };
        if let Ok(private) = PrivateKey::from_openssh(bytes.as_slice()) {
            let public = private.public_key().clone();
            let signs = matches!(private.algorithm(), Algorithm::Ed25519 | Algorithm::Ecdsa { .. });
            return if signs && !private.is_encrypted() {
                Ok(Self { public, holder: Holder::File(Box::new(private)) })
            } else {
                through_agent(public)
            };
        }
        if bytes.trim_ascii_start().starts_with(PRIVATE_KEY) {
            let mut beside = path.as_os_str().to_owned();
            beside.push(".pub");
            return std::fs::read(beside)
                .ok()
                .and_then(|bytes| public_key(&bytes))
                .map_or_else(|| Err(SignError::Unread { path: path.to_owned() }), through_agent);
        }
        public_key(&bytes)
            .map_or_else(|| Err(SignError::NotAKey { path: path.to_owned() }), through_agent)
    }

    /// The key's fingerprint, `SHA256:…`, as `ssh-keygen -l` prints it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.public.fingerprint(HashAlg::Sha256).to_string()
    }

    /// Signs a manifest.
    ///
    /// # Errors
    ///
    /// Where the agent declines, or what it answers does not verify.
    pub fn sign(&self, manifest: &[u8]) -> Result<String, SignError> {
        let refused = |why: &str| SignError::Refused(why.to_owned());
        let signature = match &self.holder {
            Holder::File(key) => key
                .sign(NAMESPACE, HashAlg::Sha512, manifest)
                .map_err(|_| refused("the key does not sign"))?,
            Holder::Agent(socket) => {
                let message = SshSig::signed_data(NAMESPACE, HashAlg::Sha512, manifest)
                    .map_err(|_| refused("the manifest cannot be encoded"))?;
                let signature = agent::sign(socket, self.public.key_data(), &message)
                    .map_err(SignError::Refused)?;
                let key = self.public.key_data().clone();
                SshSig::new(key, NAMESPACE, HashAlg::Sha512, signature)
                    .map_err(|_| refused("the agent's signature is of no known form"))?
            }
        };
        let text = signature
            .to_pem(LineEnding::LF)
            .map_err(|_| refused("the signature cannot be encoded"))?;
        let text = if text.ends_with('\n') { text } else { format!("{text}\n") };
        verify(manifest, text.as_bytes()).map_err(SignError::Refused)?;
        Ok(text)
    }
}

/// The public key that is a file's text.
fn public_key(bytes: &[u8]) -> Option<PublicKey> {
    PublicKey::from_openssh(std::str::from_utf8(bytes).ok()?.trim()).ok()
}

/// The key that made a signature.
pub(super) struct SigningKey {
    /// Its fingerprint, `SHA256:…`.
    pub(super) fingerprint: String,
    /// The key.
    pub(super) key: KeyData,
}

/// Checks a signature over a manifest against the key that it names.
pub(super) fn verify(manifest: &[u8], signature: &[u8]) -> Result<SigningKey, String> {
    let changed = || "changed: it is no SSH signature as one is written".to_owned();
    let parsed = SshSig::from_pem(signature).map_err(|_| changed())?;
    // The armour has one way to be written; a byte of it that means nothing is
    // a byte that was changed.
    let canonical = parsed.to_pem(LineEnding::LF).map_err(|_| changed())?;
    if canonical.trim_end().as_bytes() != signature.strip_suffix(b"\n").unwrap_or(signature) {
        return Err(changed());
    }
    if parsed.namespace() != NAMESPACE {
        return Err(format!("made for another purpose than `{NAMESPACE}`"));
    }
    let key = parsed.public_key().clone();
    let fits = if let KeyData::Rsa(_) = key {
        verify_rsa(&key, &parsed, manifest)
    } else {
        PublicKey::from(key.clone()).verify(NAMESPACE, manifest, &parsed).is_ok()
    };
    if !fits {
        return Err("does not fit: it or MANIFEST was changed".to_owned());
    }
    let fingerprint = PublicKey::from(key.clone()).fingerprint(HashAlg::Sha256).to_string();
    Ok(SigningKey { fingerprint, key })
}

/// `ssh-key` checks RSA through a crate with an open advisory against its
/// private-key half; the TLS library, which is linked anyway, does it instead.
fn verify_rsa(key: &KeyData, signature: &SshSig, manifest: &[u8]) -> bool {
    let KeyData::Rsa(rsa) = key else { return false };
    let (Some(n), Some(e)) = (rsa.n().as_positive_bytes(), rsa.e().as_positive_bytes()) else {
        return false;
    };
    let made: &Signature = signature.signature();
    let algorithm = match made.algorithm() {
        Algorithm::Rsa { hash: Some(HashAlg::Sha512) } => &RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Rsa { hash: Some(HashAlg::Sha256) } => &RSA_PKCS1_2048_8192_SHA256,
        _ => return false,
    };
    SshSig::signed_data(NAMESPACE, signature.hash_alg(), manifest).is_ok_and(|message| {
        RsaPublicKeyComponents { n, e }.verify(algorithm, &message, made.as_bytes()).is_ok()
    })
}

/// Why a file does not say which keys to trust.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// The file cannot be read.
    #[error("{}: the keys to be trusted cannot be read: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is neither a public key nor a plain line of an `allowed_signers`
    /// file.
    #[error(
        "{}: line {line}: {why}; for anything but public keys use `ssh-keygen -Y verify -f {}`",
        path.display(),
        path.display()
    )]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// The keys that whoever checks an audit trusts.
#[derive(Debug, Clone)]
pub struct TrustedKeys(BTreeSet<KeyData>);

impl TrustedKeys {
    /// Reads public keys, one a line, or an `allowed_signers` file whose lines
    /// have no option but `namespaces`.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read, holds no key, or says more than this
    /// understands: a condition that is overlooked would trust too much.
    pub fn open(path: &Path) -> Result<Self, TrustError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| TrustError::Io { path: path.to_owned(), source })?;
        let mut keys = BTreeSet::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let bad = |why| TrustError::Line { path: path.to_owned(), line: at + 1, why };
            keys.extend(trusted_key(line).map_err(bad)?);
        }
        if keys.is_empty() {
            return Err(TrustError::Line { path: path.to_owned(), line: 1, why: "no public key" });
        }
        Ok(Self(keys))
    }

    /// Whether a key is among them.
    pub(super) fn holds(&self, key: &KeyData) -> bool {
        self.0.contains(key)
    }
}

/// The key of a line; `None` where the line is for other namespaces.
fn trusted_key(line: &str) -> Result<Option<KeyData>, &'static str> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_type =
        |word: &&str| ["ssh-", "ecdsa-sha2-", "sk-"].iter().any(|start| word.starts_with(start));
    let at = words.iter().position(is_type).ok_or("no public key")?;
    let options = match &words[..at] {
        [] | [_] => None,
        [_, options] => Some(*options),
        _ => return Err("more options than are understood here"),
    };
    if let Some(options) = options {
        let namespaces = options
            .strip_prefix("namespaces=\"")
            .and_then(|rest| rest.strip_suffix('"'))
            .filter(|rest| !rest.contains(['"', '*', '?', '!']))
            .ok_or("an option that is not understood here")?;
        if !namespaces.split(',').any(|name| name == NAMESPACE) {
            return Ok(None);
        }
    }
    PublicKey::from_openssh(&words[at..].join(" "))
        .map(|key| Some(key.key_data().clone()))
        .map_err(|_| "a damaged public key")
}
