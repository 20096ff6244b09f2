# SPDX-License-Identifier: Apache-2.0
"""Word lengths by target, and maps of what they cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from lmu_hw.api._given import calibration_data, options_of
from lmu_hw.checked import flag, instance, member, whole
from lmu_hw.errors import ConfigError
from lmu_hw.lmu import Network
from lmu_hw.quantize import Basis, MemoryRange, Options, Realization
from lmu_hw.sequences import SequencesLike

if TYPE_CHECKING:
    from lmu_hw.search import Cost, Limits, SearchResult, SweepReport

__all__ = ["search", "sweep"]


def search(
    network: Network,
    x: SequencesLike,
    labels: SequencesLike | None = None,
    *,
    target_error: float | Fraction | str | None = None,
    target_accuracy: float | Fraction | str | None = None,
    cost: Cost | str = "multiplier-area",
    limits: Limits | None = None,
    sequences: int | None = None,
    jobs: int | None = 1,
    scheduler: str | None = None,
    progress: Callable[[str, int, int | None], None] | None = None,
    weight_bits: int | None = None,
    memory_bits: int | None = None,
    state_bits: int | None = None,
    activation_bits: int | None = None,
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
) -> SearchResult:
    """Find the cheapest word lengths that reach a target.

    Parameters
    ----------
    network : Network
        From `load`.
    x : array (sequences, steps, inputs), list of arrays (steps, inputs), or Sequences
        In the network's own units; ranges come from it, and designs are measured on it.
    labels : array or list of arrays, optional
        Integer classes of `x`, for `target_accuracy`.
    target_error : number
        Largest ``rms(fixed - float) / rms(float)`` of the outputs, such as 0.02 or ``"2%"``.
    target_accuracy : number
        Smallest share of answers that are the label, such as 0.95 or ``"95%"``. Exactly one target
        must be given.
    cost : Cost or str
        ``multiplier-area``, ``coefficient-bits``, or ``state-bits``.
    limits : Limits, optional
        Narrowest and widest word length of each knob.
    sequences : int, optional
        Measure on at most so many, evenly spread; None: 10,000.
    jobs : int or None
        Processes; None: one for each core. A script that asks for more than one must be
        importable: its own work stands below ``if __name__ == "__main__":``.
    scheduler : str, optional
        Address of a Dask scheduler, whose cluster is used instead.
    progress : callable, optional
        Called with a stage, what is done of it, and what there is to do (None: not known).
    weight_bits, memory_bits, state_bits, activation_bits : int, optional
        None: searched.
    table_error, input_bits, input_scale, basis, margin, weight_margin, memory_range
        As for `configure`.
    error_feedback, repair, realization, memory_tolerance, refit, horizon
        As for `configure`.

    Returns
    -------
    SearchResult
        ``result.design`` is ready for `emit`.
    """
    arguments = locals()
    from lmu_hw.search import Cost, Knob, Limits, Workers
    from lmu_hw.search import search as find
    from lmu_hw.search.target import target_of

    default = Options()
    fixed = [knob for knob in Knob if arguments[knob.value] is not None]
    searched = {knob.value: getattr(default, knob.value) for knob in Knob if knob not in fixed}
    options = options_of(arguments | searched)
    if limits is not None:
        instance(limits, "`limits`", Limits)
    target = target_of(error=target_error, accuracy=target_accuracy)
    cost, workers = member(cost, "`cost`", Cost), Workers(jobs=jobs, scheduler=scheduler)
    sequences = _sequences(sequences)
    return find(
        network,
        calibration_data(network, x),
        x,
        labels,
        target=target,
        options=options,
        fixed=fixed,
        limits=limits,
        cost=cost,
        sequences=sequences,
        workers=workers,
        progress=progress,
    )


def sweep(
    network: Network,
    x: SequencesLike,
    labels: SequencesLike | None = None,
    *,
    directory: str | Path | None = None,
    cost: Cost | str = "multiplier-area",
    sequences: int | None = None,
    jobs: int | None = 1,
    scheduler: str | None = None,
    restart: bool = False,
    progress: Callable[[str, int, int | None], None] | None = None,
    weight_bits: int | Iterable[int] = 12,
    memory_bits: int | Iterable[int] | None = None,
    state_bits: int | Iterable[int] = 16,
    activation_bits: int | Iterable[int] = 12,
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
) -> SweepReport:
    """Measure a grid of word lengths.

    Parameters
    ----------
    network, x, cost, sequences, jobs, scheduler, progress
        As for `search`.
    labels : array or list of arrays, optional
        Integer classes of `x`, for accuracy, or real targets, for NRMSE.
    directory : str or Path, optional
        Gets ``sweep.json`` and ``sweep.html``. A sweep that was interrupted leaves its points
        there, and goes on from them.
    restart : bool
        Forget what an interrupted sweep has left.
    weight_bits, memory_bits, state_bits, activation_bits : int or iterable of int
        One or several, such as ``range(4, 13)``; memory_bits None: as weight_bits.
    table_error, input_bits, input_scale, basis, margin, weight_margin, memory_range
        As for `configure`.
    error_feedback, repair, realization, memory_tolerance, refit, horizon
        As for `configure`.
    """
    arguments = locals()
    from lmu_hw.search import Cost, Knob, Workers, checked_folder, write_sweep
    from lmu_hw.search import sweep as measure
    from lmu_hw.search.write import JOURNAL_FILE

    grid = {knob: _several(arguments[knob.value], knob.value) for knob in Knob}
    grid = {knob: bits for knob, bits in grid.items() if bits is not None}
    default = Options()
    options = options_of(arguments | {knob.value: getattr(default, knob.value) for knob in grid})
    cost, workers = member(cost, "`cost`", Cost), Workers(jobs=jobs, scheduler=scheduler)
    sequences, restart = _sequences(sequences), flag(restart, "`restart`")
    folder = None if directory is None else checked_folder(directory)
    report = measure(
        network,
        calibration_data(network, x),
        x,
        labels,
        grid=grid,
        options=options,
        cost=cost,
        sequences=sequences,
        workers=workers,
        journal=None if folder is None else folder / JOURNAL_FILE,
        restart=restart,
        progress=progress,
    )
    if folder is not None:
        write_sweep(report, folder)
    return report


def _sequences(number: object) -> int | None:
    return None if number is None else whole(number, "`sequences`", least=1)


def _several(bits: object, name: str) -> list[int] | None:
    """Return the word lengths of a range, or None for a single one, which `Options` checks."""
    if not isinstance(bits, Iterable) or isinstance(bits, str):
        return None
    several = [whole(each, f"`{name}`", least=2, most=32) for each in bits]
    if not several:
        raise ConfigError(f"`{name}` must be at least one number of bits, not {bits!r}")
    return several
