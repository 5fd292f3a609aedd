//! `keysweep drill`.
//!
//! In: nothing of the user's. Out: a whole response to a planted leak, step by
//! step, by the very code of `respond`, over HTTP, against a simulator of the
//! API on this machine; and its audit, to look at.

mod plant;
mod story;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use keysweep::respond::{Mode, Tempo, open_directory};
use keysweep::sandbox::{self, Needs, Output};
use keysweep::secret::{Fingerprinter, Secret};
use keysweep::settings::Settings;
use keysweep::source::path::escape;
use keysweep::vendor::simulator::{Behaviour, RevocationManner, SimulatedKey, Simulator};
use keysweep::vendor::{AdminKey, Client, Patience, Profile, Transport};

use super::api::Connection;
use super::interrupt::Interrupt;
use super::respond::sweep;
use super::response::{AuditArgs, ConsentArgs, Job};
use super::telling::say;
use super::{Exit, core_dumps, output};
use story::Narrator;

/// How long the simulated API takes from its answer to the key's death.
const REVOCATION_TAKES: Duration = Duration::from_millis(700);

/// How long a drill waits for a death that will not come.
const PATIENCE_WITH_THE_STUBBORN: Duration = Duration::from_secs(4);

/// Rehearses a whole response to a leak, on a made-up repository and a
/// simulator of the API on this machine.
///
/// It asks nothing, needs neither account nor network, reads and revokes
/// nothing of yours, and explains every step. Its audit is left for you to look
/// at.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    keysweep drill\n  \
    keysweep drill --stubborn   the simulated key lives on: see how the run fails\n\n\
    Exit codes: as of `respond`: 0 the key is proven dead, 1 it lives.")]
pub(crate) struct DrillArgs {
    /// Where the audit is left [default: keysweep-drill, or the next free name].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// The simulated API says that it revoked the key, but the key lives on.
    #[arg(long)]
    stubborn: bool,

    #[command(flatten)]
    audit: AuditArgs,
}

/// Runs `keysweep drill`.
pub(crate) fn run(args: DrillArgs) -> anyhow::Result<Exit> {
    core_dumps::forbid();
    let signer = args.audit.signer()?;
    let out = match args.out {
        Some(out) => out,
        None => free_name()?,
    };
    if out.join(keysweep::respond::journal::JOURNAL_FILE).exists() {
        bail!("{} holds another run; choose another --out", escape(&out));
    }
    open_directory(&out)?;
    // The planted repository is made, swept and removed below the second.
    let outputs = [out.clone(), std::env::temp_dir()].map(Output::Directory);
    sandbox::enter(Needs::Loopback, &outputs, &[]);
    let (leaked, admin, bystander) = (random_key()?, random_key()?, random_key()?);
    let account = [
        (&leaked, "ci-pipeline", "write"),
        (&bystander, "production-backend", "read"),
        (&admin, "incident-response", "admin"),
    ];
    let manner = if args.stubborn {
        RevocationManner::Never
    } else {
        RevocationManner::After(REVOCATION_TAKES)
    };
    let simulator = Simulator::start(Behaviour {
        keys: account.map(simulated).to_vec(),
        manner,
        ..Behaviour::default()
    })
    .context("cannot listen on 127.0.0.1")?;

    let ground = tempfile::Builder::new().prefix("keysweep-drill-").tempdir()?;
    let repository = ground.path().join("web-shop");
    let commits = plant::leak(&repository, &leaked).context("cannot make the repository")?;
    say(&story::opening(&repository, &commits, &leaked, &simulator.url()));

    let settings = Settings {
        paths: vec![repository.clone()],
        obeys_ignore_files: false,
        fingerprinter: Fingerprinter::plain(),
        ..Settings::default()
    };
    let interrupt = Interrupt::watch()?;
    say(&story::before_sweep());
    let Some((mut report, keys)) = sweep(&settings, &interrupt)? else {
        output::remark("interrupted");
        return Ok(interrupt.exit());
    };
    interrupt.let_kill();
    say(&story::after_sweep(&report));
    let fingerprint = Fingerprinter::plain().fingerprint(&leaked);
    if !keys.contains_key(&fingerprint) {
        bail!("the sweep missed the planted key: this is a bug of Keysweep's, please report it");
    }

    let job = Job {
        connection: connection(&simulator, admin, args.stubborn)?,
        out: Some(out.clone()),
        mode: Mode::Execute,
        consent: &ConsentArgs::default(),
        is_swept_here: true,
        signer,
    };
    let exit = job.run_with(&mut report, &keys, &[], &Narrator::default())?;
    let proven = report.findings.iter().any(|finding| {
        let verdict = finding.verdict.as_ref();
        finding.fingerprint == fingerprint && verdict.is_some_and(|v| v.state == "dead")
    });
    say(&story::ending(&out, proven, simulator.is_live(&bystander)));
    Ok(exit)
}

fn connection(simulator: &Simulator, admin: Secret, stubborn: bool) -> anyhow::Result<Connection> {
    let mut profile = Profile::builtin();
    profile.base_url = simulator.url().parse()?;
    let client = Client::new(profile, &Transport::default())?;
    let mut tempo = Tempo::default();
    if stubborn {
        tempo.limit = PATIENCE_WITH_THE_STUBBORN;
    }
    let patience = Patience::default();
    Ok(Connection { client, admin: Some(AdminKey::new(admin)), tempo, patience })
}

fn simulated((value, name, scope): (&Secret, &str, &str)) -> SimulatedKey {
    SimulatedKey { value: value.clone(), name: name.to_owned(), scope: scope.to_owned() }
}

/// A key that no vendor issued: forty random letters and digits.
fn random_key() -> anyhow::Result<Secret> {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut key = Vec::with_capacity(40);
    while key.len() < 40 {
        let random = getrandom::u32().context("the system has no randomness")?;
        // The few values beyond a multiple of 62 favour nobody noticeably.
        key.push(LETTERS[random as usize % LETTERS.len()]);
    }
    Ok(Secret::new(key))
}

/// `keysweep-drill`, or the first free name after it.
fn free_name() -> anyhow::Result<PathBuf> {
    let base = Path::new("keysweep-drill");
    let names = (2..1000).map(|number| PathBuf::from(format!("keysweep-drill-{number}")));
    std::iter::once(base.to_owned())
        .chain(names)
        .find(|name| name.symlink_metadata().is_err())
        .context("a thousand drills are here already; name another directory with --out")
}
