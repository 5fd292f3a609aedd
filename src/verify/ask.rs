//! Asks the API about each key once, between two calibrations.
//!
//! In: keys and a client. Out: a verdict for every key, none left out. No key
//! is sent to an address that has not just refused a random token.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use jiff::Timestamp;

use super::{Calibration, Calibrator, Evidence, LiveKey, Proof, Verdict};
use crate::secret::{Fingerprint, Secret};
use crate::vendor::{AdminKey, Answer, Client, Deadline, Patience, VendorError, now};

/// Questions that are open at the same time.
const CONCURRENCY: usize = 32;

/// A key to be asked about.
#[derive(Debug, Clone)]
pub struct Suspect {
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// Its value, where it could be read again.
    pub secret: Option<Secret>,
    /// When it was seen live before, if ever.
    pub seen_live_at: Option<Timestamp>,
    /// Why it is not to be sent, where it is a secret of another kind.
    pub not_bearer: Option<String>,
}

/// Asks about keys.
#[derive(Debug)]
pub struct Verifier<'a> {
    /// The client.
    pub client: &'a Client,
    /// The known-live key; without it nothing is called dead.
    pub admin: Option<&'a AdminKey>,
    /// How often each key is asked about while the answers are transient
    /// failures.
    pub patience: Patience,
    /// When asking ends.
    pub deadline: Deadline,
}

/// What one round of questions brought.
#[derive(Debug)]
pub struct Round {
    verdicts: BTreeMap<Fingerprint, Verdict>,
    live: BTreeMap<Fingerprint, LiveKey>,
    opening: Calibration,
    closing: Option<Calibration>,
}

impl Round {
    /// A verdict for every key that was given.
    #[must_use]
    pub fn verdicts(&self) -> &BTreeMap<Fingerprint, Verdict> {
        &self.verdicts
    }

    /// The keys that the API just let in.
    #[must_use]
    pub fn live(&self) -> &BTreeMap<Fingerprint, LiveKey> {
        &self.live
    }

    /// What the calibration before the questions saw.
    #[must_use]
    pub fn opening(&self) -> &Calibration {
        &self.opening
    }

    /// What the calibration after the questions saw; `None` where the first
    /// failed and nothing was asked.
    #[must_use]
    pub fn closing(&self) -> Option<&Calibration> {
        self.closing.as_ref()
    }
}

/// An answer and when it came, or why none did.
type Asked = Result<(Answer, Evidence), VendorError>;

