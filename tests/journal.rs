//! The journal under crashes, full disks, edits, other runs and bad clocks.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "what tests share fails as tests do, and tells its measurements"
)]

#[path = "support/api.rs"]
mod api;
#[path = "support/incident.rs"]
mod incident;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use api::Api;
use incident::{Death, Run, report_of, state};
use keysweep::respond::RespondError;
use keysweep::respond::journal::{
    Event, FileStorage, JOURNAL_FILE, Journal, JournalError, RunIdentity,
};
use keysweep::secret::Secret;
use keysweep::vendor::simulator::{Behaviour, Call, Fault, RevocationManner};
use keysweep::vendor::{AdminKey, Patience};
use sha2::{Digest as _, Sha256};

fn identity() -> RunIdentity {
    RunIdentity::of(&report_of(&[]), "api")
}

fn finished(code: u8) -> Event {
    Event::Finished { exit_code: code }
}

/// What the audit checks: numbers without gap, each line chained to the last.
fn assert_intact(directory: &Path) {
    let text = fs::read_to_string(directory.join(JOURNAL_FILE)).unwrap();
    let mut previous = "0".repeat(64);
    for (number, line) in text.lines().enumerate() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(entry["seq"], number as u64);
        assert_eq!(entry["previous"], previous.as_str());
        assert!(entry["at"].as_str().unwrap().ends_with('Z'));
        assert!(entry["event"].is_string());
        previous = data_encoding::HEXLOWER.encode(&Sha256::digest(line));
    }
    assert!(text.ends_with('\n'));
}

/// Every request that could kill a key stands between its intent and outcome.
fn intents(directory: &Path) -> usize {
    let text = fs::read_to_string(directory.join(JOURNAL_FILE)).unwrap();
    text.lines().filter(|line| line.contains("\"event\":\"intent\"")).count()
}

fn revocations(api: &Api) -> Vec<keysweep::vendor::simulator::RequestRecord> {
    let requests = api.simulator.requests();
    requests.into_iter().filter(|request| request.kind.is_revocation()).collect()
}

/// The child of the kill tests: one run that dies when its fuse is burnt.
#[test]
fn child() {
    let Ok(directory) = std::env::var("KEYSWEEP_TEST_DIRECTORY") else { return };
    let variable = |name: &str| std::env::var(name).unwrap();
    let key = |name: &str| Secret::new(variable(name));
    let client = api::client_at(&variable("KEYSWEEP_TEST_URL"));
    let admin = AdminKey::new(key("KEYSWEEP_TEST_ADMIN"));
    let (one, two) = (key("KEYSWEEP_TEST_ONE"), key("KEYSWEEP_TEST_TWO"));
    let keys = [&one, &two];
    let mut run = Run::new(&client, &admin, &keys, Path::new(&directory));
    run.tempo.limit = Duration::from_secs(20);
    let fuse = Arc::new(AtomicUsize::new(variable("KEYSWEEP_TEST_FUSE").parse().unwrap()));
    run.fuse = Some((fuse, Death::Kill));
    let code = run.go().0.unwrap();
    fs::write(Path::new(&directory).join("ended"), code.to_string()).unwrap();
}

fn spawn(api: &Api, directory: &Path, fuse: usize) -> std::process::Child {
    let text = |key: &Secret| String::from_utf8(key.expose().to_vec()).unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env("KEYSWEEP_TEST_DIRECTORY", directory)
        .env("KEYSWEEP_TEST_URL", api.simulator.url())
        .env("KEYSWEEP_TEST_ADMIN", text(api.admin.secret()))
        .env("KEYSWEEP_TEST_ONE", text(&api.leaked))
        .env("KEYSWEEP_TEST_TWO", text(&api.other))
        .env("KEYSWEEP_TEST_FUSE", fuse.to_string())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap()
}

