"""Runs every tool on every repository, in turn, and counts only good runs.

A tool's first run on a repository is not timed: it fills the caches, its own
included, and its memory is sampled. Then round after round every tool runs
once, with and without keys planted, so that a slow minute of the machine hits
all alike.
"""

import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .plant import Plant
from .run import Run, git, run
from .tools import Tool


@dataclass(frozen=True)
class Target:
    """A repository, as it is cloned or with keys planted."""

    name: str
    directory: Path
    plants: list[Plant]

    @property
    def state(self) -> str:
        """As a table says it."""
        return "as cloned" if not self.plants else "planted"

    @property
    def wanted(self) -> bytes | None:
        """The key that a tool must find."""
        return self.plants[0].key.encode() if self.plants else None


@dataclass
class Measured:
    """What one tool took on one repository; without times where it failed."""

    target: Target
    tool: Tool
    command: list[str]
    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    peak_bytes: int = 0
    anon_bytes: int | None = None
    found: bool = False
    objection: str | None = None

    @property
    def median_s(self) -> float:
        """The median of the rounds' wall times."""
        return statistics.median(self.wall_s)

    def facts(self) -> dict[str, object]:
        """All of it, without a key."""
        return {
            "repository": self.target.name, "state": self.target.state,
            "tool": self.tool.name, "version": self.tool.version, "rules": self.tool.rules,
            "command": self.command, "wall_s": self.wall_s, "cpu_s": self.cpu_s,
            "peak_bytes": self.peak_bytes, "anon_bytes": self.anon_bytes,
            "found_planted": self.found, "objection": self.objection,
        }


def ratio(above: Measured, below: Measured) -> float:
    """How many times as long `above` takes: the median, round by round."""
    return statistics.median(a / b for a, b in zip(above.wall_s, below.wall_s))


def repositories(folder: Path, only: Sequence[str]) -> list[tuple[str, Path]]:
    """The repositories in a folder, bare or not, or the folder itself if it is one."""
    found = []
    for path in [folder, *sorted(folder.iterdir())]:
        if (path / ".git").is_dir():
            path = path / ".git"
        if not ((path / "HEAD").is_file() and (path / "objects").is_dir()):
            continue
        name = (path.parent if path.name == ".git" else path).name.removesuffix(".git")
        if not only or name in only:
            found.append((name, path.resolve()))
    if not found:
        raise SystemExit(f"{folder}: no repository there" + (f" named {', '.join(only)}" if only else ""))
    return found


def measure(
    cases: Sequence[tuple[Target, Tool]], rounds: int, directory: Path
) -> list[Measured]:
    """Runs each tool on its repository, `rounds` times in turn, every second time
    in reverse: whoever comes next finds the pack in the processor's caches, and
    nobody is always the one."""
    results = []
    for target, tool in cases:
        result = Measured(target, tool, tool.command(target.directory))
        first = run(result.command, directory, wanted=target.wanted, sampled=True)
        result.peak_bytes, result.anon_bytes = first.peak_bytes, first.anon_bytes
        _judge(result, first)
        results.append(result)
    for number in range(rounds):
        for result in results[:: -1 if number % 2 else 1]:
            if result.objection is not None:
                continue
            again = run(result.command, directory, wanted=result.target.wanted)
            _judge(result, again)
            if result.objection is None:
                result.wall_s.append(again.wall_s)
                result.cpu_s.append(again.cpu_s)
                result.peak_bytes = max(result.peak_bytes, again.peak_bytes)
    for result in results:
        if result.objection is not None:
            result.wall_s.clear()
            result.cpu_s.clear()
            print(
                f"{result.target.name} ({result.target.state}): {result.tool.name} with "
                f"{result.tool.rules} rules does not count: {result.objection}", file=sys.stderr,
            )
    return results


def _judge(result: Measured, done: Run) -> None:
    result.objection = result.tool.objection(done, result.target.plants)
    ours = result.objection is None and result.tool.rules == "built-in"
    result.found = bool(result.target.plants) and (done.seen or ours)


def storage(repository: Path) -> str:
    """What a repository stores, in git's own count."""
    lines = git(repository, "count-objects", "-v").splitlines()
    count = {name: int(value) for name, value in (line.split(": ") for line in lines if ": " in line)
             if value.isdigit()}
    loose = f", {count['count']} loose" if count["count"] else ""
    packs = "1 pack" if count["packs"] == 1 else f"{count['packs']} packs"
    return f"{count['in-pack']:,} objects in {packs} of {count['size-pack'] / 1000:.0f} MB{loose}"
