//! Revocation over real HTTP: every row of the assumed contract, every fault,
//! and what no answer can make the tool do.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "what tests share fails as tests do, and tells its measurements"
)]

#[path = "support/api.rs"]
mod api;
#[path = "support/incident.rs"]
mod incident;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use api::{Api, fingerprint, hasty, random_key, simulated};
use incident::{Answer, Run, state};
use keysweep::respond::Mode;
use keysweep::secret::Secret;
use keysweep::vendor::simulator::{
    Behaviour, Call, CallKind, Fault, FaultPlan, Offers, RevocationManner,
};
use keysweep::vendor::{AdminKey, Client, Profile};

fn revocations(api: &Api) -> Vec<keysweep::vendor::simulator::RequestRecord> {
    let requests = api.simulator.requests();
    requests.into_iter().filter(|request| request.kind.is_revocation()).collect()
}

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Runs a response on the leaked key; returns its exit code and its state.
fn respond(api: &Api) -> (u8, String) {
    let directory = directory();
    let client = api.client();
    let keys = [&api.leaked];
    let (code, report, _) = Run::new(&client, &api.admin, &keys, directory.path()).go();
    (code.unwrap(), state(&report, &api.leaked))
}

/// The first `count` calls of this kind fail in this way.
fn first(
    kind: CallKind,
    count: usize,
    fault: Fault,
) -> impl Fn(&Call) -> Option<Fault> + Send + Sync + 'static {
    move |call| (call.kind == kind && call.nth < count).then(|| fault.clone())
}

#[test]
fn a_live_key_is_revoked_by_value_and_proven_dead() {
    let api = Api::start(Behaviour::default());
    assert_eq!(respond(&api), (0, "dead".to_owned()));
    let sent = revocations(&api);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].kind, CallKind::RevokeByValue);
    assert_eq!(sent[0].bearer.as_deref(), Some("operator"));
    assert!(api.simulator.is_live(&api.other) && api.simulator.is_live(api.admin.secret()));
}

#[test]
fn an_accepted_revocation_is_no_proof_until_the_key_is_refused() {
    let manner = RevocationManner::After(Duration::from_millis(300));
    let api = Api::start(Behaviour { manner, ..Behaviour::default() });
    assert_eq!(respond(&api), (0, "dead".to_owned()));
    assert_eq!(revocations(&api).len(), 1, "polling sends no second revocation");
}

#[test]
fn a_key_that_lives_on_after_200_is_live_and_the_run_fails() {
    let api = Api::start(Behaviour { manner: RevocationManner::Never, ..Behaviour::default() });
    let begun = std::time::Instant::now();
    assert_eq!(respond(&api), (1, "live".to_owned()));
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn where_the_api_has_no_call_by_value_the_id_is_used() {
    for fault in [Fault::Status(404), Fault::Status(405), Fault::Status(501)] {
        let api = Api::start(Behaviour {
            faults: FaultPlan::new(first(CallKind::RevokeByValue, 9, fault.clone())),
            page_size: 2,
            ..Behaviour::default()
        });
        assert_eq!(respond(&api), (0, "dead".to_owned()), "{fault:?}");
        let sent = revocations(&api);
        assert_eq!(sent.last().unwrap().kind, CallKind::RevokeById);
        assert!(api.simulator.is_live(&api.other), "paging and last4 found the right one");
        let lists = api.simulator.requests();
        let lists = lists.iter().filter(|request| request.kind == CallKind::List).count();
        assert_eq!(lists, 2, "three keys on pages of two");
    }
}

#[test]
fn where_the_api_has_neither_call_a_person_revokes_and_the_proof_goes_on() {
    let offers = Offers { revoke_by_value: false, list: false, revoke_by_id: false };
    let api = Api::start(Behaviour { offers, ..Behaviour::default() });
    let directory = directory();
    let client = api.client();
    let keys = [&api.leaked];
    let (code, report, operator) = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(700));
            api.simulator.revoke_by_hand(&api.leaked);
        });
        Run::new(&client, &api.admin, &keys, directory.path()).go()
    });
    assert_eq!((code.unwrap(), state(&report, &api.leaked)), (0, "dead".to_owned()));
    assert!(operator.heard("ByHand"));
    assert!(revocations(&api).len() <= 1, "one question whether the call exists");
}

#[test]
fn already_revoked_still_needs_its_proof() {
    let api = Api::with_faults(first(CallKind::RevokeByValue, 9, Fault::Status(409)));
    assert_eq!(respond(&api), (1, "live".to_owned()), "409, and the key lives");
}