/// Takes the run up again in this process and checks that it ends well.
fn take_up(api: &Api, directory: &Path, what: &str) {
    let client = api.client();
    let keys = [&api.leaked, &api.other];
    let (code, report, _) = Run::new(&client, &api.admin, &keys, directory).go();
    let code = code.unwrap();
    for key in keys {
        assert!(!api.simulator.is_live(key), "{what}: lost");
        // A key killed before it was ever journaled live cannot be proven.
        assert_eq!(state(&report, key), "dead", "{what}");
    }
    assert_eq!(code, 0, "{what}");
    assert!(revocations(api).iter().all(|request| !request.was_revoked), "{what}: sent twice");
    assert!(revocations(api).len() <= intents(directory), "{what}: not in the journal");
    assert_intact(directory);
}

#[test]
fn killed_at_every_step_of_the_journal_nothing_is_lost_and_nothing_sent_twice() {
    for manner in [RevocationManner::AtOnce, RevocationManner::After(Duration::from_millis(60))] {
        let mut fuse = 1;
        loop {
            let api = Api::start(Behaviour { manner, ..Behaviour::default() });
            let directory = tempfile::tempdir().unwrap();
            let status = spawn(&api, directory.path(), fuse).wait().unwrap();
            if status.success() {
                assert!(directory.path().join("ended").exists(), "the child ran");
                assert!(fuse > 40, "only {fuse} steps: the fuse does not burn where it should");
                break;
            }
            take_up(&api, directory.path(), &format!("{manner:?}, step {fuse}"));
            fuse += 1;
        }
    }
}

/// Killed while the API is at work on the request.
#[test]
fn killed_in_the_middle_of_a_revocation_the_key_is_asked_before_anything_is_sent() {
    for kill_after in [1_usize, 2] {
        let api = Api::with_faults(|call: &Call| {
            call.kind.is_revocation().then_some(Fault::SlowHeaders(Duration::from_millis(250)))
        });
        let directory = tempfile::tempdir().unwrap();
        let mut child = spawn(&api, directory.path(), usize::MAX);
        while revocations(&api).len() < kill_after {
            assert!(child.try_wait().unwrap().is_none(), "the child ended too early");
            std::thread::sleep(Duration::from_millis(2));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        take_up(&api, directory.path(), &format!("request {kill_after}"));
        assert_eq!(revocations(&api).len(), 2);
    }
}

#[test]
fn on_a_full_disk_nothing_is_sent_that_the_journal_does_not_show() {
    let mut fuse = 1;
    loop {
        let api = Api::start(Behaviour::default());
        let directory = tempfile::tempdir().unwrap();
        let client = api.client();
        let keys = [&api.leaked, &api.other];
        let mut run = Run::new(&client, &api.admin, &keys, directory.path());
        run.fuse = Some((Arc::new(AtomicUsize::new(fuse)), Death::DiskFull));
        match run.go().0 {
            Ok(_) => break,
            Err(RespondError::Journal(JournalError::Write { .. })) => {}
            Err(error) => panic!("{error}"),
        }
        let journal = fs::read_to_string(directory.path().join(JOURNAL_FILE)).unwrap();
        assert!(journal.is_empty() || journal.ends_with('\n'), "half a line was taken back");
        assert!(revocations(&api).len() <= intents(directory.path()));
        take_up(&api, directory.path(), &format!("step {fuse}"));
        fuse += 1;
    }
    assert!(fuse > 40);
}

#[test]
fn a_torn_last_line_is_dropped_and_said() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(JOURNAL_FILE);
    let (mut journal, past) = Journal::open(directory.path(), &identity()).unwrap();
    assert!(past.is_empty());
    journal.append(&[finished(1)]).unwrap();
    drop(journal);
    let whole = fs::read(&path).unwrap();
    let last = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for cut in last + 1..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let (journal, past) = Journal::open(directory.path(), &identity()).unwrap();
        assert_eq!(past.torn_bytes, (cut - last) as u64);
        drop(journal);
        assert_intact(directory.path());
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("\"event\":\"recovered\""), "{text}");
    }
}

