# SPDX-License-Identifier: Apache-2.0
"""Which tensor of a state dict is which part of which layer: a TOML file to draft and edit.

A state dict holds names and numbers. How its layers are joined, what their activations are, and
when the network answers stands in the code that was trained, and here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar

from lmu_hw.errors import LoadError
from lmu_hw.lmu.activations import ACTIVATIONS, LINEAR, SOFTMAX
from lmu_hw.load.check import show
from lmu_hw.load.mapping.view import VECTORS, View
from lmu_hw.records import decode, without_version

__all__ = [
    "UNDECIDED",
    "VERSION",
    "ActivationEntry",
    "Answers",
    "Cell",
    "DenseEntry",
    "LayerEntry",
    "LmuEntry",
    "NormEntry",
    "RecurrentEntry",
    "StateMapping",
    "States",
    "SumEntry",
]

VERSION = 1
UNDECIDED = "?"
"""What a draft writes where neither names nor shapes decide."""

_MAX_BYTES = 1 << 20
_PARTS = VECTORS | {"A", "E_x", "E_h", "E_m", "W_m", "W_x", "W_h", "W"}


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
class DenseEntry(_Entry):
    """A dense layer: ``activation(W x + b)``."""

    kind: ClassVar[str] = "dense"
    activation: str
    W: str
    b: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NormEntry(_Entry):
    """A normalisation: ``activation((x - mean) / sqrt(variance + epsilon) * weight + bias)``."""

    kind: ClassVar[str] = "normalization"
    mean: str
    variance: str
    epsilon: float
    weight: str | None = None
    bias: str | None = None
    activation: str = LINEAR


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationEntry(_Entry):
    """An activation of what it reads: behind a sum, a join or a recurrent layer."""

    kind: ClassVar[str] = "activation"
    activation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SumEntry:
    """The sum of layers, or of columns of them, as `reads` of others has them: a residual."""

    kind: ClassVar[str] = "sum"
    of: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.of) < 2:
            raise ValueError(f"of must name two layers or more, not {list(self.of)}")


LayerEntry = LmuEntry | RecurrentEntry | DenseEntry | NormEntry | ActivationEntry | SumEntry

_ACTIVATION = "an activation"
_CHOICES: dict[str, str] = {
    "answers": " or ".join(f'"{kind.value}"' for kind in Answers),
    "cell": ", ".join(f'"{kind.value}"' for kind in Cell),
    "theta": "steps of the window",
    "discretizer": "zoh, euler or bilinear",
    "states": " or ".join(f'"{kind.value}"' for kind in States),
    "memories": "how many memories there are",
    "order": "states of a memory",
    **dict.fromkeys(("activation", "recurrent_activation", "encoder"), _ACTIVATION),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StateMapping:
    """Which tensors are which parts of a network.

    Parameters
    ----------
    answers : Answers
    layers : dict of str to LayerEntry
        In their order; each is fed by the one before it, or by what it `reads`.
    state : str
        The key under which the state dict lies, such as ``net`` or ``checkpoint.ema``; empty: it is
        the whole file.
    ignore : tuple of str
        Tensors that are no part of the network; ``*`` stands for any text.
    where : str
        The file that says it, for messages.
    """

    answers: Answers
    layers: dict[str, LayerEntry]
    state: str = ""
    ignore: tuple[str, ...] = ()
    where: str = field(default="mapping", compare=False)

    @classmethod
    def read(cls, path: str | Path) -> StateMapping:
        """Return the mapping in a TOML file, or raise `LoadError`."""
        try:
            with Path(path).open("rb") as file:
                raw = file.read(_MAX_BYTES + 1)
        except OSError as error:
            raise LoadError(f"{path}: must be readable, but {error.strerror}") from None
        if len(raw) > _MAX_BYTES:
            raise LoadError(f"{path}: must be at most {_MAX_BYTES} bytes")
        try:
            return cls.from_toml(raw.decode(), where=str(path))
        except UnicodeDecodeError:
            raise LoadError(f"{path}: must be a text file") from None

    @classmethod
    def from_toml(cls, text: str, *, where: str) -> StateMapping:
        """Return the mapping in a text; `where` names it in messages.

        Raises
        ------
        LoadError
            If it is no TOML, a key is missing, unknown, or holds a wrong value, or something is
            still undecided.
        """
        try:
            table = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            raise LoadError(f"{where}: must be TOML: {error}") from None
        undecided = list(_undecided(table))
        if undecided:
            names = [name for name in [*ACTIVATIONS, SOFTMAX] if not name.endswith("_keras2")]
            listed = (
                f" (activations are {', '.join(names)})" if _ACTIVATION in str(undecided) else ""
            )
            raise LoadError(f"{where}: must be decided: {'; '.join(undecided)}{listed}")
        try:
            entry = decode(_File, without_version(table, VERSION))
        except ValueError as error:
            raise LoadError(f"{where}: {error}") from None
        mapping = cls(
            answers=entry.answers,
            layers=entry.layers,
            state=entry.state,
            ignore=entry.ignore,
            where=where,
        )
        mapping.views()
        return mapping

    def views(self) -> dict[str, dict[str, View]]:
        """Return the parts of every layer by their names, or raise `LoadError`."""
        if not self.layers:
            raise LoadError(f"{self.where}: layers must hold at least one layer")
        return {name: self._views(name, entry) for name, entry in self.layers.items()}

    def _views(self, name: str, entry: LayerEntry) -> dict[str, View]:
        views = {}
        for part in fields(entry):
            text = getattr(entry, part.name)
            if part.name in _PARTS and text is not None:
                try:
                    views[part.name] = View.parse(text)
                except ValueError as error:
                    raise LoadError(f"{self.where}: layers.{name}.{part.name}: {error}") from None
        return views


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """What a file says beside its version."""

    answers: Answers
    layers: dict[str, LayerEntry]
    state: str = ""
    ignore: tuple[str, ...] = ()


def _undecided(table: Mapping[str, Any], within: str = "") -> Iterator[str]:
    """Yield every key that is still undecided, with its choices."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _undecided(value, f"{within}{key}.")
        elif value == UNDECIDED:
            choices = _CHOICES.get(key, "the comment beside it says which")
            yield f"{show(within + key)[1:-1]} ({choices})"