#[test]
fn a_key_of_another_account_is_left_to_a_person() {
    // The API lets the key in but does not know it: 404 with `key_not_found`
    // cannot be planned as a fault, so the key is probed as another account's.
    let foreign = random_key();
    let api = Api::start(Behaviour {
        faults: FaultPlan::new(|call| {
            // The first and last probes are random tokens and the admin key's.
            (call.kind == CallKind::Probe && call.bearer.is_none() && call.nth % 4 == 2)
                .then_some(Fault::Status(404))
        }),
        ..Behaviour::default()
    });
    let directory = directory();
    let client = api.client();
    let keys = [&foreign];
    let (code, report, operator) = Run::new(&client, &api.admin, &keys, directory.path()).go();
    let code = code.unwrap();
    assert_ne!(code, 0);
    assert_ne!(state(&report, &foreign), "dead");
    let sent = revocations(&api);
    assert!(sent.iter().all(|request| request.kind == CallKind::RevokeByValue), "{sent:?}");
    assert!(operator.heard("unknown-key") && operator.heard("ByHand"));
}

#[test]
fn a_refused_admin_key_ends_the_run_with_the_key_alive() {
    for status in [401, 403] {
        let api = Api::with_faults(first(CallKind::RevokeByValue, 9, Fault::Status(status)));
        assert_eq!(respond(&api), (1, "live".to_owned()), "{status}");
        assert_eq!(revocations(&api).len(), 1, "nothing is tried again");
    }
}

#[test]
fn an_admin_key_without_the_scope_is_told_before_anything_is_sent() {
    let weak = random_key();
    let leaked = random_key();
    let behaviour = Behaviour {
        keys: vec![simulated(&weak, "weak", "read"), simulated(&leaked, "leak", "write")],
        ..Behaviour::default()
    };
    let simulator = keysweep::vendor::simulator::Simulator::start(behaviour).unwrap();
    let client = api::client_at(&simulator.url());
    let directory = directory();
    let admin = AdminKey::new(weak);
    let keys = [&leaked];
    let mut run = Run::new(&client, &admin, &keys, directory.path());
    run.tempo.limit = Duration::from_millis(300);
    let (code, report, operator) = run.go();
    assert_eq!((code.unwrap(), state(&report, &leaked)), (1, "live".to_owned()));
    assert!(operator.last_plan().contains("hand"), "{}", operator.last_plan());
    assert!(simulator.requests().iter().all(|request| !request.kind.is_revocation()));
}

#[test]
fn transient_failures_are_sent_again_and_never_twice_in_vain() {
    for fault in [
        Fault::Status(429),
        Fault::RetryAfter(429, 0),
        Fault::Status(500),
        Fault::RetryAfter(503, 0),
        Fault::SlowHeaders(Duration::from_secs(3)),
        Fault::ResetMidBody,
        Fault::DoneButStatus(500),
        Fault::DoneButStatus(504),
        Fault::SlowBody(Duration::from_secs(3)),
    ] {
        let api = Api::with_faults(first(CallKind::RevokeByValue, 2, fault.clone()));
        assert_eq!(respond(&api), (0, "dead".to_owned()), "{fault:?}");
        let sent = revocations(&api);
        assert!(sent.iter().all(|request| !request.was_revoked), "{fault:?}: {sent:?}");
    }
}

#[test]
fn answers_without_meaning_are_no_success_and_no_crash() {
    for fault in [
        Fault::Status(400),
        Fault::Status(402),
        Fault::Status(418),
        Fault::Redirect("http://127.0.0.1:1/v1".to_owned()),
        Fault::HugeBody,
        Fault::GarbageJson,
    ] {
        let api = Api::with_faults(first(CallKind::RevokeByValue, 99, fault.clone()));
        assert_eq!(respond(&api), (1, "live".to_owned()), "{fault:?}");
    }
}

#[test]
fn a_listing_that_fails_leaves_the_call_by_value() {
    for fault in [
        Fault::Status(500),
        Fault::GarbageJson,
        Fault::HugeBody,
        Fault::ResetMidBody,
        Fault::Redirect("http://127.0.0.1:1/v1".to_owned()),
    ] {
        let api = Api::with_faults(first(CallKind::List, 99, fault.clone()));
        assert_eq!(respond(&api), (0, "dead".to_owned()), "{fault:?}");
    }
}

