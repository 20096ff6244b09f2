# SPDX-License-Identifier: Apache-2.0
"""What memories store and carry keeps to its formats, and what does not is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lmu_verify import verify_ranges
from lmu_verify.claims import Judge, read_claims
from lmu_verify.design import read_design
from lmu_verify.fields import Fields
from lmu_verify.files import read_npz
from lmu_verify.memory import read_memories
from lmu_verify.ranges import range_verdicts
from lmu_verify.reference import read_reference
from tests.verify.systems import QUIET

KINDS = [
    "dense",
    "feedback",
    "sweeps",
    "two passes",
    "short window",  # a first pass grows: the coarsest bounds of what it carries are too large
    "scan",
    "saturating",
    "saturating sweeps",
]


def judged(folder, **changes):
    """Return the verdicts on a memory of a folder, some of it changed: claims that fail."""
    design, (layer, *_) = (
        read(folder.path / f"{name}.safetensors")
        for read, name in ((read_design, "design"), (read_reference, "reference"))
    )
    (memory,) = read_memories(design)
    header, arrays = read_npz(folder.path / "certificate.npz")
    (entry,) = Fields("header", header).objects("memories")
    judge = Judge(replace(memory, **changes), layer, read_claims(entry, arrays, memory), QUIET)
    return [verdict.claim for verdict in range_verdicts(judge) if not verdict.holds]


@pytest.mark.parametrize("kind", KINDS)
def test_a_design_whose_memories_keep_to_their_formats_is_shown(folder, kind):
    verdicts = verify_ranges(folder(kind).path)
    assert [verdict for verdict in verdicts if not verdict.holds] == []
    assert {"files", "digests", "memories", "range"} <= {verdict.claim for verdict in verdicts}


@pytest.mark.parametrize(("kind", "failing"), [("feedback", []), ("sweeps", ["sweeps"])])
def test_an_input_that_is_too_large_is_not_shown(folder, kind, failing):
    copy = folder(kind)
    memory = read_memories(read_design(copy.path / "design.safetensors"))[0]
    assert judged(copy) == []
    assert judged(copy, u_limit=memory.u_limit * 2) == ["range", *failing]


def test_rounding_that_is_too_coarse_is_not_shown(folder):
    copy = folder("scan")
    memory = read_memories(read_design(copy.path / "design.safetensors"))[0]
    assert judged(copy, error_ulp=memory.error_ulp * 4000)[0] == "range"


def test_a_changed_file_is_refused(folder):
    copy = folder("dense")
    (copy.path / "rtl" / "a.hex").write_text("4\n")
    assert [v.claim for v in verify_ranges(copy.path) if not v.holds] == ["files"]
