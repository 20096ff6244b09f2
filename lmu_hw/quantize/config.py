# SPDX-License-Identifier: Apache-2.0
"""The configuration: every format and knob of a design, as values and as a commented TOML file.

``lmu-hw config MODEL`` prints it with the chosen values and why; ``generate --config`` takes it
back after editing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import Any, NoReturn

from lmu_hw.errors import ConfigError, FormatError
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding

__all__ = ["Basis", "Config", "MemoryRange", "MemoryScale", "NodeConfig", "Options"]

VERSION = 2
_SCALE_BITS = 256  # values can be divided by such a fraction in float64


class Basis(Enum):
    """Basis of the memory states."""

    ORTHONORMAL = "orthonormal"
    """Normalised Legendre polynomials: no state grows; the change folds into the weights."""
    TRAINED = "trained"
    """The basis of the trained file."""


class MemoryRange(Enum):
    """What is done where the word length of the states is too short to prove their range."""

    AUTO = "auto"
    """As `SCALE`, as long as that costs less than a bit; otherwise as `SATURATE`."""
    SCALE = "scale"
    """The memory hears less of u; refused where no scale is provable."""
    WIDEN = "widen"
    """The states get as many bits as the proof needs."""
    SATURATE = "saturate"
    """The states saturate, and count it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryScale:
    """What u and the states of a layer are divided by; folds into the weights.

    The memory hears ``u / m`` of the u that hardware computes: below 1, states stay below 1 while u
    uses its whole format.
    """

    u: float
    m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user asks for; everything else is derived by `configure`.

    Parameters
    ----------
    weight_bits : int
        Width of encoders, hidden weights and dense weights.
    memory_bits : int or None
        Width of the memory's coefficients; None: as `weight_bits`.
    state_bits : int
        Width of u, of the memory states and of linear outputs.
    activation_bits : int
        Width of the outputs of activations.
    input_bits : int or None
        Width of the input; None: as `state_bits`, or as few as exact integers need.
    input_scale : Fraction
        The input is an integer times this number; it folds into the weights.
    basis : Basis
    margin : float
        Ranges are the observed ones times this number.
    memory_range : MemoryRange
    error_feedback : bool
        The memory's states floor, and add what they dropped to the next step's sum.
    repair : bool
        Where rounding makes a memory unstable, round so that errors compensate each other.
    """

    weight_bits: int = 12
    memory_bits: int | None = None
    state_bits: int = 16
    activation_bits: int = 12
    input_bits: int | None = None
    input_scale: Fraction = Fraction(1)
    basis: Basis = Basis.ORTHONORMAL
    margin: float = 1.25
    memory_range: MemoryRange = MemoryRange.AUTO
    error_feedback: bool = False
    repair: bool = False

    def __post_init__(self) -> None:
        for name in ("weight_bits", "memory_bits", "state_bits", "activation_bits", "input_bits"):
            bits = getattr(self, name)
            if bits is not None and not 2 <= bits <= 32:
                option = "--" + name.replace("_", "-")
                raise ConfigError(f"{option} must be 2 to 32, not {bits}")
        if self.input_scale <= 0:
            raise ConfigError(f"--input-scale must be positive, not {self.input_scale}")
        if _bits(self.input_scale) > _SCALE_BITS:
            raise ConfigError(
                f"--input-scale must be a fraction of numbers of at most {_SCALE_BITS} bits, not "
                f"{_bits(self.input_scale)} bits"
            )
        if not 1.0 <= self.margin <= 64.0:
            raise ConfigError(f"the margin must be 1 to 64, not {self.margin}")


@dataclass(frozen=True, kw_only=True)
class NodeConfig:
    """Formats of one node.

    Parameters
    ----------
    requant : Requant
        The narrowing of the sum.
    weights : mapping of str to FixedFormat
        One for each source, by `FloatTerm.label`.
    row_shifts : bool
        Give each row its own power-of-two scale.
    output : FixedFormat or None
        What the activation answers in; None without activation.
    error_feedback : bool
        Of the memory; see `lmu_hw.spec.Node`.
    repair : bool
        Of the memory: coefficients may leave the nearest code to keep it stable.
    why : tuple of str
        Reasons, printed as comments; not part of the value.
    """

    requant: Requant
    weights: Mapping[str, FixedFormat]
    row_shifts: bool
    output: FixedFormat | None
    error_feedback: bool = False
    repair: bool = False
    why: tuple[str, ...] = field(default=(), compare=False)


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
    """

    basis: Basis
    input: Requant
    input_scale: Fraction
    memory_scale: Mapping[str, MemoryScale]
    nodes: Mapping[str, NodeConfig]

    def to_toml(self) -> str:
        """Return the commented file that `from_toml` reads back."""
        lines = [
            "# Every number format of the design. Edit, then: lmu-hw generate MODEL --config FILE",
            "# A format is sQ<integer bits>.<fraction bits> (signed; the sign is not among the",
            "# integer bits) or uQ... (unsigned).",
            "# Rounding: floor, half_up, half_even, toward_zero.",
            "# Overflow: saturate (counted), wrap, forbid (must be proved impossible; no gates).",
            "",
            f"version = {VERSION}",
            f'basis = "{self.basis.value}"  # of the memory states: orthonormal, trained',
            "",
            "[input]",
            f'scale = "{self.input_scale}"  # x is an integer code times this; folds into weights',
            *_requant_lines(self.input),
        ]
        for name, scale in self.memory_scale.items():
            lines += ["", f'[memory_scale."{name}"]  # u and m are divided by these: into weights']
            lines += [f"u = {float(scale.u)!r}", f"m = {float(scale.m)!r}"]
        for name, node in self.nodes.items():
            lines += ["", f'[node."{name}"]', *(f"# {line}" for line in node.why)]
            lines += _requant_lines(node.requant)
            if node.output is not None:
                lines.append(
                    f'output = "{node.output.notation()}"  # of the activation; the format above '
                    "is what enters it"
                )
            lines.append(f"row_shifts = {str(node.row_shifts).lower()}")
            if name.endswith(".m"):
                feedback, repair = str(node.error_feedback).lower(), str(node.repair).lower()
                lines += [
                    f"error_feedback = {feedback}  # needs floor: keeps what is dropped",
                    f"repair = {repair}  # of coefficients that are not stable",
                ]
            lines.append(f'[node."{name}".weights]')
            lines += [
                f'"{source}" = "{fmt.notation()}"  # {fmt.width} bits'
                for source, fmt in node.weights.items()
            ]
        return "\n".join(lines) + "\n"

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
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{where}: not a TOML file: {error}") from None
        reader = _Reader(table, where)
        version = reader.take("version", int)
        if version != VERSION:
            reader.fail(f"version must be {VERSION}, not {version}")
        basis = reader.take_enum("basis", Basis)
        entry = reader.sub("input")
        scale = entry.take_fraction("scale")
        requant = entry.take_requant()
        entry.done()
        scales = reader.sub("memory_scale", optional=True)
        memory_scale = {name: scales.sub(name).take_scale() for name in list(scales.table)}
        nodes = reader.sub("node")
        parsed = {name: _node(nodes.sub(name)) for name in list(nodes.table)}
        reader.done()
        return cls(
            basis=basis,
            input=requant,
            input_scale=scale,
            memory_scale=memory_scale,
            nodes=parsed,
        )


