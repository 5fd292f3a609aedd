"""Markdown of what was measured."""

import shlex
from collections.abc import Sequence

from .compare import Measured, ratio
from .tools import BUILTIN, DEFAULT, FLOOR, FLOORS, ONE, OURS, ZLIB_FLOOR

LIKENESS = """\
- Keysweep's time is that of the whole process with all its rules: the built-in ones
  cannot be left out, they look for every spelling of the names, in base64, hex, percent
  escapes and UTF-16 too, in messages, tags, notes and unreachable objects. Peers restricted
  to *the one* rule look for one plain assignment. This favours them.
- The floor is a whole command as well: it opens the packs, reads the entries' headers, and
  inflates blobs, commits and tags on all cores, deltas as they are. It builds and searches
  nothing, reads no ref, and has no trees; Keysweep reads them, for the names in them and to
  see whether all that they name is stored. This favours the floor.
- It calls libdeflate, which Keysweep uses for all but short streams; by zlib-rs, which
  most Rust programs inflate with, it takes half as long again, and no target is set.
- Kingfisher scans each blob once, like Keysweep; `--turbo` leaves out base64, commit
  metadata and language detection, and nothing is validated. Its compiled rules are cached.
- gitleaks and betterleaks read what `git log -p` prints: added lines of reachable commits
  and no merge, no message. They read fewer bytes, and git's work counts as theirs.
- *default* is a peer with its own rules, hundreds of them: another question than ours, and
  no comparison of speed alone.
- Memory is the largest of any process of a tool, files mapped into it included; for
  Keysweep also without them, sampled every 5 ms in a run that is not timed."""


def table(results: Sequence[Measured]) -> str:
    """One row a repository, state and tool."""
    rows = [
        "| repository | tool | rules | key found | median, s | spread | Keysweep is faster by "
        "| of the floor | processor, s | peak memory |",
        "|---|---|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for group in _groups(results):
        base = {r.tool.name: r for r in group if r.wall_s and r.tool.name in (OURS, FLOOR)}
        for result in group:
            rows.append(_row(result, base.get(OURS), base.get(FLOOR)))
    return "\n".join(rows)


def _groups(results: Sequence[Measured]) -> list[list[Measured]]:
    groups: dict[tuple[str, str], list[Measured]] = {}
    for result in results:
        groups.setdefault((result.target.name, result.target.state), []).append(result)
    return list(groups.values())


def _row(result: Measured, ours: Measured | None, floor: Measured | None) -> str:
    name = f"{result.target.name}, {result.target.state}"
    if result.objection is not None:
        return f"| {name} | {result.tool.name} | {result.tool.rules} | | {result.objection} | | | | | |"
    found = "" if not result.target.plants or result.tool.name in FLOORS else "yes" if result.found else "no"
    faster = f"{ratio(result, ours):.1f} ×" if ours and result.tool.rules in (ONE, DEFAULT) else ""
    above = f"{ratio(result, floor):.2f}" if floor and result.tool.name not in FLOORS else ""
    processor = f"{sorted(result.cpu_s)[len(result.cpu_s) // 2]:.2f}"
    memory = f"{result.peak_bytes / 1e6:.0f} MB"
    if result.tool.name == OURS and result.anon_bytes is not None:
        memory += f" ({result.anon_bytes / 1e6:.0f} without the map)"
    tool = f"**{result.tool.name}**" if result.tool.name == OURS else result.tool.name
    return (
        f"| {name} | {tool} | {result.tool.rules} | {found} | {result.median_s:.3f} "
        f"| {min(result.wall_s):.2f}–{max(result.wall_s):.2f} | {faster} | {above} | {processor} | {memory} |"
    )


def targets(results: Sequence[Measured]) -> str:
    """The project's own targets, and whether these runs met them."""
    lines = []
    by_name: dict[tuple[str, str, str, str], Measured] = {
        (r.target.name, r.target.state, r.tool.name, r.tool.rules): r for r in results if r.wall_s
    }
    for (name, state, tool, _), ours in by_name.items():
        if tool != OURS:
            continue
        said = []
        if floor := by_name.get((name, state, FLOOR, "none")):
            said.append(_against("of the floor", ratio(ours, floor), 1.5, at_most=True))
        if floor := by_name.get((name, state, ZLIB_FLOOR, "none")):
            said.append(f"{ratio(ours, floor):.2f} of the floor by zlib-rs")
        if peer := by_name.get((name, state, "kingfisher", ONE)):
            said.append(_against("× Kingfisher's speed", ratio(peer, ours), 8.0, at_most=False))
        clean = by_name.get((name, "as cloned", OURS, BUILTIN))
        if state == "planted" and clean:
            said.append(_against("of the time without a key", ratio(ours, clean), 1.5, at_most=True))
        if ours.anon_bytes is not None:
            said.append(_against("MB without the map", ours.anon_bytes / 1e6, 200, at_most=True))
        lines.append(f"- {name}, {state}: " + "; ".join(said))
    return "\n".join(lines)


def _against(what: str, value: float, limit: float, at_most: bool) -> str:
    met = value <= limit if at_most else value >= limit
    sign = "at most" if at_most else "at least"
    return f"{value:.2f} {what} ({sign} {limit:g}: {'met' if met else '**missed**'})"


def commands(results: Sequence[Measured], hidden: dict[str, str]) -> str:
    """Each tool's version and command, with what stands for paths of this run."""
    lines: dict[tuple[str, str], str] = {}
    for result in results:
        text = shlex.join(result.command[:-1])
        for path, word in hidden.items():
            text = text.replace(path, word)
        key = (result.tool.name, result.tool.rules)
        lines.setdefault(key, f"- {key[0]} {result.tool.version}, {key[1]} rules: `{text} REPOSITORY`")
    return "\n".join(lines.values())