#[test]
fn any_other_damage_is_refused_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(JOURNAL_FILE);
    let (mut journal, _) = Journal::open(directory.path(), &identity()).unwrap();
    for code in 0..4 {
        journal.append(&[finished(code)]).unwrap();
    }
    drop(journal);
    let whole = fs::read(&path).unwrap();
    let last = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    let mut damaged: Vec<Vec<u8>> = Vec::new();
    // Every byte of every line but the last, which nothing follows yet.
    for at in (0..last).step_by(3) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        damaged.push(bytes);
    }
    let text = String::from_utf8(whole.clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    damaged.push(format!("{}\n", [lines[0], lines[2], lines[3]].join("\n")).into_bytes());
    damaged.push(format!("{}\n", [lines[0], lines[2], lines[1]].join("\n")).into_bytes());
    damaged.push(format!("{}\n", lines[1..].join("\n")).into_bytes());
    damaged.push(format!("{}\n\n{}\n", lines[0], lines[1]).into_bytes());
    damaged.push(format!("{text}{}\n", lines[1]).into_bytes());
    damaged.push(format!("{text}no JSON\n").into_bytes());
    damaged.push(vec![0; 4096].into_iter().chain(*b"\n").collect());
    for bytes in damaged {
        fs::write(&path, &bytes).unwrap();
        let result = Journal::open(directory.path(), &identity());
        let error = result.err().unwrap_or_else(|| {
            panic!("opened: {}", String::from_utf8_lossy(&bytes));
        });
        let kind_fits =
            matches!(error, JournalError::Damaged { .. } | JournalError::OtherRun { .. });
        assert!(kind_fits, "{error}");
        assert!(error.to_string().contains("nothing was sent"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), bytes, "evidence is left as it is");
    }
}

#[test]
fn a_directory_serves_one_run_and_one_process() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(directory.path(), &identity()).unwrap();
    let again = Journal::open(directory.path(), &identity());
    assert!(matches!(again, Err(JournalError::Locked(_))), "{again:?}");
    drop(journal);
    let other = RunIdentity { api: "https://elsewhere".to_owned(), ..identity() };
    let error = Journal::open(directory.path(), &other).expect_err("another API");
    assert!(matches!(error, JournalError::OtherRun { .. }), "{error}");
    let other = RunIdentity { roots: vec!["elsewhere".to_owned()], ..identity() };
    assert!(Journal::open(directory.path(), &other).is_err());
    assert!(Journal::open(directory.path(), &identity()).is_ok());
}

#[test]
fn a_clock_that_goes_back_is_written_down_and_changes_nothing() {
    use std::sync::atomic::{AtomicI64, Ordering};
    static SECONDS: AtomicI64 = AtomicI64::new(2_000_000_000);
    fn clock() -> jiff::Timestamp {
        let seconds = SECONDS.fetch_sub(3600, Ordering::SeqCst);
        jiff::Timestamp::from_second(seconds).unwrap()
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(JOURNAL_FILE);
    let storage = Box::new(FileStorage::open(&path).unwrap());
    let (mut journal, _) = Journal::open_on(storage, &path, &identity(), clock).unwrap();
    assert_eq!(journal.append(&[finished(0), finished(1)]).unwrap(), 2);
    drop(journal);
    assert_intact(directory.path());
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.matches("\"clock_went_back_ms\":3600000").count(), 2, "{text}");
    assert!(Journal::open(directory.path(), &identity()).is_ok());
}

#[cfg(unix)]
#[test]
fn the_journal_is_for_its_owner_alone_and_follows_no_link() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let directory = tempfile::tempdir().unwrap();
    drop(Journal::open(directory.path(), &identity()).unwrap());
    let path = directory.path().join(JOURNAL_FILE);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    fs::remove_file(&path).unwrap();
    let elsewhere = directory.path().join("elsewhere");
    symlink(&elsewhere, &path).unwrap();
    assert!(matches!(Journal::open(directory.path(), &identity()), Err(JournalError::Open { .. })));
    assert!(!elsewhere.exists());
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(Journal::open(directory.path(), &identity()).is_err());
}

/// Faults of the API and crashes of the tool together, many times over. The
/// short form runs always; `KEYSWEEP_FAULT_RUNS` sets how often.
#[test]
fn through_faults_and_crashes_nothing_is_lost_doubled_or_misjudged() {
    let runs = std::env::var("KEYSWEEP_FAULT_RUNS").ok().and_then(|runs| runs.parse().ok());
    let begun = std::time::Instant::now();
    let mut tally = Tally::default();
    for run in 0..runs.unwrap_or(12) {
        fault_run(run, &mut tally);
    }
    eprintln!("{tally:?} in {:?}", begun.elapsed());
}

