# SPDX-License-Identifier: Apache-2.0
"""`--stream-width` and what goes with it: in the manifest, in cycles, and where it is refused."""

from __future__ import annotations

import json

import pytest

from lmu_hw.folder import DesignFolder
from lmu_hw.verification import _difference

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
    printed = run("inspect", "packets")
    assert printed.status == 0
    assert "m_axis: a vector is a packet of 2 beats of 8 bits, 8 bits an element, 1 of 1 bytes" in (
        " ".join(printed.out.split())
    )


@pytest.mark.usefixtures("quick")
def test_a_beat_has_32_bits_unless_another_width_is_asked_for(run, here):
    target = ("generate", "model.safetensors", "-o", "default", *FORMATS)
    assert run(*target).status == 0
    assert json.loads((here / "default/manifest.json").read_text())["streams"]["width"] == 32


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--stream-width", "24"), "--stream-width must be a power of two, not 24"),
        (("--stream-width", "wide"), "--stream-width must be vector or a number of bits"),
        (
            ("--stream-width", "vector", "--stream-last", "vector"),
            "--stream-last must come with a --stream-width in bits",
        ),
    ],
)
@pytest.mark.parametrize("command", ["config", "generate"])
def test_what_is_no_stream_is_refused_first(refused, here, unchanged, command, options, message):
    target = ("-o", "new") if command == "generate" else ()
    assert message in refused(command, "missing.safetensors", *target, *options)
    unchanged()


def test_a_design_with_packets_is_proved(run, here):
    target = ("generate", "model.safetensors", "-o", "packets", *FORMATS)
    assert run(*target, "--stream-width", "8").status == 0
    answer = run("prove", "packets")
    assert answer.status == 0
    lemmas = json.loads((here / "packets/proof.json").read_text())["lemmas"]
    assert {lemma["status"] for lemma in lemmas} == {"shown"}
    assert sum("every packet, whatever it lacks" in lemma["claim"] for lemma in lemmas) == 1


def test_a_damaged_stream_is_refused(refused, here):
    path = here / "out/manifest.json"
    manifest = json.loads(path.read_text())
    manifest["streams"]["width"] = 12
    path.write_text(json.dumps(manifest))
    assert "manifest.json" in refused("simulate", "out")


@pytest.mark.usefixtures("quick")
def test_several_streams_are_in_the_manifest(run, here):
    target = ("generate", "model.safetensors", "-o", "several", *FORMATS)
    assert run(*target, "--streams", "4").status == 0
    streams = json.loads((here / "several/manifest.json").read_text())["streams"]
    assert streams["count"] == 4
    assert (streams["s_axis"]["tid"], streams["m_axis"]["tid"]) == (2, 2)
    assert "m_axis_tid" in (here / "several/rtl/tiny.vh").read_text()
    assert not (here / "several/boards").exists()
    assert "4 streams, " in " ".join(run("inspect", "several").out.split())
    assert _difference(DesignFolder(here / "several"), lambda _: None) is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--streams", "0"), "--streams must be 1 to 64, not 0"),
        (("--streams", "128"), "--streams must be 1 to 64, not 128"),
        (("--streams", "3"), "--streams must be a power of two, not 3"),
    ],
)
def test_a_number_of_streams_that_is_none_is_refused_at_once(refused, unchanged, options, message):
    assert message in refused("generate", "missing.safetensors", "-o", "new", *options)
    unchanged()
