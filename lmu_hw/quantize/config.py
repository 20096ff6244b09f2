# SPDX-License-Identifier: Apache-2.0
"""The configuration: every format and knob of a design, as values and as a commented TOML file.

``lmu-hw config MODEL`` prints it with the chosen values and why; ``generate --config`` takes it
back after editing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial

from lmu_hw.checked import Check, flag, fraction, instance, member, optional, real, settle, whole
from lmu_hw.errors import ConfigError
from lmu_hw.fixed import FixedFormat, Requant
from lmu_hw.lmu import Network, Role, node_name
from lmu_hw.lmu.roles import has_role
from lmu_hw.quantize.options import NEAREST, MemoryRange, Options, table_error
from lmu_hw.realize import (
    AnyRealization,
    Basis,
    DenseRealization,
    MemoryRealization,
    Realization,
)
from lmu_hw.realize.weights import MAX_ROW_SHIFT
from lmu_hw.records import decode, stored, toml_lines, without_version

__all__ = [
    "Basis",
    "Config",
    "MemoryRange",
    "MemoryScale",
    "NodeConfig",
    "Options",
    "Realization",
]

VERSION = 4


_format = partial(instance, kind=FixedFormat)
_requant = partial(instance, kind=Requant)
_positive = partial(real, above=0.0, rule="positive and finite")


def _formats(value: object, what: str) -> dict[str, FixedFormat]:
    """Return formats by name."""
    formats = instance(value, what, Mapping)
    return {str(name): _format(fmt, f"{what}[{name!r}]") for name, fmt in formats.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryScale:
    """What u and the states of a layer are divided by; folds into the weights.

    The memory hears ``u / m`` of the u that hardware computes: below 1, states stay below 1 while u
    uses its whole format.
    """

    u: float
    m: float

    def __post_init__(self) -> None:
        settle(self, {"u": _positive, "m": _positive})


@dataclass(frozen=True, kw_only=True)
class NodeConfig:
    """Formats of one node.

    Parameters
    ----------
    requant : Requant
        The narrowing of the sum.
    weights : mapping of str to FixedFormat
        One for each source, by `FloatTerm.label`.
    table_error : float
        How far a tabulated activation may be from its function, in ulp of the output.
    row_shifts : bool
        Give each row its own power-of-two scale.
    row_shift_limit : int
        The largest shift of a row, of sums.
    output : FixedFormat or None
        What the activation answers in; None without activation.
    error_feedback : bool
        Of the memory; see `lmu_hw.network.Node`.
    repair : bool
        Of the memory: coefficients may leave the nearest code to keep it stable.
    realization : MemoryRealization
        Of the memory; what its weights are called follows from it.
    refit : int
        Of the memory: steps over which what reads it is fitted to it; 0: not at all.
    refit_tail : float
        Weight of what comes after them in this fit.
    why : tuple of str
        Reasons, printed as comments; not part of the value.
    """

    requant: Requant = field(metadata=stored(flat=True))
    output: FixedFormat | None = field(
        default=None, metadata=stored(note="of the activation; the format above is what enters it")
    )
    table_error: float = field(
        default=NEAREST,
        metadata=stored(
            sparse=True, note="ulp by which the activation's table may be off; 0.5: nearest code"
        ),
    )
    row_shifts: bool
    row_shift_limit: int = field(
        default=MAX_ROW_SHIFT,
        metadata=stored(sparse=True, note="largest shift of a row: what hardware has room for"),
    )
    error_feedback: bool = field(
        default=False, metadata=stored(sparse=True, note="needs floor: keeps what is dropped")
    )
    repair: bool = field(
        default=False, metadata=stored(sparse=True, note="of coefficients that are not stable")
    )
    refit: int = field(
        default=0,
        metadata=stored(sparse=True, note="steps over which what reads the memory is fitted"),
    )
    refit_tail: float = field(
        default=0.0,
        metadata=stored(sparse=True, note="weight of what comes after them"),
    )
    realization: AnyRealization = field(default=DenseRealization(), metadata=stored(sparse=True))
    weights: Mapping[str, FixedFormat]
    why: tuple[str, ...] = field(default=(), compare=False, metadata=stored(head=True))

    def __post_init__(self) -> None:
        checks: dict[str, Check] = {
            "requant": _requant,
            "weights": _formats,
            "table_error": table_error,
            "row_shifts": flag,
            "row_shift_limit": partial(whole, least=0, most=MAX_ROW_SHIFT),
            "output": optional(_format),
            "error_feedback": flag,
            "repair": flag,
            "realization": partial(instance, kind=MemoryRealization),
            "refit": partial(whole, least=0),
            "refit_tail": partial(real, least=0.0, most=1.0, rule="a number from 0 to 1"),
        }
        settle(self, checks)

    @property
    def signal_format(self) -> FixedFormat:
        """Of the node's codes."""
        return self.output or self.requant.format