#[derive(Debug, Default)]
struct Tally {
    runs: usize,
    crashes: usize,
    faults: usize,
    revocations: usize,
}

/// A small generator, so that a failing run can be repeated by its number.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

fn random_fault(call: &Call, random: &mut Random) -> Option<Fault> {
    if random.below(100) >= 30 {
        return None;
    }
    let fault = match random.below(10) {
        0 => Fault::Status(500),
        1 => Fault::Status(429),
        2 => Fault::RetryAfter(429, 0),
        3 => Fault::RetryAfter(503, 0),
        4 => Fault::ResetMidBody,
        5 => Fault::SlowHeaders(Duration::from_millis(30)),
        6 => Fault::SlowBody(Duration::from_millis(30)),
        7 => Fault::Redirect("http://127.0.0.1:1/v1".to_owned()),
        8 if call.kind.is_revocation() => Fault::DoneButStatus(502),
        9 if call.kind.is_revocation() => Fault::Status(408),
        _ => Fault::Status(503),
    };
    Some(fault)
}

fn fault_run(number: u64, tally: &mut Tally) {
    let mut random = Random(number);
    let manner = match random.below(3) {
        0 => RevocationManner::After(Duration::from_millis(random.below(60))),
        _ => RevocationManner::AtOnce,
    };
    let faults = std::sync::Mutex::new(Random(!number));
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    // From some request on the API behaves, or no run would ever end.
    let calm_from = 20 + random.below(60) as usize;
    let api = Api::start(Behaviour {
        manner,
        faults: keysweep::vendor::simulator::FaultPlan::new(move |call| {
            use std::sync::atomic::Ordering::SeqCst;
            let fault = random_fault(call, &mut faults.lock().unwrap())
                .filter(|_| counted.load(SeqCst) < calm_from);
            counted.fetch_add(usize::from(fault.is_some()), SeqCst);
            fault
        }),
        ..Behaviour::default()
    });
    let directory = tempfile::tempdir().unwrap();
    let mut transport = api::transport();
    transport.request_timeout = Duration::from_millis(60);
    let profile = format!("base_url = \"{}\"", api.simulator.url());
    let profile = keysweep::vendor::Profile::with_overrides(&profile).unwrap();
    let client = keysweep::vendor::Client::new(profile, &transport).unwrap();
    let keys = [&api.leaked, &api.other];
    tally.runs += 1;
    for _ in 0..60 {
        let mut run = Run::new(&client, &api.admin, &keys, directory.path());
        run.tempo.limit = Duration::from_millis(500);
        run.patience = Patience {
            attempts: 4,
            first_wait: Duration::from_millis(1),
            longest_wait: Duration::from_millis(4),
        };
        if random.below(3) > 0 {
            let fuse = Arc::new(AtomicUsize::new(1 + random.below(70) as usize));
            run.fuse = Some((fuse, Death::Error));
        }
        let (result, report, _) = run.go();
        for key in keys {
            let verdict = report.findings.iter().find(|f| f.fingerprint == api::fingerprint(key));
            let state = verdict.unwrap().verdict.as_ref().map(|verdict| verdict.state.as_str());
            // The one mistake that must never be made.
            let is_wrong = api.simulator.is_live(key) && matches!(state, Some("dead" | "rejected"));
            assert!(!is_wrong, "run {number}: a live key was called {state:?}");
        }
        tally.crashes += usize::from(result.is_err());
        if result.is_ok_and(|code| code == 0) {
            let sent = revocations(&api);
            assert!(sent.iter().all(|request| !request.was_revoked), "run {number}: {sent:?}");
            assert!(keys.iter().all(|key| !api.simulator.is_live(key)), "run {number}: lost");
            assert!(sent.len() <= intents(directory.path()));
            assert_intact(directory.path());
            tally.revocations += sent.len();
            tally.faults += count.load(std::sync::atomic::Ordering::SeqCst);
            return;
        }
    }
    panic!("run {number} never ended");
}
