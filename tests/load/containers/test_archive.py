# SPDX-License-Identifier: Apache-2.0
"""Archives that lie about their members: refused before, or while, they are unpacked."""

from __future__ import annotations

import io
import os
import struct
import time
import zipfile
import zlib

import pytest

from tests.load.refusals import archive, refused

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


def member(name, raw, *, method=0, size=None, packed=None, offset=0, flags=0):
    """Return the header and the entry in the directory of a member, as told."""
    data = zlib.compress(raw, 9)[2:-4] if method == 8 else raw
    name = name.encode() if isinstance(name, str) else name
    size, packed = len(raw) if size is None else size, len(data) if packed is None else packed
    sums = struct.pack("<LLL", zlib.crc32(raw), packed, size)
    head = struct.pack("<HHHHH", 20, flags, method, 0, 33) + sums + struct.pack("<HH", len(name), 0)
    local = LOCAL + head + name + data
    entry = CENTRAL + b"\x14\0" + head + struct.pack("<HHHLL", 0, 0, 0, 0, offset) + name
    return local, entry


def assemble(path, members, *, entries=None, directory=None, place=None):
    """Write an archive of (name, raw, options)."""
    body, listed = b"", b""
    for name, raw, options in members:
        local, entry = member(name, raw, **{"offset": len(body), **options})
        body, listed = body + local, listed + entry
    count = min(len(members) if entries is None else entries, 0xFFFF)
    size = len(listed) if directory is None else directory
    start = len(body) if place is None else place
    end = END + struct.pack("<HHHHLLH", 0, 0, count, count, size, start, 0)
    path.write_bytes(body + listed + end)
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m.npz"


def test_what_is_assembled_here_is_an_archive(path):
    assemble(path, [("a", b"b", {}), ("c", b"d" * 50, {"method": 8})])
    with zipfile.ZipFile(path) as archive:
        assert archive.read("c") == b"d" * 50


@pytest.mark.parametrize(
    "name",
    [
        "../a.npy",
        "a/../../b.npy",
        "/etc/passwd",
        "..",
        "C:\\a",
        "a\\..\\b",
        "c:a",
        "a\0.npy",
        "x/..",
    ],
)
def test_names_that_lead_elsewhere_are_refused(path, name):
    assemble(path, [(name, b"b", {}), ("lmu_hw.npy", b"", {})])
    refused(path, "must be a plain relative name, without .., .* and NUL")


@pytest.mark.parametrize("name", ["a..b.npy", "...", "a/b..", "äöü.npy"])
def test_names_with_dots_are_only_names(path, name):
    assemble(path, [(name, b"b", {})])
    refused(path, r"(the archive must hold config.json|must be a .npy array, but starts with b'b')")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_unpack_without_limit_are_refused(path, method):
    archive(path, {"config.json": b" " * (8 << 20)}, compression=method)
    refused(path, f"'config.json' must be stored or deflated, not of method {method}")


def test_bombs_are_refused_by_their_ratio(path):
    archive(path, {"lmu_hw.npy": bytes(9 << 20)}, compression=zipfile.ZIP_DEFLATED)
    refused(path, r"must not grow more than 20 times when unpacked, but \d+ bytes become 9437184")


def test_bombs_of_many_members_are_refused(path):
    members = {f"{i}.npy": bytes(1 << 20) for i in range(9)}
    archive(path, members, compression=zipfile.ZIP_DEFLATED)
    refused(path, r"must not grow more than 20 times when unpacked, but \d+ bytes become 9437184")


def test_nested_bombs_are_not_opened(path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("lmu_hw.npy", bytes(64 << 20))
    archive(path, {"inner.zip": inner.getvalue()})
    refused(path, r"must hold config.json .* not \['inner.zip'\]")


@pytest.mark.parametrize("offset", [0, 10, 31])
def test_members_that_share_bytes_are_refused(path, offset):
    raw = b"x" * 100
    assemble(path, [("a.npy", raw, {}), ("lmu_hw.npy", raw, {"offset": offset})])
    refused(path, r"must lie in \d+ bytes of its own at byte \d+, but has 100 and its header")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 5}, "must be readable, but Bad CRC-32"),
        ({"size": 200}, "must have 200 bytes, not 100|must be readable"),
        ({"size": 1 << 31}, "must not grow more than 20 times"),
        ({"packed": 1 << 31}, "must lie in .* bytes of its own at byte 0"),
        ({"packed": 5, "method": 8}, "must be readable|must have 100 bytes"),
        ({"offset": 1 << 31}, "must lie in .* bytes of its own at byte 2147483648"),
        ({"flags": 1}, "must be readable, but .* encrypted"),
        ({"flags": 32}, "must be readable, but compressed patched data"),
    ],
)
def test_wrong_sizes_are_refused(path, options, message):
    assemble(path, [("lmu_hw.npy", bytes(range(100)), options)])
    refused(path, message)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"directory": (1 << 20) + 1}, "must be a whole zip archive|directory of the archive must"),
        ({"directory": 0xFFFFFFF0}, "must be a whole zip archive|directory of the archive must"),
        ({"directory": 9}, "must be a whole zip archive"),
        ({"place": 1 << 31}, "must be a whole zip archive|must lie in .* at byte -2147483607"),
        ({"entries": 60_000}, "'lmu_hw.npy': |array 'lmu_hw' must be"),
    ],
)
def test_directories_that_lie_are_refused(path, options, message):
    assemble(path, [("lmu_hw.npy", b"x", {})], **options)
    refused(path, message)


def test_a_million_members_are_refused_before_they_are_listed(path):
    local, entry = member("lmu_hw.npy", b"")
    entries = entry * (1 << 20)
    end = END + struct.pack("<HHHHLLH", 0, 0, 0xFFFF, 0xFFFF, len(entries), len(local), 0)
    path.write_bytes(local + entries + end)
    start = time.process_time()
    refused(path, "the directory of the archive must be at most 1048576 bytes, not 58720256")
    assert time.process_time() - start < 2


def test_as_many_members_as_are_allowed_end_soon(path):
    assemble(path, [(f"{i}", b"", {}) for i in range(20_000)])
    start = time.process_time()
    refused(path, "the archive must hold config.json")
    assert time.process_time() - start < 2


def test_an_archive_without_members_is_refused(path):
    refused(assemble(path, []), "the archive must hold config.json .* not nothing")


def test_a_device_is_refused():
    refused("/dev/zero", "not a device or a pipe")


def test_a_link_to_a_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "m.pt").symlink_to(tmp_path / "pipe")
    refused(tmp_path / "m.pt", "not a device or a pipe")


@pytest.mark.parametrize("target", ["nowhere", "m.pt"])
def test_a_link_to_nothing_or_itself_is_refused(tmp_path, target):
    (tmp_path / "m.pt").symlink_to(tmp_path / target)
    refused(tmp_path / "m.pt", "the file must be readable, but: (No such file|Too many levels)")


def test_a_link_to_a_good_file_is_followed(tmp_path, network):
    from lmu_hw.load import load, network_digest, save

    save(network, tmp_path / "m.npz")
    (tmp_path / "link.npz").symlink_to(tmp_path / "m.npz")
    assert network_digest(load(tmp_path / "link.npz")) == network_digest(network)