@dataclass(frozen=True, kw_only=True)
class Config:
    """Every number format and knob of a design.

    Parameters
    ----------
    basis : Basis
    input : Requant
        How x, divided by `input_scale`, becomes codes.
    input_scale : Fraction
    memory_scale : mapping of layer name to MemoryScale
    nodes : mapping of node name to NodeConfig
    source : str or None
        The text it was read from, with its comments; not part of the value.
    """

    basis: Basis
    input: Requant
    input_scale: Fraction
    memory_scale: Mapping[str, MemoryScale]
    nodes: Mapping[str, NodeConfig]
    source: str | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        settle(
            self,
            {"basis": partial(member, kind=Basis), "input": _requant, "input_scale": fraction},
        )
        for name, scale in self.memory_scale.items():
            instance(scale, f"`memory_scale` of {name}", MemoryScale)
        for name, node in self.nodes.items():
            instance(node, f"the configuration of {name}", NodeConfig)

    def realizations(self, network: Network) -> dict[str, AnyRealization]:
        """Return how the memories of a network are computed that are not dense, by layer."""
        memories = {
            layer.name: self.nodes.get(node_name(layer.name, Role.MEMORY))
            for layer in network.layers
        }
        return {
            name: node.realization
            for name, node in memories.items()
            if node is not None and not node.realization.trained_matrices
        }

    def text(self) -> str:
        """Return the text it was read from, or else that of `to_toml`."""
        if self.source is not None and Config.from_toml(self.source, where="source") == self:
            return self.source
        return self.to_toml()

    def to_toml(self) -> str:
        """Return the commented file that `from_toml` reads back."""
        file = _File(
            basis=self.basis,
            input=_Input(scale=self.input_scale, requant=self.input),
            memory_scale=self.memory_scale,
            node=self.nodes,
        )
        lines = toml_lines(file, shown=self._is_shown)
        return "\n".join([*_ABOUT, "", f"version = {VERSION}", *lines]) + "\n"

    def _is_shown(self, path: tuple[str, ...], key: str) -> bool:
        """Tell whether a table shows a key that has its default: knobs of the memory."""
        match path:
            case ("node", name):
                knobs = ("error_feedback", "repair", "refit")
                return has_role(name, Role.MEMORY) and key in knobs
            case _:
                return False

    @classmethod
    def from_toml(cls, text: str, *, where: str) -> Config:
        """Return the configuration in `text`; `where` names the file in messages.

        Raises
        ------
        ConfigError
            If the text is not TOML, or a key is missing, unknown, or holds a wrong value.
        """
        try:
            table = tomllib.loads(text)
        except (ValueError, RecursionError) as error:  # a number or a nesting may be too long
            raise ConfigError(f"{where}: not a TOML file: {error}") from None
        try:
            file = decode(_File, without_version(table, VERSION))
            return cls(
                basis=file.basis,
                input=file.input.requant,
                input_scale=file.input.scale,
                memory_scale=file.memory_scale,
                nodes=file.node,
                source=text,
            )
        except ValueError as error:
            raise ConfigError(f"{where}: {error}") from None


_ABOUT = (
    "# Every number format of the design. Edit, then: lmu-hw generate MODEL --config FILE",
    "# A format is sQ<integer bits>.<fraction bits> (signed; the sign is not among the",
    "# integer bits) or uQ... (unsigned).",
    "# Rounding: floor, half_up, half_even, toward_zero.",
    "# Overflow: saturate (counted), wrap, forbid (must be proved impossible; no gates).",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Input:
    """The input in the file."""

    scale: Fraction = field(
        metadata=stored(note="x is an integer code times this; folds into weights")
    )
    requant: Requant = field(metadata=stored(flat=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """The tables of the file."""

    basis: Basis = field(metadata=stored(note="of the memory states: orthonormal, trained"))
    input: _Input
    memory_scale: Mapping[str, MemoryScale] = field(
        default_factory=dict,
        metadata=stored(sparse=True, note="u and m are divided by these: into weights"),
    )
    node: Mapping[str, NodeConfig]
