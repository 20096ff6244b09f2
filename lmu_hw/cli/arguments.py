# SPDX-License-Identifier: Apache-2.0
"""Arguments that several commands share, and how their texts are read."""

from __future__ import annotations

import argparse

from lmu_hw.quantize import Options
from lmu_hw.realize import REALIZATIONS
from lmu_hw.search import SEQUENCES, Knob

__all__ = [
    "TABLES",
    "Commands",
    "bit_range",
    "calibrate",
    "command",
    "design",
    "formats",
    "mapping",
    "measured",
    "model",
    "number",
    "reloaded",
    "unsaid",
    "workers",
]

Commands = argparse._SubParsersAction  # the only name argparse has for it

_DEFAULTS = Options()

TABLES = frozenset(
    (
        "inspect",
        "generate",
        "sweep",
        "simulate",
        "implement",
        "report",
        "compare",
        "verify",
        "prove",
    )
)
"""Commands that print a table."""


def command(commands: Commands, name: str, summary: str, example: str) -> argparse.ArgumentParser:
    """Add a command with its help; one that prints a table has JSON, too."""
    parser = commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if name in TABLES:
        parser.add_argument(
            "--json",
            action="store_true",
            help="print the result as one JSON document; tables go to stderr",
        )
    return parser


def model(parser: argparse.ArgumentParser) -> None:
    """Add the trained file."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="trained network: .keras, .h5, a state dict (.pt, .safetensors, .npz), .onnx, or this "
        "project's .npz/.safetensors",
    )
    unsaid(parser)


def unsaid(parser: argparse.ArgumentParser) -> None:
    """Add what a trained file may not say: the window, and what its tensors are."""
    mapping(parser, "a state dict")
    parser.add_argument(
        "--theta",
        type=number,
        metavar="STEPS",
        help="window of memories of which the file does not say it (default: found from A and B)",
    )


def mapping(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the file that says which tensor is which."""
    parser.add_argument(
        "--mapping",
        metavar="FILE.toml",
        help=f"which tensor of {what} is which part of which layer; 'lmu-hw inspect MODEL "
        "--draft-mapping FILE.toml' drafts it",
    )


def reloaded(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the coefficients that a reloadable design gets."""
    parser.add_argument(
        "--model",
        metavar="FILE",
        help=f"{what} this trained network of the same shape, quantized into the formats of the "
        "design (--reloadable)",
    )
    parser.add_argument(
        "--theta",
        type=number,
        metavar="STEPS",
        help=f"{what} this window of every memory (--reloadable memory, too); with --model: of "
        "memories of which that file does not say it",
    )
    mapping(parser, "a state dict that --model names")


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
            type=bit_range if several else number,
            metavar="A:B" if several else "BITS",
            help=text,
        )
    group.add_argument(
        "--table-error",
        type=number,
        metavar="ULP",
        help="how far a tabulated activation may be from its function, in ulp of its output: 0.5 "
        f"(every answer is the nearest code) to 1 (default: {_DEFAULTS.table_error:g})",
    )
    group.add_argument(
        "--input-scale",
        metavar="SCALE",
        help="the input is an integer times this, such as 1/255: taken exactly, folded into "
        "weights",
    )
    group.add_argument(
        "--margin",
        type=number,
        metavar="FACTOR",
        help=f"ranges are the observed ones times this (default: {_DEFAULTS.margin:g})",
    )
    group.add_argument(
        "--weight-margin",
        type=number,
        metavar="FACTOR",
        help="formats of weights hold the largest one times this: room for those of another "
        f"network, for `lmu-hw reload` (default: {_DEFAULTS.weight_margin:g})",
    )
    _memory(parser.add_argument_group("memory"))


def _realizations() -> str:
    return ", ".join(f"{name} ({kind.help})" for name, kind in REALIZATIONS.items())


def _that_take_a_tolerance() -> str:
    return ", ".join(name for name, kind in REALIZATIONS.items() if kind.takes_tolerance)


def _memory(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--basis",
        metavar="BASIS",
        help="of the memory states: orthonormal (default; nothing grows) or trained",
    )
    group.add_argument(
        "--realization",
        metavar="HOW",
        help=f"how hardware computes the memory: {_realizations()}, or auto (the cheapest that is "
        f"as close to the trained memory; default: {_DEFAULTS.realization.value})",
    )
    group.add_argument(
        "--memory-tolerance",
        type=number,
        metavar="SHARE",
        help=f"{_that_take_a_tolerance()}: keep the trained matrices to this precision, with more "
        "products; without it, the bilinear memory of the same window, and a refit",
    )
    group.add_argument(
        "--refit",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="fit what reads a memory to the memory as it is quantized; an error where this is not "
        "proved to help (default: where it is proved and measured to help, unless dense, of fewer "
        "than 10 bits)",
    )
    group.add_argument(
        "--horizon",
        type=number,
        metavar="STEPS",
        help="over which the refit must hold (default: four windows of the memory, and at most "
        "the longest window if the network answers once)",
    )
    group.add_argument(
        "--memory-range",
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
        type=number,
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
        metavar="COST",
        help="multiplier-area (default; weight width times operand width, over all products), "
        "coefficient-bits (weights, biases, tables), or state-bits (registers)",
    )
    group.add_argument(
        "--search-sequences",
        type=number,
        metavar="N",
        help=f"measure on at most so many sequences, evenly spread (default: {SEQUENCES:,})",
    )


def number(text: str) -> int | float | str:
    """Read a number; what is none is left to the check that all values go through."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def bit_range(text: str) -> list[int] | int | float | str:
    """Read word lengths: one (8), a range with both ends (4:12), or one with a step (4:12:2)."""
    parts = text.split(":")
    if len(parts) == 1 and not isinstance(single := number(text), str):
        return single
    if not all(part.isdigit() for part in parts) or len(parts) > 3:
        raise argparse.ArgumentTypeError(f"must be bits such as 8, 4:12 or 4:12:2, not {text!r}")
    low, high, step = [*map(int, parts), 1][:3]
    if low > high or step < 1:
        raise argparse.ArgumentTypeError(f"must go up, in steps of at least 1, not {text!r}")
    return list(range(low, high + 1, step))
