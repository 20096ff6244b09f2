# SPDX-License-Identifier: Apache-2.0
import pytest

from lmu_hw.errors import LoadError
from lmu_hw.folder import DesignFolder
from lmu_hw.report.folder import read_certificates
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
    assert set(found.nodes) == {"lmu.u", "lmu.m", "lmu.h", "head.y"}
    assert set(found.memories) == {"lmu.m"}
    assert len(found.errors["lmu.m"].error_bound) == 4


def test_without_a_certificate_the_design_must_be_generated_again(folder):
    (folder / "certificate.json").unlink()
    refused(folder, "must hold certificate.json, which is missing; generate the design again")


@pytest.mark.parametrize("text", ["{", '{"version": NaN}'])
def test_a_damaged_certificate_is_refused(folder, text):
    rewrite(folder, "certificate.json", text)
    refused(folder, "cannot be read")


@pytest.mark.parametrize(("text", "found"), [("[]", "None"), ('{"version": 7}', "7")])
def test_another_version_is_refused_by_name(folder, text, found):
    rewrite(folder, "certificate.json", text)
    refused(folder, f"must be a certificate of version 2, not {found}; generate the design again")


@pytest.mark.parametrize("key", ["memories", "heads", "nodes"])
def test_a_missing_list_is_refused(folder, key):
    tamper(folder, lambda claims: claims.pop(key))
    refused(folder, f"{key} must be a list, not None")


@pytest.mark.parametrize("key", ["name", "bound", "proved", "by_cause", "loop", "residue"])
def test_a_missing_key_of_a_memory_is_named(folder, key):
    tamper(folder, lambda claims: claims["memories"][0].pop(key))
    refused(folder, rf"memories\[0\]: the key '{key}' is missing; generate the design again")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("proved", 1, "proved must be of type bool, not 1"),
        ("bound", True, "bound must be of type float, not True"),
        ("provable_bits", 1.5, r"provable_bits must be of type int \| None"),
        ("error_bound", [], "error_bound must hold numbers"),
        ("error_bound", [1.0], "coefficients must hold a number for each element"),
        ("error_bound", ["a"] * 4, "error_bound must hold numbers"),
        ("by_cause", {}, "coefficients must hold a number for each element, not None"),
        ("loop", 3, r"memories\[0\]: loop: must be a JSON object"),
        ("residue", {"ulp": 3}, "residue: the key 'silence' is missing"),
    ],
)
def test_a_wrong_value_of_a_memory_is_refused(folder, key, value, message):
    tamper(folder, lambda claims: claims["memories"][0].update({key: value}))
    refused(folder, message)


@pytest.mark.parametrize(
    ("node", "message"),
    [(3, "must be a JSON object"), ({"name": "lmu.u"}, "the key 'bound' is missing")],
)
def test_a_wrong_node_is_refused(folder, node, message):
    tamper(folder, lambda claims: claims["nodes"].insert(0, node))
    refused(folder, rf"nodes\[0\]: {message}")
