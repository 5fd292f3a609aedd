//! A plan in words.
//!
//! In: steps. Out: the text that the operator reads and whose digest is agreed
//! to; it therefore holds no time and nothing else that changes by itself.

use std::fmt::Write as _;

use super::plan::{Candidate, PlanContext, Step, Way};

/// Places shown of each key; the others are counted.
const PLACES_SHOWN: usize = 8;

pub(super) fn plan(steps: &[Step], texts: &[String], context: &PlanContext<'_>) -> String {
    let profile = context.client.profile();
    let mut text = format!(
        "Plan to revoke {} {} at {} ({})\n",
        steps.len(),
        if steps.len() == 1 { "key" } else { "keys" },
        profile.base_url,
        profile.name,
    );
    let calls = steps.iter().flat_map(|step| &step.ways).any(|way| *way != Way::Dashboard);
    if calls {
        let _ = writeln!(
            text,
            "The vendor documents no call that revokes keys: those below are assumed (contract\n\
             version {}), and no answer to them counts as proof.",
            profile.contract_version
        );
    }
    if context.no_downtime {
        text.push_str("\nBefore you agree, replace the keys, so that nothing stops working:\n");
        for (number, line) in profile.steps.replacement.iter().enumerate() {
            let _ = writeln!(text, "  {}. {line}", number + 1);
        }
    }
    for (number, step) in texts.iter().enumerate() {
        let _ = write!(text, "\n{}. {step}", number + 1);
    }
    text.push_str(
        "\nEach key is then asked with until the API refuses it with 401: that, and nothing else,\n\
         is the proof.\n",
    );
    text
}

pub(super) fn step(step: &Step, context: &PlanContext<'_>) -> String {
    let profile = context.client.profile();
    let candidate = &step.candidate;
    let mut text = format!("key {}  {}\n", candidate.secret().mask(), candidate.fingerprint());
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "   {name:<8} {value}");
    };
    line(
        "state",
        match candidate {
            Candidate::Live(_) => "live: the API just let it in",
            Candidate::Named(_) => {
                "named by you; the API's answers do not decide whether it is live"
            }
        },
    );
    if step.is_admin {
        line("ADMIN", "this is the admin key in use, so it goes last; nothing can be revoked or");
        line("", "proven with it afterwards, its own death included");
    }
    let scope = step.facts.scope.as_deref();
    if let Some(name) = &step.facts.name {
        line("name", &format!("{name} (listed; found by its last four characters)"));
    }
    line(
        "opens",
        &match scope {
            Some(scope) => format!("scope {scope}: {}", profile.blast_radius.of(Some(scope))),
            None => profile.blast_radius.of(None).to_owned(),
        },
    );
    if step.places.is_empty() {
        line("found", "nowhere in what was read");
    }
    for (index, place) in step.places.iter().take(PLACES_SHOWN).enumerate() {
        line(if index == 0 { "found" } else { "" }, place);
    }
    if step.places.len() > PLACES_SHOWN {
        line("", &format!("and {} more places", step.places.len() - PLACES_SHOWN));
    }
    line("breaks", "everything that still uses this key, at once");
    for (index, way) in step.ways.iter().enumerate() {
        line(if index == 0 { "by" } else { "else by" }, &in_words(way, context));
    }
    if !step.ways.iter().any(|way| matches!(way, Way::Id(_)))
        && let Some(why) = &step.why_not_by_id
    {
        line("not", &format!("by id: {why}"));
    }
    text
}

fn in_words(way: &Way, context: &PlanContext<'_>) -> String {
    match way {
        Way::Value => format!("{}, the key in its body", context.client.revoke_by_value_endpoint()),
        Way::Id(id) => context.client.revoke_by_id_endpoint(id),
        Way::Dashboard => "hand, in the vendor's dashboard; the steps are shown then".to_owned(),
    }
}
