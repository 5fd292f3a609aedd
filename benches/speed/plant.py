"""Makes a copy of a repository whose history holds keys that the source lacks.

A version of a file is replaced, in every commit that holds it, by one with a
line more: a made-up key. The next version is as it was, so the key comes and
goes. Commits from there on get new parents and so new ids; everything else of
a commit, every other file and (unless asked for anew) every other delta of the
pack stays as the source has it.
"""

import hashlib
import json
import secrets
import shutil
import string
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .objects import PackWriter, object_id, read, tree_entry
from .run import git

_ABSENT = "0" * 40
_LARGEST_BYTES = 200_000
_PLAIN_FILES = ("100644", "100755")


@dataclass(frozen=True)
class Plant:
    """A key and the place that it was put: the first commit that holds it."""

    path: str
    commit: str
    blob: str
    key: str = field(repr=False)

    @property
    def mask(self) -> str:
        return f"{self.key[:4]}…{self.key[-2:]}"


@dataclass(frozen=True)
class Version:
    """One version of a file: who brought it, and how many commits later it went."""

    path: str
    commit: str
    blob: str
    lived: int


@dataclass
class _Node:
    """A directory or file on the way to what is replaced."""

    children: dict[bytes, "_Node"] = field(default_factory=dict)
    replaced: dict[str, str] = field(default_factory=dict)


_Step = tuple[str, int]


def planted(source: Path, cache: Path, keys: int, anew: bool) -> tuple[Path, list[Plant]]:
    """The copy of `source` with that many keys, made now or taken from the cache.

    One key goes into the first version of the file that changed most often;
    more are spread evenly over history.
    """
    state = git(source, "for-each-ref") + git(source, "rev-parse", "HEAD") + f"{keys} {anew} 3"
    mark = hashlib.sha256(state.encode(errors="surrogateescape")).hexdigest()[:12]
    copy = cache / f"{source.resolve().name.removesuffix('.git')}-{keys}-{mark}.git"
    notes = copy / "planted.json"
    if not notes.exists():
        partial = copy.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(copy, ignore_errors=True)
        plants = _build(source, partial, keys, anew)
        (partial / notes.name).write_text(json.dumps([asdict(plant) for plant in plants]))
        partial.rename(copy)
    return copy, [Plant(**plant) for plant in json.loads(notes.read_text())]


def _build(source: Path, copy: Path, keys: int, anew: bool) -> list[Plant]:
    if git(source, "rev-parse", "--show-object-format").strip() != "sha1":
        raise SystemExit(f"{source}: keys can only be planted in a SHA-1 repository")
    chosen, root = _choose(source, keys), _Node()
    made: dict[str, tuple[str, bytes]] = {}
    values: list[tuple[Version, str, str]] = []
    for version, (_, body) in zip(chosen, read(source, (version.blob for version in chosen))):
        key = _new_key()
        body = _with_line(body, f'{"BITKIT"}_API_KEY="{key}"\n'.encode())
        name = object_id("blob", body)
        made[name] = ("blob", body)
        node = root
        for part in version.path.encode().split(b"/"):
            node = node.children.setdefault(part, _Node())
        node.replaced[version.blob] = name
        values.append((version, name, key))
    commits = _rewrite(source, root, made)
    _write(source, copy, made, commits, anew)
    return [Plant(v.path, commits.get(v.commit, v.commit), name, key) for v, name, key in values]


def _new_key() -> str:
    """Forty letters and digits, some of each, as any value drawn at random has."""
    alphabet = string.ascii_letters + string.digits
    while True:
        key = "".join(secrets.choice(alphabet) for _ in range(40))
        if sum(c.isdigit() for c in key) > 3 and sum(c.isupper() for c in key) > 9:
            return key


