//! The API's address.
//!
//! In: a URL that the operator gave. Out: an address to which a key may be
//! sent: HTTPS, or plain HTTP to this very machine. Knows no call of the API.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use reqwest::Url;

/// An address that keys may be sent to.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiUrl(Url);

/// Why an address is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApiUrlError {
    /// It is not a URL.
    #[error("the API address is not a URL: {0}")]
    NotAUrl(String),
    /// Keys would cross a network in the clear.
    #[error(
        "the API address must begin with https:// (plain http:// is allowed to this machine only)"
    )]
    NotHttps,
    /// The address holds a user name or password, which would end up in reports.
    #[error("the API address must not hold a user name or a password")]
    Credentials,
    /// Paths are appended to the address.
    #[error("the API address must end with its path: no `?` and no `#`")]
    Query,
}

impl ApiUrl {
    /// Whether the address is this machine; such requests never use a proxy.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// Whether requests go out unencrypted, which only loopback allows.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// The addresses that `localhost` stands for, so that no resolver can point
    /// it at another machine.
    pub(super) fn pinned(&self) -> Option<(&'static str, [SocketAddr; 2])> {
        let port = self.0.port_or_known_default()?;
        (self.0.host_str() == Some("localhost")).then(|| {
            let v4 = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
            let v6 = SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), port);
            ("localhost", [v4, v6])
        })
    }

    /// The URL of a call; `path` comes from the vendor profile.
    pub(super) fn call(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}/{}", path.trim_start_matches('/')));
        url
    }
}

fn is_loopback(url: &Url) -> bool {
    // `Url` has already normalised every spelling of an IPv4 address.
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl FromStr for ApiUrl {
    type Err = ApiUrlError;

    fn from_str(text: &str) -> Result<Self, ApiUrlError> {
        let url = Url::parse(text.trim()).map_err(|e| ApiUrlError::NotAUrl(e.to_string()))?;
        match url.scheme() {
            "https" if url.has_host() => {}
            "http" if is_loopback(&url) => {}
            _ => return Err(ApiUrlError::NotHttps),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ApiUrlError::Credentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(ApiUrlError::Query);
        }
        Ok(Self(url))
    }
}

impl fmt::Display for ApiUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl fmt::Debug for ApiUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> ApiUrlError {
        text.parse::<ApiUrl>().expect_err(text)
    }

    #[test]
    fn only_https_or_this_machine_may_receive_a_key() {
        for allowed in [
            "https://api.bytestack.dev/v1",
            "http://127.0.0.1:8080/v1",
            "http://127.1/",
            "http://[::1]:9",
            "http://localhost:1",
        ] {
            assert!(allowed.parse::<ApiUrl>().is_ok(), "{allowed}");
        }
        for plain in [
            "http://api.bytestack.dev/v1",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://10.0.0.1",
            "ftp://127.0.0.1",
            "file:///etc/passwd",
            "http://0.0.0.0",
        ] {
            assert_eq!(refused(plain), ApiUrlError::NotHttps, "{plain}");
        }
        assert_eq!(refused("https://user:pw@host/"), ApiUrlError::Credentials);
        assert_eq!(refused("http://localhost@evil.example/"), ApiUrlError::NotHttps);
        assert_eq!(refused("https://host/?a=b"), ApiUrlError::Query);
        assert!(matches!(refused("api.bytestack.dev"), ApiUrlError::NotAUrl(_)));
    }

    #[test]
    fn a_call_is_appended_to_the_path() {
        let api: ApiUrl = "https://host/v1/".parse().expect("valid");
        assert_eq!(api.call("storage/x").as_str(), "https://host/v1/storage/x");
        assert_eq!(api.to_string(), "https://host/v1");
    }
}