/// Two keys that end alike: revoking by id would be a coin toss.
#[test]
fn ambiguity_by_last_four_is_refused() {
    let tail = |front: &Secret| {
        let mut bytes = front.expose().to_vec();
        let from = bytes.len() - 4;
        bytes[from..].copy_from_slice(b"Zz09");
        Secret::new(bytes)
    };
    let (leaked, innocent) = (tail(&random_key()), tail(&random_key()));
    let admin = random_key();
    let behaviour = Behaviour {
        keys: vec![
            simulated(&admin, "operator", "admin"),
            simulated(&innocent, "innocent", "write"),
            simulated(&leaked, "leaked", "write"),
        ],
        offers: Offers { revoke_by_value: false, ..Offers::default() },
        ..Behaviour::default()
    };
    let simulator = keysweep::vendor::simulator::Simulator::start(behaviour).unwrap();
    let client = api::client_at(&simulator.url());
    let directory = directory();
    let admin = AdminKey::new(admin);
    let keys = [&leaked];
    let mut run = Run::new(&client, &admin, &keys, directory.path());
    run.tempo.limit = Duration::from_millis(300);
    let (code, _, operator) = run.go();
    assert_eq!(code.unwrap(), 1);
    assert!(operator.last_plan().contains("2 listed keys end like it"));
    assert!(simulator.is_live(&innocent));
    let ids = simulator.requests();
    assert!(ids.iter().all(|request| request.kind != CallKind::RevokeById));
}

#[test]
fn the_operator_can_forbid_a_strategy() {
    let api = Api::start(Behaviour::default());
    let overrides = format!("base_url = \"{}\"\nstrategies = [\"id\"]", api.simulator.url());
    let profile = Profile::with_overrides(&overrides).unwrap();
    let client = Client::new(profile, &api::transport()).unwrap();
    let directory = directory();
    let keys = [&api.leaked];
    let (code, ..) = Run::new(&client, &api.admin, &keys, directory.path()).go();
    assert_eq!(code.unwrap(), 0);
    assert!(revocations(&api).iter().all(|request| request.kind == CallKind::RevokeById));
}

#[test]
fn nothing_is_sent_without_consent_to_exactly_this_plan() {
    let other_plan = "0".repeat(64);
    for (answer, mode) in [
        (Answer::Declines, Mode::Execute),
        (Answer::Digest(other_plan), Mode::Execute),
        (Answer::Digest(String::new()), Mode::Execute),
        (Answer::Agrees, Mode::DryRun),
    ] {
        let api = Api::start(Behaviour::default());
        let directory = directory();
        let client = api.client();
        let keys = [&api.leaked];
        let mut run = Run::new(&client, &api.admin, &keys, directory.path());
        (run.answer, run.mode) = (answer, mode);
        let (code, ..) = run.go();
        assert_eq!(code.unwrap(), 1);
        assert!(revocations(&api).is_empty());
    }
}

#[test]
fn the_digest_of_a_dry_run_is_the_consent_of_the_next_run_unless_the_plan_changed() {
    let api = Api::start(Behaviour::default());
    let directory = directory();
    let client = api.client();
    let keys = [&api.leaked];
    let mut run = Run::new(&client, &api.admin, &keys, directory.path());
    run.mode = Mode::DryRun;
    let digest = run.go().2.last_digest();
    let both = [&api.leaked, &api.other];
    let mut wider = Run::new(&client, &api.admin, &both, directory.path());
    wider.answer = Answer::Digest(digest.clone());
    assert_eq!(wider.go().0.unwrap(), 1, "another key has come in");
    assert!(revocations(&api).is_empty());
    run.mode = Mode::Execute;
    run.answer = Answer::Digest(digest);
    assert_eq!(run.go().0.unwrap(), 0);
}

#[test]
fn only_live_keys_enter_a_plan() {
    let api = Api::start(Behaviour::default());
    let never_a_key = random_key();
    api.simulator.revoke_by_hand(&api.other);
    let directory = directory();
    let client = api.client();
    let keys = [&api.leaked, &api.other, &never_a_key];
    let (code, report, operator) = Run::new(&client, &api.admin, &keys, directory.path()).go();
    assert_eq!(code.unwrap(), 3, "two were only ever rejected");
    assert_eq!(state(&report, &api.leaked), "dead");
    assert_eq!(state(&report, &api.other), "rejected");
    assert_eq!(state(&report, &never_a_key), "rejected");
    assert_eq!(revocations(&api).len(), 1);
    assert!(!operator.last_plan().contains(&fingerprint(&api.other).hex()));
}

