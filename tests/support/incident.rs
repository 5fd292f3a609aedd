//! What tests of a whole response share: reports made by hand, an operator who
//! agrees, and a journal's storage that dies on demand.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keysweep::report::model::{self, Report};
use keysweep::respond::journal::{FileStorage, JOURNAL_FILE, Journal, Past, RunIdentity, Storage};
use keysweep::respond::{
    Consent, Incident, Mode, Notice, Operator, Plan, RespondError, Selection, Tempo,
};
use keysweep::secret::{Fingerprint, Secret};
use keysweep::vendor::{AdminKey, Client, Patience};

use super::api::{fingerprint, hasty};

pub(crate) fn tempo() -> Tempo {
    Tempo {
        limit: Duration::from_secs(2),
        first_poll: Duration::from_millis(10),
        longest_poll: Duration::from_millis(40),
        settle: Duration::from_millis(150),
    }
}

/// A report with one finding for each key.
pub(crate) fn report_of(keys: &[&Secret]) -> Report {
    let finding = |key: &&Secret| {
        serde_json::json!({
            "rule": "bytestack-key", "severity": "critical", "confidence": "high",
            "fingerprint": fingerprint(key), "redacted": key.mask(),
            "verdict": null, "suppression": null,
            "occurrences": [{
                "source": "worktree", "repository": "app", "path": "app/.env",
                "line": 3, "column": 16, "length_bytes": key.len(), "confidence": "high",
                "evidence": "value of BITKIT_API_KEY", "encodings": [],
                "excerpt": "BITKIT_API_KEY=…", "excerpt_mask": [15, 1], "suppression": null,
                "blob": null, "commit": null, "author": null, "date": null, "provenance": null,
            }],
        })
    };
    let findings: Vec<_> = keys.iter().map(finding).collect();
    serde_json::from_value(serde_json::json!({
        "schema": model::SCHEMA,
        "tool": { "name": "keysweep", "version": "0.1.0" },
        "run": {
            "started_at": "2026-01-01T00:00:00Z", "finished_at": "2026-01-01T00:00:01Z",
            "exit_code": 1, "min_confidence": "medium", "fail_on": "low",
            "keyed_fingerprints": false, "below_min_confidence": 0,
        },
        "scope": {
            "mode": "all", "range": null, "working_directory": "/srv",
            "roots": [{ "path": "app", "kind": "directory", "head": null }], "config": null,
        },
        "coverage": {
            "complete": true, "files": 1, "blobs": 0, "bytes": 60, "commits": 0,
            "skipped": [], "cannot_hold": [],
        },
        "rules": {},
        "findings": findings,
        "notes": [],
    }))
    .unwrap()
}

pub(crate) fn values(keys: &[&Secret]) -> HashMap<Fingerprint, Secret> {
    keys.iter().map(|key| (fingerprint(key), (*key).clone())).collect()
}

/// What the operator answers.
#[derive(Clone)]
pub(crate) enum Answer {
    Agrees,
    Declines,
    Digest(String),
}

pub(crate) struct Scripted {
    pub(crate) answer: Answer,
    pub(crate) told: Mutex<Vec<String>>,
    pub(crate) plans: Mutex<Vec<(String, String)>>,
}

impl Scripted {
    pub(crate) fn new(answer: Answer) -> Self {
        Self { answer, told: Mutex::default(), plans: Mutex::default() }
    }

    pub(crate) fn last_digest(&self) -> String {
        self.plans.lock().unwrap().last().unwrap().1.clone()
    }

    pub(crate) fn last_plan(&self) -> String {
        self.plans.lock().unwrap().last().unwrap().0.clone()
    }

    pub(crate) fn heard(&self, words: &str) -> bool {
        self.told.lock().unwrap().iter().any(|told| told.contains(words))
    }
}

impl Operator for Scripted {
    fn told(&self, notice: &Notice<'_>) {
        if let Notice::Planned(plan) = notice {
            let plan = (plan.text().to_owned(), plan.digest().to_owned());
            self.plans.lock().unwrap().push(plan);
        }
        self.told.lock().unwrap().push(format!("{notice:?}"));
    }

    fn consent<'p>(&self, plan: &'p Plan, past: &Past) -> Option<Consent<'p>> {
        match &self.answer {
            Answer::Agrees => Consent::typed(plan, &plan.digest()[..8]).ok(),
            Answer::Declines => Consent::typed(plan, "no").ok(),
            Answer::Digest(digest) => Consent::by_digest(plan, digest, past).ok(),
        }
    }
}

