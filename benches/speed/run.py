"""Runs one process and measures it: wall time, processor time, memory.

What it prints may hold a (made-up) key and may be large, so it is read in
pieces and kept nowhere but in part in memory. This process must stay small: a
child's peak memory, as the kernel tells it, is never less than its parent's.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

_KEPT_BYTES = 1 << 20
_SAMPLE_S = 0.005
_TIMEOUT_S = 3600

# No prompt, no pager, no configuration but the repository's own, whoever owns it.
ENVIRONMENT = {
    "PATH": os.environ.get("PATH", os.defpath),
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
}


@dataclass(frozen=True)
class Run:
    """What one process took and said. `anon_bytes` leaves mapped files out."""

    status: int
    wall_s: float
    cpu_s: float
    peak_bytes: int
    anon_bytes: int | None
    head: bytes
    tail: bytes
    lines: int
    seen: bool
    errors: str


def run(
    command: Sequence[str],
    directory: Path,
    *,
    wanted: bytes | None = None,
    sampled: bool = False,
    cpus: int | None = None,
    extra: dict[str, str] | None = None,
) -> Run:
    """Runs `command` in `directory`, on the first `cpus` processors.

    `seen` tells whether it printed `wanted`. Sampling its memory costs a little
    time, so a run that is `sampled` is not one to time.
    """
    environment = ENVIRONMENT | {"HOME": str(directory), "TMPDIR": str(directory)} | (extra or {})
    pin = None
    if cpus is not None and hasattr(os, "sched_setaffinity"):
        chosen = sorted(os.sched_getaffinity(0))[:cpus]
        pin = lambda: os.sched_setaffinity(0, chosen)  # noqa: E731
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        child = subprocess.Popen(
            list(command), cwd=directory, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=errors, preexec_fn=pin, bufsize=0,
        )
        timer = threading.Timer(_TIMEOUT_S, child.kill)
        timer.start()
        with _sampling(child.pid, sampled) as sample:
            head, tail, lines, seen = _read(child, wanted)
            _, wait_status, usage = os.wait4(child.pid, 0)
        wall_s = time.perf_counter() - start
        timer.cancel()
        child.returncode = os.waitstatus_to_exitcode(wait_status)
        errors.seek(0)
        said = errors.read(_KEPT_BYTES).decode(errors="replace")
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(
        status=child.returncode, wall_s=wall_s, cpu_s=usage.ru_utime + usage.ru_stime,
        peak_bytes=usage.ru_maxrss * unit, anon_bytes=max(sample) if sample else None,
        head=head, tail=tail, lines=lines, seen=seen, errors=said,
    )


def _read(child: "subprocess.Popen[bytes]", wanted: bytes | None) -> tuple[bytes, bytes, int, bool]:
    head, tail, lines, seen = b"", b"", 0, False
    assert child.stdout is not None, "asked for as a pipe"
    with child.stdout as pipe:
        while piece := pipe.read(1 << 16):
            lines += piece.count(b"\n")
            joined = tail + piece
            seen = seen or (wanted is not None and wanted in joined)
            tail = joined[-4096:]
            if len(head) < _KEPT_BYTES:
                head += piece
    return head, tail, lines, seen


@contextlib.contextmanager
def _sampling(process: int, sampled: bool) -> Iterator[list[int]]:
    """Collects the anonymous memory of a process while the block runs."""
    found: list[int] = []
    path, done = Path(f"/proc/{process}/status"), threading.Event()

    def watch() -> None:
        while not done.wait(_SAMPLE_S):
            with contextlib.suppress(OSError, IndexError, ValueError):
                text = path.read_text()
                found.append(int(text.split("RssAnon:", 1)[1].split()[0]) * 1024)

    if not sampled or not path.exists():
        yield found
        return
    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        done.set()
        thread.join()


def apart(function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls a function in a process of its own, so that this one stays small."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def git(repository: Path, *arguments: str, given: str = "") -> str:
    """What a git command prints, given this; raises with its own words where it fails."""
    done = subprocess.run(
        ["git", "-C", str(repository), *arguments],
        env=ENVIRONMENT, input=given.encode(), capture_output=True,
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise SystemExit(f"git {arguments[0]} in {repository}: {said}")
    return done.stdout.decode(errors="surrogateescape")
