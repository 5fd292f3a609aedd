//! The drawn timeline of exposure.
//!
//! In: a report and its summary, most urgent key first. Out: one inline SVG with a bar a key, and the
//! same facts as a table for whoever cannot see it. Years of history and the
//! minutes of a response fit one drawing by having a panel and a scale each.

use std::io::{self, Write};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::super::exposure::{End, Exposure};
use super::super::inert::markup;
use super::super::model::{Finding, Report};
use super::super::summary::{Summary, state};
use super::instant;

/// Keys beyond this many, most urgent first, stand in the table alone.
const MAX_BARS: usize = 24;

const WIDTH: f64 = 1_120.0;
const LEFT: f64 = 150.0;
const RIGHT: f64 = WIDTH - 30.0;
const TOP: f64 = 52.0;
const ROW: f64 = 34.0;

/// A stretch of time on a stretch of the drawing.
struct Scale {
    from: Timestamp,
    to: Timestamp,
    left: f64,
    right: f64,
}

impl Scale {
    fn x(&self, at: Timestamp) -> f64 {
        let whole = self.to.duration_since(self.from).as_secs_f64().max(1.0);
        let part = at.duration_since(self.from).as_secs_f64() / whole;
        self.left + part.clamp(0.0, 1.0) * (self.right - self.left)
    }

    /// A few instants evenly apart, named as finely as they lie apart.
    fn ticks(&self) -> Vec<(f64, String)> {
        const COUNT: i32 = 4;
        let span = self.to.duration_since(self.from);
        let format = match span.as_hours() {
            0..=1 => "%H:%M:%S",
            2..=48 => "%m-%d %H:%M",
            _ => "%Y-%m-%d",
        };
        (0..=COUNT)
            .filter_map(|at| {
                let time = self.from.checked_add(span / COUNT * at).ok()?;
                Some((self.x(time), time.to_zoned(TimeZone::UTC).strftime(format).to_string()))
            })
            .collect()
    }
}

/// The two panels: before the keys were found, and since.
struct Panels {
    history: Scale,
    response: Option<Scale>,
}

