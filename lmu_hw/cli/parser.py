# SPDX-License-Identifier: Apache-2.0
"""What can be typed: commands, options, and help that teaches with an example each."""

from __future__ import annotations

import argparse

from lmu_hw._version import __version__
from lmu_hw.boards import BAUD, BOARDS
from lmu_hw.cli.arguments import Commands, command, design, number, reloaded, unsaid
from lmu_hw.cli.parser_design import config, generate, sweep
from lmu_hw.implement import TARGETS
from lmu_hw.implement.design import SEEDS
from lmu_hw.implement.flows import Cells
from lmu_hw.implement.targets import LIBERTY
from lmu_hw.network.frames import LINKS
from lmu_hw.prove.deadline import TIME_LIMIT
from lmu_hw.simulate import Simulator

__all__ = ["ALL", "AVAILABLE", "build_parser"]

ALL = "all"
AVAILABLE = "available"

_EPILOG = """\
a first run:
  lmu-hw inspect  model.keras
  lmu-hw generate model.keras -o out --calibrate train_x.npy --lanes 16
  lmu-hw simulate out --simulator all
  lmu-hw report   out --input test_x.npy --labels test_labels.npy
  lmu-hw implement out --target ecp5-25k

word lengths that are just enough:
  lmu-hw generate model.keras -o out --calibrate x.npy --labels y.npy --target-accuracy 95%
  lmu-hw sweep    model.keras -o map --calibrate x.npy --weight-bits 4:12 --state-bits 8:18

Data are (sequences, steps, features) in the network's own units: .npy; .npz (FILE.npz:NAME; beside
it lengths or mask, where sequences are of their own lengths); .csv, a row a step, names in the
first row (FILE.csv:ax,ay picks columns, a column 'sequence' separates sequences); .wav, a frame a
step, from which --input-scale follows.
exit status: 0 success; 1 the simulated hardware differs from the golden model, or a certificate
does not hold, or not everything was proved, or a clock that was asked for is not reached; 2 bad
input, or a tool that is missing.
"""

_PROVE = """\
Runs the emitted Verilog on symbols that stand for all inputs, and compares every word with the
network's formulas. What was not shown is named; exit status 1 unless all of it was."""

_IMPLEMENT = """\
Tools come from PyPI: pip install 'lmu_hw[implement]'. Where ports must be pins, for a bitstream
and on targets that have no other way, the design gets a wrapper that takes and gives a byte at a
time. A library of standard cells is the user's own; its timing needs OpenSTA (apt-get install
opensta). Leaves DIR/implement.json, and logs in DIR/implement/."""


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
    for add in (
        *(_inspect, config, generate, sweep),
        *(_predict, _simulate, _implement, _ask, _report, _compare, _verify, _prove, _reload),
    ):
        add(commands)
    return parser


def _inspect(commands: Commands) -> None:
    parser = command(
        commands,
        "inspect",
        "show what is in a trained file or a generated folder",
        "lmu-hw inspect model.keras",
    )
    parser.add_argument("path", metavar="PATH", help="trained file, or folder of a design")
    unsaid(parser)
    parser.add_argument(
        "--draft-mapping",
        metavar="FILE.toml",
        help="write a mapping for the state dict in PATH, to edit: which tensor is likely which "
        "part, and what names and shapes do not decide",
    )


def _predict(commands: Commands) -> None:
    parser = command(
        commands,
        "predict",
        "compute what the hardware answers, with the bit-exact golden model",
        "lmu-hw predict out --input test_x.npy -o y.npy",
    )
    design(parser)
    parser.add_argument("--input", metavar="X.npy", required=True, help="sequences to run")
    parser.add_argument("-o", "--output", metavar="Y.npy", required=True, help="answers, as values")
    parser.add_argument(
        "--codes", action="store_true", help="write integer codes instead of values"
    )
    parser.add_argument(
        "--initial-state",
        metavar="FILE.npz",
        help="codes that the first step finds, as --save-state writes them (default: zeros)",
    )
    parser.add_argument(
        "--save-state",
        metavar="FILE.npz",
        help="write the state after the last step, so that the next piece of a stream goes on "
        "from it",
    )
    reloaded(parser, "as after writing the coefficients of")


def _simulate(commands: Commands) -> None:
    parser = command(
        commands,
        "simulate",
        "run the emitted Verilog against the golden model, word by word",
        "lmu-hw simulate out --simulator all --input test_x.npy",
    )
    design(parser)
    parser.add_argument(
        "--simulator",
        choices=[*(simulator.value for simulator in Simulator), ALL, AVAILABLE],
        help="default: all; 'available' runs those that are installed and names the others",
    )
    parser.add_argument(
        "--netlist",
        choices=[cells.value for cells in Cells],
        help="run what synthesis makes of the Verilog, on icarus: gates or the cells of a family, "
        "every register and memory unknown at power-up, one cycle of reset; compares what is at "
        "the ports",
    )
    parser.add_argument(
        "--bulk",
        type=number,
        metavar="N",
        help="run N steps or some more on verilator alone, as a library that drives and compares "
        "inside: random codes, or your data over and over; four fifths at full load, the rest with "
        "pauses, back-pressure and resets; ends at the first word that differs",
    )
    parser.add_argument("--input", metavar="X.npy", help="your own data, run at full load")
    parser.add_argument(
        "--seed",
        type=number,
        default=0,
        metavar="N",
        help="of noise, pauses, back-pressure and resets (default: 0)",
    )
    parser.add_argument(
        "--max-cycles",
        type=number,
        metavar="N",
        help="cycles for the built-in stimuli, and as many for your data; 0: no limit "
        "(default: by simulator)",
    )
    reloaded(parser, "first write the coefficients of")
    parser.add_argument(
        "--waves", action="store_true", help="leave DIR/waves_<simulator>.vcd (Icarus: .fst)"
    )
    parser.add_argument(
        "--cache",
        metavar="FOLDER",
        help="where what simulators compiled is kept, and found again if nothing changed; at most "
        "1 GiB of it (default: $LMU_HW_CACHE, or lmu_hw in $XDG_CACHE_HOME or ~/.cache)",
    )


