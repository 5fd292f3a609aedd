//! Verdicts over real HTTP: every row of the assumed contract's probe, every
//! fault, and what calibration forbids to say.

#![allow(clippy::unwrap_used, reason = "what tests share fails as tests do")]

#[path = "support/api.rs"]
mod api;

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use api::{Api, ask, client_at, fingerprint, random_key, seen_live, suspect};
use keysweep::secret::Secret;
use keysweep::vendor::simulator::{Behaviour, Call, CallKind, Fault, Simulator};
use keysweep::vendor::{Client, Profile, Transport};
use keysweep::verify::{Round, Suspect, Verdict};

/// A fault that befalls only probes with the leaked key.
fn on_leaked(fault: Fault) -> impl Fn(&Call) -> Option<Fault> + Send + Sync + 'static {
    move |call| (call.bearer.as_deref() == Some("ci-pipeline")).then(|| fault.clone())
}

fn verdict_of(round: &Round, key: &Secret) -> Verdict {
    round.verdicts()[&fingerprint(key)].clone()
}

fn verdict_under(fault: Fault) -> Verdict {
    let api = Api::with_faults(on_leaked(fault));
    let round = api.ask(&[seen_live(&api.leaked)]);
    verdict_of(&round, &api.leaked)
}

#[test]
fn every_status_has_the_verdict_that_the_contract_gives_it() {
    for status in [200, 201, 204, 402, 403, 404] {
        assert_eq!(verdict_under(Fault::Status(status)).state(), "live", "{status}");
    }
    assert_eq!(verdict_under(Fault::Status(401)).state(), "dead");
    for status in [400, 405, 408, 409, 410, 418, 421, 425, 429, 451, 500, 501, 502, 503, 504, 599] {
        let verdict = verdict_under(Fault::Status(status));
        assert_eq!(verdict.state(), "unknown", "{status}");
        assert!(verdict.why().unwrap().contains(&status.to_string()), "{verdict:?}");
        assert!(verdict.seen_live_at().is_some(), "what was known before is kept");
    }
    for status in [300, 301, 302, 303, 304, 307, 308] {
        let verdict = verdict_under(Fault::Status(status));
        assert_eq!(verdict.state(), "unknown", "{status}");
        assert!(verdict.why().unwrap().contains("redirect"), "{verdict:?}");
    }
}

#[test]
fn no_broken_answer_is_a_verdict() {
    let slow = Duration::from_secs(5);
    for fault in [
        Fault::SlowHeaders(slow),
        Fault::SlowBody(slow),
        Fault::ResetMidBody,
        Fault::HugeBody,
        Fault::RetryAfter(429, 3600),
        Fault::RetryAfter(503, 3600),
    ] {
        let verdict = verdict_under(fault.clone());
        assert_eq!(verdict.state(), "unknown", "{fault:?}: {verdict:?}");
    }
}

#[test]
fn a_transient_failure_is_asked_again_until_it_answers() {
    for fault in [
        Fault::Status(500),
        Fault::Status(429),
        Fault::RetryAfter(429, 0),
        Fault::RetryAfter(503, 0),
        Fault::ResetMidBody,
        Fault::SlowHeaders(Duration::from_secs(5)),
    ] {
        let planned = fault.clone();
        let failures = std::sync::atomic::AtomicUsize::new(0);
        let api = Api::with_faults(move |call| {
            let is_leaked = call.bearer.as_deref() == Some("ci-pipeline");
            (is_leaked && failures.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 2)
                .then(|| planned.clone())
        });
        let round = api.ask(&[suspect(&api.leaked)]);
        assert_eq!(verdict_of(&round, &api.leaked).state(), "live", "{fault:?}");
    }
}

