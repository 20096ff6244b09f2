# SPDX-License-Identifier: Apache-2.0
"""What can be typed to make designs: formats, size and speed, word lengths by target, sweeps."""

from __future__ import annotations

import argparse

from lmu_hw.cli.arguments import (
    Commands,
    calibrate,
    command,
    formats,
    measured,
    model,
    number,
    workers,
)
from lmu_hw.network import DEFAULT_WIDTH, VECTOR, Elements, Last
from lmu_hw.plan import AUTO, CHIPS, SLOWEST, Goal, Reloadable
from lmu_hw.realize import reloadable_kinds

__all__ = ["config", "generate", "sweep"]

_SIZE = f"""\
Never changes a bit of output. Of all plans with at most so many multipliers, the one with the
least area x time is taken, but none that takes more than {SLOWEST:g} times as long as the fastest.
Layers that are not the slowest get the fewest multipliers that keep up. generate prints what was
weighed; see docs/hardware.md."""

_STREAMS = """\
How input vectors and answers travel on AXI4-Stream. Never changes a bit of an answer; the beats of
a packet take cycles, and no register is as wide as a vector. docs/hardware.md has every bit of it,
with waveforms, and what becomes of packets that are malformed."""

_BY_TARGET = """\
With a target, generate finds the word lengths that reach it at least cost, and builds that design.
Every width that is not given above is searched. Designs are measured on the --calibrate data
against the float network; the one that is built reaches the target there, and no width of it can
be a bit less."""

_SWEEP = """\
Measure every combination of some word lengths, and draw what they give against what they cost.
Ranges are A:B with both ends, A:B:STEP, or a single number; what is not given stays as for
generate. Combinations of which there is no design are listed with the reason. A sweep that was
interrupted goes on where it stopped when it is started again."""


def config(commands: Commands) -> None:
    """Add what prints a configuration."""
    parser = command(
        commands,
        "config",
        "print every format that generate would choose, with reasons, as a file to edit, and what "
        "the design would take of a chip",
        "lmu-hw config model.keras --calibrate train_x.npy > design.toml",
    )
    model(parser)
    calibrate(parser)
    _chip(parser)
    _streams(parser)
    formats(parser)


def generate(commands: Commands) -> None:
    """Add what makes a design."""
    parser = command(
        commands,
        "generate",
        "quantize a trained network and write its Verilog",
        "lmu-hw generate model.keras -o out --calibrate train_x.npy --weight-bits 12 --lanes 16",
    )
    model(parser)
    parser.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        required=True,
        help="folder: a new or empty one, or an earlier design, whose unchanged files are replaced",
    )
    parser.add_argument(
        "--name",
        metavar="NAME",
        help="name of the Verilog top; every module and file of the design begins with it, so that "
        "several designs share a project (default: the name of the model)",
    )
    parser.add_argument(
        "--reloadable",
        nargs="?",
        const=Reloadable.ALL.value,
        default=Reloadable.NONE.value,
        choices=[Reloadable.ALL.value, Reloadable.MEMORY.value],
        metavar="WHAT",
        help="give the top a port through which coefficients are written: 'all' of them (so is the "
        "option alone), for any network of the same shape and formats, or those of its 'memory' "
        f"alone, for any window, which must be {reloadable_kinds()}; see docs/hardware.md",
    )
    parser.add_argument(
        "--registers",
        action="store_true",
        help="give the top registers on AXI4-Lite: they identify it, start, stop and clear it, end "
        "sequences and count; with --reloadable coefficients are written through them; see "
        "docs/registers.md",
    )
    parser.add_argument(
        "--state-access",
        action="store_true",
        help="give the top a port through which states are read and written between steps: to save "
        "them, to restore them, to begin with others; with --registers through them; see "
        "docs/howto/states.md",
    )
    parser.add_argument(
        "--config", metavar="TOML", help="formats from an edited file, instead of choosing them"
    )
    calibrate(parser)
    _size(parser.add_argument_group("size and speed", _SIZE))
    _streams(parser.add_argument_group("streams", _STREAMS))
    formats(parser)
    _target(parser.add_argument_group("word lengths by target", _BY_TARGET))


