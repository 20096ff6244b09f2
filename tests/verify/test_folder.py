# SPDX-License-Identifier: Apache-2.0
"""A folder that was tampered with does not verify, whether or not its digests agree."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from lmu_verify import BadFile, verify


def rejected(folder) -> str:
    """Return why a folder does not verify."""
    try:
        reasons = [f"{v.claim}: {v.detail}" for v in verify(folder.path) if not v.holds]
    except BadFile as error:
        return str(error)
    assert reasons
    return "; ".join(reasons)


def replaced(name, old, new):
    def change(folder):
        path = folder.path / name
        data = path.read_bytes()
        assert old in data
        path.write_bytes(data.replace(old, new, 1))

    return change


def renamed(name, old, new):
    def change(folder):
        path = folder.path / name
        path.write_bytes(path.read_bytes().replace(old, new))

    return change


def flipped(name, place):
    def change(folder):
        data = bytearray((folder.path / name).read_bytes())
        data[place] ^= 1
        (folder.path / name).write_bytes(data)

    return change


def swapped(folder):
    first, second = (folder.path / "rtl" / name for name in ("a.hex", "b.hex"))
    data = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(data)


def removed(name):
    return lambda folder: (folder.path / name).unlink()


def written(name, text):
    return lambda folder: (folder.path / name).write_text(text)


UNSEALED = {
    "a ROM of ones": written("rtl/a.hex", "f\n"),
    "two ROMs swapped": swapped,
    "a ROM removed": removed("rtl/a.hex"),
    "another file in rtl": written("rtl/c.hex", "0\n"),
    "an empty module": written("rtl/small.v", "module small(); endmodule\n"),
    "a comment in the Verilog": replaced("rtl/small.v", b"module", b"// better\nmodule"),
    "another design's digest in the Verilog": replaced("rtl/small.v", b"sha256 ", b"sha256 0"),
    "a bit of the design": flipped("design.safetensors", -5),
    "a bit of the design's header": flipped("design.safetensors", 400),
    "a bit of the reference": flipped("reference.safetensors", -5),
    "a bit of the calibration": flipped("calibration.npy", -5),
    "the configuration": replaced("config.toml", b"\n", b"\n# edited\n"),
    "the refit": written("refit.json", "[]  \n"),
    "a bit of the certificate": flipped("certificate.npz", 700),
    "the summary": replaced("certificate.json", b"true", b"false"),
    "the manifest": replaced("manifest.json", b'"beat": ', b'"beat": 1'),
    "no certificate": removed("certificate.npz"),
    "no summary": removed("certificate.json"),
    "no manifest": removed("manifest.json"),
    "no reference": removed("reference.safetensors"),
    "no design": removed("design.safetensors"),
}


@pytest.mark.parametrize("what", UNSEALED)
def test_a_changed_file_is_found(folder, what):
    copy = folder()
    UNSEALED[what](copy)
    assert rejected(copy)


FILES = ["certificate.npz", "certificate.json", "design.safetensors", "reference.safetensors"]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("sealed", [False, True])
def test_a_file_of_another_design_is_found(folder, name, sealed):
    copy, other = folder(), folder("feedback", to="other")
    shutil.copy(other.path / name, copy.path / name)
    if sealed:
        copy.seal()
    assert rejected(copy)


SEALED = {
    "an empty module": (written("rtl/small.v", "module small(); endmodule\n"), "rtl/small.v is of"),
    "another digest in the Verilog": (
        replaced("rtl/small.v", b"sha256 ", b"sha256 0"),
        "rtl/small.v is of another design",
    ),
    "two digests in the Verilog": (
        replaced("rtl/small.v", b"// design", b"// design sha256 " + b"0" * 64 + b"\n// design"),
        "rtl/small.v is of another design",
    ),
    "no Verilog": (removed("rtl/small.v"), "there is no Verilog"),
    "a bit of the design": (flipped("design.safetensors", -2), "is of another design"),
    "a renamed node": (renamed("design.safetensors", b"head0.y", b"head0.z"), "of another design"),
    "a node renamed in one place": (
        replaced("design.safetensors", b"head0.y", b"head0.z"),
        "the array head0.",
    ),
}


@pytest.mark.parametrize("what", SEALED)
def test_a_change_is_found_where_all_digests_of_files_agree(folder, what):
    copy = folder()
    change, reason = SEALED[what]
    change(copy)
    copy.seal()
    assert reason in rejected(copy)


def test_every_memory_must_be_certified(folder):
    copy = folder("two layers")
    header, arrays = copy.certificate()
    header["memories"] = header["memories"][:1]
    kept = {key: array for key, array in arrays.items() if key.startswith("lmu0/")}
    copy.write_certificate(header, kept)
    copy.seal()
    assert "memories: the certificate must be about ['lmu0', 'lmu1']" in rejected(copy)


@pytest.mark.parametrize("name", ["lmu0", "lmu7"])
def test_a_memory_that_is_not_there_must_not_be_certified(folder, name):
    copy = folder()
    header, arrays = copy.certificate()
    header["memories"].append({**header["memories"][0], "name": name})
    copy.write_certificate(header, arrays)
    copy.seal()
    assert "memories: the certificate must be about ['lmu0'], not" in rejected(copy)


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "rtl/../../secret", ""])
def test_a_file_outside_the_folder_is_refused(folder, name):
    copy = folder()
    (copy.path.parent / "secret").write_text("x")
    header, arrays = copy.certificate()
    header["files"][name] = "0" * 64
    copy.write_certificate(header, arrays)
    with pytest.raises(BadFile, match="must be a file in the folder"):
        verify(copy.path)


def test_a_file_that_only_the_manifest_lists_is_found(folder):
    copy = folder()
    header, arrays = copy.certificate()
    del header["files"]["config.toml"]
    copy.write_certificate(header, arrays)
    copy.seal_manifest()
    assert "config.toml must be listed by certificate and manifest" in rejected(copy)


@pytest.mark.parametrize("name", ["design.safetensors", "reference.safetensors"])
def test_what_everything_rests_on_must_be_listed(folder, name):
    copy = folder()
    header, arrays = copy.certificate()
    del header["files"][name]
    copy.write_certificate(header, arrays)
    copy.seal_manifest(without=name)
    assert f"{name} must be listed by certificate and manifest" in rejected(copy)


def test_an_ideal_memory_cannot_be_claimed(folder):
    """It is that of the reference: neither replaced by the quantized one, nor left out."""
    copy = folder()
    copy.change(lambda entry, arrays: arrays.update(ideal_A=np.zeros((4, 4))))
    copy.seal()
    assert "lmu0/ideal_A is no claim or witness" in rejected(copy)
    copy = folder(to="second")
    copy.change(lambda entry, arrays: entry.update(ideal=None))
    copy.seal()
    assert "ideal must be an object" in rejected(copy)


CLAIMED = ["u_limit", "state_width", "state_frac_bits", "rounding", "error_feedback", "overflow"]


@pytest.mark.parametrize("key", [*CLAIMED, "structure", "order", "a_frac_bits"])
def test_what_the_design_says_cannot_be_claimed(folder, key):
    copy = folder()
    copy.change(lambda entry, arrays: entry.update({key: 40}))
    copy.seal()
    assert f"must not have {key!r}" in rejected(copy)


def shrunk(errors):
    for name in ("coefficients", "rounding", "input", "mismatch"):
        errors["by_cause"][name] = [0.0] * len(errors["error_bound"])
    errors["error_bound"] = [0.0] * len(errors["error_bound"])


SUMMARIES = {
    "errors of a memory": lambda s: shrunk(s["memories"][0]),
    "errors of a head": lambda s: shrunk(s["heads"][0]),
    "one cause": lambda s: s["heads"][0]["by_cause"].update(rounding=[0.0, 0.0]),
    "the whole": lambda s: s["heads"][0]["error_bound"].__setitem__(0, 0.001),
    "less than nothing": lambda s: s["heads"][0]["by_cause"].update(mismatch=[-0.1, -0.1]),
    "conditional": lambda s: s["memories"][0].update(
        conditional=not s["memories"][0]["conditional"]
    ),
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
    "no head": lambda s: s["heads"].clear(),
    "another memory of a head": lambda s: s["heads"][0].update(memory="other"),
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
    ("cell", "heads", ("coefficients", "mismatch")),
    ("cell", "heads", ("rounding",)),
    ("cell", "heads", ("input",)),
    ("dense", "heads", ("coefficients", "mismatch")),
    ("two layers", "heads", ("input",)),
    ("sweeps", "memories", ("coefficients", "mismatch")),
    ("saturating sweeps", "memories", ("rounding",)),
    ("dense", "memories", ("input",)),
]


@pytest.mark.parametrize(("kind", "group", "causes"), LOWERED)
def test_an_error_a_hundredth_below_the_truth_fails(folder, kind, group, causes):
    copy = folder(kind)

    def lower(summary):
        by_cause = summary[group][0]["by_cause"]
        assert any(value > 0 for cause in causes for value in by_cause[cause])
        by_cause |= {cause: [0.99 * value for value in by_cause[cause]] for cause in causes}

    copy.change_summary(lower)
    copy.seal()
    assert "error bound" in rejected(copy)


BOUNDED = ["saturating lmu0.m", "saturating sweeps lmu0.m", "rectified lmu0.u", "rectified lmu0.h"]
BOUNDED += ["gated cell.z", "gated cell.h", "feedback lmu0.m", "two layers head1.y"]


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
