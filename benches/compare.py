#!/usr/bin/env python3
"""Measures Keysweep's sweep of history beside the floor and its peers.

    python3 benches/compare.py FOLDER

FOLDER holds git repositories, bare or not; kingfisher, gitleaks and betterleaks
are run where they are on PATH. `--promises`, `--scaling` and `--huge` measure
Keysweep alone instead. Needs Python 3.10, git, and cargo unless the programs are
named. Nothing here talks to a network.
"""

import sys

sys.dont_write_bytecode = True

import argparse  # noqa: E402
import json  # noqa: E402
import subprocess  # noqa: E402
import tempfile  # noqa: E402
from pathlib import Path  # noqa: E402

from speed import huge, machine, plot, series, table, tools  # noqa: E402
from speed.compare import Measured, Target, measure, repositories, storage  # noqa: E402
from speed.plant import planted  # noqa: E402
from speed.run import apart  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    options = parse()
    if sys.platform == "win32":
        raise SystemExit("compare.py measures processes as Unix tells of them: use Linux or macOS")
    say_machine()
    facts: dict[str, object] = {"machine": machine.describe()}
    with tempfile.TemporaryDirectory(prefix="keysweep-compare-") as scratch:
        options.scratch = Path(scratch)
        options.cache = (options.cache or options.scratch / "planted").resolve()
        mode = next((mode for name, mode in MODES.items() if getattr(options, name)), compare)
        failed = mode(options, facts)
    if options.json:
        options.json.write_text(json.dumps(facts, indent=1) + "\n")
    return 1 if failed else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", help="a folder of git repositories")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="this repository; repeatable")
    parser.add_argument("--rounds", type=int, default=6, help="timed runs of each tool (default 6)")
    parser.add_argument("--skip-default-rules", action="store_true", help="peers with the one rule only")
    parser.add_argument("--skip-peers", action="store_true", help="ours and the floors only")
    parser.add_argument("--repack", action="store_true", help="compute all deltas of planted copies anew")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keep the planted copies there")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the raw numbers")
    parser.add_argument("--promises", action="store_true", help="100 findings against none, 1,000 rules against 10")
    parser.add_argument("--scaling", action="store_true", help="against cores, packs, rules and findings")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw what --scaling measured")
    parser.add_argument("--most-findings", type=int, default=1_000_000, metavar="N", help="where --scaling ends")
    parser.add_argument("--most-rules", type=int, default=2000, metavar="N", help="where --scaling ends")
    parser.add_argument("--huge", action="store_true", help="make and sweep a repository of 5 million objects")
    parser.add_argument("--commits", type=int, default=1_250_000, metavar="N", help="of --huge, four objects each")
    parser.add_argument("--keysweep", type=Path, metavar="FILE", help="the program; built where not given")
    parser.add_argument("--floor", type=Path, metavar="FILE", help="the floor's; built where not given")
    options = parser.parse_args()
    if options.folder is None and not options.huge:
        parser.error("which folder of repositories?")
    return options


def say_machine() -> None:
    print("## Machine\n")
    for name, value in machine.describe().items():
        print(f"- {name}: {value}")
    print()


