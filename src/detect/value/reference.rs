//! Recognises values that name where a secret is kept.
//!
//! In: a value. Out: whether it is a look-up, an interpolation, a vault's
//! address or ciphertext. The syntaxes are those of the tools named beside
//! each list.

/// Interpolations: shells, Jinja, Helm, ERB, Ruby, Terraform, Spring, MSBuild,
/// Azure Pipelines, Puppet, Thymeleaf, `envsubst`.
const MARKS: [&[u8]; 12] =
    [b"${", b"{{", b"$(", b"<%", b"#{", b"%{", b"$[", b"@@", b"$env:", b"*{", b"[[", b"{%"];

/// Beginnings that name a store: 1Password, HashiCorp Vault, Doppler, Berglas,
/// helm-secrets and vals (`ref+`), AWS, Google, Azure, Heroku, sops, git-crypt,
/// ansible-vault, Jasypt, Rails, Pulumi, Docker, Kubernetes, Infisical, Bitwarden.
const STARTS: [&str; 61] = [
    "op://",
    "vault:",
    "vault(",
    "doppler:",
    "berglas://",
    "ref+",
    "arn:",
    "ssm:",
    "ssm://",
    "/ssm/",
    "awssm:",
    "awssm://",
    "secretsmanager:",
    "asm:",
    "sm://",
    "gcpsm:",
    "gcp:",
    "projects/",
    "akv:",
    "@microsoft.keyvault",
    "azurekeyvault",
    "keyvault:",
    "keyring:",
    "keychain:",
    "secret:",
    "secrets.",
    "secretref:",
    "secret://",
    "secrets/",
    "secretkeyref",
    "valuefrom",
    "env:",
    "env.",
    "env(",
    "env[",
    "env/",
    "environ",
    "process.env",
    "import.meta.env",
    "os.environ",
    "os.getenv",
    "system.getenv",
    "enc[",
    "enc(",
    "enc:",
    "{cipher}",
    "{aes}",
    "$ansible_vault",
    "!vault",
    "!secret",
    "!sub",
    "!ref",
    "!getatt",
    "!env",
    "age-encryption.org",
    "-----begin",
    "file:",
    "file(",
    "bws://",
    "infisical:",
    "resolve:",
];

/// How the ciphertexts of well-known tools begin: AWS KMS, Google Cloud KMS,
/// OpenSSL `enc`, Fernet, Sealed Secrets, age, PGP messages.
const CIPHER_STARTS: [&[u8]; 16] = [
    b"01000000d08c9ddf",
    b"AQAAANCMnd8",
    b"76492d1116743f04",
    b"eyJpdiI6",
    b"eyJ2Ijoi",
    b"AYAD",
    b"AQICAH",
    b"AQECAH",
    b"CiQA",
    b"CiUA",
    b"U2FsdGVkX1",
    b"gAAAAA",
    b"AgA",
    b"AgB",
    b"YWdlLWVuY3J5",
    b"hQ",
];
/// The shortest ciphertext of those tools, in bytes.
const SHORTEST_CIPHERTEXT_BYTES: usize = 72;

/// Whether the value refers to a secret that is kept elsewhere, or is its
/// ciphertext.
#[must_use]
pub(super) fn is_reference(value: &[u8]) -> bool {
    let is_ciphertext = value.len() >= SHORTEST_CIPHERTEXT_BYTES
        && CIPHER_STARTS.iter().any(|start| value.starts_with(start));
    is_ciphertext
        || is_encrypted_token(value)
        || is_variable(value)
        || MARKS.iter().any(|mark| memchr::memmem::find(value, mark).is_some())
        || starts_with_store(value)
        || is_scoped_name(value)
}

/// Whether the value is a store's address or ciphertext, of which nothing in
/// the same file tells more.
#[must_use]
pub(super) fn names_store(value: &[u8]) -> bool {
    let is_local = [&b"env:"[..], b"env.", b"!sub", b"!ref", b"file("]
        .iter()
        .any(|start| value.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start)));
    starts_with_store(value) && !is_local
}

fn starts_with_store(value: &[u8]) -> bool {
    STARTS.iter().any(|start| {
        value.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
    })
}

/// Rails' message encryptor (three base64 parts joined by `--`), JWE in compact
/// form (RFC 7516: five parts joined by dots) and age (58 characters of Bech32
/// after `age1`; a random key may begin so too, and is shorter).
fn is_encrypted_token(value: &[u8]) -> bool {
    let is_rails = value.len() > 60 && memchr::memmem::find_iter(value, b"--").count() == 2;
    let is_jwe = value.starts_with(b"eyJ") && value.iter().filter(|b| **b == b'.').count() == 4;
    let is_age = value.len() > 60 && value.starts_with(b"age1");
    is_rails || is_jwe || is_age
}

/// `$NAME`, `%NAME%`, `@NAME@`, `:name`, `__NAME__`, `&name`, `*name`.
fn is_variable(value: &[u8]) -> bool {
    let is_name = |name: &[u8]| {
        !name.is_empty()
            && name.iter().all(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'-')
            })
            && !name[0].is_ascii_digit()
    };
    match value {
        [b'$' | b'*' | b'&', rest @ ..] => is_name(rest.strip_prefix(b"$").unwrap_or(rest)),
        [b'%', rest @ .., b'%'] | [b'@', rest @ .., b'@'] | [b'!', rest @ .., b'!'] => {
            is_name(rest)
        }
        [b'_', b'_', rest @ .., b'_', b'_'] => is_name(rest),
        [b':', rest @ ..] => is_name(rest),
        _ => false,
    }
}

/// `var.key`, `local.key`, `params.key`, `this.key`, `self.key`, `config.key`:
/// a scope and a plain name.
fn is_scoped_name(value: &[u8]) -> bool {
    const SCOPES: [&str; 20] = [
        "var", "local", "data", "params", "inputs", "outputs", "this", "self", "config", "cfg",
        "settings", "secrets", "vars", "values", "stage", "steps", "context", "props", "options",
        "args",
    ];
    let Some(dot) = memchr::memchr(b'.', value) else { return false };
    let (scope, name) = (&value[..dot], &value[dot + 1..]);
    SCOPES.iter().any(|known| scope.eq_ignore_ascii_case(known.as_bytes()))
        && name.iter().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'.' | b'-'))
}
