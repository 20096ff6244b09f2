# SPDX-License-Identifier: Apache-2.0
"""What can be typed: commands, options, and help that teaches with an example each."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from fractions import Fraction

from lmu_hw._version import __version__
from lmu_hw.quantize import Basis, Options

__all__ = ["ALL", "AVAILABLE", "build_parser"]

ALL = "all"
AVAILABLE = "available"

Commands = argparse._SubParsersAction  # the only name argparse has for it

_DEFAULTS = Options()

_EPILOG = """\
a first run:
  lmu-hw inspect  model.keras
  lmu-hw generate model.keras -o out --calibrate train_x.npy --lanes 16
  lmu-hw simulate out --simulator all
  lmu-hw report   out --input test_x.npy --labels test_labels.npy

Arrays are .npy files of shape (sequences, steps, features) in the network's own units.
exit status: 0 success; 1 the simulated hardware differs from the golden model; 2 bad input, or a
tool that is missing.
"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of ``lmu-hw``."""
    parser = argparse.ArgumentParser(
        prog="lmu-hw",
        description="Turn trained Legendre Memory Units into fixed-point hardware, and check it "
        "bit for bit.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"lmu-hw {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for add in (_inspect, _config, _generate, _predict, _simulate, _report, _compare):
        add(commands)
    return parser


def _command(
    commands: Commands,
    name: str,
    summary: str,
    example: str,
) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _inspect(commands: Commands) -> None:
    parser = _command(
        commands,
        "inspect",
        "show what is in a trained file or a generated folder",
        "lmu-hw inspect model.keras",
    )
    parser.add_argument("path", metavar="PATH", help="trained file, or folder of a design")


def _config(commands: Commands) -> None:
    parser = _command(
        commands,
        "config",
        "print every format that generate would choose, with reasons, as a file to edit",
        "lmu-hw config model.keras --calibrate train_x.npy > design.toml",
    )
    _model(parser)
    _formats(parser)


def _generate(commands: Commands) -> None:
    parser = _command(
        commands,
        "generate",
        "quantize a trained network and write its Verilog",
        "lmu-hw generate model.keras -o out --calibrate train_x.npy --weight-bits 12 --lanes 16",
    )
    _model(parser)
    parser.add_argument(
        "-o", "--output", metavar="DIR", required=True, help="folder to create, or to replace"
    )
    parser.add_argument(
        "--lanes",
        type=_lanes,
        default=16,
        metavar="N",
        help="multipliers of the slowest layer, or 'full' to unroll everything (default: 16); "
        "never changes a bit of output",
    )
    parser.add_argument(
        "--config", metavar="TOML", help="formats from an edited file, instead of choosing them"
    )
    _formats(parser)


def _predict(commands: Commands) -> None:
    parser = _command(
        commands,
        "predict",
        "compute what the hardware answers, with the bit-exact golden model",
        "lmu-hw predict out --input test_x.npy -o y.npy",
    )
    _design(parser)
    parser.add_argument("--input", metavar="X.npy", required=True, help="sequences to run")
    parser.add_argument("-o", "--output", metavar="Y.npy", required=True, help="answers, as values")
    parser.add_argument(
        "--codes", action="store_true", help="write integer codes instead of values"
    )


def _simulate(commands: Commands) -> None:
    parser = _command(
        commands,
        "simulate",
        "run the emitted Verilog against the golden model, word by word",
        "lmu-hw simulate out --simulator all --input test_x.npy",
    )
    _design(parser)
    parser.add_argument(
        "--simulator",
        choices=["icarus", "verilator", "amaranth", ALL, AVAILABLE],
        default=ALL,
        help="default: all; 'available' runs those that are installed and names the others",
    )
    parser.add_argument("--input", metavar="X.npy", help="your own data, run at full load")
    parser.add_argument(
        "--seed",
        type=_count,
        default=0,
        metavar="N",
        help="of noise, pauses and back-pressure (default: 0)",
    )
    parser.add_argument(
        "--max-cycles",
        type=_count,
        metavar="N",
        help="cycles for the built-in stimuli, and as many for your data; 0: no limit "
        "(default: by simulator)",
    )
    parser.add_argument(
        "--waves", action="store_true", help="leave DIR/waves_<simulator>.vcd (Icarus: .fst)"
    )


def _report(commands: Commands) -> None:
    parser = _command(
        commands,
        "report",
        "measure what quantization costs; writes DIR/report.json and DIR/report.html",
        "lmu-hw report out --input test_x.npy --labels test_labels.npy",
    )
    _design(parser)
    parser.add_argument(
        "--input", metavar="X.npy", help="sequences to measure on (default: calibration data)"
    )
    parser.add_argument(
        "--labels",
        metavar="Y.npy",
        help="integer classes, for accuracy, or real targets, for NRMSE",
    )


def _compare(commands: Commands) -> None:
    parser = _command(
        commands,
        "compare",
        "put the reports of two or more designs side by side",
        "lmu-hw compare out8 out12 out16 -o comparison.html",
    )
    parser.add_argument("designs", metavar="DIR", nargs="+", help="folders with a report")
    parser.add_argument(
        "-o",
        "--output",
        metavar="HTML",
        default="comparison.html",
        help="page to write (default: comparison.html)",
    )


def _model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="trained network: .keras, PyTorch .safetensors, or this project's .npz/.safetensors",
    )


def _design(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("design", metavar="DIR", help="folder written by 'lmu-hw generate'")


def _formats(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--calibrate",
        metavar="X.npy",
        help="typical inputs, for the ranges of signals (default: noise in -1 to 1)",
    )
    group = parser.add_argument_group("word lengths")
    bits = [
        ("weight", f"encoders, hidden and dense weights (default: {_DEFAULTS.weight_bits})"),
        ("memory", "coefficients of the memory (default: as --weight-bits)"),
        ("state", f"u, memory states and linear outputs (default: {_DEFAULTS.state_bits})"),
        ("activation", f"outputs of activations (default: {_DEFAULTS.activation_bits})"),
        ("input", "input (default: as --state-bits, or as exact integers need)"),
    ]
    for name, text in bits:
        group.add_argument(f"--{name}-bits", type=int, metavar="BITS", help=text)
    group.add_argument(
        "--input-scale",
        type=_fraction,
        metavar="SCALE",
        help="the input is an integer times this, such as 1/255: taken exactly, folded into "
        "weights",
    )
    group.add_argument(
        "--basis",
        type=_choice(Basis),
        metavar="BASIS",
        help="of the memory states: orthonormal (default; nothing grows) or trained",
    )
    group.add_argument(
        "--margin",
        type=float,
        metavar="FACTOR",
        help=f"ranges are the observed ones times this (default: {_DEFAULTS.margin:g})",
    )


def _choice(kind: type[Basis]) -> Callable[[str], Basis]:
    def parse(text: str) -> Basis:
        try:
            return kind(text)
        except ValueError:
            choices = ", ".join(member.value for member in kind)
            raise argparse.ArgumentTypeError(f"must be one of {choices}, not {text!r}") from None

    return parse


def _fraction(text: str) -> Fraction:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError(f"must be a number such as 1/255, not {text!r}") from None


def _lanes(text: str) -> int | None:
    if text == "full":
        return None
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number or 'full', not {text!r}") from None


def _count(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"must be a number of at least 0, not {text!r}")
    return int(text)