def _size(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--lanes",
        type=number,
        default=AUTO,
        metavar="N",
        help="most multipliers of the slowest layer, or 'full' to unroll everything (default: "
        f"{Goal.DEFAULT_LANES}, or as many as the sample rate needs)",
    )
    group.add_argument("--clock", type=number, metavar="MHZ", help="clock of the hardware")
    group.add_argument(
        "--sample-rate",
        type=number,
        metavar="HZ",
        help="time steps in a second: take the plan with the fewest multipliers that keeps up with "
        "them at --clock",
    )
    group.add_argument(
        "--bank-words",
        type=number,
        metavar="N",
        help="most words of a bank of coefficients, a power of two: only one bank is read, which "
        "takes the less energy the smaller it is (default: the fewest blocks of memory)",
    )
    _chip(group)


def _chip(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    parser.add_argument(
        "--target",
        metavar="NAME",
        help="chip that area and clock are estimated for, and that the plan must fit: "
        f"{', '.join(CHIPS)} (default: an ECP5 of any size)",
    )


def _streams(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    parser.add_argument(
        "--stream-width",
        type=number,
        default=DEFAULT_WIDTH,
        metavar="BITS",
        help="bits of a beat of both streams: 8, 16, 32, 64 ...; a vector is a packet of beats; or "
        f"{VECTOR!r}: a whole vector in a beat (default: {DEFAULT_WIDTH})",
    )
    parser.add_argument(
        "--stream-elements",
        choices=[elements.value for elements in Elements],
        help="as many elements in a beat as fit, or each in a beat of its own (default: packed)",
    )
    parser.add_argument(
        "--stream-last",
        choices=[last.value for last in Last],
        help="what tlast ends: each vector, where tuser marks the end of a sequence, or a sequence "
        "(default: vector)",
    )

    parser.add_argument(
        "--streams",
        type=number,
        default=1,
        metavar="N",
        help="independent sequences that share the multipliers, each with a state of its own: 1, "
        "2, 4 ... 64; tid says whose a vector is; see docs/streams.md (default: 1)",
    )


def _target(group: argparse._ArgumentGroup) -> None:
    either = group.add_mutually_exclusive_group()
    either.add_argument(
        "--target-error",
        metavar="E",
        help="largest error: rms(fixed - float) / rms(float) of the outputs, such as 0.02 or 2%%",
    )
    either.add_argument(
        "--target-accuracy",
        metavar="P",
        help="smallest share of right answers, such as 0.95 or 95%%; needs --labels",
    )
    group.add_argument(
        "--labels",
        metavar="Y.npy",
        help="classes of the --calibrate data; without a target, generate ends with the accuracy",
    )
    measured(group)
    workers(group)


def sweep(commands: Commands) -> None:
    """Add what measures many."""
    parser = command(
        commands,
        "sweep",
        "measure a grid of word lengths; writes DIR/sweep.json and DIR/sweep.html",
        "lmu-hw sweep model.keras -o map --calibrate x.npy --labels y.npy --weight-bits 4:12 "
        "--state-bits 8:18",
    )
    parser.description = _SWEEP
    model(parser)
    parser.add_argument(
        "-o", "--output", metavar="DIR", required=True, help="folder for the two files"
    )
    parser.add_argument(
        "--calibrate",
        metavar="X.npy",
        required=True,
        help="typical inputs: ranges come from them, and every design is measured on them",
    )
    parser.add_argument(
        "--labels",
        metavar="Y.npy",
        help="classes (integers or one-hot), for accuracy, or real targets, for NRMSE (default: "
        "the error against float)",
    )
    parser.add_argument(
        "--restart", action="store_true", help="forget what an interrupted sweep has left in DIR"
    )
    formats(parser, ranges=True)
    group = parser.add_argument_group("measuring")
    measured(group)
    workers(group)
