# SPDX-License-Identifier: Apache-2.0
"""Pages: no dead link between them, and every command that they show can be typed."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lmu_hw.cli.parser import build_parser

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md")), ROOT / "examples/README.md"]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
_BLOCK = re.compile(r"^```\w*\n(.*?)^```$", re.M | re.S)
_PLACE = re.compile(r"(?:examples|tools)/[\w/.-]+")
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def lines(page: Path) -> Iterator[str]:
    """Return what the blocks of a page say, line by line; a backslash goes on in the next one."""
    for block in _BLOCK.findall(page.read_text()):
        yield from block.replace("\\\n", " ").splitlines()


def commands(page: Path) -> Iterator[list[str]]:
    """Return the words of each `lmu-hw` command, without what a shell would do with its output."""
    for line in lines(page):
        words = shlex.split(line.split(" > ")[0], comments=True) if "lmu-hw " in line else []
        if words and Path(words[0]).name == "lmu-hw" and "..." not in words:
            yield words[1:]


def site(source: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """Resolve every link of the site without writing it."""
    words = ["-b", "dummy", "--quiet", "--fail-on-warning", "--keep-going", str(source), str(out)]
    command = [sys.executable, "-m", "sphinx", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


def test_the_site_has_no_dead_link(tmp_path):
    result = site(DOCS, tmp_path)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_dead_link_is_an_error(tmp_path):
    (tmp_path / "conf.py").write_text((DOCS / "conf.py").read_text())
    (tmp_path / "index.md").write_text("# One\n\n[two](two.md)\n[part](#nowhere)\n")
    result = site(tmp_path, tmp_path / "out")
    assert result.returncode
    assert "two.md" in result.stderr
    assert "nowhere" in result.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_shows_is_there(page):
    parser = build_parser()
    for words in commands(page):
        assert parser.parse_args(words).command == words[0]
    for line in lines(page):
        for place in _PLACE.findall(line):
            assert (ROOT / place).exists(), line
        for target in re.findall(r"^make ([a-z-]+)", line):
            assert target in TARGETS, line
    for link in _LINK.findall(page.read_text()):
        assert "://" in link or (page.parent / link).exists(), link
