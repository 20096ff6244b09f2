# SPDX-License-Identifier: Apache-2.0
"""From a trained network to the folder of a design."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from lmu_hw.api._given import calibration_data, options_of, refuse_both
from lmu_hw.checked import flag, instance
from lmu_hw.design import Design
from lmu_hw.lmu import Network
from lmu_hw.network import DEFAULT_WIDTH, Elements, Last, stream_of, streams_of
from lmu_hw.plan import Additions, Goal, Reloadable, reloadable_of
from lmu_hw.quantize import Basis, Config, MemoryRange, Realization, choose_formats
from lmu_hw.quantize import configure as choose
from lmu_hw.sequences import SequencesLike

__all__ = ["configure", "emit", "quantize", "read_design"]


def configure(
    network: Network,
    calibration: SequencesLike | None = None,
    *,
    weight_bits: int = 12,
    memory_bits: int | None = None,
    state_bits: int = 16,
    activation_bits: int = 12,
    table_error: float = 1.0,
    input_bits: int | None = None,
    input_scale: Fraction | int | float | str = 1,
    basis: Basis | str = Basis.ORTHONORMAL,
    margin: float = 1.25,
    weight_margin: float = 1.0,
    memory_range: MemoryRange | str = MemoryRange.AUTO,
    error_feedback: bool = False,
    repair: bool = False,
    realization: Realization | str = Realization.DENSE,
    memory_tolerance: float | None = None,
    refit: bool | None = None,
    horizon: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> Config:
    """Choose every format of a design.

    Parameters
    ----------
    network : Network
        From `load`.
    calibration : array (sequences, steps, inputs), list of arrays, or Sequences, optional
        In the network's own units. Without it, ranges come from noise in -1 to 1.
    weight_bits, memory_bits, state_bits, activation_bits, table_error, input_bits, input_scale
        See `Options`, which checks them all.
    basis, margin, weight_margin, memory_range, error_feedback, repair, realization
        The same.
    memory_tolerance, refit, horizon
        The same.
    progress : callable, optional
        Told what is being done.

    Returns
    -------
    Config
        Every format; ``config.to_toml()`` is a file to edit.

    Raises
    ------
    ConfigError
        If an option is not what it must be, or a range does not fit the word length asked for.
    """
    options = options_of(locals())
    return choose(network, calibration_data(network, calibration), options, progress=progress)


def quantize(
    network: Network,
    calibration: SequencesLike | None = None,
    *,
    config: Config | None = None,
    weight_bits: int = 12,
    memory_bits: int | None = None,
    state_bits: int = 16,
    activation_bits: int = 12,
    table_error: float = 1.0,
    input_bits: int | None = None,
    input_scale: Fraction | int | float | str = 1,
    basis: Basis | str = Basis.ORTHONORMAL,
    margin: float = 1.25,
    weight_margin: float = 1.0,
    memory_range: MemoryRange | str = MemoryRange.AUTO,
    error_feedback: bool = False,
    repair: bool = False,
    realization: Realization | str = Realization.DENSE,
    memory_tolerance: float | None = None,
    refit: bool | None = None,
    horizon: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> Design:
    """Quantize a trained network.

    Parameters
    ----------
    network, calibration
        As for `configure`.
    config : Config, optional
        Formats to use instead of choosing them; no option may be given beside it.
    weight_bits, memory_bits, state_bits, activation_bits, table_error, input_bits, input_scale
        See `Options`, which checks them all.
    basis, margin, weight_margin, memory_range, error_feedback, repair, realization
        The same.
    memory_tolerance, refit, horizon
        The same.
    progress : callable, optional
        Told what is being done.

    Returns
    -------
    Design
        With `predict` and `trace`.

    Raises
    ------
    ConfigError
        As for `configure`, or if a configuration comes with options.
    """
    options = options_of(locals())
    if config is not None:
        refuse_both(config, options)
        return Design.build(network, config, calibration_data(network, calibration))
    data = calibration_data(network, calibration)
    return Design.of(choose_formats(network, data, options, progress=progress), data)


def emit(
    design: Design,
    directory: str | Path,
    *,
    lanes: int | Literal["auto", "full"] | None = "auto",
    clock: float | None = None,
    sample_rate: float | None = None,
    target: str | None = None,
    bank_words: int | None = None,
    name: str | None = None,
    reloadable: Reloadable | str | bool = False,
    registers: bool = False,
    state_access: bool = False,
    stream_width: int | str = DEFAULT_WIDTH,
    stream_elements: Elements | str | None = None,
    stream_last: Last | str | None = None,
    streams: int = 1,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Write a design as a folder that simulation, prediction and reports work on.

    Parameters
    ----------
    design : Design
        Of `quantize`.
    directory : str or Path
        Created; what is in it already is kept, but for files of an earlier design that are as they
        were written.
    lanes : int, "auto", "full" or None
        Most multipliers of the slowest layer. Of all plans with no more, the one with the least
        area x time is taken, but none that is more than 1.5 times slower than the fastest. "auto":
        16, or as many as the sample rate needs; "full" or None: everything at once.
    clock : float, optional
        In MHz.
    sample_rate : float, optional
        Time steps in a second: the plan with the fewest multipliers is taken that keeps up with
        them at `clock`, and of these the smallest.
    target : str, optional
        Chip that the plan is for, by a name of `lmu_hw.plan.CHIPS`: area and clock are estimated
        for it, and a plan that does not fit it is not taken. None: an ECP5 of any size.
    bank_words : int, optional
        Most words of a bank of coefficients, a power of two from 16 on: a word costs the less
        energy the smaller the bank that it is read from. None: the fewest blocks of memory.
    name : str, optional
        Names the Verilog top, and begins the name of every module and file; None: the name of the
        design, which is that of the model.
    reloadable : Reloadable, str or bool
        The top gets a port through which coefficients are written. "all" (True, too): weights,
        biases, tables and memories, for any network of the same shape and formats. "memory": those
        of structured memories alone, for any window.
    registers : bool
        The top gets registers on AXI4-Lite, which identify, start, stop and clear it and count; the
        coefficients of one that is reloadable are written through them.
    state_access : bool
        The top gets a port through which what persists from step to step is read and written while
        nothing is inside: to save, restore and begin with states. With registers, through them.
    stream_width : int or "vector"
        Bits of the beats of both streams, a power of two of 8 to 1,024: a vector is a packet of
        them. "vector": a whole vector is one beat.
    stream_elements : Elements, "packed" or "single", optional
        As many elements in a beat as fit (None, too), or each begins a beat of its own.
    stream_last : Last, "vector" or "sequence", optional
        tlast ends each vector (None, too), and tuser marks the end of a sequence; or tlast ends a
        sequence.
    streams : int
        Independent sequences that share the multipliers, each with a state of its own: 1, 2, 4 ...
        64. `s_axis_tid` says whose an input vector is, `m_axis_tid` whose an answer; steps of
        different streams overlap, so that a step takes fewer cycles.
    progress : callable, optional
        Told what is being done.

    Returns
    -------
    dict
        What ``manifest.json`` holds.

    Raises
    ------
    ConfigError
        If an argument is not what it must be, no plan keeps up with the sample rate or fits the
        target, or the folder cannot be written to.
    """
    from lmu_hw.writing import write_design

    return write_design(
        instance(design, "`design`", Design),
        directory,
        goal=Goal(
            lanes=lanes, clock=clock, sample_rate=sample_rate, target=target, bank_words=bank_words
        ),
        reloadable=reloadable_of(reloadable),
        additions=Additions(
            registers=flag(registers, "`registers`"),
            state_access=flag(state_access, "`state_access`"),
            streams=streams_of(streams),
        ),
        stream=stream_of(stream_width, stream_elements, stream_last),
        name=name,
        progress=progress,
    )


def read_design(directory: str | Path) -> Design:
    """Read the design in a folder that `emit` wrote."""
    return Design.read(directory)
