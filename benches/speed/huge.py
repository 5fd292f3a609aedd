"""Makes a repository far larger than memory's comfort, in minutes.

Every commit changes one line of one of 4,096 files. Each new object (a blob, two
trees, a commit) is written straight into a pack, all but commits as short
differences from the version before, so that 5 million objects that expand to
25 GB take well under one.
"""

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from .objects import PackWriter
from .plant import Plant
from .run import git
from .series import commit_body, made_key, name_pack

_DIRECTORIES = _FILES = 64
_LINE_BYTES = 56
_LINES = 292
_DEPTH = 250
_PLANTED_AT = 77


@dataclass
class _Chain:
    """The last version of one object, and where the pack holds it."""

    kind: str
    body: bytearray
    place: int = 0
    depth: int = _DEPTH
    name: bytes = b""
    versions: int = 0


@dataclass
class Huge:
    """What was made, for the words beside its time."""

    directory: Path
    objects: int
    expanded_bytes: int
    plant: Plant


@dataclass
class _Building:
    writer: PackWriter
    expanded_bytes: int = 0

    def put(self, chain: _Chain, at: int, piece: bytes) -> bytes:
        """Changes one place of an object and writes the new version; tells its id."""
        size = len(chain.body)
        chain.body[at : at + len(piece)] = piece
        self.expanded_bytes += size
        if chain.depth == _DEPTH:
            chain.name, chain.place = self.writer.add(chain.kind, bytes(chain.body))
            chain.depth = 0
            return chain.name
        digest = hashlib.sha1(b"%s %d\0" % (chain.kind.encode(), size))
        digest.update(chain.body)
        end = at + len(piece)
        delta = _size(size) * 2 + _copy(0, at) + bytes([len(piece)]) + piece + _copy(end, size - end)
        chain.name = digest.digest()
        chain.place = self.writer.add_delta(chain.name, chain.place, delta)
        chain.depth += 1
        return chain.name


def cached(cache: Path, commits: int) -> Huge:
    """The repository of that many commits, made now or taken from the cache."""
    copy = cache / f"huge-{commits}.git"
    notes = copy / "made.json"
    if not notes.exists():
        partial = copy.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(copy, ignore_errors=True)
        made = build(partial, commits)
        facts = [made.objects, made.expanded_bytes, asdict(made.plant)]
        (partial / notes.name).write_text(json.dumps(facts))
        partial.rename(copy)
    objects, expanded_bytes, plant = json.loads(notes.read_text())
    return Huge(copy, objects, expanded_bytes, Plant(**plant))


def build(directory: Path, commits: int) -> Huge:
    """A bare repository of that many commits, four objects each, one of them with a key."""
    git(directory.parent, "init", "--quiet", "--bare", str(directory))
    pack = directory / "objects/pack/pack.pack"
    building = _Building(PackWriter(pack, 4 + 4 * commits))
    files = b"".join(_line(number) for number in range(_LINES))
    blob, _ = building.writer.add("blob", files)
    below = b"".join(b"100644 f%02d.txt\0" % at + blob for at in range(_FILES))
    tree, _ = building.writer.add("tree", below)
    top = b"".join(b"40000 d%02d\0" % at + tree for at in range(_DIRECTORIES))
    root = _Chain("tree", bytearray(top))
    parent = building.writer.add("commit", commit_body(building.writer.add("tree", top)[0], "", 0))[0].hex()
    directories = [_Chain("tree", bytearray(below)) for _ in range(_DIRECTORIES)]
    blobs = [_Chain("blob", bytearray(files)) for _ in range(_DIRECTORIES * _FILES)]
    planted_at, key = min(_PLANTED_AT, commits // 2), made_key(commits)
    plant = None
    for number in range(1, commits + 1):
        which = number % len(blobs)
        inside, among = divmod(which, _FILES)
        chain = blobs[which]
        # The version after the one with the key writes over the same line.
        at = chain.versions // 2 % _LINES * _LINE_BYTES
        line = f"{'BITKIT'}_API_KEY={key}\n".encode() if number == planted_at else _line(number)
        blob = building.put(chain, at, line)
        chain.versions += 1
        tree = building.put(directories[inside], among * 35 + 15, blob)
        top_id = building.put(root, inside * 30 + 10, tree)
        body = commit_body(top_id, parent, number)
        parent = building.writer.add("commit", body)[0].hex()
        if number == planted_at:
            plant = Plant(f"d{inside:02}/f{among:02}.txt", parent, blob.hex(), key)
    building.writer.finish()
    name_pack(pack)
    git(directory, "update-ref", "refs/heads/main", parent)
    git(directory, "symbolic-ref", "HEAD", "refs/heads/main")
    assert plant is not None, "one of the commits holds the key"
    return Huge(directory, 4 + 4 * commits, building.expanded_bytes, plant)


def _line(number: int) -> bytes:
    return b"value %049d\n" % number


def _size(size: int) -> bytes:
    """A size as deltas write it: seven bits a byte, the lowest first."""
    out = bytearray()
    while size > 0x7F:
        out.append(0x80 | (size & 0x7F))
        size >>= 7
    return bytes([*out, size])


def _copy(start: int, length: int) -> bytes:
    """The order to copy a range of the base, or nothing for an empty one."""
    if not length:
        return b""
    head, out = 0x80, bytearray()
    for at in range(4):
        if byte := (start >> (8 * at)) & 0xFF:
            head |= 1 << at
            out.append(byte)
    for at in range(3):
        if byte := (length >> (8 * at)) & 0xFF:
            head |= 0x10 << at
            out.append(byte)
    return bytes([head]) + bytes(out)