impl Verifier<'_> {
    /// Asks about every key; one fingerprint is asked once.
    pub async fn ask(&self, suspects: &[Suspect]) -> Round {
        let distinct: BTreeMap<Fingerprint, &Suspect> =
            suspects.iter().map(|suspect| (suspect.fingerprint, suspect)).collect();
        let opening = self.calibrate().await;
        if let Some(why) = opening.why_not_live() {
            let verdicts = distinct.iter().map(|(fingerprint, suspect)| {
                let why = format!("no key was sent, because {why}");
                let why = suspect.not_bearer.clone().unwrap_or(why);
                (*fingerprint, Verdict::NotAsked { why, seen_live_at: suspect.seen_live_at })
            });
            let verdicts = verdicts.collect();
            return Round { verdicts, live: BTreeMap::new(), opening, closing: None };
        }
        let mut asked = self.ask_all(distinct.into_values().collect()).await;
        let mut closing = self.calibrate().await;
        // One 401 among good answers may be a stumble of the API's. Before a key
        // is called dead it is asked once more, and the API calibrated again.
        if opening.is_good() && closing.is_good() {
            let (deaths, rest): (Vec<_>, Vec<_>) = asked.into_iter().partition(is_death);
            asked = rest;
            if !deaths.is_empty() {
                asked.extend(self.ask_all(deaths.into_iter().map(|(key, _)| key).collect()).await);
                closing = self.calibrate().await;
            }
        }
        self.judge(asked, opening, closing)
    }

    async fn ask_all<'s>(&self, suspects: Vec<&'s Suspect>) -> Vec<(&'s Suspect, Option<Asked>)> {
        futures_util::stream::iter(suspects)
            .map(|suspect| async move {
                let sendable = suspect.secret.as_ref().filter(|_| suspect.not_bearer.is_none());
                match sendable {
                    Some(secret) => (suspect, Some(self.ask_one(secret).await)),
                    None => (suspect, None),
                }
            })
            .buffer_unordered(CONCURRENCY)
            .collect()
            .await
    }

    /// Asks about the two keys whose answers are known.
    pub async fn calibrate(&self) -> Calibration {
        let random_token = match random_token() {
            Err(why) => Calibrator::Bad { why, was_refused: false },
            Ok(token) => match self.ask_one(&token).await {
                Ok((Answer::Refused, evidence)) => Calibrator::Good(evidence),
                Ok((Answer::Admitted { status }, _)) => Calibrator::Bad {
                    why: format!(
                        "a random token was answered {status} instead of 401: this address does \
                         not tell keys apart"
                    ),
                    was_refused: false,
                },
                Err(error) => bad("a random token", &error),
            },
        };
        let known_live = match self.admin {
            // The admin key is not sent where a random token was let in.
            Some(admin) if matches!(random_token, Calibrator::Good(_)) => {
                match self.ask_one(admin.secret()).await {
                    Ok((Answer::Admitted { .. }, evidence)) => Calibrator::Good(evidence),
                    Ok((Answer::Refused, _)) => Calibrator::Bad {
                        why: "the admin key itself was answered 401".to_owned(),
                        was_refused: true,
                    },
                    Err(error) => bad("the admin key", &error),
                }
            }
            _ => Calibrator::NotAsked,
        };
        Calibration { random_token, known_live }
    }

    /// Asks with one key until the answer means something, patience ends or
    /// time is up.
    async fn ask_one(&self, key: &Secret) -> Asked {
        let mut attempt = 1;
        loop {
            let error = match self.client.probe(key, self.deadline).await {
                Ok(answer) => {
                    let endpoint = self.client.probe_endpoint();
                    return Ok((answer, Evidence { at: now(), endpoint, status: answer.status() }));
                }
                Err(error) => error,
            };
            if !error.is_transient() || attempt >= self.patience.attempts {
                return Err(error);
            }
            let wait = self.patience.wait(attempt, error.retry_after());
            if self.deadline.wait(wait).await.is_err() {
                // The answer that came says more than "out of time".
                return Err(error);
            }
            attempt += 1;
        }
    }

    fn judge(
        &self,
        asked: Vec<(&Suspect, Option<Asked>)>,
        opening: Calibration,
        closing: Calibration,
    ) -> Round {
        let mut verdicts = BTreeMap::new();
        let mut live = BTreeMap::new();
        for (suspect, asked) in asked {
            let verdict = self.verdict(suspect, asked, &opening, &closing);
            if let (Verdict::Live(evidence), Some(secret)) = (&verdict, &suspect.secret) {
                let key = LiveKey::new(secret.clone(), suspect.fingerprint, evidence.clone());
                live.insert(suspect.fingerprint, key);
            }
            verdicts.insert(suspect.fingerprint, verdict);
        }
        Round { verdicts, live, opening, closing: Some(closing) }
    }

    fn verdict(
        &self,
        suspect: &Suspect,
        asked: Option<Asked>,
        opening: &Calibration,
        closing: &Calibration,
    ) -> Verdict {
        let seen_live_at = suspect.seen_live_at;
        if let Some(why) = &suspect.not_bearer {
            return Verdict::NotAsked { why: why.clone(), seen_live_at };
        }
        let unknown = |why: String, evidence| Verdict::Unknown { why, evidence, seen_live_at };
        let (answer, evidence) = match asked {
            None => return unknown("value unavailable".to_owned(), None),
            Some(Err(error)) => {
                let evidence = error.status().map(|status| Evidence {
                    at: now(),
                    endpoint: self.client.probe_endpoint(),
                    status,
                });
                return unknown(error.to_string(), evidence);
            }
            Some(Ok(asked)) => asked,
        };
        let because = |status: u16, why: &str| format!("answered {status}, but {why}");
        match answer {
            Answer::Admitted { status } => match closing.why_not_live() {
                None => Verdict::Live(evidence),
                Some(why) => unknown(because(status, why), Some(evidence)),
            },
            Answer::Refused => {
                let why = opening.why_not_dead().or_else(|| closing.why_not_dead());
                match (why, seen_live_at) {
                    (None, Some(seen)) => Verdict::Dead(Proof::new(seen, evidence)),
                    (None, None) => Verdict::Rejected(evidence),
                    (Some(why), _) => unknown(because(401, why), Some(evidence)),
                }
            }
        }
    }
}

/// Whether the answer would make a death of what was seen live before.
fn is_death((suspect, asked): &(&Suspect, Option<Asked>)) -> bool {
    suspect.seen_live_at.is_some() && matches!(asked, Some(Ok((Answer::Refused, _))))
}

fn bad(what: &str, error: &VendorError) -> Calibrator {
    let why = match error {
        VendorError::NotSendable(_) => format!("{what} cannot be sent: {error}"),
        _ => format!("{what} got no answer that means anything: {error}"),
    };
    Calibrator::Bad { why, was_refused: false }
}

/// A token that no vendor ever issued: 256 random bits.
fn random_token() -> Result<Secret, String> {
    let mut random = [0_u8; 32];
    getrandom::fill(&mut random)
        .map_err(|error| format!("the system has no randomness: {error}"))?;
    Ok(Secret::new(data_encoding::HEXLOWER.encode(&random)))
}