/// How a storage dies when its fuse is burnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Death {
    /// The process is killed with signal 9.
    Kill,
    /// This and every later call fails, as after a crash.
    Error,
    /// This write fails as on a full disk; half of it is there.
    DiskFull,
}

/// Four points a write: before it, in its middle, after it, after its fsync.
#[derive(Debug)]
pub(crate) struct Dying {
    inner: FileStorage,
    fuse: Arc<AtomicUsize>,
    death: Death,
    dead: bool,
}

impl Dying {
    pub(crate) fn open(directory: &Path, fuse: Arc<AtomicUsize>, death: Death) -> Self {
        let inner = FileStorage::open(&directory.join(JOURNAL_FILE)).unwrap();
        Self { inner, fuse, death, dead: false }
    }

    fn burn(&mut self) -> io::Result<()> {
        let burnt = self.dead
            || self.fuse.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
                == Ok(1);
        if !burnt {
            return Ok(());
        }
        match self.death {
            Death::Kill => {
                #[cfg(unix)]
                {
                    use rustix::process::{Signal, getpid, kill_process};
                    kill_process(getpid(), Signal::KILL).unwrap();
                    loop {
                        std::thread::sleep(Duration::from_secs(1));
                    }
                }
                #[cfg(not(unix))]
                std::process::abort()
            }
            Death::Error => {
                self.dead = true;
                Err(io::Error::other("crashed"))
            }
            Death::DiskFull => Err(io::Error::from(io::ErrorKind::StorageFull)),
        }
    }
}

impl Storage for Dying {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        self.inner.read()
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.burn()?;
        let (half, rest) = bytes.split_at(bytes.len() / 2);
        self.inner.write(half)?;
        self.burn()?;
        self.inner.write(rest)?;
        self.burn()
    }

    fn sync(&mut self) -> io::Result<()> {
        self.inner.sync()?;
        self.burn()
    }

    fn truncate(&mut self, length_bytes: u64) -> io::Result<()> {
        if self.dead {
            return Err(io::Error::other("crashed"));
        }
        self.inner.truncate(length_bytes)
    }
}

/// One run of a response in a directory.
pub(crate) struct Run<'a> {
    pub(crate) client: &'a Client,
    pub(crate) admin: &'a AdminKey,
    pub(crate) keys: &'a [&'a Secret],
    pub(crate) directory: &'a Path,
    pub(crate) answer: Answer,
    pub(crate) mode: Mode,
    pub(crate) tempo: Tempo,
    pub(crate) patience: Patience,
    pub(crate) fuse: Option<(Arc<AtomicUsize>, Death)>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        client: &'a Client,
        admin: &'a AdminKey,
        keys: &'a [&'a Secret],
        directory: &'a Path,
    ) -> Self {
        Self {
            client,
            admin,
            keys,
            directory,
            answer: Answer::Agrees,
            mode: Mode::Execute,
            tempo: tempo(),
            patience: hasty(),
            fuse: None,
        }
    }

    pub(crate) fn go(&self) -> (Result<u8, RespondError>, Report, Scripted) {
        let mut report = report_of(self.keys);
        let operator = Scripted::new(self.answer.clone());
        let result = self.go_with(&mut report, &operator);
        (result, report, operator)
    }

    fn go_with(&self, report: &mut Report, operator: &Scripted) -> Result<u8, RespondError> {
        let identity = RunIdentity::of(report, "api");
        let (journal, past) = match &self.fuse {
            None => Journal::open(self.directory, &identity)?,
            Some((fuse, death)) => {
                let storage = Dying::open(self.directory, Arc::clone(fuse), *death);
                let path = self.directory.join(JOURNAL_FILE);
                let clock = keysweep::vendor::now;
                Journal::open_on(Box::new(storage), &path, &identity, clock)?
            }
        };
        let path = self.directory.join("report.json");
        let mut incident = Incident {
            client: self.client,
            admin: Some(self.admin),
            patience: self.patience,
            tempo: self.tempo,
            journal,
            past,
            operator,
            report_file: Some(&path),
            no_downtime: false,
            is_swept_here: false,
        };
        let all: BTreeSet<Fingerprint> = self.keys.iter().map(|key| fingerprint(key)).collect();
        let selection = Selection::new(&[], &[], &all)?;
        let runtime = keysweep::vendor::runtime().unwrap();
        let keys = values(self.keys);
        runtime.block_on(incident.run(report, &keys, &[], &selection, self.mode))
    }
}

pub(crate) fn state(report: &Report, key: &Secret) -> String {
    let finding = report.findings.iter().find(|finding| finding.fingerprint == fingerprint(key));
    finding.unwrap().verdict.as_ref().unwrap().state.clone()
}
