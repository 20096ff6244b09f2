# SPDX-License-Identifier: Apache-2.0
"""The folder of a design: whole or refused, and never a file of the user's touched."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from lmu_hw.errors import ConfigError, LoadError
from lmu_hw.files import sealed, sha256
from lmu_hw.folder import DesignFolder
from tests.resealed import change_manifest

FILES = {name: f"content of {name}".encode() for name in DesignFolder.GENERATED}
FIRST = {**FILES, "rtl/net.v": b"module net; endmodule", "rtl/net_old.hex": b"0\n"}
SECOND = {**FILES, "design.safetensors": b"another", "rtl/net.v": b"module net2;"}
MANIFEST = {"lmu_hw": "0", "name": "net"}
REPLACED = "would be overwritten, but it was changed since it was generated, or is not of this tool"


@pytest.fixture
def out(tmp_path) -> DesignFolder:
    """A folder with the first design."""
    folder = DesignFolder(tmp_path / "out")
    folder.replace(FIRST, MANIFEST)
    return folder


def contents(folder: Path) -> dict[str, bytes | None]:
    """Return all files below a folder, with None for folders and links."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        if path.is_file() and not path.is_symlink()
        else None
        for path in sorted(folder.rglob("*"))
    }


def names(folder: DesignFolder) -> set[str]:
    return {name for name, content in contents(folder.path).items() if content is not None}


def refused(folder: DesignFolder, message: str, before: dict[str, bytes | None]) -> None:
    """Require that neither the early check nor the late one lets a design be written."""
    for write in (
        lambda: DesignFolder(folder.path).check_target(name="net"),
        lambda: DesignFolder(folder.path).replace(SECOND, MANIFEST),
    ):
        with pytest.raises(ConfigError, match=message):
            write()
        assert contents(folder.path.parent) == before


def test_a_design_is_read_as_it_was_written(out):
    folder = DesignFolder(out.path)
    folder.check()
    assert {name: folder.read(name) for name in FIRST} == FIRST
    assert folder.rtl == ("rtl/net.v", "rtl/net_old.hex")
    assert folder.changed_rtl() == ()


def test_the_same_files_give_the_same_manifest(out, tmp_path):
    again = DesignFolder(tmp_path / "again")
    again.replace(dict(reversed(FIRST.items())), MANIFEST)
    assert contents(again.path) == contents(out.path)


def test_only_what_the_tool_wrote_goes_or_is_replaced(out):
    mine = {"tb.v": b"1", "rtl/tb.v": b"2", "vivado/top.xpr": b"3", ".git/HEAD": b"4"}
    for name, content in mine.items():
        (out.path / name).parent.mkdir(exist_ok=True)
        (out.path / name).write_bytes(content)
    out.replace(SECOND, MANIFEST)
    after = contents(out.path)
    assert {name: after[name] for name in mine} == mine
    assert names(out) == {*mine, *SECOND, "manifest.json"}
    assert {name: out.read(name) for name in SECOND} == SECOND


def test_a_file_that_stays_as_it_is_is_not_written_again(out):
    before = (out.path / "config.toml").stat()
    out.replace(SECOND, MANIFEST)
    assert (out.path / "config.toml").stat().st_ino == before.st_ino
    assert (out.path / "config.toml").stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize("name", ["rtl/net.v", "design.safetensors", "config.toml"])
def test_an_edited_file_in_the_way_is_named_and_stays(out, tmp_path, name):
    (out.path / name).write_bytes(b"edited")
    refused(out, f"{name}: {REPLACED}", contents(tmp_path))


def test_an_edited_file_that_is_not_in_the_way_stays(out):
    (out.path / "rtl" / "net_old.hex").write_bytes(b"edited")
    out.replace(SECOND, MANIFEST)
    assert (out.path / "rtl" / "net_old.hex").read_bytes() == b"edited"
    assert "rtl/net_old.hex" not in out.digests


def test_a_foreign_file_in_the_way_is_named(tmp_path):
    folder = DesignFolder(tmp_path / "out")
    folder.replace({name: FIRST[name] for name in FIRST if name != "refit.json"}, MANIFEST)
    (folder.path / "refit.json").write_bytes(b"mine")
    refused(folder, f"refit.json: {REPLACED}", contents(tmp_path))


def test_an_edited_configuration_may_be_what_is_generated(out):
    edited = b"# edited\nversion = 4\n"
    (out.path / "config.toml").write_bytes(edited)
    with pytest.raises(ConfigError, match=r"to generate from it, give `config` .*config\.toml"):
        out.check_target(name="net")
    out.check_target(name="net", config=edited.decode())
    before = (out.path / "config.toml").stat().st_mtime_ns
    out.replace({**SECOND, "config.toml": edited}, MANIFEST)
    assert (out.path / "config.toml").stat().st_mtime_ns == before
    assert out.read("config.toml") == edited


def test_a_folder_in_place_of_a_file_stays(out, tmp_path):
    (out.path / "config.toml").unlink()
    (out.path / "config.toml").mkdir()
    refused(out, f"config.toml: {REPLACED}", contents(tmp_path))