impl Panels {
    fn of(exposures: &[(&Finding, Exposure<'_>)]) -> Option<Self> {
        let found = exposures.iter().find_map(|(_, exposure)| exposure.found)?;
        let first = exposures.iter().filter_map(|(_, e)| e.start()).min()?.min(found);
        let last = exposures.iter().filter_map(|(_, e)| e.last()).max()?.max(found);
        let has_response = last > found;
        let split = if has_response { LEFT + (RIGHT - LEFT) * 0.6 } else { RIGHT - 36.0 };
        // A key that no commit dates has no history to show; an hour keeps the
        // scale from dividing by nothing.
        let hour = SignedDuration::from_hours(1);
        let first = if first == found { found.checked_sub(hour).ok()? } else { first };
        let history = Scale { from: first, to: found, left: LEFT, right: split };
        let response = has_response.then_some(Scale {
            from: found,
            to: last,
            left: split + 24.0,
            right: RIGHT - 36.0,
        });
        Some(Self { history, response })
    }

    fn x(&self, at: Timestamp) -> f64 {
        match &self.response {
            Some(response) if at > self.history.to => response.x(at),
            _ => self.history.x(at),
        }
    }
}

/// Renders the section; nothing where no time is known.
pub(super) fn render(
    report: &Report,
    summary: &Summary<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let exposures: Vec<(&Finding, Exposure<'_>)> = summary
        .active
        .iter()
        .map(|finding| (*finding, Exposure::of(finding, &report.run)))
        .collect();
    let drawn = &exposures[..exposures.len().min(MAX_BARS)];
    let Some(panels) = Panels::of(drawn) else { return Ok(()) };
    writeln!(
        out,
        r#"<section id="timeline" aria-labelledby="timeline-title"><h2 id="timeline-title">Exposure</h2>
<p class="dim">When each key could be read by others, as far as its history tells. Times are UTC.</p>"#
    )?;
    let height = TOP + ROW * drawn.len() as f64 + 8.0;
    writeln!(
        out,
        r#"<div class="scroll" tabindex="0" role="region" aria-label="Timeline, drawn"><svg class="line" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="line-title line-text"><title id="line-title">Timeline of exposure</title><desc id="line-text">A bar for each of {} keys, from its introduction to its death or open end. The table below holds the same times.</desc>"#,
        drawn.len(),
    )?;
    axes(&panels, height, out)?;
    for (at, (finding, exposure)) in drawn.iter().enumerate() {
        bar(&panels, finding, exposure, TOP + ROW * (at as f64 + 0.5), out)?;
    }
    writeln!(out, "</svg></div>")?;
    legend(out)?;
    if exposures.len() > drawn.len() {
        writeln!(
            out,
            "<p class=\"dim\">The {MAX_BARS} most urgent of {} keys are drawn; the table of keys has all.</p>",
            exposures.len()
        )?;
    }
    table(drawn, out)?;
    writeln!(out, "</section>")
}

fn axes(panels: &Panels, height: f64, out: &mut dyn Write) -> io::Result<()> {
    let mut panel = |scale: &Scale, head: &str| {
        writeln!(
            out,
            r#"<rect class="panel" x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}" rx="4"/><text class="head" x="{:.1}" y="16">{head}</text>"#,
            scale.left - 8.0,
            TOP - 8.0,
            scale.right - scale.left + 16.0,
            height - TOP + 4.0,
            scale.left - 8.0,
        )?;
        let ticks = scale.ticks();
        // In a narrow panel only the ends have room for a name.
        let narrow = scale.right - scale.left < 480.0;
        for (at, (x, name)) in ticks.iter().enumerate() {
            writeln!(
                out,
                r#"<line class="rule" x1="{x:.1}" y1="{:.1}" x2="{x:.1}" y2="{:.1}"/>"#,
                TOP - 8.0,
                height - 4.0,
            )?;
            let anchor = match at {
                0 => "start",
                at if at + 1 == ticks.len() => "end",
                _ if narrow && at != ticks.len() / 2 => continue,
                // Within a second or a day several bear one name.
                _ if [&ticks[0], &ticks[ticks.len() - 1]].iter().any(|end| end.1 == *name) => {
                    continue;
                }
                _ => "middle",
            };
            writeln!(out, r#"<text x="{x:.1}" y="36" text-anchor="{anchor}">{name}</text>"#)?;
        }
        Ok::<(), io::Error>(())
    };
    panel(&panels.history, "before it was found")?;
    if let Some(response) = &panels.response {
        panel(response, "since it was found")?;
        let x = f64::midpoint(panels.history.right, response.left);
        writeln!(out, r#"<line class="break" x1="{x:.1}" y1="6" x2="{x:.1}" y2="{height:.1}"/>"#)?;
    }
    Ok(())
}

fn bar(
    panels: &Panels,
    finding: &Finding,
    exposure: &Exposure<'_>,
    y: f64,
    out: &mut dyn Write,
) -> io::Result<()> {
    let class = match exposure.end {
        End::Dead(_) => "closed",
        End::Live => "live",
        End::Unproven => "unproven",
    };
    writeln!(
        out,
        r#"<g><text class="name" x="0" y="{:.1}">{}</text>"#,
        y + 4.5,
        markup(&finding.redacted),
    )?;
    let edge = panels.response.as_ref().map_or(panels.history.right, |scale| scale.right);
    let start = exposure.start().map_or(LEFT, |at| panels.x(at));
    let end = match exposure.end {
        End::Dead(at) => panels.x(at),
        End::Live | End::Unproven => edge + 14.0,
    };
    // Where the tree no longer holds it, history does: a thinner, paler bar.
    let gone = exposure.removed.filter(|_| !exposure.in_tree).map(|removed| panels.x(removed.at));
    let middle = gone.unwrap_or(end).clamp(start, end.max(start));
    segment(start, middle, y, 10.0, class, out)?;
    segment(middle, end, y, 5.0, &format!("{class} past"), out)?;
    if !matches!(exposure.end, End::Dead(_)) {
        writeln!(
            out,
            r#"<path class="arrow {class}" d="M{end:.1} {:.1}l14 8l-14 8z"><title>open end</title></path>"#,
            y - 8.0
        )?;
    }
    marks(panels, exposure, y, out)?;
    writeln!(out, "</g>")
}

/// The moments on a bar. Two that would cover one another are drawn side by
/// side; the title of each says its own time.
fn marks(panels: &Panels, exposure: &Exposure<'_>, y: f64, out: &mut dyn Write) -> io::Result<()> {
    const APART: f64 = 15.0;
    let dead = match exposure.end {
        End::Dead(at) => Some(at),
        End::Live | End::Unproven => None,
    };
    let removed = exposure.removed.filter(|_| !exposure.in_tree).map(|moment| moment.at);
    let mut marks: Vec<(Timestamp, f64, &str, &str)> = [
        (INTRODUCED, exposure.introduced.map(|moment| moment.at), "introduced"),
        (REMOVED, removed, "removed"),
        (FOUND, exposure.found, "found"),
        (LIVE, exposure.seen_live, "seen live"),
        (REVOKED, exposure.revoked, "revoked"),
        (DEAD, dead, "proven dead"),
    ]
    .into_iter()
    .filter_map(|(shape, at, what)| Some((at?, panels.x(at?), shape, what)))
    .collect();
    marks.sort_by_key(|(at, ..)| *at);
    for later in (1..marks.len()).rev() {
        marks[later - 1].1 = marks[later - 1].1.min(marks[later].1 - APART);
    }
    for (at, x, shape, what) in marks {
        writeln!(
            out,
            r#"<g transform="translate({x:.1} {y:.1})">{shape}<title>{what} {}</title></g>"#,
            at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        )?;
    }
    Ok(())
}

fn segment(
    from: f64,
    to: f64,
    y: f64,
    thickness: f64,
    class: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    if to - from < 0.5 {
        return Ok(());
    }
    writeln!(
        out,
        r#"<rect class="bar {class}" x="{from:.1}" y="{:.1}" width="{:.1}" height="{thickness}" rx="2"/>"#,
        y - thickness / 2.0,
        to - from,
    )
}

const INTRODUCED: &str = r#"<circle class="dot" r="6"/>"#;
const REMOVED: &str = r#"<path class="dot" d="M0 -7L7 0L0 7L-7 0Z"/>"#;
const FOUND: &str = r#"<path class="dot full" d="M0 -7L6.5 5L-6.5 5Z"/>"#;
const LIVE: &str = r#"<rect class="dot" x="-5.5" y="-5.5" width="11" height="11" rx="1"/>"#;
const REVOKED: &str = r#"<path class="dot full" d="M-6 -6H6L0 6Z"/>"#;
const DEAD: &str =
    r#"<circle class="dot end" r="8.5"/><path class="tick" d="M-4 0L-1 3.2L4.2 -3"/>"#;

fn legend(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<ul class=\"legend\">")?;
    for (shape, what) in [
        (INTRODUCED, "introduced by a commit"),
        (REMOVED, "removed from the tree (history keeps it)"),
        (FOUND, "found by this sweep"),
        (LIVE, "API called it live"),
        (REVOKED, "revocation sent"),
        (DEAD, "proven dead"),
        (r#"<path class="arrow live" d="M-7 -7l14 7l-14 7z"/>"#, "open end: live"),
        (r#"<path class="arrow unproven" d="M-7 -7l14 7l-14 7z"/>"#, "open end: not proven dead"),
    ] {
        writeln!(
            out,
            r#"<li><svg class="line" viewBox="-10 -10 20 20" aria-hidden="true">{shape}</svg>{what}</li>"#
        )?;
    }
    writeln!(out, "</ul>")
}

fn table(drawn: &[(&Finding, Exposure<'_>)], out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        r#"<details><summary>The same as a table</summary><div class="scroll"><table><thead><tr><th scope="col">Key</th><th scope="col">Introduced</th><th scope="col">Removed</th><th scope="col">Found</th><th scope="col">Seen live</th><th scope="col">Revoked</th><th scope="col">End</th></tr></thead><tbody>"#
    )?;
    let cell = |at: Option<Timestamp>| at.map_or_else(|| "–".to_owned(), instant);
    for (finding, exposure) in drawn {
        writeln!(
            out,
            r#"<tr><th scope="row"><code>{}</code></th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>"#,
            markup(&finding.redacted),
            cell(exposure.introduced.map(|moment| moment.at)),
            if exposure.in_tree {
                "still in the tree".to_owned()
            } else {
                cell(exposure.removed.map(|moment| moment.at))
            },
            cell(exposure.found),
            cell(exposure.seen_live),
            cell(exposure.revoked),
            match exposure.end {
                End::Dead(at) => format!("dead {}", instant(at)),
                End::Live | End::Unproven => format!("open ({})", markup(state(finding))),
            },
        )?;
    }
    writeln!(out, "</tbody></table></div></details>")
}
