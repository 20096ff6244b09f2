# SPDX-License-Identifier: Apache-2.0
"""True certificates hold, and every claim that is a little too good fails by name."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_verify import verify

DENSE = ["stability", "rounding gain", "input gain", "range", "ideal stability"]
FOLDER = ["files", "digests", "memories"]
KINDS = ["dense", "feedback", "sweeps", "ranks", "two passes", "scan", "two layers", "fast"]
KINDS += ["cell", "loop", "saturating", "saturating sweeps", "rectified", "gated"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_claim_of_a_true_certificate_holds(folder, kind):
    verdicts = verify(folder(kind).path)
    assert [v for v in verdicts if not v.holds] == []
    claims = {verdict.claim for verdict in verdicts}
    assert claims >= {*FOLDER, *DENSE, "summary", "ranges"}
    assert any(claim.startswith("read-out of ") for claim in claims)
    assert ("error bound" in claims) == (kind != "loop")
    structured = ("sweeps", "ranks", "two passes", "scan", "saturating sweeps")
    assert ("sweeps" in claims) == (kind in structured)


def test_what_reads_a_memory_and_what_follows_get_a_verdict(folder):
    verdicts = verify(folder("two layers").path)
    claims = {(v.memory, v.claim) for v in verdicts}
    assert {("lmu0.m", "read-out of head0.y"), ("lmu1.m", "read-out of head1.y")} <= claims
    assert {("head0.y", "error bound"), ("lmu1.u", "error bound")} <= claims


@pytest.mark.parametrize("claim", ["read-out of lmu0.u[t-1]", "read-out of lmu0.h", "stable loop"])
def test_read_outs_and_loops_of_a_cell_get_a_verdict(folder, claim):
    verdicts = {verdict.claim: verdict for verdict in verify(folder("loop").path)}
    assert verdicts[claim].holds


def test_a_loop_that_is_not_stable_cannot_be_claimed_to_be(folder, monkeypatch):
    copy = folder("loop")
    monkeypatch.setattr("lmu_verify.summary._MAX_LOOP", 4)
    assert copy.failing() == ["stable loop"]


LOWERED = {
    "input_gain": ["input gain", "range"],
    "rounding_gain": ["rounding gain", "range"],
    "bound": ["range"],
    "carried": ["sweeps"],
}


@pytest.mark.parametrize("kind", ["dense", "feedback", "sweeps", "two passes"])
@pytest.mark.parametrize("key", LOWERED)
def test_a_claim_a_thousandth_below_the_truth_fails(folder, kind, key):
    copy = folder(kind)

    def lower(entry, arrays):
        if key in arrays:
            arrays[key] = (arrays[key] * 0.998).astype(np.int64)

    copy.change(lower)
    copy.seal()
    failed = copy.failing()
    if key == "carried" and kind in ("dense", "feedback"):
        assert failed == []
    else:
        assert failed[: len(LOWERED[key])] == LOWERED[key]


@pytest.mark.parametrize("state", [0, 3])
@pytest.mark.parametrize("key", ["input_gain", "rounding_gain"])
def test_a_claim_on_one_state_fails_by_its_number(folder, state, key):
    copy = folder()
    copy.change(lambda entry, arrays: arrays[key].__setitem__(state, arrays[key][state] * 0.999))
    copy.seal()
    assert f"state {state}: " in copy.reasons()


@pytest.mark.parametrize(
    ("key", "claim"),
    [
        ("P", "stability"),
        ("L_P", "stability"),
        ("L_M", "stability"),
        ("ideal_P", "ideal stability"),
        ("ideal_L_P", "ideal stability"),
        ("ideal_L_M", "ideal stability"),
    ],
)
def test_a_changed_witness_fails(folder, key, claim):
    copy = folder()

    def change(entry, arrays):
        arrays[key][1, 0] += 2 * arrays[key].max()

    copy.change(change)
    copy.seal()
    assert claim in copy.failing()


@pytest.mark.parametrize("rate", [[1, 0], [1 << 50, 50], [3, 1]])
def test_a_rate_that_does_not_decrease_fails(folder, rate):
    copy = folder()
    copy.change(lambda entry, arrays: entry.update(rate=rate))
    copy.seal()
    assert "stability" in copy.failing()
    assert "the rate must be below 1" in copy.reasons()


def test_what_rests_on_a_claim_that_fails_is_not_shown(folder):
    copy = folder()
    copy.change(lambda entry, arrays: entry.update(rate=[1, 0]))
    copy.seal()
    assert "rests on stability, which was not shown" in copy.reasons()


def test_progress_is_told(folder):
    lines: list[str] = []
    verify(folder().path, progress=lines.append)
    assert lines[0] == "lmu0.m: power 64 of A"
    assert any("impulse response" in line for line in lines)
