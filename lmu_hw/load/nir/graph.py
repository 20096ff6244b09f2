# SPDX-License-Identifier: Apache-2.0
"""A NIR graph as layers: linear nodes, and leaky integrators with what feeds them back.

A node LI, ``tau dv/dt = v_leak - v + r I``, to which a linear node W feeds v back and a linear node
B brings u, is ``tau dv/dt = (r W - I) v + r B u + v_leak``. Where these matrices are those of the
Legendre system it is a memory with window tau, else a linear recurrent layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg

from lmu_hw.errors import LoadError
from lmu_hw.lmu import (
    DenseLayer,
    Discretizer,
    LmuLayer,
    Memory,
    Network,
    RecurrentLayer,
    SimpleCell,
    legendre_system,
)
from lmu_hw.lmu.activations import LINEAR
from lmu_hw.load.assembly import Assembly
from lmu_hw.load.budget import Budget
from lmu_hw.load.check import MAX_ORDER, identifier, located, must, show, unique_identifier
from lmu_hw.load.tensors import Array
from lmu_hw.load.value import Value

__all__ = ["read_graph"]

_LINEAR = ("Linear", "Affine")
_READ = ("Input", "Output", "Scale", "LI", *_LINEAR)
_NEAR = 1e-4  # of the largest element: what 32-bit numbers leave
_SPIKES = "it answers with spikes; hardware here computes with numbers: train with LI nodes"
_ADVICE = {
    **dict.fromkeys(("LIF", "CubaLIF", "IF", "Threshold"), _SPIKES),
    "CubaLI": "it filters its input by a second time constant; train with LI nodes",
    "I": "it never forgets: its range has no bound",
    "NIRGraph": "write its nodes into the outer graph",
    **dict.fromkeys(("Conv1d", "Conv2d", "SumPool2d", "AvgPool2d"), "run it on the host"),
}
_UNSAID = (
    "warning: {}: NIR says neither step nor discretization: a step is tau / {:g}, u holds within "
    "it (zoh), and what is read of the node is its state behind the step"
)


@dataclass(frozen=True, slots=True)
class _Origin:
    """A node, for messages and notes."""

    name: str
    where: str


def read_graph(where: str, name: str, graph: Any, theta: float | None) -> Network:
    """Return the network of a graph.

    Parameters
    ----------
    where : str
        The file, for messages.
    name : str
        Of the network.
    graph : nir.NIRGraph
    theta : float or None
        Time constant of its leaky integrators, in steps.

    Raises
    ------
    LoadError
        If it has a node that is not read, another loop than that of a leaky integrator, or no step.
    """
    with located(where):
        layers, notes = _Reader(where, graph, theta).run()
        return Network(name=identifier(name), layers=layers, notes=notes)


class _Reader:
    """Reads nodes in an order in which each is fed by those before it."""

    def __init__(self, where: str, graph: Any, theta: float | None) -> None:
        self._where, self._theta = where, theta
        self._nodes: Mapping[str, Any] = graph.nodes
        for name, node in self._nodes.items():
            kind = type(node).__name__
            if kind not in _READ:
                advice = _ADVICE.get(kind, "leave it to the host")
                raise LoadError(f"{self._at(name)}: must not be in the graph; {advice}")
        edges = list(dict.fromkeys((str(a), str(b)) for a, b in graph.edges))
        if any(end not in self._nodes for edge in edges for end in edge):
            raise must(where, "the edges", "between nodes of the graph", edges)
        self._before = {n: [a for a, b in edges if b == n] for n in self._nodes}
        self._after = {n: [b for a, b in edges if a == n] for n in self._nodes}
        self._names: set[str] = set()
        self._assembly = Assembly(where, self._name, Budget())
        self._values: dict[str, Value] = {}
        self._taus: set[float] = set()

    def run(self) -> tuple[tuple[Any, ...], tuple[str, ...]]:
        """Return layers and notes."""
        given, answer = (self._only(kind) for kind in ("Input", "Output"))
        back = {n: self._back(n) for n in self._nodes if self._is(n, "LI")}
        drives = {n: self._drive(n, back[n]) for n in back}
        folded = {n for n in back.values() if n} | {n for d in drives.values() for n in d if n}
        waiting = [n for n in self._nodes if n not in folded]
        while waiting:
            ready = [
                n for n in waiting if all(a in self._values for a in self._fed_by(n, back, drives))
            ]
            if not ready:
                rule = "back from a linear node to a leaky integrator only"
                raise must(self._where, "loops", rule, waiting)
            for n in ready:
                self._read(n, back, drives, given)
            waiting = [n for n in waiting if n not in ready]
        return self._assembly.finish(self._values[answer]), tuple(self._assembly.notes)

    def _only(self, kind: str) -> str:
        names = [n for n in self._nodes if self._is(n, kind)]
        if len(names) != 1:
            raise must(self._where, f"the nodes {kind}", "one", names)
        return names[0]

    def _back(self, name: str) -> str | None:
        """Return the linear node that feeds an integrator back."""
        found = [
            n
            for n in self._after[name]
            if self._is(n, *_LINEAR) and self._before[n] == [name] and self._after[n] == [name]
        ]
        if len(found) > 1:
            raise must(self._at(name), "what feeds it back", "one linear node", found)
        return found[0] if found else None

    def _drive(self, name: str, back: str | None) -> tuple[str | None, str | None]:
        """Return the linear nodes in front of an integrator: that of B, and that of the encoder."""
        feeding = [n for n in self._before[name] if n != back]
        if len(feeding) != 1 or not self._is(feeding[0], *_LINEAR):
            return None, None
        if self._after[feeding[0]] != [name]:
            return None, None
        first = self._before[feeding[0]]
        narrow = len(first) == 1 and self._is(first[0], *_LINEAR)
        if narrow and self._after[first[0]] == feeding:
            return feeding[0], first[0]
        return feeding[0], None

    def _fed_by(
        self, name: str, back: Mapping[str, Any], drives: Mapping[str, Sequence[str | None]]
    ) -> list[str]:
        """Return the nodes whose values a node reads."""
        if name not in back:
            return self._before[name]
        outer = drives[name][1] or drives[name][0]
        return self._before[outer] if outer else [n for n in self._before[name] if n != back[name]]

    def _read(
        self,
        name: str,
        back: Mapping[str, Any],
        drives: Mapping[str, Sequence[str | None]],
        given: str,
    ) -> None:
        node = self._nodes[name]
        if name == given:
            shape = np.atleast_1d(np.asarray(next(iter(node.input_type.values()))))
            if shape.size != 1:
                raise must(self._at(name), "its shape", "(features,)", shape.tolist())
            value = self._assembly.start(int(shape[0]))
        else:
            origin = _Origin(name, self._at(name))
            sources = [self._values[n] for n in self._fed_by(name, back, drives)]
            if not sources:
                raise LoadError(f"{origin.where}: it must be fed by a node")
            value = sources[0]
            if len(sources) > 1:
                value = self._assembly.total(origin, sources, [1.0] * len(sources), shared=False)
            value = self._computed(name, node, value, back.get(name), drives.get(name, ()))
        self._values[name] = value.read_by(len(self._after[name]))

    def _computed(
        self,
        name: str,
        node: Any,
        value: Value,
        back: str | None,
        drive: Sequence[str | None],
    ) -> Value:
        """Return what a node makes of what feeds it."""
        if self._is(name, *_LINEAR):
            W, b = self._matrix(name)
            return self._add(
                name, DenseLayer(name=self._name(name), W=W, b=b, activation=LINEAR), value
            )
        if self._is(name, "Scale"):
            scale = self._vector(name, "scale", value.width or 0)
            origin = _Origin(name, self._at(name))
            return self._assembly.scale(origin, scale, np.zeros(len(scale)), value)
        if self._is(name, "LI"):
            return self._integrated(name, node, value, back, drive)
        return value

    def _integrated(
        self, name: str, node: Any, value: Value, back: str | None, drive: Sequence[str | None]
    ) -> Value:
        """Return what a leaky integrator, with the linear nodes around it, computes."""
        size = np.size(node.v_leak)
        if size > MAX_ORDER:
            raise must(self._at(name), "its size", f"at most {MAX_ORDER}", size)
        r, leak = (self._vector(name, key, size) for key in ("r", "v_leak"))
        theta = self._steps(name, self._vector(name, "tau", size))
        B, b = self._matrix(drive[0]) if drive[0] else (np.eye(size), None)
        W, b_back = self._matrix(back) if back else (np.zeros((size, size)), None)
        if W.shape != (size, size) or len(B) != size:
            raise must(self._at(name), "what feeds it", f"{size} wide", (W.shape, B.shape))
        E, b_u = self._matrix(drive[1]) if drive[1] else (np.eye(B.shape[1]), None)
        A, B = r[:, None] * W - np.eye(size), r[:, None] * B
        constant = leak + r * sum((v for v in (b, b_back) if v is not None), np.zeros(size))
        self._assembly.notes.append(_UNSAID.format(identifier(name), theta))
        memory = None if constant.any() else _legendre(A, B, theta)
        unique = self._name(name)
        if memory is not None:
            count, gain = B.shape[1], memory[1]
            layer = LmuLayer(
                name=unique,
                memory=memory[0],
                E_x=gain * E,
                E_h=None,
                E_m=None,
                b_u=None if b_u is None else gain * b_u,
                hidden=None,
                input_to_hidden=False,
                return_sequences=True,
            )
            assert layer.memory_d == count
            return self._add(name, layer, value)
        Ad, Bd = _held(A / theta, np.hstack([B, constant[:, None]]) / theta)
        shift = Bd[:, -1] + (0.0 if b_u is None else Bd[:, :-1] @ b_u)
        cell = SimpleCell(
            W_m=np.zeros((size, 0)),
            W_x=Bd[:, :-1] @ E,
            W_h=Ad,
            b=shift if shift.any() else None,
            activation=LINEAR,
        )
        return self._add(name, RecurrentLayer(name=unique, cell=cell, return_sequences=True), value)

    def _steps(self, name: str, tau: Array) -> float:
        """Return the time constant in steps, which the user states."""
        self._taus |= set(tau.tolist())
        if self._theta is None:
            raise LoadError(
                f"{self._at(name)}: `theta` must be given: NIR says no step; it is the time "
                f"constant tau, {tau[0]:g} in the file, in steps of the data"
            )
        if len(self._taus) > 1:
            rule = "one, which `theta` states in steps"
            raise must(self._at(name), "the time constants of all LI nodes", rule, self._taus)
        return self._theta

    def _add(self, name: str, layer: Any, value: Value) -> Value:
        with located(self._at(name)):
            return self._assembly.add(layer, value)

    def _matrix(self, name: str) -> tuple[Array, Array | None]:
        """Return weight and bias of a linear node."""
        node = self._nodes[name]
        W = np.asarray(node.weight, np.float64)
        if W.ndim != 2:
            raise must(self._at(name), "weight", "(outputs, inputs)", W.shape)
        bias = self._vector(name, "bias", len(W)) if self._is(name, "Affine") else None
        self._require_finite(name, W)
        return W, bias

    def _vector(self, name: str, key: str, size: int) -> Array:
        values = np.asarray(getattr(self._nodes[name], key), np.float64)
        if values.size not in (1, size):
            raise must(self._at(name), key, f"({size},)", values.shape)
        self._require_finite(name, values)
        return np.broadcast_to(values.ravel(), (size,)).copy()

    def _require_finite(self, name: str, values: Array) -> None:
        if not np.all(np.isfinite(values)):
            raise LoadError(f"{self._at(name)}: its numbers must be finite")

    def _is(self, name: str, *kinds: str) -> bool:
        return type(self._nodes[name]).__name__ in kinds

    def _at(self, name: str) -> str:
        return f"{self._where}: node {show(name)} ({type(self._nodes[name]).__name__})"

    def _name(self, text: str) -> str:
        name = unique_identifier(text, self._names)
        self._names.add(name)
        return name


def _legendre(A: Array, B: Array, theta: float) -> tuple[Memory, float] | None:
    """Return the memory of which A and B are several, and what its u is multiplied by."""
    order, rest = divmod(len(A), B.shape[1])
    if rest or order < 1:
        return None
    exact, drive = legendre_system(order)
    gain = float(B[:order, 0] @ drive.ravel() / (drive.ravel() @ drive.ravel()))
    several = np.eye(B.shape[1])
    wanted = np.kron(several, exact), np.kron(several, gain * drive.reshape(-1, 1))
    near = all(
        np.abs(have - want).max() <= _NEAR * np.abs(want).max()
        for have, want in zip((A, B), wanted, strict=True)
    )
    return (Memory.legendre(order, theta, Discretizer.ZOH), gain) if near and gain else None


def _held(A: Array, B: Array) -> tuple[Array, Array]:
    """Return one step of ``dx/dt = A x + B u`` whose u holds within it."""
    both = np.zeros((len(A) + B.shape[1],) * 2)
    both[: len(A)] = np.hstack([A, B])
    step = np.asarray(scipy.linalg.expm(both), np.float64)
    return step[: len(A), : len(A)], step[: len(A), len(A) :]
