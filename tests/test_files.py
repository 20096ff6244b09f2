# SPDX-License-Identifier: Apache-2.0
"""Files are written whole or not at all, and replaced only where nobody changed them since."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lmu_hw.errors import ConfigError, LoadError
from lmu_hw.files import (
    Ledger,
    exchange,
    is_digest_table,
    is_unchanged,
    read_json,
    resolved,
    sealed,
    sha256,
    write_file,
)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_link_is_followed_and_stays_a_link(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    write_file(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert contents(tmp_path) == {"link": b"new", "real": b"new"}


def test_links_in_a_circle_are_an_error_of_the_system(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="symbolic links"):
        resolved(tmp_path / "a")


def test_a_write_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"old")

    def fail(*_):
        raise OSError("full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="full"):
        write_file(tmp_path / "file", b"new")
    assert contents(tmp_path) == {"file": b"old"}


def test_an_exchange_adds_replaces_and_removes(tmp_path):
    folder = tmp_path / "out"
    exchange(folder, {"a": b"1", "sub/b": b"2"}, ())
    exchange(folder, {"a": b"3", "c": b"4"}, ["sub/b"])
    assert contents(tmp_path) == {"out/a": b"3", "out/c": b"4"}


def test_an_exchange_that_fails_moves_everything_back(tmp_path, monkeypatch):
    folder = tmp_path / "out"
    exchange(folder, {"a": b"1", "b": b"2"}, ())
    rename, calls = Path.rename, []

    def failing(self, target):
        calls.append(target)
        if len(calls) == 3:
            raise OSError("interrupted")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="interrupted"):
        exchange(folder, {"a": b"3", "new/c": b"4"}, ["b"])
    assert contents(tmp_path) == {"out/a": b"1", "out/b": b"2"}
    assert not (folder / "new").exists()


def test_folders_that_were_made_for_nothing_are_gone(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError("full")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match="full"):
        exchange(tmp_path / "x" / "y" / "out", {"a": b"1"}, ())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("change", ["content", "protected", "link", "gone", "folder"])
def test_only_a_plain_file_with_its_digest_is_unchanged(tmp_path, change):
    path, data = tmp_path / "file", b"data"
    path.write_bytes(data)
    assert is_unchanged(path, sha256(data))
    if change == "content":
        path.write_bytes(b"other")
    elif change == "protected":
        path.chmod(0o444)
    else:
        path.unlink()
    if change == "link":
        (tmp_path / "real").write_bytes(data)
        path.symlink_to("real")
    elif change == "folder":
        path.mkdir()
    assert not is_unchanged(path, sha256(data))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'{"a": 1, "a": 2}', "a key is there twice"),
        (b"[NaN]", "it holds NaN"),
        (b"-Infinity", "it holds -Infinity"),
        (b"[" * 100_000, "it is nested too deeply"),
    ],
)
def test_json_that_says_too_much_is_refused(text, reason):
    with pytest.raises(ValueError, match=reason):
        read_json(text)


@pytest.mark.parametrize(
    ("table", "good"),
    [
        ({}, True),
        ({"rtl/a.v": "0" * 64}, True),
        ({"../a": "0" * 64}, False),
        ({"/etc/a": "0" * 64}, False),
        ({"a/b/c": "0" * 64}, False),
        ({"a": "0" * 63}, False),
        ({"a": "F" * 64}, False),
        ({"a": 7}, False),
        (["a"], False),
    ],
)
def test_a_table_of_digests_names_files_below_the_folder_only(table, good):
    assert is_digest_table(table) is good


def test_a_ledger_gives_back_what_it_noted(tmp_path):
    ledger = Ledger(tmp_path / "ledger", "design")
    ledger.write("result", b"42")
    assert ledger.read("result") == b"42"
    assert ledger.read("nothing") is None
    assert ledger.digests() == {"result": sha256(b"42")}


def test_a_ledger_takes_a_file_in(tmp_path):
    (tmp_path / "waves").write_bytes(b"long")
    folder = tmp_path / "out"
    folder.mkdir()
    ledger = Ledger(folder / "ledger", "design")
    ledger.write("waves", tmp_path / "waves")
    assert ledger.read("waves") == b"long"
    assert not (tmp_path / "waves").exists()


def test_a_result_that_was_changed_is_neither_read_nor_replaced(tmp_path):
    ledger = Ledger(tmp_path / "ledger", "design")
    ledger.write("result", b"42")
    (tmp_path / "result").write_bytes(b"43")
    with pytest.raises(LoadError, match="result: is damaged, was changed"):
        ledger.read("result")
    with pytest.raises(ConfigError, match="result: would be overwritten"):
        ledger.write("result", b"44")
    assert (tmp_path / "result").read_bytes() == b"43"


@pytest.mark.parametrize("text", [b"", b"[]", b'{"files": {}}', b"\xff"])
def test_a_damaged_ledger_is_refused(tmp_path, text):
    (tmp_path / "ledger").write_bytes(text)
    with pytest.raises(LoadError, match="ledger: is damaged, or lists results of something else"):
        Ledger(tmp_path / "ledger", "design").digests()


def test_a_ledger_of_another_subject_is_refused(tmp_path):
    Ledger(tmp_path / "ledger", "one design").write("result", b"42")
    with pytest.raises(LoadError, match="lists results of something else"):
        Ledger(tmp_path / "ledger", "another").read("result")


def test_a_seal_is_the_digest_of_what_stands_before_it():
    document = {"a": 1, "b": [2]}
    entry = read_json(sealed(document))
    assert list(entry) == ["a", "b", "sha256"]
    assert sealed({**document, "a": 2}) != sealed(document)
    del entry["sha256"]
    assert sealed(entry) == sealed(document)
