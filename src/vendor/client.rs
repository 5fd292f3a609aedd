//! The only HTTP client: the only place from which a key leaves.
//!
//! In: an address, the operator's CA and limits, and one key a request. Out: one
//! answer or one [`VendorError`]. Each call sends exactly one request; whether
//! it is sent again is decided by those who journal it. Redirects are never
//! followed, bodies are bounded, and no error holds a key.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Certificate, Method, Url};
use serde::Serialize;
use zeroize::Zeroizing;

use super::listing::read_page;
use super::{Answer, ApiUrl, Deadline, KeyId, ListedKey, Pace, Profile, Revocation, VendorError};
use crate::secret::Secret;

/// The largest answer that is read.
const BODY_LIMIT_BYTES: usize = 1 << 20;

/// The longest key that is sent: servers refuse longer header lines, and such
/// a refusal would be about the header, not about the key.
const KEY_LIMIT_BYTES: usize = 4096;

/// The most pages of a listing that are read.
const PAGE_LIMIT: usize = 1000;

/// The operator's own key for key management.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminKey(Secret);

impl AdminKey {
    /// Takes the admin key.
    #[must_use]
    pub fn new(secret: Secret) -> Self {
        Self(secret)
    }

    /// The key, to be compared with leaked ones and to be asked about.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.0
    }
}

/// How the client reaches the API; nothing in here can weaken TLS.
#[derive(Debug, Clone)]
pub struct Transport {
    /// Certificates in PEM that are trusted beside the system's.
    pub extra_roots_pem: Option<Vec<u8>>,
    /// The time allowed for a connection.
    pub connect_timeout: Duration,
    /// The time allowed for one whole exchange.
    pub request_timeout: Duration,
    /// Requests a second.
    pub rate: u32,
}

impl Default for Transport {
    fn default() -> Self {
        Self {
            extra_roots_pem: None,
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(20),
            rate: 200,
        }
    }
}

/// Asks one vendor's API.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    api: ApiUrl,
    profile: Profile,
    pace: Pace,
}

/// What came back, before its meaning.
struct Exchange {
    status: u16,
    body: Zeroizing<Vec<u8>>,
}

/// Who is asked about a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listing {
    /// Every key that the API lists.
    Keys(Vec<ListedKey>),
    /// This API lists no keys.
    NotOffered {
        /// The status that says so.
        status: u16,
    },
    /// The admin key is refused.
    AdminRefused {
        /// The status that says so.
        status: u16,
    },
}

#[derive(Serialize)]
struct RevokeByValue<'a> {
    key: &'a str,
    reason: &'a str,
}