#[test]
fn retry_after_holds_back_every_request_for_as_long_as_it_says() {
    let api = Api::with_faults(|call| {
        (call.kind == CallKind::Probe && call.nth == 0).then_some(Fault::RetryAfter(429, 1))
    });
    let begun = Instant::now();
    let round = api.ask(&[suspect(&api.leaked)]);
    assert_eq!(verdict_of(&round, &api.leaked).state(), "live");
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[test]
fn each_distinct_key_is_asked_once_and_a_death_is_asked_twice() {
    let api = Api::start(Behaviour::default());
    let count = |name: &str| {
        let requests = api.simulator.requests();
        requests.iter().filter(|request| request.bearer.as_deref() == Some(name)).count()
    };
    api.ask(&[suspect(&api.leaked), suspect(&api.leaked), suspect(&api.other)]);
    assert_eq!((count("ci-pipeline"), count("production-backend")), (1, 1));
    assert_eq!(count("operator"), 2, "calibrated before and after");
    api.simulator.revoke_by_hand(&api.leaked);
    let round = api.ask(&[seen_live(&api.leaked)]);
    assert_eq!(verdict_of(&round, &api.leaked).state(), "dead");
    assert_eq!(count("ci-pipeline"), 3);
    assert!(api.simulator.requests().iter().all(|request| request.kind == CallKind::Probe));
    assert!(api.simulator.requests().iter().all(|request| request.head.starts_with("GET ")));
}

#[test]
fn one_stumble_of_the_api_never_kills_a_live_key() {
    let stumbles = std::sync::atomic::AtomicUsize::new(0);
    let api = Api::with_faults(move |call| {
        let is_leaked = call.bearer.as_deref() == Some("ci-pipeline");
        (is_leaked && stumbles.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0)
            .then_some(Fault::Status(401))
    });
    let round = api.ask(&[seen_live(&api.leaked)]);
    assert_eq!(verdict_of(&round, &api.leaked).state(), "live");
}

#[test]
fn a_key_that_was_only_ever_refused_is_rejected_not_dead() {
    let api = Api::start(Behaviour::default());
    let never_a_key = random_key();
    let round = api.ask(&[suspect(&never_a_key)]);
    assert_eq!(verdict_of(&round, &never_a_key).state(), "rejected");
    assert!(round.live().is_empty());
}

/// A wrong address answers 404 to everything: every key would look live.
#[test]
fn where_a_random_token_is_let_in_nothing_is_live_and_no_key_is_sent() {
    let api = Api::with_faults(|_| Some(Fault::Status(404)));
    let round = api.ask(&[suspect(&api.leaked)]);
    let verdict = verdict_of(&round, &api.leaked);
    assert_eq!(verdict.state(), "not asked");
    assert!(verdict.why().unwrap().contains("404"), "{verdict:?}");
    assert!(round.live().is_empty());
    assert!(api.simulator.requests().iter().all(|request| request.bearer.is_none()));
}

/// An API that refuses everything would make every key look dead.
#[test]
fn where_the_admin_key_is_refused_nothing_is_dead_or_rejected() {
    let api = Api::with_faults(|_| Some(Fault::Status(401)));
    let never_a_key = random_key();
    let round = api.ask(&[seen_live(&api.leaked), suspect(&never_a_key)]);
    for key in [&api.leaked, &never_a_key] {
        let verdict = verdict_of(&round, key);
        assert_eq!(verdict.state(), "unknown");
        assert!(verdict.why().unwrap().contains("admin key itself"), "{verdict:?}");
    }
    assert!(round.opening().admin_key_was_refused());
}

#[test]
fn without_an_admin_key_live_is_said_and_dead_is_not() {
    let api = Api::start(Behaviour::default());
    api.simulator.revoke_by_hand(&api.other);
    let round = ask(&api.client(), None, &[suspect(&api.leaked), seen_live(&api.other)]);
    assert_eq!(verdict_of(&round, &api.leaked).state(), "live");
    let verdict = verdict_of(&round, &api.other);
    assert_eq!(verdict.state(), "unknown");
    assert!(verdict.why().unwrap().contains("no admin key"), "{verdict:?}");
}

/// The API goes wrong between the two calibrations.
#[test]
fn a_calibration_that_fails_at_the_end_takes_every_verdict_back() {
    for (fault, of_leaked, of_dead) in [
        (Fault::Status(404), "unknown", "unknown"),
        (Fault::Status(500), "unknown", "unknown"),
        (Fault::Status(401), "live", "unknown"),
    ] {
        let planned = fault.clone();
        let asked = std::sync::atomic::AtomicBool::new(false);
        let api = Api::with_faults(move |call| {
            if call.bearer.as_deref() == Some("ci-pipeline") {
                asked.store(true, std::sync::atomic::Ordering::SeqCst);
                return None;
            }
            // Only calibration asks after the leaked key, which sorts anywhere,
            // so the second key is left alone by name.
            let is_calibration =
                call.bearer.is_none() || call.bearer.as_deref() == Some("operator");
            (is_calibration && asked.load(std::sync::atomic::Ordering::SeqCst))
                .then(|| planned.clone())
        });
        api.simulator.revoke_by_hand(&api.other);
        let round = api.ask(&[suspect(&api.leaked), seen_live(&api.other)]);
        assert_eq!(verdict_of(&round, &api.leaked).state(), of_leaked, "{fault:?}");
        assert_eq!(verdict_of(&round, &api.other).state(), of_dead, "{fault:?}");
    }
}

#[test]
fn a_key_that_cannot_be_read_again_is_unknown_never_dropped() {
    let api = Api::start(Behaviour::default());
    let lost = Suspect { secret: None, ..seen_live(&api.leaked) };
    let verdict = verdict_of(&api.ask(&[lost]), &api.leaked);
    assert_eq!((verdict.state(), verdict.why()), ("unknown", Some("value unavailable")));
}

#[test]
fn a_key_that_cannot_stand_in_a_header_is_unknown_and_not_sent() {
    let api = Api::start(Behaviour::default());
    for text in [&b"two words of a key"[..], b"line\r\nX-Evil: 1", b"\xff\xfe\xfd\xfc"] {
        let key = Secret::new(text);
        let verdict = verdict_of(&api.ask(&[suspect(&key)]), &key);
        assert_eq!(verdict.state(), "unknown");
        assert!(verdict.why().unwrap().contains("cannot be sent"), "{verdict:?}");
    }
    assert!(api.simulator.requests().iter().all(|request| !request.head.contains("evil")));
}

#[test]
fn a_secret_of_another_kind_is_never_sent() {
    let api = Api::start(Behaviour::default());
    let webhook = Suspect { not_bearer: Some("rotate it".to_owned()), ..suspect(&api.leaked) };
    let verdict = verdict_of(&api.ask(&[webhook]), &api.leaked);
    assert_eq!((verdict.state(), verdict.why()), ("not asked", Some("rotate it")));
    let requests = api.simulator.requests();
    assert!(requests.iter().all(|request| request.bearer.as_deref() != Some("ci-pipeline")));
}

/// A redirect must not carry the key to another host.
#[test]
fn a_redirect_steals_nothing() {
    let thief = Simulator::start(Behaviour::default()).unwrap();
    let target = format!("{}/storage/x", thief.url());
    let api = Api::with_faults(move |_| Some(Fault::Redirect(target.clone())));
    let round = api.ask(&[suspect(&api.leaked)]);
    assert_eq!(verdict_of(&round, &api.leaked).state(), "not asked");
    let target = format!("{}/storage/x", thief.url());
    let api = Api::with_faults(on_leaked(Fault::Redirect(target)));
    let round = api.ask(&[suspect(&api.leaked)]);
    assert_eq!(verdict_of(&round, &api.leaked).state(), "unknown");
    assert!(thief.requests().is_empty());
}

#[test]
fn with_no_network_every_key_says_so() {
    // A port that was just free and is closed again.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let key = random_key();
    let round = ask(&client_at(&format!("http://127.0.0.1:{port}/v1")), None, &[suspect(&key)]);
    let verdict = verdict_of(&round, &key);
    assert_eq!(verdict.state(), "not asked");
    assert!(verdict.why().unwrap().contains("no connection"), "{verdict:?}");
}

/// A server that is no HTTP server at all, one that hangs up, one that stalls.
#[test]
fn servers_that_speak_no_http_are_survived() {
    use std::io::{Read as _, Write as _};
    for reply in [&b""[..], b"SSH-2.0-OpenSSH_9.0\r\n", b"HTTP/1.1 404", b"\0\0\0\0"] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let _ = stream.read(&mut [0; 1024]);
                let _ = stream.write_all(reply);
            }
        });
        let key = random_key();
        let verdict = verdict_of(&ask(&client_at(&url), None, &[suspect(&key)]), &key);
        assert_eq!(verdict.state(), "not asked", "{verdict:?}");
    }
}

