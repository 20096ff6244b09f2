# SPDX-License-Identifier: Apache-2.0
"""What reports show of a certificate follows from what was shown, and no more."""

from __future__ import annotations

import json

import pytest

from tests.verify.rejections import rejected


def scaled(values, factor=0.0):
    values[:] = [value * factor for value in values]


def shrunk(errors):
    for values in (*errors["by_cause"].values(), errors["error_bound"], errors["error_within"]):
        scaled(values)


SUMMARIES = {
    "rounding of states": lambda s: scaled(s["memories"][0]["rounding"], 0.99),
    "errors of a read-out": lambda s: scaled(s["readouts"][0]["error"], 0.99),
    "its first steps": lambda s: scaled(s["readouts"][0]["error_within"], 0.9),
    "its rounding": lambda s: scaled(s["readouts"][0]["rounding"], 0.9),
    "its likely rounding": lambda s: scaled(s["readouts"][0]["likely_rounding"], 0.9),
    "its peak": lambda s: scaled(s["readouts"][0]["peak"], 0.99),
    "no read-out": lambda s: s["readouts"].clear(),
    "a read-out twice": lambda s: s["readouts"].append(s["readouts"][0]),
    "another reader": lambda s: s["readouts"][0].update(name="other"),
    "another memory of a read-out": lambda s: s["readouts"][0].update(memory="other"),
    "another step of a read-out": lambda s: s["readouts"][0].update(delayed=True),
    "a key of a read-out": lambda s: s["readouts"][0].update(certain=True),
    "errors of a node": lambda s: shrunk(s["errors"][-1]),
    "one cause": lambda s: scaled(s["errors"][-1]["by_cause"]["rounding"], 0.99),
    "the whole": lambda s: scaled(s["errors"][-1]["error_bound"], 0.99),
    "the whole in few steps": lambda s: scaled(s["errors"][-1]["error_within"], 0.9),
    "less than nothing": lambda s: scaled(s["errors"][-1]["by_cause"]["input"], -1.0),
    "a node twice": lambda s: s["errors"].append(s["errors"][0]),
    "a node without a bound": lambda s: s["errors"].append({**s["errors"][0], "name": "lmu0.m"}),
    "a key of an error": lambda s: s["errors"][0].update(certain=True),
    "the input limit": lambda s: s["memories"][0].update(u_limit=0.1),
    "the bound": lambda s: s["memories"][0].update(bound=s["memories"][0]["bound"] * 0.999),
    "the limit": lambda s: s["memories"][0].update(limit=8.0),
    "the format": lambda s: s["memories"][0].update(format="sQ3.12"),
    "the gain": lambda s: s["memories"][0].update(input_gain=0.5),
    "the rounding gain": lambda s: s["memories"][0].update(rounding_gain=1.0),
    "the contraction": lambda s: s["memories"][0].update(contraction=0.5),
    "bits": lambda s: s["memories"][0].update(provable_bits=3),
    "the scale": lambda s: s["memories"][0].update(provable_scale=0.5),
    "the order": lambda s: s["memories"][0].update(order=5),
    "a flag as a number": lambda s: s["memories"][0].update(proved=1),
    "not proved": lambda s: s["memories"][0].update(proved=False),
    "a bound of a node": lambda s: s["nodes"][0].update(bound=1),
    "a limit of a node": lambda s: s["nodes"][0].update(limit=1 << 40),
    "a node as proved": lambda s: s["nodes"][0].update(proved=not s["nodes"][0]["proved"]),
    "a node by gain": lambda s: s["nodes"][0].update(by_gain=True),
    "an accumulator": lambda s: s["nodes"][0].update(accumulator_bits=2),
    "no node": lambda s: s["nodes"].pop(),
    "one node more": lambda s: s["nodes"].append({**s["nodes"][0], "name": "other"}),
    "a renamed node": lambda s: s["nodes"][0].update(name="other"),
    "no memory": lambda s: s["memories"].clear(),
    "a memory twice": lambda s: s["memories"].append(s["memories"][0]),
    "what is not checked": lambda s: s.update(not_checked=[]),
    "a key": lambda s: s["memories"][0].update(certain=True),
    "a key of a node": lambda s: s["nodes"][0].update(certain=True),
    "another design": lambda s: s.update(design_digest="0" * 64),
    "the version": lambda s: s.update(version=1),
}