def _implement(commands: Commands) -> None:
    parser = command(
        commands,
        "implement",
        "synthesise, place and route the Verilog: area by part, clock, critical path, bitstream",
        "lmu-hw implement out --target ecp5-25k",
    )
    parser.description = f"{parser.description}\n{_IMPLEMENT}"
    design(parser)
    parser.add_argument(
        "--target",
        metavar="NAME",
        help=f"device: {', '.join(TARGETS)}; or {LIBERTY}: standard cells",
    )
    parser.add_argument(
        "--board",
        metavar="NAME",
        help="in place of a target: leave a bitstream for a board, on which the design answers "
        f"over a serial line: {', '.join(BOARDS)}",
    )
    parser.add_argument(
        "--link",
        metavar="LINK",
        help=f"that line: {' or '.join(LINKS)} (default: uart where the board has it)",
    )
    parser.add_argument("--baud", type=number, metavar="N", help=f"of a UART (default: {BAUD:,})")
    parser.add_argument(
        "--liberty",
        metavar="FILE.lib",
        help=f"library of standard cells that --target {LIBERTY} maps to",
    )
    parser.add_argument(
        "--dont-use",
        metavar="CELL",
        nargs="+",
        default=(),
        help="cells of that library to leave out; * and ? stand for others",
    )
    parser.add_argument(
        "--seeds",
        type=number,
        default=SEEDS,
        metavar="N",
        help="runs of place and route; their clocks differ by some percent, and the median counts "
        f"(default: {SEEDS})",
    )
    parser.add_argument(
        "--clock",
        type=number,
        metavar="MHZ",
        help="clock to aim at; exit status 1 if it is not reached (default: aim at more "
        "than can be reached)",
    )
    parser.add_argument(
        "--bitstream",
        action="store_true",
        help="leave a bitstream of the fastest run in DIR/implement/",
    )
    parser.add_argument(
        "--pins",
        metavar="FILE",
        help="constraints (.lpf, .pcf, .cst) for the ports of the wrapper; without them pins are "
        "of no particular board",
    )
    parser.add_argument(
        "--jobs",
        type=number,
        metavar="N",
        help="runs at a time (default: one for each core); never changes the result",
    )


def _ask(commands: Commands) -> None:
    parser = command(
        commands,
        "ask",
        "send samples to a board, read its answers, and compare them with the golden model",
        "lmu-hw ask out --port /dev/ttyUSB1 --input test_x.npy -o answers.npy",
    )
    design(parser)
    parser.add_argument("--port", metavar="DEVICE", required=True, help="serial port of the board")
    parser.add_argument(
        "--baud",
        type=number,
        default=BAUD,
        metavar="N",
        help=f"rate of its bitstream (default: {BAUD:,})",
    )
    parser.add_argument("--input", metavar="X.npy", required=True, help="sequences to send")
    parser.add_argument("-o", "--output", metavar="Y.npy", help="file for the answers, as values")


def _report(commands: Commands) -> None:
    parser = command(
        commands,
        "report",
        "measure what quantization costs; writes DIR/report.json and DIR/report.html",
        "lmu-hw report out --input test_x.npy --labels test_labels.npy",
    )
    design(parser)
    parser.add_argument(
        "--input", metavar="X.npy", help="sequences to measure on (default: calibration data)"
    )
    parser.add_argument(
        "--labels",
        metavar="Y.npy",
        help="classes (integers or one-hot; -1 or -100: the step does not count), for accuracy, "
        "or real targets, for NRMSE",
    )


def _compare(commands: Commands) -> None:
    parser = command(
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


def _reload(commands: Commands) -> None:
    parser = command(
        commands,
        "reload",
        "write the coefficients of another network, or another window, for a reloadable design",
        "lmu-hw reload out --model retrained.keras -o words.hex",
    )
    design(parser)
    reloaded(parser, "write the coefficients of")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        required=True,
        help="the writes to the port, in their order; .hex: text that $readmemh reads, one "
        "'@address word' for each; .h: arrays in C, for the driver; .py: a list in Python",
    )


def _verify(commands: Commands) -> None:
    parser = command(
        commands,
        "verify",
        "check that a folder is what it says: certificate, ranges, errors, Verilog",
        "lmu-hw verify out",
    )
    design(parser)


def _prove(commands: Commands) -> None:
    parser = command(
        commands,
        "prove",
        "prove for all inputs that the Verilog computes the network; writes DIR/proof.json",
        "lmu-hw prove out",
    )
    parser.description = f"{parser.description}\n{_PROVE}"
    design(parser)
    parser.add_argument(
        "--time-limit",
        type=number,
        default=TIME_LIMIT,
        metavar="SECONDS",
        help="give up what is not shown by then; it is named, and never counts as shown (default: "
        f"{TIME_LIMIT:g})",
    )