#[test]
fn no_verdict_or_error_shows_a_key() {
    let faults = [
        Fault::Status(500),
        Fault::Status(401),
        Fault::ResetMidBody,
        Fault::GarbageJson,
        Fault::Redirect("http://127.0.0.1:1/".to_owned()),
    ];
    for fault in faults {
        let api = Api::with_faults(on_leaked(fault));
        let round = api.ask(&[suspect(&api.leaked)]);
        let shown = format!("{round:?}{:?}", api.simulator.requests());
        for key in [&api.leaked, api.admin.secret()] {
            assert!(!shown.contains(std::str::from_utf8(key.expose()).unwrap()));
        }
    }
}

/// Rotation of a whole company's keys must not take a coffee break: an API that
/// is slow to answer is asked many questions meanwhile, and no more than that.
#[test]
fn keys_are_asked_thirty_two_at_a_time_however_slow_the_answers() {
    let keys: Vec<Secret> = (0..200).map(|_| random_key()).collect();
    let crowd = Crowd::of(keys.iter().map(|key| key.expose().to_vec()).collect());
    let suspects: Vec<Suspect> = keys.iter().map(suspect).collect();
    let profile = Profile::with_overrides(&format!("base_url = \"{}\"", crowd.url)).unwrap();
    let patient = Transport { request_timeout: Duration::from_secs(15), ..api::transport() };
    let client = Client::new(profile, &patient).unwrap();
    let round = ask(&client, None, &suspects);
    assert_eq!(round.live().len(), 200, "{:?}", round.opening());
    assert_eq!(crowd.most(), Crowd::SIZE);
}

