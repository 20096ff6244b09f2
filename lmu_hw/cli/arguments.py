# SPDX-License-Identifier: Apache-2.0
"""Arguments that several commands share, and how their texts are read."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from enum import Enum
from fractions import Fraction
from typing import TypeVar

from lmu_hw.errors import ConfigError
from lmu_hw.names import checked_name
from lmu_hw.quantize import Basis, MemoryRange, Options, Realization
from lmu_hw.search import SEQUENCES, Cost, Knob

__all__ = [
    "Commands",
    "bit_range",
    "calibrate",
    "choice",
    "command",
    "count",
    "design",
    "design_name",
    "formats",
    "fraction",
    "lanes",
    "measured",
    "model",
    "share",
    "workers",
]

Commands = argparse._SubParsersAction  # the only name argparse has for it

E = TypeVar("E", bound=Enum)

_DEFAULTS = Options()


def command(commands: Commands, name: str, summary: str, example: str) -> argparse.ArgumentParser:
    """Add a command with its help."""
    return commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def model(parser: argparse.ArgumentParser) -> None:
    """Add the trained file."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="trained network: .keras, PyTorch .safetensors, or this project's .npz/.safetensors",
    )


def design(parser: argparse.ArgumentParser) -> None:
    """Add the folder of a design."""
    parser.add_argument("design", metavar="DIR", help="folder written by 'lmu-hw generate'")


def calibrate(parser: argparse.ArgumentParser) -> None:
    """Add the data that ranges are taken from."""
    parser.add_argument(
        "--calibrate",
        metavar="X.npy",
        help="typical inputs, for the ranges of signals (default: noise in -1 to 1)",
    )


def formats(parser: argparse.ArgumentParser, *, ranges: bool = False) -> None:
    """Add the options of `lmu_hw.quantize.Options`; `ranges` takes several widths of each knob."""
    group = parser.add_argument_group("word lengths")
    bits = {
        "weight_bits": f"encoders, hidden and dense weights (default: {_DEFAULTS.weight_bits})",
        "memory_bits": "coefficients of the memory (default: as --weight-bits)",
        "state_bits": f"u, memory states and linear outputs (default: {_DEFAULTS.state_bits})",
        "activation_bits": f"outputs of activations (default: {_DEFAULTS.activation_bits})",
        "input_bits": "input (default: as --state-bits, or as exact integers need)",
    }
    knobs = {knob.value for knob in Knob}
    for name, text in bits.items():
        several = ranges and name in knobs
        group.add_argument(
            "--" + name.replace("_", "-"),
            type=bit_range if several else int,
            metavar="A:B" if several else "BITS",
            help=text,
        )
    group.add_argument(
        "--input-scale",
        type=fraction,
        metavar="SCALE",
        help="the input is an integer times this, such as 1/255: taken exactly, folded into "
        "weights",
    )
    group.add_argument(
        "--margin",
        type=float,
        metavar="FACTOR",
        help=f"ranges are the observed ones times this (default: {_DEFAULTS.margin:g})",
    )
    _memory(parser.add_argument_group("memory"))


