"""Who is measured: Keysweep, the floor below it, and the peers found on PATH.

Each tool knows its command, the rule in its own format, and what makes a run
of it count: the exit status, that it went through to its end, and whether the
planted key was found.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .plant import Plant
from .run import ENVIRONMENT, Run

# One rule, said three times: a name with ByteStack's word, a sign, 40 letters
# and digits.
_NAME = "(?:bitkit|bytestack)[_-]?api[_-]?key"
_PATTERN = rf"""(?i)\b{_NAME}\s*[:=]\s*["']?([a-z0-9]{{40}})\b"""
_TOML_RULE = f"""title = "one rule"
[[rules]]
id = "bytestack-api-key"
description = "ByteStack API key"
regex = '''{_PATTERN}'''
keywords = ["bitkit", "bytestack"]
"""
_YAML_RULE = f"""rules:
  - name: ByteStack API key
    id: speed.bytestack.1
    pattern: |-
      {_PATTERN}
    min_entropy: 3.0
    confidence: medium
    examples: []
"""

OURS = "keysweep"
# By the inflater that Keysweep uses, and by the one that most Rust programs do.
FLOORS = FLOOR, ZLIB_FLOOR = "floor", "floor by zlib-rs"
BUILTIN, ONE, DEFAULT = "built-in", "the one", "default"


@dataclass(frozen=True)
class Tool:
    """A program with the rules that it runs under."""

    name: str
    version: str
    rules: str
    # What it is told of a repository, and the command where that stands.
    command: Callable[[Path], list[str]]
    # Why a run does not count, or None; plants are those of the repository.
    objection: Callable[[Run, list[Plant]], str | None]


def keysweep(program: Path) -> Tool:
    """Ours: its built-in rules cannot be left out, so they always run."""
    return Tool(
        OURS, _version([str(program), "--version"]), BUILTIN,
        lambda repository: [
            str(program), "scan", "--history", "--no-progress", "--format", "jsonl", str(repository)
        ],
        _object_to_ours,
    )


def floors(program: Path) -> list[Tool]:
    """Inflate every blob, commit and tag once, and do nothing else."""
    return [_floor(program, FLOOR, []), _floor(program, ZLIB_FLOOR, ["--zlib-rs"])]


def _floor(program: Path, name: str, options: list[str]) -> Tool:
    return Tool(
        name, "this repository's", "none",
        lambda repository: [str(program), "--once", *options, str(repository)],
        lambda run, _: None if run.status == 0 and b" entries " in run.head else _failure(run),
    )


def peers(directory: Path, with_defaults: bool) -> list[Tool]:
    """Each peer on PATH with the one rule and, if asked for, with its own."""
    toml, yaml = directory / "one.toml", directory / "one.yaml"
    toml.write_text(_TOML_RULE)
    yaml.write_text(_YAML_RULE)
    found: list[Tool] = []
    for rules in [ONE] + [DEFAULT] * with_defaults:
        if program := native("kingfisher"):
            own = [
                program, "scan", "--no-validate", "--no-update-check", "--turbo", "--quiet",
                "--rule-cache-dir", str(directory / "kingfisher"), "--format", "jsonl",
            ]
            if rules == ONE:
                own += ["--load-builtins=false", "--rules-path", str(yaml), "--rule", "speed.bytestack"]
            found.append(_peer("kingfisher", [program, "--version"], rules, own, 200, '"scan_succeeded":1'))
        if program := native("gitleaks"):
            own = [program, "git", "--no-banner", "--log-level", "error", "-f", "json", "-r", "-"]
            own += ["--config", str(toml)] if rules == ONE else []
            found.append(_peer("gitleaks", [program, "version"], rules, own, 1, "]"))
        if program := native("betterleaks"):
            own = [program, "git", "--no-banner", "--log-level", "error", "--jsonl"]
            own += ["--config", str(toml)] if rules == ONE else []
            found.append(_peer("betterleaks", [program, "version"], rules, own, 1, '"state":"complete"'))
    return found


def native(name: str) -> str | None:
    """The program on PATH; the binary inside a Python package that only starts it."""
    found = shutil.which(name)
    if found is None:
        return None
    path = Path(found).resolve()
    with path.open("rb") as file:
        first = file.readline(200)
    if first.startswith(b"#!") and b"python" in first:
        for binary in sorted(path.parent.parent.glob(f"lib/python*/site-packages/*/bin/{name}*")):
            if os.access(binary, os.X_OK):
                return str(binary)
    return str(path)


def _peer(
    name: str, version: list[str], rules: str, command: list[str], found: int, ending: str
) -> Tool:
    def objection(run: Run, plants: list[Plant]) -> str | None:
        statuses = {0, found} if rules == DEFAULT else {found if plants else 0}
        if run.status not in statuses:
            return _failure(run)
        if ending.encode() not in run.tail[-4096:]:
            return "did not say that it was done"
        if plants and rules == ONE and not run.seen:
            return "did not find the planted key"
        return None

    return Tool(
        name, _version(version), rules, lambda repository: [*command, str(repository)], objection
    )


def _object_to_ours(run: Run, plants: list[Plant]) -> str | None:
    if run.status != (1 if plants else 0):
        return _failure(run)
    lines = [json.loads(line) for line in run.head.splitlines()]
    places = sorted((line["path"], line["commit"], line["blob"], line["redacted"]) for line in lines)
    expected = sorted((plant.path, plant.commit, plant.blob, plant.mask) for plant in plants)
    if places != expected:
        return f"found {len(places)} places, not the {len(expected)} planted ones alone"
    return None


def _failure(run: Run) -> str:
    words = run.errors.strip().splitlines()
    return f"exit status {run.status}" + (f": {words[-1][:200]}" if words else "")


def _version(command: list[str]) -> str:
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    found = re.search(r"\d+\.\d+[\w.+-]*", done.stdout + done.stderr)
    return found[0] if found else "unknown"
