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

__all__ = [
    "Basis",
    "Config",
    "MemoryRange",
    "MemoryScale",
    "NodeConfig",
    "Options",
    "Realization",
    "Structure",
]

VERSION = 3
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


class Realization(Enum):
    """How hardware computes a memory; see docs/memory.md."""

    DENSE = "dense"
    """The matrices as they were trained: d**2 + d products a step."""
    SEMISEPARABLE = "semiseparable"
    """Two sweeps over the states: about 5 d products a step."""
    TWO_PASS = "two-pass"
    """The bilinear memory by running sums: 2 d + 2 products a step, of wider operands."""
    SCAN = "scan"
    """The forward Euler memory by running sums: d products a step; stable for long windows only."""
    AUTO = "auto"
    """The cheapest that is no further from the trained memory than the dense one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """What replaces the matrices of a memory.

    Parameters
    ----------
    kind : Realization
        Not `DENSE` or `AUTO`.
    theta : float
        Window in steps.
    rank : int
        Of a semiseparable memory. 1: the bilinear memory, whose rank that is. More: the trained
        memory to that rank.
    sweeps : mapping of str to FixedFormat
        What the sweeps of a semiseparable memory carry: ``forward`` and ``backward``.
    rate_bits : int
        Of the running sums of the others: bits of the constant that stands for the window. Their
        formats follow from it.
    """

    kind: Realization
    theta: float
    rank: int = 1
    sweeps: Mapping[str, FixedFormat] = field(default_factory=dict)
    rate_bits: int = 0


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
    realization : Realization
    memory_tolerance : float or None
        Of a semiseparable memory: take the rank at which no block of the trained matrices is off
        by more than this; None: the bilinear memory of the same window, of rank 1.
    refit : bool or None
        Fit what reads a memory to the memory as it is quantized; None: unless it is dense, of fewer
        than 10 bits.
    horizon : int or None
        Steps over which the fit must hold; None: a sequence, if the network answers once, four
        windows otherwise.
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
    realization: Realization = Realization.DENSE
    memory_tolerance: float | None = None
    refit: bool | None = None
    horizon: int | None = None

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
        if self.memory_tolerance is not None and not 0.0 < self.memory_tolerance < 1.0:
            raise ConfigError(
                f"--memory-tolerance must be between 0 and 1, not {self.memory_tolerance}"
            )
        if self.horizon is not None and self.horizon < 1:
            raise ConfigError(f"--horizon must be at least 1 step, not {self.horizon}")


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
    structure : Structure or None
        Of a memory that is not dense; its weights are then ``rates`` (decay and coupling) and
        ``carry``.
    refit : int
        Of the memory: steps over which what reads it is fitted to it; 0: not at all.
    why : tuple of str
        Reasons, printed as comments; not part of the value.
    """

    requant: Requant
    weights: Mapping[str, FixedFormat]
    row_shifts: bool
    output: FixedFormat | None
    error_feedback: bool = False
    repair: bool = False
    structure: Structure | None = None
    refit: int = 0
    why: tuple[str, ...] = field(default=(), compare=False)

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
    """

    basis: Basis
    input: Requant
    input_scale: Fraction
    memory_scale: Mapping[str, MemoryScale]
    nodes: Mapping[str, NodeConfig]

    @property
    def realizations(self) -> dict[str, Realization]:
        """How the memories are computed that are not dense, by layer."""
        return {
            name.rpartition(".")[0]: node.structure.kind
            for name, node in self.nodes.items()
            if node.structure is not None
        }

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
                    f"refit = {node.refit}  # steps over which what reads the memory is fitted",
                ]
            if node.structure is not None:
                lines += [f'[node."{name}".structure]', *_structure_lines(node.structure)]
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


def _structure_lines(structure: Structure) -> list[str]:
    lines = [
        f'kind = "{structure.kind.value}"',
        f"theta = {structure.theta!r}  # window in steps",
    ]
    if structure.kind is not Realization.SEMISEPARABLE:
        return [*lines, f"rate_bits = {structure.rate_bits}  # of the constant for the window"]
    return [
        *lines,
        f"rank = {structure.rank}  # 1: bilinear; more: the trained memory to that rank",
        *(
            f'{name} = "{fmt.notation()}"  # {fmt.width} bits'
            for name, fmt in structure.sweeps.items()
        ),
    ]


def _structure(reader: _Reader) -> Structure:
    kind = reader.take_enum("kind", Realization)
    if kind in (Realization.DENSE, Realization.AUTO):
        reader.fail(f"kind must be that of a structured memory, not {kind.value!r}")
    theta = reader.take("theta", float)
    if kind is Realization.SEMISEPARABLE:
        structure = Structure(
            kind=kind,
            theta=theta,
            rank=reader.take_count("rank", 1),
            sweeps={name: reader.take_format(name) for name in ("forward", "backward")},
        )
    else:
        structure = Structure(kind=kind, theta=theta, rate_bits=reader.take_count("rate_bits", 1))
    reader.done()
    return structure


def _node(reader: _Reader) -> NodeConfig:
    weights = reader.sub("weights")
    node = NodeConfig(
        requant=reader.take_requant(),
        weights={source: weights.take_format(source) for source in list(weights.table)},
        row_shifts=reader.take("row_shifts", bool),
        output=reader.take_format("output") if "output" in reader.table else None,
        error_feedback=reader.take_flag("error_feedback"),
        repair=reader.take_flag("repair"),
        structure=_structure(reader.sub("structure")) if "structure" in reader.table else None,
        refit=reader.take_count("refit", 0) if "refit" in reader.table else 0,
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

    def take_count(self, key: str, least: int) -> int:
        value = self.take(key, int)
        if value < least:
            self.fail(f"{key} must be at least {least}, not {value}")
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