def _memory(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--basis",
        type=choice(Basis),
        metavar="BASIS",
        help="of the memory states: orthonormal (default; nothing grows) or trained",
    )
    group.add_argument(
        "--realization",
        type=choice(Realization),
        metavar="HOW",
        help="how hardware computes the memory: dense (default; the trained matrices, d*d + d "
        "products a step), semiseparable (two sweeps, 5 d products), or auto (the cheaper one)",
    )
    group.add_argument(
        "--memory-tolerance",
        type=float,
        metavar="SHARE",
        help="semiseparable: keep the trained matrices to this precision, with more products; "
        "without it, the bilinear memory of the same window, and a refit",
    )
    group.add_argument(
        "--refit",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="fit what reads a memory to the memory as it is quantized (default: unless dense, of "
        "fewer than 10 bits)",
    )
    group.add_argument(
        "--horizon",
        type=_positive,
        metavar="STEPS",
        help="over which the refit must hold (default: a sequence if the network answers once, "
        "otherwise four windows)",
    )
    group.add_argument(
        "--memory-range",
        type=choice(MemoryRange),
        metavar="HOW",
        help="if --state-bits are too few to prove the range of the states: scale (let the memory "
        "hear less of u), widen (take the bits that the proof needs), saturate (and count it), or "
        "auto (default; scale where that costs less than a bit, otherwise saturate)",
    )
    group.add_argument(
        "--error-feedback",
        action="store_true",
        default=None,
        help="let the states add what rounding dropped to the next step's sum",
    )
    group.add_argument(
        "--repair",
        action="store_true",
        default=None,
        help="if rounding makes the memory unstable, round some coefficients the other way",
    )


def workers(group: argparse._ArgumentGroup) -> None:
    """Add who computes."""
    group.add_argument(
        "--jobs",
        type=_positive,
        metavar="N",
        help="processes to measure with, one BLAS thread each (default: one for each core); "
        "never changes the result",
    )
    group.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="measure on the Dask cluster of this scheduler instead, such as tcp://host:8786 "
        "(needs pip install 'lmu_hw[cluster]'); never changes the result",
    )


def measured(group: argparse._ArgumentGroup) -> None:
    """Add what a search or a sweep makes small, and how much data it runs."""
    group.add_argument(
        "--cost",
        type=choice(Cost),
        metavar="COST",
        help="multiplier-area (default; weight width times operand width, over all products), "
        "coefficient-bits (weights, biases, tables), or state-bits (registers)",
    )
    group.add_argument(
        "--search-sequences",
        type=_positive,
        metavar="N",
        help=f"measure on at most so many sequences, evenly spread (default: {SEQUENCES:,})",
    )


def choice(kind: type[E]) -> Callable[[str], E]:
    """Return a reader of the values of an enumeration."""

    def parse(text: str) -> E:
        try:
            return kind(text)
        except ValueError:
            choices = ", ".join(member.value for member in kind)
            raise argparse.ArgumentTypeError(f"must be one of {choices}, not {text!r}") from None

    return parse


def fraction(text: str) -> Fraction:
    """Read a number such as 1/255."""
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError(f"must be a number such as 1/255, not {text!r}") from None


def share(text: str) -> Fraction:
    """Read a share: a number such as 0.95, or a percentage such as 95%."""
    number, percent, rest = text.partition("%")
    try:
        value = Fraction(number.strip())
    except (ValueError, ZeroDivisionError):
        rest = "no number"
        value = Fraction(0)
    if rest:
        raise argparse.ArgumentTypeError(f"must be a number such as 0.95 or 95%, not {text!r}")
    return value / 100 if percent else value


def bit_range(text: str) -> list[int]:
    """Read word lengths: one (8), a range with both ends (4:12), or one with a step (4:12:2)."""
    parts = text.split(":")
    if not all(part.isdigit() for part in parts) or len(parts) > 3:
        raise argparse.ArgumentTypeError(f"must be bits such as 8, 4:12 or 4:12:2, not {text!r}")
    low, high, step = [*map(int, parts), *([int(parts[0]), 1][len(parts) - 1 :])]
    if low > high or step < 1:
        raise argparse.ArgumentTypeError(f"must go up, in steps of at least 1, not {text!r}")
    return list(range(low, high + 1, step))


def design_name(text: str) -> str:
    """Read the name of a design."""
    try:
        return checked_name(text)
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def lanes(text: str) -> int | None:
    """Read a number of multipliers, or 'full' as None."""
    if text == "full":
        return None
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number or 'full', not {text!r}") from None


def count(text: str) -> int:
    """Read a number of at least 0."""
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"must be a number of at least 0, not {text!r}")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a number of at least 1, not {text!r}")
    return int(text)
