# SPDX-License-Identifier: Apache-2.0
"""A look at raw HDF5 before the library sees it.

libhdf5 follows three kinds of lists without ever counting: the free blocks of a local heap, the
right siblings of a version 1 B-tree, and the objects of a global heap, of which free space without
a length comes again and again. A file in which one of them does not end would keep it busy for good
(HDF5 file format specification 3.0, III.A.1, III.D and III.E). And it makes room for a text
before it looks whether the file holds one that long (IV.A.2.m: attribute messages).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from lmu_hw.errors import LoadError
from lmu_hw.load.check import must

__all__ = ["require_honest_text", "require_no_loops"]

_MAGIC = b"\x89HDF\r\n\x1a\n"
_LAST_FREE = 1
_GLOBAL_HEAP = b"GCOL\1\0\0\0"
_VARIABLE_LENGTH = 9
_Next = Callable[[int], int | None]


def require_no_loops(where: str, raw: bytes) -> None:
    """Refuse a file whose linked lists do not end.

    Raises
    ------
    LoadError
        If it does not start with an HDF5 signature, has addresses of another size than 8 bytes,
        or holds a ring.
    """
    if raw[:8] != _MAGIC:
        raise must(where, "the file", "an HDF5 file", raw[:8])
    sizes = raw[13:15] if raw[8:9] in (b"\0", b"\1") else raw[9:11]
    if sizes != b"\x08\x08":
        raise must(where, "addresses and lengths", "8 bytes long", list(sizes))
    for heap in _places(raw, b"HEAP"):
        head, data = _word(raw, heap + 16), _word(raw, heap + 24)
        if head is not None and data is not None:
            _require_end(where, head, _free_list(raw, data))
    visited: set[int] = set()
    for node in _places(raw, b"TREE"):
        if node not in visited:
            visited |= _require_end(where, node, lambda at: _word(raw, at + 16))
    for heap in _places(raw, _GLOBAL_HEAP):
        _require_objects(where, raw, heap)


def require_honest_text(where: str, raw: bytes, name: str) -> None:
    """Refuse a text attribute that says it is longer than the file.

    Raises
    ------
    LoadError
        Also if it is not the attribute message of version 1 that Keras writes.
    """
    for at in _places(raw, name.encode() + b"\0"):
        header = raw[max(at - 8, 0) : at]
        if len(header) < 8 or header[0] != 1:
            raise must(where, f"attribute {name}", "a message of version 1", header[:1])
        name_size, kind_size, space_size = (
            -(-size // 8) * 8 for size in struct.unpack_from("<HHH", header, 2)
        )
        kind = raw[at + name_size : at + name_size + 1]
        data = at + name_size + kind_size + space_size
        length = int.from_bytes(raw[data : data + 4], "little")
        if kind and kind[0] & 15 == _VARIABLE_LENGTH and length > len(raw):
            raise must(where, f"the length of attribute {name}", f"at most {len(raw)}", length)


def _require_objects(where: str, raw: bytes, heap: int) -> None:
    """Refuse a global heap whose objects do not end within it."""
    end = heap + (_word(raw, heap + 8) or 0)
    at = heap + 16
    while at + 16 <= min(end, len(raw)):
        index, size = struct.unpack_from("<H6xQ", raw, at)
        step = 16 + -(-size // 8) * 8 if index else size
        if step == 0 or at + step > end:
            text = f"an object of the heap at byte {heap} does not end"
            raise LoadError(f"{where} must be a whole HDF5 file, but {text}")
        at += step


def _places(raw: bytes, signature: bytes) -> Iterator[int]:
    at = raw.find(signature)
    while at >= 0:
        yield at
        at = raw.find(signature, at + 1)


def _word(raw: bytes, at: int) -> int | None:
    """Return the 8-byte number at that place, or None beyond the end."""
    return struct.unpack_from("<Q", raw, at)[0] if at + 8 <= len(raw) else None


def _free_list(raw: bytes, data: int) -> _Next:
    def following(at: int) -> int | None:
        block = _word(raw, data + at)
        return None if block == _LAST_FREE else block

    return following


def _require_end(where: str, start: int, following: _Next) -> set[int]:
    """Return all places of a list, or raise `LoadError` if one comes twice."""
    visited: set[int] = set()
    at: int | None = start
    while at is not None:
        if at in visited:
            raise LoadError(f"{where} must be a whole HDF5 file, but a list at byte {at} is a ring")
        visited.add(at)
        at = following(at)
    return visited
