# SPDX-License-Identifier: Apache-2.0
"""What is kept between runs: found whole or not at all, and not for ever."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lmu_hw.errors import ConfigError
from lmu_hw.simulate.cache import Cache, digest_of, opened, standard_folder

KEYS = [digest_of(number) for number in range(4)]


def entry(folder: Path, key: str) -> Path:
    return folder / f"{key}.kept"


@pytest.fixture
def cache(tmp_path) -> Cache:
    return Cache(tmp_path)


def test_what_was_put_is_found_under_its_digest_only(cache):
    cache.put(KEYS[0], b"content")
    assert (cache.get(KEYS[0]), cache.get(KEYS[1])) == (b"content", None)


def test_without_a_folder_nothing_is_kept():
    cache = Cache(None)
    cache.put(KEYS[0], b"content")
    assert cache.get(KEYS[0]) is None


@pytest.mark.parametrize(
    "damaged",
    [
        lambda data: data[:-1],
        lambda data: data[:10],
        lambda data: b"",
        lambda data: data + b"x",
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: bytes([data[0] ^ 1]) + data[1:],
    ],
    ids=["cut", "half a head", "empty", "longer", "another byte", "another head"],
)
def test_a_damaged_entry_is_as_if_it_were_not_there(cache, damaged):
    cache.put(KEYS[0], b"content")
    path = entry(cache.folder, KEYS[0])
    path.write_bytes(damaged(path.read_bytes()))
    assert cache.get(KEYS[0]) is None
    cache.put(KEYS[0], b"content")
    assert cache.get(KEYS[0]) == b"content"


def test_what_was_not_used_for_longest_goes_first(tmp_path):
    cache = Cache(tmp_path, limit=3_500)
    for number, key in enumerate(KEYS[:3]):
        cache.put(key, bytes(1_000))
        os.utime(entry(tmp_path, key), (number, number))
    assert cache.get(KEYS[0]) is not None  # used, and so later than the others
    cache.put(KEYS[3], bytes(1_000))
    assert [cache.get(key) is not None for key in KEYS] == [True, False, True, True]


def test_only_what_the_cache_wrote_is_removed(tmp_path):
    cache = Cache(tmp_path, limit=2_500)
    others = [tmp_path / "notes.txt", tmp_path / "a.kept", entry(tmp_path, "0" * 64)]
    for path in others:
        path.write_bytes(bytes(5_000))
        os.utime(path, (0, 0))
    link = entry(tmp_path, "1" * 64)
    link.symlink_to(others[0])
    for key in KEYS:
        cache.put(key, bytes(1_000))
    assert all(path.stat().st_size == 5_000 for path in others) and link.is_symlink()
    assert [cache.get(key) is not None for key in KEYS] == [False, False, True, True]


def test_what_is_larger_than_the_limit_is_not_kept(tmp_path):
    cache = Cache(tmp_path, limit=1_500)
    cache.put(KEYS[0], bytes(1_000))
    cache.put(KEYS[1], bytes(2_000))
    assert [cache.get(key) is not None for key in KEYS[:2]] == [True, False]


def test_who_reads_while_others_write_sees_whole_entries(cache):
    contents = [bytes([number]) * 200_000 for number in range(4)]

    def use(number: int) -> set[bytes | None]:
        seen = set()
        for _ in range(30):
            cache.put(KEYS[0], contents[number])
            seen.add(cache.get(KEYS[0]))
        return seen

    with ThreadPoolExecutor(4) as pool:
        assert set.union(*pool.map(use, range(4))) <= set(contents)
    assert [path.name for path in cache.folder.iterdir()] == [f"{KEYS[0]}.kept"]


@pytest.mark.parametrize(
    ("named", "xdg", "folder"),
    [
        ("/named", "/xdg", "/named"),
        ("", "/xdg", "/xdg/lmu_hw"),
        ("", "relative", "/home/me/.cache/lmu_hw"),
        ("", "", "/home/me/.cache/lmu_hw"),
    ],
)
def test_the_folder_is_where_the_environment_says(monkeypatch, named, xdg, folder):
    monkeypatch.setenv("LMU_HW_CACHE", named)
    monkeypatch.setenv("XDG_CACHE_HOME", xdg)
    monkeypatch.setenv("HOME", "/home/me")
    assert standard_folder() == Path(folder)


def test_a_folder_that_was_named_must_be_one(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    for named in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ConfigError, match="`cache` must be a folder that can be written to, "):
            opened(named)
    monkeypatch.setenv("LMU_HW_CACHE", str(tmp_path / "file"))
    with pytest.raises(ConfigError, match=r"\$LMU_HW_CACHE must be a folder .*file'"):
        opened(None)
    monkeypatch.setenv("LMU_HW_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert opened(None).folder is None
    assert opened(tmp_path / "new").folder == tmp_path / "new"
