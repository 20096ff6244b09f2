# SPDX-License-Identifier: Apache-2.0
"""Where Keras keeps the variables of a layer: by number (`.keras`), or by name (older HDF5).

By number: under groups named by class and counter, in the order in which the layer made them,
absent ones skipped. By name: under the layer's name, the last part of the path being what the
layer calls the variable; a hidden cell's name stands somewhere before it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lmu_hw.load.check import must
from lmu_hw.load.keras.graph import LayerNode
from lmu_hw.load.keras.weights import Shape, Store

__all__ = ["Layout", "NamedLayout", "NumberedLayout", "Variables"]

Array = NDArray[np.float64]
_DELAY = re.compile(r"rnn(_\d+)?/lmu_cell(_\d+)?")

Locate = Callable[[Iterable[str]], list[str]]
"""Names of variables, in the order in which their layer made them, to paths."""

_PLAIN = (("vars",), ())
_RECURRENT = (("cell/vars",), ("cell/hidden_cell/vars",))
_PLACES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "LMU": (
        ("layer/vars", "layer/cell/vars"),
        ("hidden_cell/vars", "layer/hidden_cell/vars", "layer/cell/hidden_cell/vars"),
    ),
    "LMUFeedforward": (("vars",), ("hidden_cell/vars",)),
    "LMUFFT": (("vars",), ("hidden_cell/vars",)),
    "RNN": _RECURRENT,
    "SimpleRNN": _RECURRENT,
    "LSTM": _RECURRENT,
    "GRU": _RECURRENT,
    "TimeDistributed": (("layer/vars",), ()),
}
"""Where a layer's own variables, and those of its hidden cell, may be in its group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variables:
    """The variables of one layer, wherever its file keeps them.

    Parameters
    ----------
    where : str
        File and layer, for messages.
    store : Store
    own_paths, hidden_paths : Locate
        Of the layer, and of its hidden cell.
    names : frozenset of str
        Own variables of the layer; empty where variables are numbered.
    """

    where: str
    store: Store
    own_paths: Locate
    hidden_paths: Locate
    names: frozenset[str]

    def own(self, shapes: Mapping[str, Shape]) -> dict[str, Array]:
        """Return variables of the layer; `shapes` are in the order in which it made them."""
        return self._take(shapes, self.own_paths, "")

    def hidden(self, shapes: Mapping[str, Shape]) -> dict[str, Array]:
        """Return variables of its hidden cell."""
        return self._take(shapes, self.hidden_paths, " of the hidden cell")

    def discard(self, names: tuple[str, ...], *, beyond: int) -> None:
        """Count variables as read that mean nothing, and may be there behind the first ones."""
        paths = self.own_paths(names)[beyond:]
        self.store.discard([path for path in paths if path in self.store.paths])

    def _take(self, shapes: Mapping[str, Shape], locate: Locate, owner: str) -> dict[str, Array]:
        return {
            name: self.store.take(self.where, f"{name}{owner}", path, shape)
            for (name, shape), path in zip(shapes.items(), locate(shapes), strict=True)
        }


class Layout(Protocol):
    """How a file keeps its variables."""

    def of(self, node: LayerNode, *, hidden: str | None = None) -> Variables:
        """Return the variables of a layer; `hidden` is the name of its hidden cell."""
        ...


class NumberedLayout:
    """Variables by number: `.keras` and `.weights.h5` of Keras 3 and 2.15.

    Parameters
    ----------
    store : Store
    nodes : iterable of LayerNode
        All layers of the model: groups count classes.
    """

    def __init__(self, store: Store, nodes: Iterable[LayerNode]) -> None:
        self._store = store
        self._held = {path.rpartition("/")[0] for path in store.paths}
        self._groups: dict[int, str] = {}
        used: Counter[str] = Counter()
        for node in nodes:
            base = _snake_case(node.class_name)
            self._groups[id(node)] = (
                f"layers/{base}_{used[base]}" if used[base] else f"layers/{base}"
            )
            used[base] += 1

    def of(self, node: LayerNode, *, hidden: str | None = None) -> Variables:
        """Return the variables of a layer; `hidden` is the name of its hidden cell."""
        group = self._groups[id(node)]
        places, hidden_places = _PLACES.get(node.class_name, _PLAIN)
        return Variables(
            where=node.where,
            store=self._store,
            own_paths=self._locate(node.where, [f"{group}/{place}" for place in places]),
            hidden_paths=self._locate(node.where, [f"{group}/{place}" for place in hidden_places]),
            names=frozenset(),
        )

    def _locate(self, where: str, candidates: list[str]) -> Locate:
        """Number variables in the one group of the `candidates` that holds any."""

        def locate(names: Iterable[str]) -> list[str]:
            groups = [group for group in candidates if group in self._held]
            if len(groups) > 1:
                raise must(where, "its variables", "in one group of the weights", groups)
            group = (groups or candidates)[0]
            return [f"{group}/{index}" for index, _ in enumerate(names)]

        return locate


class NamedLayout:
    """Variables by name: the HDF5 files of every version of Keras.

    Parameters
    ----------
    store : Store
        Its paths start with the names of layers.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._paths: dict[str, list[str]] = {}
        for path in store.paths:
            self._paths.setdefault(path.partition("/")[0], []).append(path)

    def of(self, node: LayerNode, *, hidden: str | None = None) -> Variables:
        """Return the variables of a layer; `hidden` is the name of its hidden cell."""
        groups: dict[tuple[str, ...], dict[str, str]] = {}
        for path in self._paths.get(node.name.partition("/")[0], ()):
            if path.startswith(f"{node.name}/"):
                *place, name = _below(node.name, path)
                groups.setdefault(tuple(place), {})[name.partition(":")[0]] = path
        # Layer, cell and hidden cell may all have one name: the hidden cell lies the deepest.
        ends = [place for place in groups if place[-1:] == (hidden,)]
        hidden_place = max(ends, key=len, default=None)
        places = sorted((place for place in groups if place != hidden_place), key=len)
        for place in places[1:]:
            # The feedforward layer of 0.2 and 0.3 keeps what it made its impulse response with.
            if places[0] == () and _DELAY.fullmatch("/".join(place)):
                self._store.discard(groups[place].values())
        return Variables(
            where=node.where,
            store=self._store,
            own_paths=_by_name(groups[places[0]] if places else {}, node.name),
            hidden_paths=_by_name(
                groups[hidden_place] if hidden_place else {}, f"{node.name}/{hidden}"
            ),
            names=frozenset(groups[places[0]] if places else ()),
        )


def _below(layer: str, path: str) -> list[str]:
    """Return the parts of a path below the layer: of ``layer/model/layer/cell/kernel:0``, two."""
    parts = path.removeprefix(f"{layer}/").split("/")
    return parts[parts.index(layer) + 1 :] if layer in parts[:-1] else parts


def _by_name(paths: Mapping[str, str], missing: str) -> Locate:
    return lambda names: [paths.get(name, f"{missing}/{name}") for name in names]


def _snake_case(class_name: str) -> str:
    """Return the group that Keras makes of a class: ``SimpleRNN`` is ``simple_rnn``."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", class_name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