@pytest.mark.parametrize("what", SUMMARIES)
def test_a_summary_that_says_more_than_was_shown_is_found(folder, what):
    copy = folder()
    copy.change_summary(SUMMARIES[what])
    copy.seal()
    assert rejected(copy)


@pytest.mark.parametrize("index", [0, 1])
def test_a_sweep_that_is_said_to_reach_less_is_found(folder, index):
    copy = folder("sweeps")
    copy.change_summary(
        lambda s: next(n for n in s["nodes"] if n["name"].endswith("ward")).update(bound=5)
    )
    copy.seal()
    assert "ranges: " in rejected(copy)


def test_a_summary_written_twice_is_refused(folder):
    copy = folder()
    text = (copy.path / "certificate.json").read_text()
    digest = json.loads(text)["design_digest"]
    (copy.path / "certificate.json").write_text(
        text.replace("{", f'{{"design_digest": "{digest}", ', 1)
    )
    copy.seal()
    assert "it has 'design_digest' twice" in rejected(copy)


LOWERED = [
    ("cell", "errors", ("coefficients",)),
    ("cell", "errors", ("rounding",)),
    ("cell", "errors", ("input",)),
    ("dense", "errors", ("coefficients",)),
    ("two layers", "errors", ("input",)),
    ("rectified", "errors", ("rounding",)),
]


@pytest.mark.parametrize(("kind", "group", "causes"), LOWERED)
def test_an_error_a_hundredth_below_the_truth_fails(folder, kind, group, causes):
    copy = folder(kind)

    def lower(summary):
        by_cause = summary[group][-1]["by_cause"]
        assert any(value > 0 for cause in causes for value in by_cause[cause])
        by_cause |= {cause: [0.99 * value for value in by_cause[cause]] for cause in causes}

    copy.change_summary(lower)
    copy.seal()
    assert "error bound" in rejected(copy)


READ = [
    (kind, key)
    for kind in ("cell", "loop", "sweeps", "two passes", "feedback", "scan")
    for key in ("error", "error_within", "rounding", "likely_rounding", "peak")
]


@pytest.mark.parametrize(("kind", "key"), READ)
def test_a_read_out_that_claims_a_little_too_much_fails(folder, kind, key):
    copy = folder(kind)
    copy.change_summary(lambda s: scaled(s["readouts"][-1][key], 0.9))
    copy.seal()
    assert "read-out of" in rejected(copy)


def test_a_certificate_may_say_less(folder):
    copy = folder()

    def silent(summary):
        summary["errors"].pop()
        summary["readouts"][0]["likely_rounding"] = None

    copy.change_summary(silent)
    copy.seal()
    assert copy.failing() == []


BOUNDED = ["saturating lmu0.m", "saturating sweeps lmu0.m", "rectified lmu0.u", "rectified lmu0.h"]


@pytest.mark.parametrize("what", BOUNDED)
def test_a_node_that_is_said_to_reach_less_is_found(folder, what):
    kind, _, name = what.rpartition(" ")
    copy = folder(kind)

    def lower(summary):
        entry = next(one for one in summary["nodes"] if one["name"] == name)
        entry["bound"] = int(0.99 * entry["bound"])

    copy.change_summary(lower)
    copy.seal()
    assert f"ranges: {name}: " in rejected(copy)


@pytest.mark.parametrize("field", ["provable_bits", "provable_scale", "input_gain", "limit"])
@pytest.mark.parametrize("kind", ["saturating", "saturating sweeps"])
def test_what_would_be_provable_follows_from_what_was_shown(folder, kind, field):
    copy = folder(kind)

    def raise_(summary):
        entry = summary["memories"][0]
        entry[field] = 5 if entry[field] is None else type(entry[field])(1.25 * entry[field])

    copy.change_summary(raise_)
    copy.seal()
    assert f"summary: {field} must be" in rejected(copy)
