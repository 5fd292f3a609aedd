"""Git's objects by the thousand: reads them in one batch, writes a pack."""

import hashlib
import struct
import subprocess
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from .run import ENVIRONMENT

KINDS = {"commit": 1, "tree": 2, "blob": 3, "tag": 4}
_OFFSET_DELTA = 6
_MODES = (b"100644", b"100755", b"40000", b"120000", b"100664")


def read(repository: Path, ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """The objects of these ids, in their order, with their bytes."""
    with tempfile.TemporaryFile() as asked:
        count = 0
        for name in ids:
            asked.write(name.encode() + b"\n")
            count += 1
        asked.seek(0)
        command = ["git", "-C", str(repository), "cat-file", "--batch"]
        with subprocess.Popen(
            command, env=ENVIRONMENT, stdin=asked, stdout=subprocess.PIPE, bufsize=1 << 20
        ) as child:
            assert child.stdout is not None, "asked for as a pipe"
            for _ in range(count):
                header = child.stdout.readline().split()
                if len(header) != 3:
                    raise SystemExit(f"{repository}: no such object: {header}")
                body = child.stdout.read(int(header[2]))
                child.stdout.read(1)
                yield header[0].decode(), body


def object_id(kind: str, body: bytes) -> str:
    """The id under which git knows a body."""
    return hashlib.sha1(f"{kind} {len(body)}\0".encode() + body).hexdigest()


def tree_entry(tree: bytes, name: bytes) -> tuple[int, int, str] | None:
    """Where an entry's id stands in a tree, its mode, and the id."""
    at = -1
    while (at := tree.find(b" " + name + b"\0", at + 1)) >= 0:
        # An id may look like the beginning of an entry, a mode hardly ever.
        for mode in _MODES:
            if tree.endswith(mode, 0, at):
                start = at + len(name) + 2
                return start, int(mode, 8), tree[start : start + 20].hex()
    return None


class PackWriter:
    """Writes a pack and its index, object by object; the count is known before."""

    def __init__(self, path: Path, count: int) -> None:
        self._path = path
        self._file = path.open("wb")
        self._digest = hashlib.sha1()
        self._offset = 0
        self._count = count
        self._entries: list[bytes] = []
        self._put(b"PACK" + struct.pack(">II", 2, count))

    def _put(self, piece: bytes) -> None:
        self._file.write(piece)
        self._digest.update(piece)
        self._offset += len(piece)

    def add(self, kind: str, body: bytes, level: int = 1) -> tuple[bytes, int]:
        """Adds an object whole; tells its id and its place."""
        name = hashlib.sha1(b"%s %d\0" % (kind.encode(), len(body)))
        name.update(body)
        return name.digest(), self._entry(name.digest(), KINDS[kind], b"", body, level)

    def add_delta(self, name: bytes, base: int, delta: bytes) -> int:
        """Adds an object as its difference from the one at the place `base`."""
        distance = self._offset - base
        place = bytearray([distance & 0x7F])
        while distance := distance >> 7:
            distance -= 1
            place.insert(0, 0x80 | (distance & 0x7F))
        return self._entry(name, _OFFSET_DELTA, bytes(place), delta, 1)

    def _entry(self, name: bytes, kind: int, base: bytes, body: bytes, level: int) -> int:
        size = len(body)
        head = bytearray([(kind << 4) | (size & 15)])
        size >>= 4
        while size:
            head[-1] |= 0x80
            head.append(size & 0x7F)
            size >>= 7
        piece = bytes(head) + base + zlib.compress(body, level)
        start = self._offset
        self._entries.append(name + struct.pack(">IQ", zlib.crc32(piece), start))
        self._put(piece)
        return start

    def finish(self) -> None:
        """Ends the pack and writes the index beside it."""
        assert len(self._entries) == self._count, "as many objects as were announced"
        self._file.write(self._digest.digest())
        self._file.close()
        self._entries.sort()
        counts = [0] * 256
        for entry in self._entries:
            counts[entry[0]] += 1
        total, fanout = 0, []
        for count in counts:
            total += count
            fanout.append(total)
        near, far = [], []
        for entry in self._entries:
            place = struct.unpack(">Q", entry[24:])[0]
            if place >= 1 << 31:
                far.append(struct.pack(">Q", place))
                place = (1 << 31) | (len(far) - 1)
            near.append(struct.pack(">I", place))
        index = hashlib.sha1()
        with self._path.with_suffix(".idx").open("wb") as file:
            for piece in (
                b"\xfftOc" + struct.pack(">I256I", 2, *fanout),
                b"".join(entry[:20] for entry in self._entries),
                b"".join(entry[20:24] for entry in self._entries),
                b"".join(near),
                b"".join(far),
                self._digest.digest(),
            ):
                file.write(piece)
                index.update(piece)
            file.write(index.digest())
