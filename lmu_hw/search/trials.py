# SPDX-License-Identifier: Apache-2.0
"""Measuring word lengths against a target: no more sequences than the answer needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from lmu_hw.quantize import Config
from lmu_hw.search.lengths import WordLengths
from lmu_hw.search.pools import Pool
from lmu_hw.search.prepare import Progress
from lmu_hw.search.problem import Losses, Problem, Refusal, block_losses, configured
from lmu_hw.search.target import Target, joined

__all__ = ["Judge", "Trial", "Verdict"]


class Verdict(Enum):
    """What a trial found."""

    MET = "met"
    """The target is reached: on all sequences if the trial is certain, otherwise expected."""
    MISSED = "missed"
    """The target is missed: for certain on all sequences, otherwise expected."""
    INFEASIBLE = "infeasible"
    """There is no such design."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One combination of word lengths that was measured.

    Attributes
    ----------
    lengths : WordLengths
    verdict : Verdict
    certain : bool
        All sequences were run, or those that were run exceed what is allowed on all of them.
    sequences : int
        Sequences that were run.
    reason : str or None
        Why there is no such design.
    """

    lengths: WordLengths
    verdict: Verdict
    certain: bool
    sequences: int
    reason: str | None


@dataclass(slots=True)
class _Run:
    """A trial under way."""

    lengths: WordLengths
    config: Config | None
    reason: str | None
    parts: list[Losses] = field(default_factory=list)
    verdict: Verdict | None = None
    certain: bool = False


class Judge:
    """Measures word lengths, and remembers what it found.

    A design is run over a growing part of the sequences, in the target's order. It is *missed* as
    soon as its losses exceed the budget for all sequences, which is certain; before that it may be
    expected to be missed or met. `certain` goes on until nothing is left to expectation. The parts
    depend on the data and the target alone, so verdicts do not depend on who computes.

    Parameters
    ----------
    problem : Problem
        In the order of the target.
    target : Target
    pool : Pool
        That holds the problem.
    progress : callable
    """

    def __init__(self, problem: Problem, target: Target, pool: Pool, progress: Progress) -> None:
        self.problem, self.target, self.pool, self.progress = problem, target, pool, progress
        self.budget = target.budget(problem)
        self._runs: dict[WordLengths, _Run] = {}
        self._least = 0  # blocks without which nothing is expected
        self._sequences = 0

    @property
    def trials(self) -> tuple[Trial, ...]:
        """What was measured, in the order in which it was asked for."""
        return tuple(
            Trial(
                lengths=run.lengths,
                verdict=run.verdict,
                certain=run.certain,
                sequences=sum(len(part.wrong) for part in run.parts),
                reason=run.reason,
            )
            for run in self._runs.values()
            if run.verdict is not None
        )

    def measure(self, requested: Sequence[WordLengths], *, certain: bool = False) -> list[Verdict]:
        """Return a verdict on each of some word lengths, as certain as asked for."""
        different = dict.fromkeys(requested)
        self._configure([lengths for lengths in different if lengths not in self._runs])
        runs = [self._runs[lengths] for lengths in different]
        while open_runs := [run for run in runs if not self._decided(run, certain)]:
            self._advance(open_runs)
        self.progress("word lengths", len(self._runs), None)
        verdicts = (self._runs[lengths].verdict for lengths in requested)
        return [verdict for verdict in verdicts if verdict is not None]

    def demand_more(self) -> None:
        """Expect nothing from less than twice as much data as until now: it was misleading."""
        self._least = max(2 * self._least, 2 * self.target.first_blocks(self.problem))

    def config(self, lengths: WordLengths) -> Config:
        """Return the formats of word lengths that have been measured and are feasible."""
        config = self._runs[lengths].config
        if config is None:
            raise ValueError(f"there is no design with the word lengths {lengths}")
        return config

    def losses(self, lengths: WordLengths) -> Losses:
        """Return the losses on all sequences of word lengths that have been measured."""
        run = self._runs[lengths]
        while len(run.parts) < len(self.problem.starts):
            self._advance([run])
        return joined(run.parts)

    def _configure(self, new: list[WordLengths]) -> None:
        configs: dict[int, Config | Refusal] = dict(self.pool.run(configured, new))
        for number, lengths in enumerate(new):
            config = configs[number]
            refused = isinstance(config, Refusal)
            self._runs[lengths] = _Run(
                lengths=lengths,
                config=None if refused else config,
                reason=config.reason if refused else None,
            )

    def _advance(self, runs: list[_Run]) -> None:
        """Run the next part of each."""
        work = [(run, run.config, start) for run in runs for start in self._next(run)]
        blocks = [(config, start) for _, config, start in work if config is not None]
        results: dict[int, Losses] = {}
        for number, losses in self.pool.run(block_losses, blocks):
            results[number] = losses
            self._sequences += len(losses.wrong)
            self.progress("sequences", self._sequences, None)
        for number, (run, _, _) in enumerate(work):
            run.parts.append(results[number])

    def _next(self, run: _Run) -> list[int]:
        """Return the blocks to run next: half as many again as have been run."""
        blocks = len(run.parts)
        count = max(1, blocks // 2) if blocks else self.target.first_blocks(self.problem)
        return self.problem.starts[blocks : blocks + count]

    def _decided(self, run: _Run, certain: bool) -> bool:
        """Say whether a run needs no more sequences, and write its verdict down."""
        if run.config is None:
            run.verdict, run.certain = Verdict.INFEASIBLE, True
        elif run.parts and not run.certain:
            self._judge(run)
        expected = run.verdict is not None and len(run.parts) >= self._least
        return run.certain or (expected and not certain)

    def _judge(self, run: _Run) -> None:
        losses = joined(run.parts)
        low, high = self.target.total(losses, self.problem)
        if self.target.spent(losses) > self.budget:
            run.verdict, run.certain = Verdict.MISSED, True
        elif len(run.parts) == len(self.problem.starts):
            run.verdict, run.certain = Verdict.MET, True
        elif low > self.budget:
            run.verdict = Verdict.MISSED
        else:
            run.verdict = Verdict.MET if high <= self.budget else None
