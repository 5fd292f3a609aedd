//! The words that say what a name holds besides a key.
//!
//! In: one lower-case word of a name. Out: what it makes of the name. Knows
//! nothing of where the word stands.

/// After the noun: the value identifies, digests or seals a key.
#[rustfmt::skip]
const IDENTIFIERS: [&str; 64] = [
    "id", "ids", "hash", "hashed", "digest", "checksum", "fingerprint", "sha", "sha1", "sha256",
    "md5", "arn", "version", "lease", "payload", "ciphertext", "uuid", "regex", "pattern", "etag",
    "encrypted", "sha512", "salt", "nonce", "revision", "rev", "kid", "owner", "commit", "trace",
    "crc", "crc32", "tag", "fp", "change", "enc", "sealed", "cipher", "js", "ts", "jsx", "tsx",
    "go", "py", "rb", "rs", "java", "kt", "css", "html", "json", "yml", "yaml", "png", "svg",
    "zip", "tgz", "lock", "map", "exe", "php", "tar", "gz", "txt",
];

/// After the noun: the value describes a key, its place or its handling.
#[rustfmt::skip]
const DESCRIPTIONS: [&str; 68] = [
    "url", "uri", "endpoint", "host", "file", "filename", "path", "dir", "name", "names",
    "header", "headers", "length", "len", "size", "hashes", "prefix", "suffix", "regexp",
    "format", "ttl", "enabled", "disabled", "rotation", "rotated", "days", "expiry", "expires",
    "expiration", "type", "types", "placeholder", "description", "desc", "label", "title", "hint",
    "message", "error", "errors", "required", "optional", "count", "limit", "index", "region",
    "status", "docs", "doc", "help", "link", "ref", "provider", "issuer", "last4", "masked",
    "valid", "variable", "field", "param", "parameter", "column", "command", "cmd",
    "credential_id", "changed", "created", "updated",
];

/// Anywhere after the vendor: the value is no key, though the noun alone says nothing.
#[rustfmt::skip]
const ANYWHERE_IDENTIFIERS: [&str; 3] = [
    "rotate", "revoke", "list",
];

/// Before the noun: the name is about keys, not one.
#[rustfmt::skip]
const NEGATIONS: [&str; 15] = [
    "no", "has", "is", "missing", "invalid", "validate", "hash", "mask", "redact", "encrypted",
    "rotate", "revoke", "delete", "list", "check",
];

/// Just before the noun: a key or token that opens nothing.
#[rustfmt::skip]
const OTHER_KEYS: [&str; 20] = [
    "cache", "page", "sort", "partition", "primary", "foreign", "object", "idempotency",
    "storage", "row", "public", "lookup", "pagination", "continuation", "next", "csrf", "xsrf",
    "map", "publishable", "index",
];

/// Between the vendor and the noun: the key is another vendor's.
///
/// Left out are those whose names say where a key is used as well: clouds and
/// hosts such as `azure`, `gcp` and `vercel`.
#[rustfmt::skip]
const OTHER_VENDORS: [&str; 74] = [
    "stripe", "sendgrid", "twilio", "openai", "anthropic", "github", "gitlab", "bitbucket",
    "slack", "datadog", "sentry", "mailgun", "mailchimp", "mailjet", "postmark",
    "mapbox", "algolia", "firebase", "cloudflare", "npm", "pypi", "dockerhub", "jira",
    "atlassian", "okta", "auth0", "paypal", "braintree", "adyen", "shopify", "hubspot",
    "intercom", "zendesk", "newrelic", "pagerduty", "opsgenie", "mixpanel", "amplitude",
    "posthog", "launchdarkly", "snowflake", "databricks", "huggingface", "cohere", "mistral",
    "deepl", "telegram", "discord", "facebook", "twitter", "linkedin", "airtable", "notion",
    "asana", "trello", "contentful", "supabase", "salesforce", "dropbox", "figma", "grafana",
    "honeycomb", "rollbar", "bugsnag", "codecov", "sonarqube", "snyk", "artifactory", "quay",
    "sonatype", "elevenlabs", "pinecone", "recaptcha", "hcaptcha",
];

/// Whether a word after the noun says that the name holds something else.
pub(super) fn holds_something_else(word: &str) -> bool {
    IDENTIFIERS.contains(&word) || DESCRIPTIONS.contains(&word)
}

/// Whether a word says that even a random value is no key.
pub(super) fn identifies(word: &str) -> bool {
    IDENTIFIERS.contains(&word) || ANYWHERE_IDENTIFIERS.contains(&word)
}

/// Whether a word before the noun says that the name is about keys.
pub(super) fn negates(word: &str) -> bool {
    NEGATIONS.contains(&word)
}

/// Whether a word makes the noun that follows it another kind of key.
pub(super) fn qualifies_another_key(word: &str) -> bool {
    OTHER_KEYS.contains(&word)
}

/// Whether a word between the vendor's and the noun is another vendor's.
pub(super) fn names_another_vendor(word: &str) -> bool {
    OTHER_VENDORS.contains(&word)
}