def built(target: list[str], name: str) -> Path:
    """Builds one program with cargo and tells where it is."""
    command = ["cargo", "build", "--release", "--locked", *target, "--message-format=json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == name:
            return Path(message["executable"])
    raise SystemExit(f"`{' '.join(command)}` built no {name}")


def program(options: argparse.Namespace) -> Path:
    """Keysweep itself."""
    return Path(options.keysweep or built(["--bin", "keysweep"], "keysweep")).resolve()


def compare(options: argparse.Namespace, facts: dict[str, object]) -> bool:
    """The tables; tells whether a run of ours did not count."""
    found = repositories(options.folder, options.only)
    ours = tools.keysweep(program(options))
    floors = tools.floors((options.floor or built(["--bench", "floor"], "floor")).resolve())
    peers = [] if options.skip_peers else tools.peers(
        options.scratch, with_defaults=not options.skip_default_rules)
    print("## Repositories\n")
    pairs: list[tuple[Target, Target]] = []
    for name, path in found:
        copy, plants = apart(planted, path, options.cache, 1, options.repack)
        pairs.append((Target(name, path, []), Target(name, copy, plants)))
        print(f"- {name}: {storage(path)}; planted: {storage(copy)}, the key in the first "
              f"version of `{plants[0].path}`", flush=True)
    results: list[Measured] = []
    for pair in pairs:
        # Both states of a repository one after the other, tool by tool.
        cases = [(target, tool) for tool in [ours, *floors, *peers] for target in pair
                 if target.plants or tool.rules != tools.DEFAULT]
        results += measure(cases, options.rounds, options.scratch)
    hidden = {str(options.scratch): "TEMPORARY"}
    print(f"\n## Commands\n\n{table.commands(results, hidden)}\n")
    print(f"## Times, {options.rounds} rounds in turn\n\n{table.table(results)}\n")
    print(f"Against the project's targets:\n\n{table.targets(results)}\n")
    print(f"What is and is not like for like:\n\n{table.LIKENESS}")
    facts["rounds"] = options.rounds
    facts["results"] = [result.facts() for result in results]
    return any(result.objection for result in results if result.tool.name == tools.OURS)


def promises(options: argparse.Namespace, facts: dict[str, object]) -> bool:
    """What 100 findings and 1,000 rules cost, on each repository."""
    done = []
    for name, path in repositories(options.folder, options.only):
        copy, _ = apart(planted, path, options.cache, 100, options.repack)
        one = apart(series.provenance_and_rules, name, path, copy, 100, options.scratch)
        series.measure(program(options), one, options.rounds, options.scratch)
        done.append(one)
        print(f"{series.table([one])}\n\n{series.promises(one)}\n", flush=True)
    facts["series"] = [one.facts() for one in done]
    return False


def scaling(options: argparse.Namespace, facts: dict[str, object]) -> bool:
    """How time grows, as a table and a drawing."""
    scratch, done = options.scratch, []
    rules = [0, *(count for count in (10, 100, 500, 1000, 2000) if count <= options.most_rules)]
    cases = []
    for name, path in repositories(options.folder, options.only):
        cases += [series.with_cores(name, path), apart(series.with_size, name, path, scratch)]
        cases.append(apart(series.with_packs, name, path, (1, 10, 50, 200, 1000), scratch))
        cases += apart(series.with_rules, name, path, rules, scratch)
    cases.append(apart(series.with_findings, options.most_findings, scratch))
    for one in cases:
        series.measure(program(options), one, options.rounds, scratch)
        done.append(one)
        print(f"{series.table([one])}\n", flush=True)
        if one.quantity != "cores" and len(one.cases) > 2:
            start, slope, explained = series.straightness(one.cases)
            print(f"The straight line {start:.4f} s + {slope:.3g} s × {one.quantity} "
                  f"explains {explained:.1%} of it.\n", flush=True)
    facts["series"] = [one.facts() for one in done]
    if options.svg:
        options.svg.write_text(plot.svg(done))
    return False


def sweep_huge(options: argparse.Namespace, facts: dict[str, object]) -> bool:
    """A repository far larger than memory's comfort, swept within 1 GB."""
    options.cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = apart(huge.cached, options.cache, options.commits)
    print(f"- {made.objects:,} objects, {made.expanded_bytes / 1e9:.1f} GB expanded; {storage(made.directory)}")
    ours = tools.keysweep(program(options))
    target = Target("made", made.directory, [made.plant])
    result = measure([(target, ours)], options.rounds, options.scratch)[0]
    facts["huge"] = result.facts()
    if result.objection is not None:
        return True
    anon = "" if result.anon_bytes is None else f", {result.anon_bytes / 1e6:.0f} MB without the map"
    within = "within" if result.peak_bytes <= 1e9 else "**not within**"
    print(f"- swept in {result.median_s:.2f} s (median of {options.rounds}), the key found once, at its commit "
          f"and path; {result.peak_bytes / 1e6:.0f} MB at most{anon}: {within} 1 GB")
    return False


MODES = {"promises": promises, "scaling": scaling, "huge": sweep_huge}


if __name__ == "__main__":
    sys.exit(main())
