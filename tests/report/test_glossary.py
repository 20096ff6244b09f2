# SPDX-License-Identifier: Apache-2.0
"""Words of the pages, and where they lead."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lmu_hw.report.glossary import TERMS, term

GLOSSARY = Path(__file__).parents[2] / "docs" / "glossary.md"


def documented():
    """Return what docs/glossary.md says of each word, without its marks."""
    entries = re.findall(r"^(\w[^\n]*)\n((?:  [^\n]+\n)+)", GLOSSARY.read_text(), re.M)
    return {name: " ".join(text.split()).replace("`", "") for name, text in entries}


def test_pages_and_docs_say_the_same():
    docs = documented()
    assert {name: docs[name] for name in TERMS} == TERMS
    assert list(TERMS) == sorted(TERMS, key=str.lower)


def test_a_link_needs_a_word_that_is_explained():
    assert term("ulp", "ulps") == '<a class="term" href="#g-ulp">ulps</a>'
    with pytest.raises(KeyError, match="lap"):
        term("lap")


def test_every_link_of_a_page_leads_to_something_in_it(written):
    page = (written / "report.html").read_text()
    targets = set(re.findall(r'\bid="([^"]*)"', page))
    links = set(re.findall(r'href="#([^"]*)"', page))
    assert links <= targets
    assert {link for link in links if link.startswith("g-")} >= {"g-ulp", "g-sqnr", "g-headroom"}