impl Client {
    /// Builds the client; nothing is sent.
    ///
    /// # Errors
    /// Where the CA file holds no certificate or encryption cannot be set up.
    pub fn new(profile: Profile, transport: &Transport) -> Result<Self, VendorError> {
        // Installed once a process; a second call finds it there already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let api = profile.base_url.clone();
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .user_agent(concat!("keysweep/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(transport.connect_timeout)
            .timeout(transport.request_timeout)
            .https_only(!api.is_plain());
        if api.is_loopback() {
            builder = builder.no_proxy();
        }
        if let Some((name, addresses)) = api.pinned() {
            builder = builder.resolve_to_addrs(name, &addresses);
        }
        if api.is_plain() {
            // Loads no certificates, and so needs none on the machine.
            builder = builder.tls_certs_only(Vec::new());
        } else if let Some(pem) = &transport.extra_roots_pem {
            builder = builder.tls_certs_merge(certificates(pem)?);
        }
        let http = builder.build().map_err(|error| match VendorError::from_transport(error) {
            VendorError::Broken(why) => VendorError::Tls(why),
            other => other,
        })?;
        Ok(Self { http, api, profile, pace: Pace::per_second(transport.rate) })
    }

    /// The profile in force.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// What a probe asks, for evidence: the method and the URL.
    #[must_use]
    pub fn probe_endpoint(&self) -> String {
        format!("GET {}", self.api.call(&self.profile.calls.probe))
    }

    /// What a revocation by value asks.
    #[must_use]
    pub fn revoke_by_value_endpoint(&self) -> String {
        format!("POST {}", self.api.call(&self.profile.calls.revoke_by_value))
    }

    /// What a listing asks.
    #[must_use]
    pub fn list_endpoint(&self) -> String {
        format!("GET {}", self.api.call(&self.profile.calls.list))
    }

    /// What a revocation by id asks.
    #[must_use]
    pub fn revoke_by_id_endpoint(&self, id: &KeyId) -> String {
        format!("DELETE {}", self.by_id_url(id))
    }

    /// Asks with the key itself, once.
    ///
    /// # Errors
    /// Where the answer says nothing about the key.
    pub async fn probe(&self, key: &Secret, deadline: Deadline) -> Result<Answer, VendorError> {
        let url = self.api.call(&self.profile.calls.probe);
        let exchange = self.send(Method::GET, url, key, None, deadline).await?;
        if exchange.status >= 500 {
            return Err(VendorError::Unavailable { status: exchange.status, retry_after: None });
        }
        Answer::of(exchange.status, &self.profile)
    }

    /// Asks once to revoke the key that the body names.
    ///
    /// # Errors
    /// Where it is not known whether the request had an effect, but for
    /// [`VendorError::had_no_effect`].
    pub async fn revoke_by_value(
        &self,
        admin: &AdminKey,
        key: &Secret,
        deadline: Deadline,
    ) -> Result<Revocation, VendorError> {
        let value = sendable(key)?;
        let request = RevokeByValue { key: value, reason: &self.profile.calls.reason };
        // Sized so that the body never moves and leaves a copy behind.
        let mut body = Zeroizing::new(Vec::with_capacity(6 * KEY_LIMIT_BYTES + 1024));
        serde_json::to_writer(&mut *body, &request)
            .map_err(|_| VendorError::NotSendable("it cannot be written as JSON"))?;
        let url = self.api.call(&self.profile.calls.revoke_by_value);
        let exchange = self.send(Method::POST, url, &admin.0, Some(body), deadline).await?;
        Revocation::by_value(exchange.status, &exchange.body, &[key, &admin.0])
    }

    /// Asks once to revoke the key of this id; the answer is told without
    /// `key`.
    ///
    /// # Errors
    /// As for [`Client::revoke_by_value`].
    pub async fn revoke_by_id(
        &self,
        admin: &AdminKey,
        key: &Secret,
        id: &KeyId,
        deadline: Deadline,
    ) -> Result<Revocation, VendorError> {
        let exchange =
            self.send(Method::DELETE, self.by_id_url(id), &admin.0, None, deadline).await?;
        Revocation::by_id(exchange.status, &exchange.body, &[key, &admin.0])
    }

    /// Reads one page of the account's keys; `cursor` is that of the page
    /// before.
    ///
    /// # Errors
    /// Where no page came, or one that the contract does not know.
    pub async fn list_page(
        &self,
        admin: &AdminKey,
        cursor: Option<&str>,
        deadline: Deadline,
    ) -> Result<(Listing, Option<String>), VendorError> {
        let mut url = self.api.call(&self.profile.calls.list);
        if let Some(cursor) = cursor {
            url.query_pairs_mut().append_pair("cursor", cursor);
        }
        let exchange = self.send(Method::GET, url, &admin.0, None, deadline).await?;
        let status = exchange.status;
        match status {
            200 => {
                let (keys, next) = read_page(&exchange.body, &[&admin.0])?;
                Ok((Listing::Keys(keys), next))
            }
            401 | 403 => Ok((Listing::AdminRefused { status }, None)),
            404 | 405 | 501 => Ok((Listing::NotOffered { status }, None)),
            _ => Err(VendorError::Unexpected { status }),
        }
    }

    /// How many pages of a listing are read before it is called endless.
    #[must_use]
    pub const fn page_limit() -> usize {
        PAGE_LIMIT
    }

    fn by_id_url(&self, id: &KeyId) -> Url {
        self.api.call(&format!("{}/{id}", self.profile.calls.revoke_by_id.trim_end_matches('/')))
    }

    async fn send(
        &self,
        method: Method,
        url: Url,
        bearer: &Secret,
        body: Option<Zeroizing<Vec<u8>>>,
        deadline: Deadline,
    ) -> Result<Exchange, VendorError> {
        let authorization = authorization(bearer)?;
        self.pace.admit(deadline).await?;
        let mut request = self
            .http
            .request(method, url)
            .header(AUTHORIZATION, authorization)
            .header(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(body) = body {
            request = request
                .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
                .body(Bytes::from_owner(body));
        }
        let exchange = tokio::time::timeout(deadline.left(), receive(request));
        let result = exchange.await.unwrap_or(Err(VendorError::OutOfTime));
        if let Err(error) = &result
            && let Some(wait) = error.retry_after()
        {
            self.pace.pause(wait);
        }
        result
    }
}

async fn receive(request: reqwest::RequestBuilder) -> Result<Exchange, VendorError> {
    let mut response = request.send().await.map_err(VendorError::from_transport)?;
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(retry_after);
    match status {
        300..=399 => return Err(VendorError::Redirect { status }),
        429 => return Err(VendorError::RateLimited { retry_after }),
        // 501 says that a call is not offered, which the caller understands.
        408 | 425 | 500 | 502..=599 => {
            return Err(VendorError::Unavailable { status, retry_after });
        }
        _ => {}
    }
    let mut body = Zeroizing::new(Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(VendorError::from_transport)? {
        if body.len() + chunk.len() > BODY_LIMIT_BYTES {
            return Err(VendorError::TooLarge { limit_bytes: BODY_LIMIT_BYTES });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Exchange { status, body })
}

/// Both forms of `Retry-After`: seconds, or a date.
fn retry_after(value: &HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Duration::from_secs(
        date.duration_since(jiff::Timestamp::now()).as_secs().try_into().unwrap_or(0),
    ))
}

/// The key as text, where it can stand in a header as it is: whatever a server
/// might trim or unescape would make a live key look refused.
fn sendable(key: &Secret) -> Result<&str, VendorError> {
    if key.is_empty() {
        return Err(VendorError::NotSendable("it is empty"));
    }
    if key.len() > KEY_LIMIT_BYTES {
        return Err(VendorError::NotSendable("it is longer than any header line"));
    }
    if !key.expose().iter().all(u8::is_ascii_graphic) {
        return Err(VendorError::NotSendable("it holds blanks or bytes that are not ASCII"));
    }
    std::str::from_utf8(key.expose()).map_err(|_| VendorError::NotSendable("it is not text"))
}

/// The header, in memory that is wiped when the request is done.
fn authorization(bearer: &Secret) -> Result<HeaderValue, VendorError> {
    let key = sendable(bearer)?;
    let mut line = Zeroizing::new(Vec::with_capacity(7 + key.len()));
    line.extend_from_slice(b"Bearer ");
    line.extend_from_slice(key.as_bytes());
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(line))
        .map_err(|_| VendorError::NotSendable("it cannot stand in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, VendorError> {
    let certificates = Certificate::from_pem_bundle(pem)
        .map_err(|_| VendorError::Tls("the CA file is not PEM".to_owned()))?;
    if certificates.is_empty() {
        return Err(VendorError::Tls("the CA file holds no certificate".to_owned()));
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_a_server_would_read_differently_is_never_sent() {
        for bad in [&b""[..], b"with blank", b"line\nbreak", b"tab\t", b"caf\xc3\xa9", b"\x00"] {
            assert!(sendable(&Secret::new(bad)).is_err());
        }
        assert!(sendable(&Secret::new(vec![b'a'; KEY_LIMIT_BYTES + 1])).is_err());
    }

    #[test]
    fn the_header_is_marked_so_that_no_log_shows_it() {
        let header = authorization(&Secret::new(*b"abcdefgh")).expect("sendable");
        assert_eq!(format!("{header:?}"), "Sensitive");
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let read = |text| retry_after(&HeaderValue::from_static(text));
        assert_eq!(read("7"), Some(Duration::from_secs(7)));
        assert_eq!(read("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("soon"), None);
    }
}