#[test]
fn the_admin_key_in_use_goes_last_is_announced_and_cannot_prove_itself() {
    let api = Api::start(Behaviour::default());
    let directory = directory();
    let client = api.client();
    let keys = [api.admin.secret(), &api.leaked];
    let (code, report, operator) = Run::new(&client, &api.admin, &keys, directory.path()).go();
    assert_eq!(code.unwrap(), 3);
    let targets: Vec<_> = revocations(&api).into_iter().map(|r| r.target.unwrap()).collect();
    assert_eq!(targets, ["ci-pipeline", "operator"]);
    assert!(operator.last_plan().contains("admin key in use"));
    assert_eq!(state(&report, &api.leaked), "dead");
    assert_eq!(state(&report, api.admin.secret()), "unknown");
    assert!(!api.simulator.is_live(api.admin.secret()));
}

#[test]
fn a_new_admin_key_proves_the_death_of_the_old_one() {
    let fresh = random_key();
    let api = Api::start(Behaviour {
        keys: vec![simulated(&fresh, "fresh", "admin")],
        ..Behaviour::default()
    });
    let directory = directory();
    let client = api.client();
    let keys = [api.admin.secret()];
    assert_eq!(Run::new(&client, &api.admin, &keys, directory.path()).go().0.unwrap(), 3);
    let fresh = AdminKey::new(fresh);
    let (code, report, _) = Run::new(&client, &fresh, &keys, directory.path()).go();
    assert_eq!((code.unwrap(), state(&report, api.admin.secret())), (0, "dead".to_owned()));
    assert_eq!(revocations(&api).len(), 1);
}

#[test]
fn the_admin_key_is_kept_while_others_still_need_it() {
    let api = Api::start(Behaviour { manner: RevocationManner::Never, ..Behaviour::default() });
    let directory = directory();
    let client = api.client();
    let keys = [api.admin.secret(), &api.leaked];
    let mut run = Run::new(&client, &api.admin, &keys, directory.path());
    run.tempo.limit = Duration::from_millis(300);
    let (code, _, operator) = run.go();
    assert_eq!(code.unwrap(), 1);
    assert!(operator.heard("AdminHeldBack"));
    assert_eq!(revocations(&api).len(), 1);
}

/// A slow API that took the first request must not get a second one from the
/// next run while it is still at work.
#[test]
fn a_run_that_is_taken_up_again_waits_before_it_sends_again() {
    let manner = RevocationManner::After(Duration::from_millis(600));
    let api = Api::start(Behaviour { manner, ..Behaviour::default() });
    let directory = directory();
    let client = api.client();
    let keys = [&api.leaked];
    let mut run = Run::new(&client, &api.admin, &keys, directory.path());
    run.tempo.limit = Duration::from_millis(200);
    assert_eq!(run.go().0.unwrap(), 1, "time was up");
    run.tempo.limit = Duration::from_secs(5);
    run.tempo.settle = Duration::from_secs(2);
    let (code, report, _) = run.go();
    assert_eq!((code.unwrap(), state(&report, &api.leaked)), (0, "dead".to_owned()));
    assert_eq!(revocations(&api).len(), 1);
}

#[test]
fn a_thief_behind_a_redirect_gets_neither_key() {
    let thief = keysweep::vendor::simulator::Simulator::start(Behaviour::default()).unwrap();
    let target = format!("{}/api-keys/revoke", thief.url());
    let seen = AtomicUsize::new(0);
    let api = Api::with_faults(move |call| {
        let is_management =
            matches!(call.kind, CallKind::RevokeByValue | CallKind::RevokeById | CallKind::List);
        seen.fetch_add(1, Ordering::SeqCst);
        is_management.then(|| Fault::Redirect(target.clone()))
    });
    assert_eq!(respond(&api).0, 1);
    assert!(thief.requests().is_empty());
}

#[test]
fn a_missing_call_is_asked_for_once_however_many_keys_there_are() {
    let keys: Vec<Secret> = (0..20).map(|_| random_key()).collect();
    let api = Api::start(Behaviour {
        keys: keys.iter().map(|key| simulated(key, "many", "read")).collect(),
        offers: Offers { revoke_by_value: false, ..Offers::default() },
        ..Behaviour::default()
    });
    let directory = directory();
    let client = api.client();
    let keys: Vec<&Secret> = keys.iter().collect();
    let mut run = Run::new(&client, &api.admin, &keys, directory.path());
    run.patience = hasty();
    assert_eq!(run.go().0.unwrap(), 0);
    let by_value = revocations(&api);
    let by_value = by_value.iter().filter(|request| request.kind == CallKind::RevokeByValue);
    assert_eq!(by_value.count(), 1);
}