def test_a_link_in_place_of_a_file_stays(out, tmp_path):
    (tmp_path / "mine").write_bytes(FIRST["rtl/net.v"])
    (out.path / "rtl" / "net.v").unlink()
    (out.path / "rtl" / "net.v").symlink_to(tmp_path / "mine")
    refused(out, f"rtl/net.v: {REPLACED}", contents(tmp_path))
    assert (out.path / "rtl" / "net.v").is_symlink()


def test_a_link_in_place_of_the_folder_of_verilog_is_not_followed(out, tmp_path):
    (out.path / "rtl").rename(tmp_path / "mine")
    (out.path / "rtl").symlink_to(tmp_path / "mine")
    refused(out, "rtl: must be a folder, and no link to one", contents(tmp_path))


def test_a_pipe_in_place_of_a_file_is_refused(out):
    (out.path / "refit.json").unlink()
    os.mkfifo(out.path / "refit.json")
    with pytest.raises(ConfigError, match=f"refit.json: {REPLACED}"):
        out.check_target()
    with pytest.raises(LoadError, match="must hold refit.json"):
        out.read("refit.json")


def test_a_write_protected_file_stays(out, tmp_path):
    (out.path / "rtl" / "net.v").chmod(0o444)
    refused(out, f"rtl/net.v: {REPLACED}", contents(tmp_path))


def test_a_link_to_a_folder_is_followed(out, tmp_path):
    (tmp_path / "link").symlink_to(out.path)
    DesignFolder(tmp_path / "link").replace(SECOND, MANIFEST)
    assert (tmp_path / "link").is_symlink()
    assert {name: DesignFolder(out.path).read(name) for name in SECOND} == SECOND


@pytest.mark.parametrize("name", ["../mine", "rtl/../../mine", "rtl/..", "..", "", ".hidden"])
def test_a_manifest_with_names_outside_is_refused(out, tmp_path, name):
    (tmp_path / "mine").write_bytes(b"mine")
    manifest = {**out.manifest, "files": {**out.digests, name: sha256(b"mine")}}
    (out.path / "manifest.json").write_bytes(sealed(manifest))
    refused(out, "must list every file with its SHA-256", contents(tmp_path))


def test_an_absolute_name_in_a_manifest_is_refused(out, tmp_path):
    (tmp_path / "mine").write_bytes(b"mine")
    files = {**out.digests, str(tmp_path / "mine"): sha256(b"mine")}
    (out.path / "manifest.json").write_bytes(sealed({**out.manifest, "files": files}))
    refused(out, "must list every file with its SHA-256", contents(tmp_path))


def test_a_listed_file_behind_a_link_stays(out, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine").write_bytes(b"mine")
    (out.path / "link").symlink_to(tmp_path / "elsewhere")
    change_manifest(out.path, lambda made: made["files"].update({"link/mine": sha256(b"mine")}))
    refused(out, "link: must be a folder, and no link to one", contents(tmp_path))


@pytest.mark.parametrize("text", ["mine", '{"name": "a web application"}', "[]", '{"lmu_hw": "0"}'])
def test_a_folder_of_something_else_is_left_alone(tmp_path, text):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "manifest.json").write_text(text)
    message = "must be a new folder, an empty one, or an earlier design; it holds other files"
    refused(DesignFolder(tmp_path / "out"), message, contents(tmp_path))


def test_a_design_of_an_earlier_version_is_left_alone(out, tmp_path):
    manifest = {"lmu_hw": "0.1.0", "name": "net", "files": ["rtl/net.v"]}
    (out.path / "manifest.json").write_text(json.dumps(manifest, indent=2))
    refused(out, "an earlier version wrote it", contents(tmp_path))
    with pytest.raises(LoadError, match=r"an earlier version wrote it.*in another folder"):
        DesignFolder(out.path).check()


def test_a_folder_without_a_name_is_refused():
    with pytest.raises(ConfigError, match="must have a name, not ''"):
        DesignFolder("")


def test_an_empty_folder_and_the_current_one_can_be_the_output(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for files in (FIRST, SECOND):
        DesignFolder(".").replace(files, MANIFEST)
    assert names(DesignFolder(tmp_path)) == {*SECOND, "manifest.json"}


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "no space"), KeyboardInterrupt()])
@pytest.mark.parametrize("earlier", [True, False])
def test_a_failure_at_any_move_leaves_everything_as_it_was(
    out, tmp_path, monkeypatch, earlier, error
):
    folder = out if earlier else DesignFolder(tmp_path / "a" / "b" / "new")
    before, rename = contents(tmp_path), Path.rename

    def failing(path, target):
        nonlocal left
        left -= 1
        if left == 0:
            raise error
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    moves = 7 if earlier else 1  # out: two changed, one stale, the manifest; in: all but the stale
    for move in range(1, moves + 1):
        left = move
        with pytest.raises((ConfigError, KeyboardInterrupt)):
            folder.replace(SECOND, MANIFEST)
        assert contents(tmp_path) == before
    left = moves + 1
    folder.replace(SECOND, MANIFEST)
    assert left == 1
    assert {name: folder.read(name) for name in SECOND} == SECOND


