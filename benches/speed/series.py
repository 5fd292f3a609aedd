"""How Keysweep's time grows: with cores, size and number of packs, rules and findings.

Each series is a list of cases that differ in one quantity. All cases of a
series run in turn, and each must find exactly what it is known to hold.
"""

import base64
import hashlib
import json
import random
import re
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import machine
from .objects import PackWriter, read
from .run import git, run

_PART_KEYS = 100
# Past this a case runs once, as a second more or less says nothing.
_SLOW_S = 20
_DATE = "1700000000 +0000"


@dataclass
class Case:
    """One point: the quantity, the command, what it is to find, its times."""

    x: float
    repository: Path
    options: list[str] = field(default_factory=list)
    cpus: int | None = None
    findings: int = 0
    note: str = ""
    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    peak_bytes: int = 0

    @property
    def median_s(self) -> float:
        """The median wall time."""
        return statistics.median(self.wall_s)


@dataclass
class Series:
    """Cases of one repository or kind that differ in one quantity."""

    quantity: str
    name: str
    cases: list[Case]

    def facts(self) -> dict[str, object]:
        """All of it, for a file."""
        return {
            "quantity": self.quantity, "name": self.name,
            "cases": [
                {"x": case.x, "wall_s": case.wall_s, "cpu_s": case.cpu_s,
                 "peak_bytes": case.peak_bytes, "findings": case.findings, "note": case.note}
                for case in self.cases
            ],
        }


def measure(program: Path, series: Series, rounds: int, directory: Path) -> None:
    """Runs all cases in turn; the first round warms the caches and is not counted.

    Ends the program where a case did not find what it holds: its time is worthless.
    """
    for turn in range(rounds + 1):
        for case in series.cases:
            if case.wall_s and case.median_s > _SLOW_S:
                continue
            command = [
                str(program), "scan", "--history", "--no-progress", "--format", "jsonl",
                *case.options, str(case.repository),
            ]
            done = run(command, directory, cpus=case.cpus)
            if done.status != (1 if case.findings else 0) or done.lines != case.findings:
                raise SystemExit(
                    f"{series.quantity}, {series.name}, {case.x:g}: exit status {done.status}, "
                    f"{done.lines} findings, not {case.findings}\n{done.errors[-500:]}"
                )
            if turn:
                case.wall_s.append(done.wall_s)
                case.cpu_s.append(done.cpu_s)
                case.peak_bytes = max(case.peak_bytes, done.peak_bytes)


def with_cores(name: str, repository: Path) -> Series:
    """The same sweep on one core, two, and what the machine offers."""
    most = machine.cores()
    counts = sorted({1, most} | {1 << at for at in range(10) if 1 << at <= most})
    return Series("cores", name, [
        Case(count, repository, ["--jobs", str(count)], cpus=count) for count in counts
    ])


