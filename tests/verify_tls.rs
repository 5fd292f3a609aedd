//! Keys travel over trusted TLS only: what is trusted, what is not, and that no
//! environment or setting can change it.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "what tests share fails as tests do, and tells its measurements"
)]

#[path = "support/api.rs"]
mod api;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use api::{ask, random_key, simulated, suspect, transport};
use axum::serve::Listener;
use keysweep::secret::Secret;
use keysweep::vendor::simulator::{Behaviour, Simulator};
use keysweep::vendor::{AdminKey, Client, Profile, Transport};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::server::TlsStream;

/// A listener that speaks TLS and drops whoever does not.
struct Tls {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, address)) = self.listener.accept().await else { continue };
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "Test authority");
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> Vec<u8> {
        self.0.pem().into_bytes()
    }

    fn acceptor(&self, name: &str, days: std::ops::Range<i32>) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(days.start, 1, 1);
        params.not_after = rcgen::date_time_ymd(days.end, 1, 1);
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

struct Served {
    simulator: Simulator,
    admin: AdminKey,
    leaked: Secret,
}

fn serve(acceptor: TlsAcceptor) -> Served {
    let (admin, leaked) = (random_key(), random_key());
    let behaviour = Behaviour {
        keys: vec![simulated(&admin, "operator", "admin"), simulated(&leaked, "leak", "read")],
        ..Behaviour::default()
    };
    let wrap = move |listener| Tls { listener, acceptor };
    let simulator = Simulator::start_with(behaviour, wrap).unwrap();
    Served { simulator, admin: AdminKey::new(admin), leaked }
}

fn verdict(served: &Served, host: &str, ca: Option<Vec<u8>>) -> (String, String) {
    let port = served.simulator.address().port();
    let profile = Profile::with_overrides(&format!("base_url = \"https://{host}:{port}/v1\""));
    let transport =
        Transport { extra_roots_pem: ca, request_timeout: Duration::from_secs(5), ..transport() };
    let client = Client::new(profile.unwrap(), &transport).unwrap();
    let round = ask(&client, Some(&served.admin), &[suspect(&served.leaked)]);
    let verdict = round.verdicts().values().next().unwrap().clone();
    (verdict.state().to_owned(), verdict.why().unwrap_or_default().to_owned())
}

#[test]
fn a_private_authority_works_where_the_operator_names_it_and_only_there() {
    let authority = Authority::new();
    let served = serve(authority.acceptor("localhost", 2020..2090));
    assert_eq!(verdict(&served, "localhost", Some(authority.pem())).0, "live");
    let (state, why) = verdict(&served, "localhost", None);
    assert_eq!(state, "not asked");
    assert!(why.contains("no trusted connection") && why.contains("--ca-file"), "{why}");
    let (state, _) = verdict(&served, "localhost", Some(Authority::new().pem()));
    assert_eq!(state, "not asked");
}

#[test]
fn a_certificate_of_another_name_or_time_gets_no_key() {
    let authority = Authority::new();
    for (name, days) in
        [("other.example", 2020..2090), ("localhost", 2001..2002), ("localhost", 2089..2090)]
    {
        let served = serve(authority.acceptor(name, days));
        let (state, why) = verdict(&served, "localhost", Some(authority.pem()));
        assert_eq!(state, "not asked", "{name}");
        assert!(why.contains("no trusted connection"), "{why}");
        assert!(served.simulator.requests().is_empty());
    }
}

/// Plain HTTP behind an https address: nothing may fall back.
#[test]
fn a_server_without_tls_gets_no_key() {
    let simulator = Simulator::start(Behaviour::default()).unwrap();
    let served = Served { simulator, admin: AdminKey::new(random_key()), leaked: random_key() };
    assert_eq!(verdict(&served, "localhost", None).0, "not asked");
    assert!(served.simulator.requests().is_empty());
}

#[test]
fn a_ca_file_that_holds_no_certificate_is_refused_before_anything_is_sent() {
    let profile = || Profile::with_overrides("base_url = \"https://127.0.0.1:1/v1\"").unwrap();
    for pem in
        [&b""[..], b"not PEM", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
    {
        let transport = Transport { extra_roots_pem: Some(pem.to_vec()), ..transport() };
        assert!(Client::new(profile(), &transport).is_err(), "{}", String::from_utf8_lossy(pem));
    }
}
