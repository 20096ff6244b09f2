# SPDX-License-Identifier: Apache-2.0
import pytest

from lmu_hw.errors import LoadError
from lmu_hw.folder import DesignFolder
from lmu_hw.prove.claims import SENTENCE, Status
from lmu_hw.report.evidence import read_certificates, read_hardware_proof
from tests.reports import proved_folder
from tests.resealed import change_json, rewrite


@pytest.fixture
def folder(make_folder, design):
    return make_folder(design)


def tamper(folder, change):
    change_json(folder, "certificate.json", change)


def refused(folder, message):
    with pytest.raises(LoadError, match=message):
        read_certificates(DesignFolder(folder))


def test_the_certificate_of_an_emitted_design_is_read(folder):
    found = read_certificates(DesignFolder(folder))
    assert [node.name for node in found.nodes] == ["lmu.u", "lmu.m", "lmu.h", "head.y"]
    assert [memory.name for memory in found.memories] == ["lmu.m"]
    assert [(r.name, r.memory) for r in found.readouts] == [("lmu.h", "lmu.m")]
    assert [entry.name for entry in found.errors] == ["lmu.u"]
    assert len(found.readouts[0].error) == 5 and found.error_of("lmu.m") is None


def test_without_a_certificate_the_design_must_be_generated_again(folder):
    (folder / "certificate.json").unlink()
    refused(folder, "must hold certificate.json, which is missing; generate the design again")


@pytest.mark.parametrize("text", ["{", '{"version": NaN}'])
def test_a_damaged_certificate_is_refused(folder, text):
    rewrite(folder, "certificate.json", text)
    refused(folder, "is damaged")


@pytest.mark.parametrize(("text", "found"), [("[]", "None"), ('{"version": 7}', "7")])
def test_another_version_is_refused_by_name(folder, text, found):
    rewrite(folder, "certificate.json", text)
    refused(folder, rf"its version must be 3, not {found}\); generate the design again")


@pytest.mark.parametrize("key", ["memories", "readouts", "errors", "nodes"])
def test_a_missing_list_is_refused(folder, key):
    tamper(folder, lambda claims: claims.pop(key))
    refused(folder, f"{key} is missing")


@pytest.mark.parametrize("key", ["name", "bound", "proved", "rounding", "loop", "residue"])
def test_a_missing_key_of_a_memory_is_named(folder, key):
    tamper(folder, lambda claims: claims["memories"][0].pop(key))
    refused(folder, rf"memories\[0\]\.{key} is missing")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("proved", 1, "proved must be true or false, not 1"),
        ("bound", True, "bound must be a finite number, not True"),
        ("provable_bits", 1.5, "provable_bits must be an integer, not 1.5"),
        ("rounding", ["a"] * 4, r"rounding\[0\] must be a finite number, not 'a'"),
        ("loop", 3, r"memories\[0\]\.loop must be an object"),
        ("residue", {"ulp": 3}, "residue.silence is missing"),
    ],
)
def test_a_wrong_value_of_a_memory_is_refused(folder, key, value, message):
    tamper(folder, lambda claims: claims["memories"][0].update({key: value}))
    refused(folder, message)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("error_bound", [], "error_within must hold a number for each element"),
        ("error_within", [], "error_within must hold a number for each element"),
        ("error_bound", ["a"], r"error_bound\[0\] must be a finite number, not 'a'"),
        ("by_cause", {}, "by_cause.coefficients is missing"),
    ],
)
def test_a_wrong_value_of_an_error_is_refused(folder, key, value, message):
    tamper(folder, lambda claims: claims["errors"][0].update({key: value}))
    refused(folder, message)


@pytest.mark.parametrize(
    ("node", "message"),
    [(3, " must be an object"), ({"name": "lmu.u"}, r"\.bound is missing")],
)
def test_a_wrong_node_is_refused(folder, node, message):
    tamper(folder, lambda claims: claims["nodes"].insert(0, node))
    refused(folder, rf"nodes\[0\]{message}")


def test_a_proof_is_read_with_what_is_missing(folder):
    assert read_hardware_proof(DesignFolder(folder)) is None
    proof = read_hardware_proof(DesignFolder(proved_folder(folder, Status.NOT_SHOWN)))
    assert proof is not None
    assert (proof.shown, proof.claims, proof.missing) == (5, 6, ("any pauses",))
    assert proof.sentence == SENTENCE
    assert [entry.status for entry in proof.lemmas[-2:]] == ["shown", "not shown"]
