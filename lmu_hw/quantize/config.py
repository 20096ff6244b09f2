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
from lmu_hw.quantize._reader import Reader
from lmu_hw.quantize.options import Basis, MemoryRange, Options, Realization

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

_format = partial(instance, kind=FixedFormat)
_requant = partial(instance, kind=Requant)
_positive = partial(real, above=0.0, rule="positive and finite")


def _formats(value: object, what: str) -> dict[str, FixedFormat]:
    """Return formats by name."""
    formats = instance(value, what, Mapping)
    return {str(name): _format(fmt, f"{what}[{name!r}]") for name, fmt in formats.items()}


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
    running_bits : int or None
        Integer bits that these have at least, as the proof of their range asks for; None: as few
        as are estimated from the gains of the memory.
    """

    kind: Realization
    theta: float
    rank: int = 1
    sweeps: Mapping[str, FixedFormat] = field(default_factory=dict)
    rate_bits: int = 0
    running_bits: int | None = None

    def __post_init__(self) -> None:
        checks: dict[str, Check] = {
            "kind": partial(member, kind=Realization),
            "theta": _positive,
            "rank": partial(whole, least=1),
            "sweeps": _formats,
            "rate_bits": partial(whole, least=0),
            "running_bits": optional(whole),
        }
        settle(self, checks)
        if self.kind in (Realization.DENSE, Realization.AUTO):
            raise ConfigError(f"kind must be that of a structured memory, not {self.kind.value!r}")


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
    row_shifts : bool
        Give each row its own power-of-two scale.
    output : FixedFormat or None
        What the activation answers in; None without activation.
    error_feedback : bool
        Of the memory; see `lmu_hw.network.Node`.
    repair : bool
        Of the memory: coefficients may leave the nearest code to keep it stable.
    structure : Structure or None
        Of a memory that is not dense; its weights are then ``rates`` (decay and coupling) and
        ``carry``.
    refit : int
        Of the memory: steps over which what reads it is fitted to it; 0: not at all.
    tail : float
        Weight of what comes after them in this fit.
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
    tail: float = 0.0
    why: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        checks: dict[str, Check] = {
            "requant": _requant,
            "weights": _formats,
            "row_shifts": flag,
            "output": optional(_format),
            "error_feedback": flag,
            "repair": flag,
            "structure": optional(partial(instance, kind=Structure)),
            "refit": partial(whole, least=0),
            "tail": partial(real, least=0.0, most=1.0, rule="a number from 0 to 1"),
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

    @property
    def realizations(self) -> dict[str, Realization]:
        """How the memories are computed that are not dense, by layer."""
        return {
            name.rpartition(".")[0]: node.structure.kind
            for name, node in self.nodes.items()
            if node.structure is not None
        }

    def text(self) -> str:
        """Return the text it was read from, or else that of `to_toml`."""
        if self.source is not None and Config.from_toml(self.source, where="source") == self:
            return self.source
        return self.to_toml()

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
            if node.refit:
                lines.append(f"refit_tail = {node.tail!r}  # weight of what comes after them")
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
        except (ValueError, RecursionError) as error:  # a number or a nesting may be too long
            raise ConfigError(f"{where}: not a TOML file: {error}") from None
        reader = Reader(table, where)
        version = reader.take("version", int)
        if version != VERSION:
            reader.fail(f"version must be {VERSION}, not {version}")
        basis = reader.take_enum("basis", Basis)
        entry = reader.sub("input")
        scale = entry.take_fraction("scale")
        requant = entry.take_requant()
        entry.done()
        scales = reader.sub("memory_scale", optional=True)
        memory_scale = {name: _scale(scales.sub(name)) for name in list(scales.table)}
        nodes = reader.sub("node")
        parsed = {name: _node(nodes.sub(name)) for name in list(nodes.table)}
        reader.done()
        return cls(
            basis=basis,
            input=requant,
            input_scale=scale,
            memory_scale=memory_scale,
            nodes=parsed,
            source=text,
        )


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
        lines.append(f"rate_bits = {structure.rate_bits}  # of the constant for the window")
        if structure.running_bits is not None:
            text = "# integer bits of the running sums, at least"
            lines.append(f"running_bits = {structure.running_bits}  {text}")
        return lines
    return [
        *lines,
        f"rank = {structure.rank}  # 1: bilinear; more: the trained memory to that rank",
        *(
            f'{name} = "{fmt.notation()}"  # {fmt.width} bits'
            for name, fmt in structure.sweeps.items()
        ),
    ]


def _scale(reader: Reader) -> MemoryScale:
    scale = MemoryScale(u=reader.take("u", float), m=reader.take("m", float))
    reader.done()
    return scale


def _structure(reader: Reader) -> Structure:
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
        structure = Structure(
            kind=kind,
            theta=theta,
            rate_bits=reader.take_count("rate_bits", 1),
            running_bits=reader.take("running_bits", int)
            if "running_bits" in reader.table
            else None,
        )
    reader.done()
    return structure


def _node(reader: Reader) -> NodeConfig:
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
        tail=reader.take_weight("refit_tail") if "refit_tail" in reader.table else 0.0,
    )
    reader.done()
    return node
