# SPDX-License-Identifier: Apache-2.0
"""What is done with the folder of a design."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lmu_hw.errors import ConfigError
from lmu_hw.prove.deadline import TIME_LIMIT
from lmu_hw.sequences import SequencesLike

if TYPE_CHECKING:
    from lmu_hw.boards import Answers
    from lmu_hw.implement.flows import Cells
    from lmu_hw.lmu import Network
    from lmu_hw.measure import Report
    from lmu_hw.measure.implementation import Implementation
    from lmu_hw.prove.claims import ProofResult
    from lmu_hw.reload import Reloaded
    from lmu_hw.report import Comparison
    from lmu_hw.simulate import Result, Simulator
    from lmu_verify import Verdict

__all__ = ["ask", "compare", "implement", "prove", "reload", "report", "simulate", "verify"]


def simulate(
    directory: str | Path,
    x: SequencesLike | None = None,
    *,
    simulators: Collection[Simulator | str] | None = None,
    seed: int = 0,
    max_cycles: int | None = None,
    waves: bool = False,
    theta: float | None = None,
    network: Network | None = None,
    netlist: Cells | str | None = None,
    cache: str | Path | None = None,
    bulk: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Result]:
    """Run the emitted Verilog against the golden model, and compare every stored word.

    Parameters
    ----------
    directory : str or Path
        Written by `emit`; ``simulation.json`` is left in it.
    x : array (sequences, steps, inputs), list of arrays (steps, inputs), or Sequences, optional
        Data that are run beside the built-in stimuli, in the network's own units.
    simulators : collection of Simulator or str, optional
        At least one of ``icarus``, ``verilator`` and ``amaranth``; None: the first two, or the
        first alone with `netlist`.
    seed : int
        Of stimuli, pauses and back-pressure.
    max_cycles : int, optional
        Cycles for the built-in stimuli, and as many for `x`; 0: no limit; None: by simulator.
    waves : bool
        Leave the waveforms in the folder.
    theta : float, optional
        First write the coefficients of this window, in steps, to a reloadable design.
    network : Network, optional
        First write the coefficients of this network, from `load`, to a design all of whose
        coefficients are reloadable.
    netlist : Cells or str, optional
        Run the netlist that synthesis makes of the Verilog, of ``generic``, ``ecp5``, ``ice40`` or
        ``xilinx7`` cells, with everything unknown at power-up; compares what is at the ports.
    cache : str or Path, optional
        Folder in which compiled benches are kept, and used again if nothing changed; None: that of
        the environment variable LMU_HW_CACHE, or ``lmu_hw`` in the user's folder for caches.
    bulk : int, optional
        Run so many steps or some more on Verilator alone, instead of the bench of all simulators:
        as a library that drives the design and compares its words inside, random codes or `x` over
        and over. Without `simulators`, `max_cycles`, `waves` and `netlist`.
    progress : callable, optional
        Called with a simulator's name, the answers so far, and the answers expected.

    Returns
    -------
    list of Result
        One for each simulator; ``result.passed`` says that words were compared and all were equal.

    Raises
    ------
    ToolError
        If a simulator is missing or does not compile the design.
    ConfigError
        If an argument is not what it must be, or `cache` cannot be written to.
    LoadError, NetworkError
        If the folder or `x` is not what it must be.
    """
    from lmu_hw.simulate import simulate as run

    if bulk is not None:
        from lmu_hw.simulate.bulk.run import simulate_bulk

        others = {"max_cycles": max_cycles, "waves": waves, "netlist": netlist}
        _alone(**others, simulators=simulators if _others(simulators) else None)
        options = {
            "seed": seed,
            "theta": theta,
            "network": network,
            "cache": cache,
            "progress": progress,
        }
        return [simulate_bulk(directory, bulk, x, **options)]
    if simulators is None:
        simulators = ("icarus", "verilator") if netlist is None else ("icarus",)
    return run(
        directory,
        x,
        simulators=simulators,
        seed=seed,
        max_cycles=max_cycles,
        waves=waves,
        theta=theta,
        network=network,
        netlist=netlist,
        cache=cache,
        progress=progress,
    )


def _others(simulators: Collection[Simulator | str] | None) -> bool:
    """Say whether other simulators than Verilator are asked for."""
    return any(getattr(name, "value", name) != "verilator" for name in simulators or ())


def _alone(**options: object) -> None:
    """Raise unless what `bulk` does not use was left out."""
    for name, value in options.items():
        if value is not None and value is not False:
            raise ConfigError(f"`{name}` must be left out with `bulk`, not {value!r}")


def implement(
    directory: str | Path,
    *,
    target: str | None = None,
    seeds: int = 3,
    clock: float | None = None,
    bitstream: bool = False,
    pins: str | Path | None = None,
    board: str | None = None,
    link: str | None = None,
    baud: int | None = None,
    jobs: int | None = None,
    liberty: str | Path | None = None,
    dont_use: Sequence[str] = (),
    progress: Callable[[str, int, int | None], None] | None = None,
) -> Implementation:
    """Synthesise, place and route the emitted Verilog, and find its clock.

    Parameters
    ----------
    directory : str or Path
        Written by `emit`; ``implement.json`` is left in it, and logs in ``implement/``.
    target : str, optional
        Such as ``ecp5-25k``; ``lmu-hw implement --help`` lists all of them. ``liberty``: standard
        cells of a library. Left out with a board.
    seeds : int
        Runs of place and route, of whose clocks the median counts.
    clock : float, optional
        MHz to aim at; None: more than can be reached. With a board, the clock of the design there.
    bitstream : bool
        Leave a bitstream of the fastest run, with a wrapper around the design that takes and gives
        a byte at a time.
    pins : str or Path, optional
        File of constraints in the form of the target's tools, for the ports of the wrapper.
    board : str, optional
        Such as ``icebreaker``: leave a bitstream for it, on which the design answers over a serial
        line.
    link : str, optional
        ``uart`` or ``spi``; None: UART where the board has it.
    baud : int, optional
        Of a UART; None: 115,200.
    jobs : int, optional
        Processes at a time; None: one for each core.
    liberty : str or Path, optional
        Library of standard cells, with the target of that name.
    dont_use : sequence of str
        Cells of it that are left out; ``*`` and ``?`` stand for others.
    progress : callable, optional
        Called with a stage, how much of it is done, and of how much if there is a total.

    Raises
    ------
    ConfigError, LoadError
        If an argument or the folder is not what it must be.
    ToolError
        If a package is missing, a tool fails, or the design does not fit.
    """
    from lmu_hw.implement import implement as run

    return run(
        directory,
        target=target,
        seeds=seeds,
        clock=clock,
        bitstream=bitstream,
        pins=pins,
        board=board,
        link=link,
        baud=baud,
        jobs=jobs,
        liberty=liberty,
        dont_use=dont_use,
        progress=progress or (lambda stage, done, total: None),
    )


def ask(
    directory: str | Path,
    x: SequencesLike,
    *,
    port: str,
    baud: int = 115_200,
) -> Answers:
    """Send samples to a board that holds the design, and compare its answers with the golden model.

    Parameters
    ----------
    directory : str or Path
        Written by `emit`; the board is loaded with a bitstream of `implement`.
    x : array (sequences, steps, inputs), list of arrays (steps, inputs), or Sequences
        In the network's own units.
    port : str
        Serial port of the board, such as ``/dev/ttyUSB1``.
    baud : int
        Of its bitstream.
    """
    from lmu_hw.boards import ask as run

    return run(directory, x, port=port, baud=baud)


def reload(
    directory: str | Path, network: Network | None = None, *, theta: float | None = None
) -> Reloaded:
    """Return what to write into a reloadable design so that it computes another network.

    Parameters
    ----------
    directory : str or Path
        Written by `emit` with `reloadable`.
    network : Network, optional
        From `load`: of the same shape, it is quantized into the formats of the design.
    theta : float, optional
        In its place: another window of every memory, in steps.

    Returns
    -------
    Reloaded
        ``reloaded.writes`` is a list of (address, data); ``reloaded.design`` predicts what the
        hardware then answers.

    Raises
    ------
    ConfigError, NetworkError
        If it does not fit: names the node, the rule and the value.
    """
    from lmu_hw.reload import reload as run

    return run(directory, network, theta=theta)


def report(
    directory: str | Path,
    x: SequencesLike | None = None,
    labels: SequencesLike | None = None,
    *,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Measure what quantization costs; write ``report.json`` and ``report.html`` into the folder.

    Parameters
    ----------
    directory : str or Path
        Written by `emit`.
    x : array (sequences, steps, inputs), list of arrays (steps, inputs), or Sequences, optional
        What is measured on, in the network's own units; None: the calibration data.
    labels : array or list of arrays, optional
        Of `x`: integer classes, (sequences,) or (sequences, steps), or real targets in the shape of
        the output.
    progress : callable, optional
        Called with the number of sequences done since the last call.
    """
    from lmu_hw.report import write_report

    return write_report(directory, x, labels, progress)


def compare(directories: Sequence[str | Path]) -> Comparison:
    """Put the reports of two or more designs side by side.

    Parameters
    ----------
    directories : sequence of str or Path
        Folders with a report.
    """
    from lmu_hw.report import compare as side_by_side

    return side_by_side(directories)


def verify(
    directory: str | Path, *, progress: Callable[[str], None] | None = None
) -> list[Verdict]:
    """Check a design's folder and its certificate; see `lmu_hw.verification.verify`."""
    from lmu_hw.verification import verify as check

    return check(directory, progress=progress)


def prove(
    directory: str | Path,
    *,
    time_limit: float = TIME_LIMIT,
    progress: Callable[[str], None] | None = None,
) -> ProofResult:
    """Prove, for all inputs, that the emitted Verilog computes the network.

    Parameters
    ----------
    directory : str or Path
        Written by `emit`; ``proof.json`` is left in it.
    time_limit : float
        Seconds after which what is left is given up, and named.
    progress : callable, optional
        Told what is being proved.

    Returns
    -------
    ProofResult
        ``result.proved`` says that every part of the claim was shown; ``result.missing`` names what
        was not.
    """
    from lmu_hw.prove.run import prove as run

    return run(directory, time_limit=time_limit, progress=progress)
