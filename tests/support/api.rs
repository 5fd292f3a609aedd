//! What tests of the API's side share: random keys, simulators, verifiers.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::time::Duration;

use keysweep::secret::{Fingerprint, Fingerprinter, Secret};
use keysweep::vendor::simulator::{Behaviour, Call, Fault, FaultPlan, SimulatedKey, Simulator};
use keysweep::vendor::{AdminKey, Client, Deadline, Patience, Profile, Transport};
use keysweep::verify::{Round, Suspect, Verifier};

/// A key as random as a real one; none is ever written down.
pub(crate) fn random_key() -> Secret {
    let mut bytes = [0_u8; 20];
    getrandom::fill(&mut bytes).unwrap();
    Secret::new(data_encoding::BASE32_NOPAD.encode(&bytes).to_lowercase())
}

pub(crate) fn simulated(value: &Secret, name: &str, scope: &str) -> SimulatedKey {
    SimulatedKey { value: value.clone(), name: name.to_owned(), scope: scope.to_owned() }
}

pub(crate) fn fingerprint(key: &Secret) -> Fingerprint {
    Fingerprinter::plain().fingerprint(key)
}

pub(crate) fn suspect(key: &Secret) -> Suspect {
    Suspect {
        fingerprint: fingerprint(key),
        secret: Some(key.clone()),
        seen_live_at: None,
        not_bearer: None,
    }
}

pub(crate) fn seen_live(key: &Secret) -> Suspect {
    Suspect { seen_live_at: Some("2026-01-01T00:00:00Z".parse().unwrap()), ..suspect(key) }
}

/// Patience that does not make tests slow.
pub(crate) fn hasty() -> Patience {
    Patience {
        attempts: 4,
        first_wait: Duration::from_millis(4),
        longest_wait: Duration::from_millis(20),
    }
}

pub(crate) fn transport() -> Transport {
    Transport {
        connect_timeout: Duration::from_secs(2),
        request_timeout: Duration::from_millis(400),
        rate: 2000,
        ..Transport::default()
    }
}

pub(crate) fn client_at(url: &str) -> Client {
    let profile = Profile::with_overrides(&format!("base_url = \"{url}\"")).unwrap();
    Client::new(profile, &transport()).unwrap()
}

/// A simulator with one admin key and two others.
pub(crate) struct Api {
    pub(crate) simulator: Simulator,
    pub(crate) admin: AdminKey,
    pub(crate) leaked: Secret,
    pub(crate) other: Secret,
}

impl Api {
    pub(crate) fn start(behaviour: Behaviour) -> Self {
        let (admin, leaked, other) = (random_key(), random_key(), random_key());
        let mut behaviour = behaviour;
        behaviour.keys.insert(0, simulated(&admin, "operator", "admin"));
        behaviour.keys.insert(1, simulated(&leaked, "ci-pipeline", "write"));
        behaviour.keys.insert(2, simulated(&other, "production-backend", "read"));
        let simulator = Simulator::start(behaviour).unwrap();
        Self { simulator, admin: AdminKey::new(admin), leaked, other }
    }

    pub(crate) fn with_faults(
        decide: impl Fn(&Call) -> Option<Fault> + Send + Sync + 'static,
    ) -> Self {
        Self::start(Behaviour { faults: FaultPlan::new(decide), ..Behaviour::default() })
    }

    pub(crate) fn client(&self) -> Client {
        client_at(&self.simulator.url())
    }

    pub(crate) fn ask(&self, suspects: &[Suspect]) -> Round {
        ask(&self.client(), Some(&self.admin), suspects)
    }
}

pub(crate) fn ask(client: &Client, admin: Option<&AdminKey>, suspects: &[Suspect]) -> Round {
    let runtime = keysweep::vendor::runtime().unwrap();
    runtime.block_on(async {
        let deadline = Deadline::after(Duration::from_secs(20));
        Verifier { client, admin, patience: hasty(), deadline }.ask(suspects).await
    })
}
