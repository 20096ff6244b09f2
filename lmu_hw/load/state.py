# SPDX-License-Identifier: Apache-2.0
"""The tensors of a file by name, and the places where its state dict may lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from lmu_hw.errors import LoadError
from lmu_hw.lmu import Network
from lmu_hw.load.check import must, show
from lmu_hw.load.parametrized import whole_weights
from lmu_hw.load.tensors import KINDS, Tensor

__all__ = ["Described", "StateFile", "state_file"]

_MAX_NAME = 500
_MAX_DEPTH = 16
_OPTIMIZERS = ("optimizer", "optim", "opt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A file that says what its layers are, but for windows.

    Parameters
    ----------
    network : callable
        Returns the network, windows as stated, in steps or None; or raises `LoadError`.
    """

    network: Callable[[float | None], Network]


@dataclass(frozen=True, slots=True, kw_only=True)
class StateFile:
    """Tensors under their full names, keys of nested dictionaries joined by dots.

    Parameters
    ----------
    where : str
        The file, for messages.
    tensors : mapping
    places : tuple of str
        Where a state dict may lie, the likeliest first: the key, or an empty text.
    network : callable or None
        As of `Described`; None: the file does not say what its layers are.
    """

    where: str
    tensors: Mapping[str, Tensor]
    places: tuple[str, ...] = ("",)
    network: Callable[[float | None], Network] | None = None

    def __post_init__(self) -> None:
        longest = max(self.tensors, key=len, default="")
        if len(longest) > _MAX_NAME:
            rule = f"at most {_MAX_NAME} characters long"
            value = f"{len(longest)}: {longest[:20]}..."
            raise must(self.where, "the names of tensors", rule, value)

    def at(self, place: str) -> dict[str, Tensor]:
        """Return the state dict under a key, or raise `LoadError`; weights in parts are whole."""
        if not place:
            return whole_weights(self.tensors)
        start = f"{place}."
        state = {k.removeprefix(start): v for k, v in self.tensors.items() if k.startswith(start)}
        if not state:
            raise must(self.where, "the key of the state dict", self._listed(), place)
        return whole_weights(state)

    def only(self) -> dict[str, Tensor]:
        """Return the state dict of a file that has a single one, or raise `LoadError`."""
        place, *others = self.places
        if others:
            raise LoadError(
                f"{self.where}: the state dict must be one, not {len(self.places)}: "
                f"{self._listed()}; the key `state` of a mapping says which"
            )
        return self.at(place)

    def _listed(self) -> str:
        places = [show(place) if place else "the file itself" for place in self.places]
        return " or ".join(places[:8])


def state_file(
    where: str,
    value: object,
    *,
    is_tensor: Callable[[object], bool],
    tensor: Callable[[str, Any], Tensor],
    advice: str = "",
) -> StateFile:
    """Return the tensors in nested dictionaries.

    A dictionary of tensors, or of dictionaries of them, may be the state dict. Those with keys that
    are no text, as optimizers have, are not.

    Parameters
    ----------
    where : str
    value : object
    is_tensor : callable
    tensor : callable
        Makes a `Tensor` of a full name and what `is_tensor` says yes to.
    advice : str
        What to do where there are no tensors.

    Raises
    ------
    LoadError
        If it is no dictionary, or holds no tensors.
    """
    if not isinstance(value, dict):
        raise must(where, "the content", "a state dict, alone or under a key", value)
    leaves = dict(_leaves(value, is_tensor, ""))
    if not leaves:
        rule = "a state dict, alone or under a key: named tensors"
        raise must(where, "the content", rule, value, advice=advice)
    tensors = {name: tensor(name, leaf) for name, leaf in leaves.items()}
    places = list(_places(value, is_tensor, ""))
    return StateFile(where=where, tensors=tensors, places=_likely(places, tensors))


def _likely(places: list[str], tensors: Mapping[str, Tensor]) -> tuple[str, ...]:
    """Return places with most matrices first, and those that hold others last.

    A place without a matrix holds scores of a training, and one that adds nothing but scalars and
    random states to a place within it is none.
    """

    def held(place: str, least: int = 0) -> set[str]:
        start = f"{place}." if place else ""
        return {n for n, t in tensors.items() if n.startswith(start) and len(t.shape) >= least}

    def inner(place: str) -> list[str]:
        start = f"{place}." if place else ""
        return [other for other in places if other.startswith(start) and other != place]

    floats = {name for name, t in tensors.items() if t.kind in KINDS and t.shape}
    places = [place for place in places if held(place, 2)] or places
    places = [
        place
        for place in places
        if all((held(place) - held(other)) & floats for other in inner(place))
    ]
    return tuple(sorted(places, key=lambda place: (len(inner(place)), -len(held(place, 2)))))


def _leaves(
    value: dict[Any, Any], is_tensor: Callable[[object], bool], within: str
) -> Iterator[tuple[str, Any]]:
    """Yield every tensor under its full name, without those of optimizers."""
    if within.count(".") > _MAX_DEPTH:
        return
    for key, item in value.items():
        if not isinstance(key, str):
            continue
        if is_tensor(item):
            yield f"{within}{key}", item
        elif isinstance(item, dict) and not _is_optimizer(key, item):
            yield from _leaves(item, is_tensor, f"{within}{key}.")


def _places(
    value: dict[Any, Any], is_tensor: Callable[[object], bool], within: str
) -> Iterator[str]:
    """Yield where state dicts may lie: not above twins, such as weights and their average."""
    items = {k: v for k, v in value.items() if isinstance(k, str) and not _is_optimizer(k, v)}
    inner = {k: v for k, v in items.items() if isinstance(v, dict) and _holds(v, is_tensor)}
    twins = any(_alike(*pair) for pair in combinations(inner.values(), 2))
    parts = len(inner) == len(items) > 1 and not twins
    if parts or any(map(is_tensor, items.values())):
        yield within
        if not twins and len(inner) != 1:
            return
    for key, item in inner.items():
        yield from _places(item, is_tensor, f"{within}.{key}" if within else key)


def _alike(one: dict[Any, Any], other: dict[Any, Any]) -> bool:
    """Say whether two dictionaries have most of their keys in common, or of what these end with.

    Wrappers of a module, such as those that average weights, put their own name before all others.
    """
    ends = [{_end(str(key)) for key in keys} for keys in (one, other)]
    return any(2 * len(a & b) > max(len(a), len(b)) for a, b in ((one.keys(), other.keys()), ends))


def _end(name: str) -> str:
    """Return the last two parts of a name, without that of a wrapper."""
    return ".".join(name.removeprefix("module.").removeprefix("_orig_mod.").split(".")[-2:])


def _holds(value: dict[Any, Any], is_tensor: Callable[[object], bool]) -> bool:
    return next(_leaves(value, is_tensor, ""), None) is not None


def _is_optimizer(key: str, value: object) -> bool:
    return isinstance(value, dict) and (key in _OPTIMIZERS or "param_groups" in value)