def _bits(fraction: Fraction) -> int:
    """Return the bits of the longer part of a fraction."""
    return max(fraction.numerator.bit_length(), fraction.denominator.bit_length())


def _requant_lines(requant: Requant) -> list[str]:
    return [
        f'format = "{requant.format.notation()}"  # {requant.format.width} bits',
        f'rounding = "{requant.rounding.value}"',
        f'overflow = "{requant.overflow.value}"',
    ]


def _node(reader: _Reader) -> NodeConfig:
    weights = reader.sub("weights")
    node = NodeConfig(
        requant=reader.take_requant(),
        weights={source: weights.take_format(source) for source in list(weights.table)},
        row_shifts=reader.take("row_shifts", bool),
        output=reader.take_format("output") if "output" in reader.table else None,
        error_feedback=reader.take_flag("error_feedback"),
        repair=reader.take_flag("repair"),
    )
    reader.done()
    return node


class _Reader:
    """Takes checked values out of a parsed table; what is left at the end is an unknown key."""

    def __init__(self, table: dict[str, Any], where: str) -> None:
        self.table, self.where = dict(table), where

    def fail(self, message: str) -> NoReturn:
        raise ConfigError(f"{self.where}: {message}")

    def take(self, key: str, kind: type) -> Any:
        if key not in self.table:
            self.fail(f"{key} is missing")
        value = self.table.pop(key)
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            self.fail(f"{key} must be of type {kind.__name__}, not {value!r}")
        if kind is float and not 0 < value < float("inf"):
            self.fail(f"{key} must be positive and finite, not {value!r}")
        return value

    def take_flag(self, key: str) -> bool:
        return self.take(key, bool) if key in self.table else False

    def take_scale(self) -> MemoryScale:
        scale = MemoryScale(u=self.take("u", float), m=self.take("m", float))
        self.done()
        return scale

    def take_enum(self, key: str, kind: type[Enum]) -> Any:
        value = self.take(key, str)
        choices = [member.value for member in kind]
        if value not in choices:
            self.fail(f"{key} must be one of {', '.join(choices)}, not {value!r}")
        return kind(value)

    def take_format(self, key: str) -> FixedFormat:
        try:
            return FixedFormat.parse(self.take(key, str))
        except FormatError as error:
            self.fail(f"{key}: {error}")

    def take_fraction(self, key: str) -> Fraction:
        value = self.take(key, str)
        try:
            fraction = Fraction(value)
        except (ValueError, ZeroDivisionError):
            self.fail(f"{key} must be a number such as 1/255, not {value!r}")
        if fraction <= 0:
            self.fail(f"{key} must be positive, not {value!r}")
        if _bits(fraction) > _SCALE_BITS:
            self.fail(
                f"{key} must be a fraction of numbers of at most {_SCALE_BITS} bits, not "
                f"{_bits(fraction)} bits"
            )
        return fraction

    def take_requant(self) -> Requant:
        return Requant(
            format=self.take_format("format"),
            rounding=self.take_enum("rounding", Rounding),
            overflow=self.take_enum("overflow", Overflow),
        )

    def sub(self, key: str, *, optional: bool = False) -> _Reader:
        table = self.table.pop(key, {} if optional else None)
        if not isinstance(table, dict):
            self.fail(f"[{key}] must be a table")
        return _Reader(table, f"{self.where}: {key}")

    def done(self) -> None:
        if self.table:
            self.fail(f"unknown key {next(iter(self.table))!r}")