def _with_line(body: bytes, line: bytes) -> bytes:
    """`body` with a line put in after the middle one."""
    middle = body.find(b"\n", len(body) // 2) + 1
    if middle == 0:
        return (body + b"\n" if body else b"") + line
    return body[:middle] + line + body[middle:]


def versions(repository: Path) -> tuple[list[Version], Counter[str]]:
    """Every version of a plain file, oldest first, and how often each path changed.

    One that comes back counts once: the first commit is the one that brought it.
    """
    log = git(
        repository, "log", "--all", "--topo-order", "--reverse", "--raw", "--no-renames",
        "--no-abbrev", "--no-textconv", "--format=%H",
    )
    changes: Counter[str] = Counter()
    began: dict[str, tuple[str, str, int]] = {}
    found: list[Version] = []
    seen: set[tuple[str, str]] = set()
    commit, at = "", 0
    for line in log.splitlines():
        if not line.startswith(":"):
            if line:
                commit, at = line, at + 1
            continue
        facts, path = line.split("\t", 1)
        _, mode, old, new, _ = facts.split()
        changes[path] += 1
        start = began.pop(path, None)
        if start is not None and start[1] == old:
            found.append(Version(path, start[0], old, at - start[2]))
        is_plain = new != _ABSENT and mode in _PLAIN_FILES and path.isascii() and '"' not in path
        if is_plain and (path, new) not in seen:
            seen.add((path, new))
            began[path] = (commit, new, at)
    order = {name: at for at, name in enumerate(line for line in log.splitlines() if line[:1] != ":")}
    found.sort(key=lambda version: order[version.commit])
    return found, changes


def _choose(repository: Path, keys: int) -> list[Version]:
    found, changes = versions(repository)
    if not found:
        raise SystemExit(f"{repository}: no file ever changed, so none can hold a key for a while")
    if keys == 1:
        first: dict[str, Version] = {}
        for version in found:
            first.setdefault(version.path, version)
        for path, _ in changes.most_common():
            if path in first and _is_text(repository, first[path].blob):
                return [first[path]]
        raise SystemExit(f"{repository}: no text file changed")
    brief = [version for version in found if version.lived <= 40]
    chosen: dict[str, Version] = {}
    for at in range(0, len(brief), max(1, len(brief) // (keys * 3))):
        if len(chosen) < keys * 3:
            chosen.setdefault(brief[at].blob, brief[at])
    texts = [version for version in chosen.values() if _is_text(repository, version.blob)]
    if len(texts) < keys:
        raise SystemExit(f"{repository}: {len(texts)} short-lived versions of text files, not {keys}")
    return [texts[at * len(texts) // keys] for at in range(keys)]


def _is_text(repository: Path, blob: str) -> bool:
    _, body = next(read(repository, [blob]))
    return 0 < len(body) < _LARGEST_BYTES and b"\0" not in body


def _rewrite(source: Path, root: _Node, made: dict[str, tuple[str, bytes]]) -> dict[str, str]:
    """Makes the trees, commits and tags that change; tells each commit's new id."""
    order = git(source, "rev-list", "--all", "--topo-order", "--reverse").split()
    trees = _trees(source, order, root, made)
    renamed: dict[str, str] = {}
    for name, body in read(source, order):
        head, blank, message = body.partition(b"\n\n")
        lines = head.split(b"\n")
        tree = lines[0][5:].decode()
        lines[0] = b"tree " + trees.get(tree, tree).encode()
        for at, line in enumerate(lines):
            if line.startswith(b"parent "):
                parent = line[7:].decode()
                lines[at] = b"parent " + renamed.get(parent, parent).encode()
        changed = b"\n".join(lines) + blank + message
        if changed != body:
            renamed[name] = object_id("commit", changed)
            made[renamed[name]] = ("commit", changed)
    tags = [
        line.split()[0]
        for line in git(source, "for-each-ref", "--format=%(objectname) %(objecttype)").splitlines()
        if line.endswith(" tag")
    ]
    for name, body in read(source, tags):
        target = body[7:47].decode()
        if target in renamed:
            changed = b"object " + renamed[target].encode() + body[47:]
            renamed[name] = object_id("tag", changed)
            made[renamed[name]] = ("tag", changed)
    return renamed


def _trees(
    source: Path, commits: list[str], root: _Node, made: dict[str, tuple[str, bytes]]
) -> dict[str, str]:
    """Replaces entries below every commit's tree; tells each such tree's new id.

    Goes down level by level, only where a replaced path leads, and then back up
    through the trees that hold a change.
    """
    nodes = {id(root): root}
    roots = {body[5:45].decode() for _, body in read(source, commits)}
    level: set[_Step] = {(tree, id(root)) for tree in roots}
    links: list[tuple[_Step, bytes, _Step]] = []
    edits: dict[_Step, dict[bytes, str]] = {}
    levels: list[set[_Step]] = []
    while level:
        levels.append(level)
        below: set[_Step] = set()
        steps = sorted(level)
        for step, (_, tree) in zip(steps, read(source, (step[0] for step in steps))):
            for part, node in nodes[step[1]].children.items():
                entry = tree_entry(tree, part)
                if entry is None:
                    continue
                if entry[2] in node.replaced:
                    edits.setdefault(step, {})[part] = node.replaced[entry[2]]
                elif node.children and entry[1] == 0o40000:
                    nodes[id(node)] = node
                    below.add((entry[2], id(node)))
                    links.append((step, part, (entry[2], id(node))))
        level = below
    parents: dict[_Step, list[tuple[_Step, bytes]]] = {}
    for above, part, step in links:
        parents.setdefault(step, []).append((above, part))
    renamed: dict[_Step, str] = {}
    for level in reversed(levels):
        steps = sorted(step for step in level if step in edits)
        for step, (_, tree) in zip(steps, read(source, (step[0] for step in steps))):
            changed = bytearray(tree)
            for part, new in edits[step].items():
                entry = tree_entry(tree, part)
                assert entry is not None, "it was there on the way down"
                changed[entry[0] : entry[0] + 20] = bytes.fromhex(new)
            renamed[step] = object_id("tree", bytes(changed))
            made[renamed[step]] = ("tree", bytes(changed))
            for above, part in parents.get(step, []):
                edits.setdefault(above, {})[part] = renamed[step]
    return {tree: new for (tree, node), new in renamed.items() if node == id(root)}


def _write(
    source: Path, copy: Path, made: dict[str, tuple[str, bytes]], renamed: dict[str, str], anew: bool
) -> None:
    """Writes what was made into a new bare repository, packed with the rest."""
    copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    git(copy.parent, "init", "--quiet", "--bare", str(copy))
    objects = git(source, "rev-parse", "--path-format=absolute", "--git-path", "objects").strip()
    alternates = copy / "objects/info/alternates"
    alternates.write_text(objects + "\n")
    # Git repacks, and so removes, only packs whose name looks like its own.
    name = hashlib.sha1("".join(made).encode()).hexdigest()
    writer = PackWriter(copy / f"objects/pack/pack-{name}.pack", len(made))
    for kind, body in made.values():
        writer.add(kind, body)
    writer.finish()
    refs = git(source, "for-each-ref", "--format=%(objectname) %(refname)").splitlines()
    lines = [
        f"{renamed.get(line[:40], line[:40])}{line[40:]}\n" for line in refs
    ]
    (copy / "packed-refs").write_text("".join(lines), errors="surrogateescape")
    head = git(source, "rev-parse", "--symbolic-full-name", "HEAD").strip()
    if head.startswith("refs/"):
        (copy / "HEAD").write_text(f"ref: {head}\n")
    shape = ["-f", "--depth=50", "--window=10"] if anew else []
    git(copy, "repack", "-a", "-d", "-q", *shape)
    alternates.unlink()