def with_size(name: str, repository: Path, directory: Path) -> Series:
    """The first commits of a repository, more and more of them; x is packed MB."""
    order = git(repository, "rev-list", "--all", "--date-order", "--reverse").split()
    cases = []
    for part in (256, 64, 16, 4, 2):
        tip = order[len(order) // part]
        cut = directory / f"{name}-{part}.git"
        git(directory, "init", "--quiet", "--bare", str(cut))
        objects = git(repository, "rev-parse", "--path-format=absolute", "--git-path", "objects")
        alternates = cut / "objects/info/alternates"
        alternates.write_text(objects)
        git(cut, "update-ref", "refs/heads/cut", tip)
        git(cut, "symbolic-ref", "HEAD", "refs/heads/cut")
        git(cut, "repack", "-a", "-d", "-q")
        alternates.unlink()
        cases.append(Case(_packed_mb(cut), cut))
    cases.append(Case(_packed_mb(repository), repository))
    return Series("pack, MB", name, cases)


def _packed_mb(repository: Path) -> float:
    packs = git(repository, "rev-parse", "--path-format=absolute", "--git-path", "objects/pack").strip()
    return round(sum(path.stat().st_size for path in Path(packs).glob("*.pack")) / 1e6, 1)


def with_packs(name: str, repository: Path, counts: Sequence[int], directory: Path) -> Series:
    """The same objects in more and more packs, as they come from one fetch after the other.

    A delta is only stored where its base is in the same pack, so what is stored grows too.
    """
    order = git(
        repository, "cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objectname)"
    ).split()
    cases = []
    for count in counts:
        parted = directory / f"{name}-{count}-packs.git"
        git(directory, "init", "--quiet", "--bare", str(parted))
        for at in range(count):
            part = order[at * len(order) // count : (at + 1) * len(order) // count]
            git(
                repository, "pack-objects", "--quiet", "--window=0", "--delta-base-offset",
                str(parted / "objects/pack/pack"), given="".join(f"{one}\n" for one in part),
            )
        git(parted, "update-ref", "refs/heads/main", git(repository, "rev-parse", "HEAD").strip())
        git(parted, "symbolic-ref", "HEAD", "refs/heads/main")
        cases.append(Case(count, parted, note=f"{_packed_mb(parted):g} MB"))
    return Series("packs", name, cases)


def with_rules(name: str, repository: Path, counts: Sequence[int], directory: Path) -> list[Series]:
    """More and more rules, their keywords drawn from the repository's identifiers.

    Once those that stand once or twice in HEAD's files, and once the same words
    spelled backwards, which stand nowhere: the cost of looking alone.
    """
    words = {word: count for word, count in _identifiers(repository).items() if len(word) > 11}
    rare = sorted(word for word, count in words.items() if count <= 2)
    drawn = random.Random(1).sample(rare, min(max(counts), len(rare)))
    found = []
    for kind, spell in (("own words", str), ("reversed", lambda word: word[::-1].strip("_"))):
        cases = []
        for count in counts:
            chosen = [spell(word) for word in drawn[:count]]
            path = directory / f"{name}-{count}-{kind.replace(' ', '-')}.toml"
            path.write_text("\n".join(_rule(at, word) for at, word in enumerate(chosen)))
            hits = sum(words.get(word, 0) for word in chosen)
            cases.append(Case(
                count, repository, ["--config", str(path)],
                note=f"the keywords stand {hits:,} times in HEAD's files",
            ))
        found.append(Series("rules", f"{name}, {kind}", cases))
    return found


def _identifiers(repository: Path) -> Counter[str]:
    """What programs call things in HEAD's text files, in lower case, counted."""
    lines = git(repository, "ls-tree", "-r", "HEAD").splitlines()
    blobs = [line.split()[2] for line in lines if line.startswith("100")]
    words: Counter[str] = Counter()
    for _, body in read(repository, blobs):
        if b"\0" not in body[:8000] and len(body) < 1 << 20:
            found = re.findall(rb"\b[A-Za-z_][A-Za-z0-9_]{7,30}\b", body)
            words.update(word.lower().decode() for word in found)
    return words


def _rule(number: int, word: str) -> str:
    return f"""[[rule]]
id = "speed-{number:04}"
title = "Speed {number}"
description = "A rule that only costs time."
remedy = "None."
severity = "low"
confidence = "high"
keywords = ["{word}"]
pattern = '{word}_(?P<secret>[A-Za-z0-9]{{32}})'
examples = ["{word}_⟦alnum:32⟧"]
"""


def with_findings(most: int, directory: Path) -> Series:
    """Repositories of nothing but keys, a hundred a commit, all of them different."""
    counts = [0] + [10**at for at in range(10) if 10**at <= most]
    return Series("findings", "made of keys", [
        Case(count, _full_of_keys(count, directory / f"keys-{count}.git"), findings=count)
        for count in counts
    ])


def _full_of_keys(count: int, directory: Path) -> Path:
    git(directory.parent, "init", "--quiet", "--bare", str(directory))
    parts = max(1, -(-count // _PART_KEYS))
    partial = directory / "objects/pack/pack.pack"
    writer = PackWriter(partial, parts * 3)
    parent = ""
    for part in range(parts):
        keys = (made_key(part * _PART_KEYS + at) for at in range(min(_PART_KEYS, count - part * _PART_KEYS)))
        lines = "".join(f'{"BITKIT"}_API_KEY={key}\n' for key in keys)
        blob, _ = writer.add("blob", f"# part {part}\n{lines}".encode())
        tree, _ = writer.add("tree", b"100644 part%d.env\0" % part + blob)
        parent = writer.add("commit", commit_body(tree, parent, part))[0].hex()
    writer.finish()
    name_pack(partial)
    git(directory, "update-ref", "refs/heads/main", parent)
    git(directory, "symbolic-ref", "HEAD", "refs/heads/main")
    return directory


def commit_body(tree: bytes, parent: str, number: int) -> bytes:
    """A commit's bytes; `parent` is empty for the first."""
    before = f"parent {parent}\n" if parent else ""
    who = f"Speed <speed@example.com> {_DATE}"
    return f"tree {tree.hex()}\n{before}author {who}\ncommitter {who}\n\nPart {number}\n".encode()


def name_pack(path: Path) -> None:
    """Gives a pack and its index a name of the kind that git gives."""
    name = hashlib.sha1(path.with_suffix(".idx").read_bytes()[-20:]).hexdigest()
    for suffix in (".idx", ".pack"):
        path.with_suffix(suffix).rename(path.with_name(f"pack-{name}{suffix}"))


def made_key(number: int) -> str:
    """A value that looks drawn at random, the same each time."""
    digest = hashlib.sha512(f"speed {number}".encode()).digest()
    return base64.b64encode(digest, b"Aa").decode()[:40]


def provenance_and_rules(
    name: str, repository: Path, copy: Path, keys: int, directory: Path
) -> Series:
    """What the project promises: cheap provenance, and rules that cost little."""
    few, many = with_rules(name, repository, (10, 1000), directory)[0].cases
    few.note, many.note = f"10 rules: {few.note}", f"1,000 rules: {many.note}"
    return Series("promises", name, [
        Case(0, repository, note="nothing to find"),
        Case(keys, copy, findings=keys, note=f"{keys} keys, each in history for at most 40 commits"),
        few, many,
    ])


def promises(series: Series) -> str:
    """Whether they hold, by wall time and by processor time."""
    none, keys, few, many = series.cases
    said = []
    for above, below, what, limit in (
        (keys, none, f"a sweep that finds {keys.x:g} keys, of one that finds none", 2.0),
        (many, few, "a thousand rules, of ten", 1.5),
    ):
        wall = above.median_s / below.median_s
        cpu = statistics.median(above.cpu_s) / statistics.median(below.cpu_s)
        met = "met" if wall <= limit else "**missed**"
        said.append(f"- {series.name}: {what}: {wall:.2f} (processor {cpu:.2f}; at most {limit:g}: {met})")
    return "\n".join(said)


def straightness(cases: Sequence[Case]) -> tuple[float, float, float]:
    """The least-squares line `start + slope * x`, and how much of the variation it explains."""
    xs, ys = [case.x for case in cases], [case.median_s for case in cases]
    slope, start = statistics.linear_regression(xs, ys)
    explained = statistics.correlation(xs, ys) ** 2 if len(set(ys)) > 1 else 1.0
    return start, slope, explained


def table(all_series: Sequence[Series]) -> str:
    """Markdown, a row a case."""
    rows = [
        "| quantity | of | at | median, s | processor, s | peak memory | |",
        "|---|---|--:|--:|--:|--:|---|",
    ]
    for series in all_series:
        for case in series.cases:
            rows.append(
                f"| {series.quantity} | {series.name} | {case.x:,g} | {case.median_s:.3f} "
                f"| {statistics.median(case.cpu_s):.3f} | {case.peak_bytes / 1e6:.0f} MB | {case.note} |"
            )
    return "\n".join(rows)


def dump(path: Path, all_series: Sequence[Series]) -> None:
    """Writes the raw numbers."""
    path.write_text(json.dumps([series.facts() for series in all_series], indent=1) + "\n")