@pytest.mark.parametrize("move", range(1, 8))
def test_what_cannot_be_moved_back_is_not_lost(out, tmp_path, monkeypatch, move):
    before, rename, left = contents(out.path), Path.rename, move

    def broken(path, target):
        nonlocal left
        left -= 1
        if left <= 0:
            raise OSError(errno.EIO, "broken")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", broken)
    with pytest.raises(ConfigError, match="out: cannot be written: broken"):
        out.replace(SECOND, MANIFEST)
    there = {path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert there >= {content for content in before.values() if content is not None}


def test_links_in_a_circle_are_refused(tmp_path):
    (tmp_path / "out").symlink_to(tmp_path / "out")
    with pytest.raises(ConfigError, match="out: cannot be the output: Too many levels of symbolic"):
        DesignFolder(tmp_path / "out").check_target()


def test_a_full_disk_leaves_everything_as_it_was(out, tmp_path, monkeypatch):
    before, write = contents(tmp_path), Path.write_bytes

    def full(path, data):
        write(path, data[:3])
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ConfigError, match="out: cannot be written: no space"):
        out.replace(SECOND, MANIFEST)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", [*FIRST, "manifest.json"])
def test_every_damage_is_refused_by_name(out, name):
    path, data = out.path / name, (out.path / name).read_bytes()
    step = 1 + len(data) // 100
    damaged = [data[:length] for length in range(0, len(data), step)] + [data + b"\n"]
    for place in range(0, len(data), step):
        flipped = bytearray(data)
        flipped[place] ^= 1 << (place % 8)
        damaged.append(bytes(flipped))
    for content in damaged:
        path.write_bytes(content)
        folder = DesignFolder(out.path)
        if name.startswith("rtl/"):
            assert folder.changed_rtl() == (name,)
            continue
        with pytest.raises(LoadError, match=f"{name}: "):
            folder.check()
    path.unlink()
    with pytest.raises(LoadError, match=name):
        (folder.changed_rtl if name.startswith("rtl/") else DesignFolder(out.path).check)()


WRONG = (
    *("[" * 100_000, '{"lmu_hw": NaN}', '{"lmu_hw": 1e999, "files": {}}', '{"a": 1, "a": 2}'),
    *("", "null", "3", '"text"', "1" * 5000, '{"lmu_hw": 0, "sha256": 0, "files": 3}'),
    *('{"lmu_hw": 0, "sha256": 0, "files": {"a": 3}}', "\ud800", "\xff", "\x00"),
)


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_a_manifest_of_anything_is_refused_by_name(out, text):
    (out.path / "manifest.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(LoadError, match=r"manifest\.json: "):
        DesignFolder(out.path).check()


def test_results_go_with_the_design_that_they_are_of(out):
    out.results.write("simulation.json", b"[]")
    out.results.write("report.json", b"{}")
    assert out.results.read("simulation.json") == b"[]"
    out.replace(SECOND, MANIFEST)
    assert names(out) == {*SECOND, "manifest.json"}


def test_a_result_that_was_edited_stays_and_is_not_read(out):
    out.results.write("simulation.json", b"[]")
    out.results.write("report.json", b"{}")
    (out.path / "simulation.json").write_bytes(b"edited")
    with pytest.raises(LoadError, match=r"simulation\.json: is damaged, was changed since"):
        out.results.read("simulation.json")
    out.replace(SECOND, MANIFEST)
    assert (out.path / "simulation.json").read_bytes() == b"edited"
    assert not (out.path / "report.json").exists()
    with pytest.raises(LoadError, match=r"simulation\.json: .*belongs to something else"):
        out.results.read("simulation.json")
    with pytest.raises(ConfigError, match=r"simulation\.json: would be overwritten"):
        out.results.check("simulation.json")


def test_results_of_another_design_are_refused(out, tmp_path):
    other = DesignFolder(tmp_path / "other")
    other.replace(SECOND, MANIFEST)
    other.results.write("simulation.json", b"[]")
    for name in ("results.json", "simulation.json"):
        (out.path / name).write_bytes((other.path / name).read_bytes())
    with pytest.raises(LoadError, match=r"results\.json: is damaged, or lists results of"):
        out.results.read("simulation.json")


def test_every_damage_of_the_ledger_is_refused_by_name(out):
    out.results.write("simulation.json", b"[]")
    path, data = out.path / "results.json", (out.path / "results.json").read_bytes()
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(LoadError, match=r"results\.json: is damaged"):
            out.results.read("simulation.json")
        with pytest.raises(LoadError, match=r"results\.json: is damaged"):
            out.check_target()


def test_a_result_that_is_not_there_is_none(out):
    assert out.results.read("simulation.json") is None
    out.results.write("simulation.json", b"[]")
    (out.path / "simulation.json").unlink()
    assert out.results.read("simulation.json") is None
    out.results.write("simulation.json", b"[1]")
    assert out.results.read("simulation.json") == b"[1]"