/// An API that answers nobody whom it knows before a crowd waits at its door.
struct Crowd {
    url: String,
    waiting: Arc<(Mutex<Waiting>, Condvar)>,
}

#[derive(Default)]
struct Waiting {
    now: usize,
    most: usize,
    is_open: bool,
}

impl Crowd {
    const SIZE: usize = 32;

    fn of(keys: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let waiting = Arc::<(Mutex<Waiting>, Condvar)>::default();
        let (keys, door) = (Arc::new(keys), Arc::clone(&waiting));
        // Ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (keys, door) = (Arc::clone(&keys), Arc::clone(&door));
                std::thread::spawn(move || Self::answer(stream, &keys, &door));
            }
        });
        Self { url, waiting }
    }

    fn most(&self) -> usize {
        self.waiting.0.lock().unwrap().most
    }

    fn answer(
        mut stream: TcpStream,
        keys: &[Vec<u8>],
        (waiting, came): &(Mutex<Waiting>, Condvar),
    ) {
        let (mut request, mut piece) = (Vec::new(), [0; 1024]);
        while !request.ends_with(b"\r\n\r\n") {
            match stream.read(&mut piece) {
                Ok(read) if read > 0 => request.extend_from_slice(&piece[..read]),
                _ => return,
            }
        }
        let holds = |key: &Vec<u8>| request.windows(key.len()).any(|window| window == key);
        let is_leaked = keys.iter().any(holds);
        if is_leaked {
            let mut door = waiting.lock().unwrap();
            door.now += 1;
            door.most = door.most.max(door.now);
            door.is_open |= door.now >= Self::SIZE;
            came.notify_all();
            // Where the crowd never comes the count says so, not the clock.
            let patience = Duration::from_secs(10);
            door = came.wait_timeout_while(door, patience, |door| !door.is_open).unwrap().0;
            door.now -= 1;
        }
        let status = if is_leaked { "404 Not Found" } else { "401 Unauthorized" };
        let head = "Content-Length: 0\r\nConnection: close";
        // Whoever asked may be gone.
        let _ = stream.write_all(format!("HTTP/1.1 {status}\r\n{head}\r\n\r\n").as_bytes());
    }
}
