# SPDX-License-Identifier: Apache-2.0
"""`--stream-width` and what goes with it: in the manifest, in cycles, and where it is refused."""

from __future__ import annotations

import json

import pytest

FORMATS = ("--weight-bits", "4", "--state-bits", "6", "--activation-bits", "4")


@pytest.mark.usefixtures("quick")
def test_the_manifest_says_how_vectors_travel(run, here):
    target = ("generate", "model.safetensors", "-o", "packets", *FORMATS)
    assert run(*target, "--stream-width", "8", "--stream-last", "sequence").status == 0
    manifest = json.loads((here / "packets/manifest.json").read_text())
    streams = manifest["streams"]
    assert [streams[key] for key in ("width", "elements", "last")] == [8, "packed", "sequence"]
    assert streams["m_axis"] == {
        "width": 8,
        "beats": 2,
        "element_bits": 8,
        "elements_per_beat": 1,
        "beats_per_element": 1,
        "bytes_of_last_beat": 1,
        "tkeep": True,
        "tuser": False,
    }
    assert run("inspect", "packets").status == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--stream-width", "24"), "--stream-width must be a power of two, not 24"),
        (("--stream-width", "wide"), "--stream-width must be vector or a number of bits"),
        (("--stream-last", "vector"), "--stream-last must come with a --stream-width in bits"),
    ],
)
@pytest.mark.parametrize("command", ["config", "generate"])
def test_what_is_no_stream_is_refused_first(refused, here, unchanged, command, options, message):
    target = ("-o", "new") if command == "generate" else ()
    assert message in refused(command, "missing.safetensors", *target, *options)
    unchanged()


def test_of_packets_layers_and_control_are_proved_and_the_ends_are_named_as_not_shown(run, here):
    target = ("generate", "model.safetensors", "-o", "packets", *FORMATS)
    assert run(*target, "--stream-width", "8").status == 0
    answer = run("prove", "packets")
    assert answer.status == 1
    lemmas = json.loads((here / "packets/proof.json").read_text())["lemmas"]
    detail = "not tried: vectors are packets of beats of 8 bits"
    left = [lemma for lemma in lemmas if lemma.get("detail") == detail]
    assert [lemma["part"] for lemma in left] == ["data", "data", "data", "time"]
    assert {lemma["status"] for lemma in left} == {"not shown"}
    shown = [lemma for lemma in lemmas if lemma["status"] == "shown"]
    assert sum(lemma["claim"].startswith("lmu0: every step") for lemma in shown) == 1
    control = [lemma for lemma in lemmas if lemma["part"] == "control"]
    assert len(control) > 10 and all(lemma in shown for lemma in control)


def test_a_damaged_stream_is_refused(refused, here):
    path = here / "out/manifest.json"
    manifest = json.loads(path.read_text())
    manifest["streams"]["width"] = 12
    path.write_text(json.dumps(manifest))
    assert "manifest.json" in refused("simulate", "out")
