# SPDX-License-Identifier: Apache-2.0
"""Files for those who build a design into something: listed, checked, and nobody else's."""

from __future__ import annotations

import re
import shutil
from fnmatch import fnmatch
from pathlib import Path

import pytest

import lmu_hw
from lmu_hw.errors import ConfigError
from lmu_hw.folder import DesignFolder
from lmu_hw.integration import integration_files, integration_patterns
from lmu_hw.integration.registry import KINDS
from tests.integration.designs import subject
from tests.resealed import forge


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return integration_files(subject())


@pytest.fixture
def copy(folder, tmp_path) -> Path:
    """A copy of a design's folder."""
    return shutil.copytree(folder, tmp_path / "out")


def test_every_file_has_a_pattern(files):
    patterns = integration_patterns("tiny")
    assert [name for name in files if not any(fnmatch(name, p) for p in patterns)] == []


def test_the_page_on_projects_names_folders_that_are_there(files):
    page = Path(lmu_hw.__file__).parents[1] / "docs" / "howto" / "project.md"
    named = re.findall(r"`(?:out/)?([a-z]+)/[^`]*`", page.read_text())
    assert {"rtl", "ipxact"} <= set(named)
    assert set(named) <= {path.partition("/")[0] for path in files}


def test_no_two_kinds_make_one_file():
    names = [name for kind in KINDS for name in kind.make(subject())]
    assert len(names) == len(set(names))


def test_the_manifest_lists_what_is_made(folder, files):
    written = DesignFolder(folder).emitted
    assert sorted(name for name in written if name not in DesignFolder(folder).rtl) == sorted(files)
    assert {name: (folder / name).read_bytes() for name in files} == files


def test_verify_names_a_file_that_was_changed(copy):
    (copy / "README.md").write_text("# Better\n")
    verdict = next(v for v in lmu_hw.verify(copy) if v.claim == "files")
    assert not verdict.holds
    assert verdict.detail.startswith("README.md is not the file that ")


def test_a_file_that_is_not_what_is_made_for_the_design_is_found(copy):
    forge(copy, "README.md", lambda text: text.replace(b"cycles", b"seconds"))
    verdict = next(v for v in lmu_hw.verify(copy) if v.claim == "emission")
    assert verdict.detail == "README.md is not what is emitted for this design"


def test_a_design_with_an_edited_file_is_read(copy):
    (copy / "rtl" / "files.f").write_text("other.v\n")
    assert lmu_hw.read_design(copy).network.name == "tiny"


def test_a_foreign_file_in_the_way_is_named_before_any_work(copy):
    (copy / "rtl" / "files.f").write_text("mine\n")
    target = DesignFolder(copy)
    with pytest.raises(ConfigError, match=r"rtl/files.f: would be overwritten"):
        target.check_target(name="tiny", others=integration_patterns("tiny"))
