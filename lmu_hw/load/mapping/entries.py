# SPDX-License-Identifier: Apache-2.0
"""What a mapping says of each layer, by its kind."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from lmu_hw.lmu.activations import LINEAR

__all__ = [
    "LEAKY",
    "ActivationEntry",
    "Answers",
    "Cell",
    "DenseEntry",
    "LayerEntry",
    "LmuEntry",
    "NormEntry",
    "RecurrentEntry",
    "States",
    "SumEntry",
]

LEAKY = "leaky_relu"
"""An activation with a slope, which becomes two of relu."""


class Answers(Enum):
    """When the network answers."""

    EVERY_STEP = "every step"
    ONCE = "once"
    """At the last step of a sequence."""


class Cell(Enum):
    """What reads the memory, or is a recurrent layer of its own."""

    NONE = "none"
    """The layer answers with its memory, and x behind it if `input_to_hidden`."""
    DENSE = "dense"
    SIMPLE_RNN = "simple_rnn"
    LSTM = "lstm"
    GRU = "gru"


class States(Enum):
    """How the states of several memories lie behind each other."""

    BY_MEMORY = "by memory"
    BY_ORDER = "by order"
    """All memories' first states, then all their second ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """What a layer reads.

    `reads` are names of layers before it, or ``x``, the input, all behind each other; columns of
    one as in ``x[0:2]``. Without it, it is the layer before.
    """

    reads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _ActivatedEntry(_Entry):
    """What has an activation of any kind behind it, and the slopes of leaky_relu below 0."""

    activation: str
    slope: float | None = None
    """A number, for all features."""
    slopes: str | None = None
    """The tensor of a PReLU."""

    def __post_init__(self) -> None:
        given = [part for part in (self.slope, self.slopes) if part is not None]
        if len(given) != (self.activation == LEAKY):
            rule = f"given with {LEAKY}, one of the two, and left out of other activations"
            raise ValueError(f"slope or slopes must be {rule}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _CellEntry(_Entry):
    """A hidden cell; parts are texts that `lmu_hw.load.mapping.view` describes."""

    cell: Cell
    activation: str | None = None
    recurrent_activation: str | None = None
    gates: str | None = None
    """Of LSTM and GRU: the order of their rows, such as ``i f g o`` and ``r z n``."""
    reset_after: bool | None = None
    W_x: str | None = None
    W_h: str | None = None
    b_h: str | None = None
    b_r: str | None = None

    def __post_init__(self) -> None:
        letters = {Cell.LSTM: "fgio", Cell.GRU: "nrz"}.get(self.cell)
        if self.gates is not None and (
            letters is None or "".join(sorted(self.gates.replace(" ", ""))) != letters
        ):
            rule = f"an order of {', '.join(letters)}" if letters else "left out of such a cell"
            raise ValueError(f"gates must be {rule}, not {self.gates!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LmuEntry(_CellEntry):
    """An LMU layer. Without `E_x`, u is x itself; without `A` and `B` they are discretized."""

    kind: ClassVar[str] = "lmu"
    A: str | None = None
    B: str | None = None
    theta: float | None = None
    discretizer: str | None = None
    order: int | None = None
    memories: int | None = None
    states: States = States.BY_MEMORY
    encoder: str
    E_x: str | None = None
    E_h: str | None = None
    E_m: str | None = None
    b_u: str | None = None
    W_m: str | None = None
    input_to_hidden: bool | None = None

    def __post_init__(self) -> None:
        _CellEntry.__post_init__(self)
        if (self.A is None) != (self.B is None):
            raise ValueError("A and B must be given together, or both be left out")
        if self.A is None and self.theta is None:
            raise ValueError("theta must be given where A and B are not: steps of the window")
        if self.A is not None and self.discretizer is not None:
            raise ValueError("discretizer must be left out where A and B are given")
        for name in ("order", "memories"):
            count = getattr(self, name)
            if count is not None and count < 1:
                raise ValueError(f"{name} must be at least 1, not {count}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurrentEntry(_CellEntry):
    """A recurrent layer without a memory: a cell fed by x."""

    kind: ClassVar[str] = "recurrent"


@dataclass(frozen=True, slots=True, kw_only=True)
class DenseEntry(_ActivatedEntry):
    """A dense layer: ``activation(W x + b)``."""

    kind: ClassVar[str] = "dense"
    W: str
    b: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NormEntry(_ActivatedEntry):
    """A normalisation: ``activation((x - mean) / sqrt(variance + epsilon) * weight + bias)``."""

    kind: ClassVar[str] = "normalization"
    mean: str
    variance: str
    epsilon: float
    weight: str | None = None
    bias: str | None = None
    activation: str = LINEAR


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationEntry(_ActivatedEntry):
    """An activation of what it reads: behind a sum, a join or a recurrent layer."""

    kind: ClassVar[str] = "activation"


@dataclass(frozen=True, slots=True, kw_only=True)
class SumEntry:
    """The sum of layers, or of columns of them, as `reads` of others has them: a residual."""

    kind: ClassVar[str] = "sum"
    of: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.of) < 2:
            raise ValueError(f"of must name two layers or more, not {list(self.of)}")


LayerEntry = LmuEntry | RecurrentEntry | DenseEntry | NormEntry | ActivationEntry | SumEntry
