# SPDX-License-Identifier: Apache-2.0
"""Where in a file a state dict lies."""

from __future__ import annotations

import pytest

from lmu_hw.errors import LoadError
from lmu_hw.load.state import StateFile, state_file
from lmu_hw.load.tensors import Tensor


def found(value):
    """Return the file of nested dictionaries in which every text is a tensor."""

    def tensor(name, leaf):
        return Tensor(where=name, kind="float32", shape=(1,), data=lambda: leaf)

    return state_file("f", value, is_tensor=lambda leaf: isinstance(leaf, str), tensor=tensor)


NET = {"A": "t", "B": "t"}


@pytest.mark.parametrize(
    ("value", "places"),
    [
        (NET, [""]),
        ({"net": NET, "epoch": 3}, ["net"]),
        ({"a": {"b": NET, "c": 1}, "losses": []}, ["a.b"]),
        ({"params": {"lmu": NET, "head": {"kernel": "t"}}}, ["params"]),
        ({"net": NET, "optimizer": {"exp_avg": "t"}}, ["net"]),
        ({"net": NET, "adam": {"state": {0: {"exp_avg": "t"}}, "param_groups": []}}, ["net"]),
        ({"net": NET, "ema": {**NET, "n": "t"}}, ["ema", "net"]),
        ({"net": NET, "ema": NET, "weights": "t"}, ["net", "ema", ""]),
        ({"lmu": NET, "head": {"w": "t"}}, [""]),
        ({"net": NET, "ema": {"n": "t", "module.A": "t", "module.B": "t"}}, ["ema", "net"]),
        ({"net": {"a.A": "t", "a.B": "t"}, "ema": {"x.a.A": "t", "x.a.B": "t"}}, ["ema", "net"]),
    ],
)
def test_state_dicts_are_found_under_any_key(value, places):
    file = found(value)
    assert sorted(file.places) == sorted(places)
    if len(places) == 1:
        assert file.only() == file.at(places[0])


def test_scores_of_the_training_are_no_state_dict():
    def tensor(name, leaf):
        return Tensor(where=name, kind="float32", shape=leaf, data=lambda: leaf)

    value = {"state_dict": {"A": (2, 2), "b": (2,)}, "callbacks": {"best": {"score": ()}}}
    value |= {"epoch": 1}
    file = state_file("f", value, is_tensor=lambda leaf: isinstance(leaf, tuple), tensor=tensor)
    assert list(file.only()) == ["A", "b"]


@pytest.mark.parametrize(
    ("beside", "kind", "places"),
    [
        ({"rng": (5056,)}, "uint8", ("model",)),
        ({"loss": ()}, "float32", ("model",)),
        ({"mean": (3,), "std": (3,)}, "float32", ("model", "")),
    ],
)
def test_what_lies_beside_a_state_dict_is_part_of_it_or_not(beside, kind, places):
    """A random state never is; statistics of the inputs may be, and then the user says so."""

    def tensor(name, leaf):
        kinds = {True: kind, False: "float32"}
        return Tensor(where=name, kind=kinds[name in beside], shape=leaf, data=lambda: leaf)

    value = {"model": {"A": (2, 2), "b": (2,)}, "epoch": 1, **beside}
    file = state_file("f", value, is_tensor=lambda leaf: isinstance(leaf, tuple), tensor=tensor)
    assert file.places == places


def test_names_are_those_below_the_key():
    assert sorted(found({"a": {"net": {"cell": NET}}, "epoch": 1}).at("a.net")) == [
        "cell.A",
        "cell.B",
    ]


def test_several_state_dicts_are_not_chosen_from():
    with pytest.raises(LoadError, match=r"must be one, not 2: 'net' or 'ema'; the key `state`"):
        found({"net": NET, "ema": NET}).only()


def test_a_key_that_is_not_there_is_refused():
    with pytest.raises(LoadError, match="the key of the state dict must be 'net', not 'ema'"):
        found({"net": NET, "epoch": 1}).at("ema")


@pytest.mark.parametrize("value", [None, [], {}, {"a": 1}, {1: NET}, {"optimizer": NET}])
def test_what_holds_no_tensors_is_refused(value):
    with pytest.raises(LoadError, match="the content must be a state dict"):
        found(value)


def test_long_names_are_refused():
    with pytest.raises(LoadError, match=r"names of tensors must be at most 500 .* not '501: aaa"):
        StateFile(where="f", tensors=found({"a" * 501: "t"}).tensors)
