# SPDX-License-Identifier: Apache-2.0
"""All states that part of a circuit can be in after a reset, one step after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hw.prove.control.circuit import Bit, Circuit
from lmu_hw.prove.control.patterns import Program, Rows
from lmu_hw.prove.deadline import now

__all__ = ["Reached", "reach"]

_PATTERNS = 1 << 18  # that are run at once
_MOST_FREE = 16  # free bits, all of whose values are tried for each state


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What came out of running all states.

    Attributes
    ----------
    states : int
    cycles : int
        In which all of them are reached.
    violated : tuple of str
        Properties that some state violates.
    unfinished : str
        Why not all states were reached; empty: all were.
    """

    states: int
    cycles: int
    violated: tuple[str, ...] = ()
    unfinished: str = ""


def reach(
    circuit: Circuit,
    targets: Sequence[str],
    *,
    assumed: Sequence[str] = (),
    before: Sequence[str] = (),
    cut: Sequence[str] = (),
    seconds: float,
    tell: Callable[[int], None] = lambda states: None,
) -> Reached:
    """Look at the targets in every state that can follow on a cycle of reset, for all inputs.

    The registers that decide targets and assumptions hold anything before that reset. In a later
    one the state is no other than after the first: one cycle of reset leads there from anywhere.

    Parameters
    ----------
    circuit : Circuit
    targets : sequence of str
        Wires that must be 1, outside reset.
    assumed, before : sequence of str
        Wires that are 1 up to the cycle that is looked at; in all cycles before it.
    cut : sequence of str
        Wires that may have any value in any cycle.
    seconds : float
        Time after which it is given up.
    tell : callable
        Told the states so far.
    """
    wires = (*targets, *assumed, *before)
    roots = [circuit.net(name) for name in wires]
    cone = circuit.cone(roots, [circuit.net(name) for name in cut])
    program = Program(circuit, cone)
    free = [bit for bit in cone.free if bit != circuit.reset]
    if len(free) > _MOST_FREE:
        return Reached(states=0, cycles=0, unfinished=f"{len(free)} bits are free")
    literals = [program.literal(bit) for bit in roots]
    last = len(targets) + len(assumed)
    run = _Run(
        circuit,
        program,
        free=free,
        targets=literals[: len(targets)],
        assumed=literals[len(targets) : last],
        before=literals[last:],
    )
    state = run.after_reset()
    seen, frontier, cycles = {state.tobytes()}, state[np.newaxis], 0
    violated = np.zeros(len(targets), bool)
    started = told = now()
    while len(frontier) and not violated.all():
        following: set[bytes] = set()
        for part in np.array_split(frontier, -(-len(frontier) * run.values // _PATTERNS)):
            states, wrong = run.step(part)
            violated |= wrong
            following |= states
        fresh = sorted(following - seen)
        seen.update(fresh)
        frontier = np.frombuffer(b"".join(fresh), np.uint8).reshape(len(fresh), run.bytes)
        cycles += len(fresh) > 0
        seen_at = now()
        if seen_at - started > seconds:
            reason = (
                f"given up after {seen_at - started:.0f} s, {len(seen)} states and {cycles} cycles"
            )
            return Reached(states=len(seen), cycles=cycles, unfinished=reason)
        if seen_at - told > 1:
            told = seen_at
            tell(len(seen))
    names = tuple(name for name, wrong in zip(targets, violated, strict=True) if wrong)
    return Reached(states=len(seen), cycles=cycles, violated=names)


class _Run:
    """One cycle for a set of states, with all values of what is free.

    A state is a byte string: for each register, whether it can be 1, and whether it can be 0.
    """

    def __init__(
        self,
        circuit: Circuit,
        program: Program,
        *,
        free: Sequence[Bit],
        targets: Sequence[int],
        assumed: Sequence[int],
        before: Sequence[int],
    ) -> None:
        self.program = program
        self.reset = circuit.reset
        self.targets, self.assumed, self.before = (
            np.array(literals, np.intp) for literals in (targets, assumed, before)
        )
        self.values = 1 << max(len(free), 3)
        self.bytes = -(-2 * len(program.registers) // 8)
        self._free = self._all_values(free)

    def _all_values(self, free: Sequence[Bit]) -> Rows:
        """Return the rows of what is free: all values of it, and no reset."""
        number, rows = np.arange(self.values), []
        for bit in self.program.free:
            if bit == self.reset:
                row = np.zeros(self.values // 8, np.uint8)
            else:
                values = (number >> free.index(bit) & 1).astype(bool)
                row = np.packbits(values, bitorder="little")
            rows += [row, ~row]
        return np.array(rows, np.uint8).reshape(len(rows), self.values // 8)

    def after_reset(self) -> NDArray[np.uint8]:
        """Return the state after one cycle of reset, from any contents."""
        sources = {self.reset: (np.full(1, 0xFF, np.uint8), np.zeros(1, np.uint8))}
        rows = self.program.next_state(self.program.run(sources, 1))
        return np.packbits(rows[:, 0] & 1)

    def step(self, states: NDArray[np.uint8]) -> tuple[set[bytes], NDArray[Any]]:
        """Return the states that follow where no assumption fails, and which targets can fail."""
        width, count = self.values // 8, len(states)
        # Every state in all the patterns of its bytes.
        bits = np.unpackbits(states, axis=1, count=2 * len(self.program.registers))
        spread = np.repeat(bits.T * np.uint8(0xFF), width, axis=1)
        rows = self.program.run_rows(np.concatenate([spread, np.tile(self._free, (1, count))]))
        # Dead where an assumption cannot hold, and what comes after a failure does not matter.
        alive = np.bitwise_and.reduce(rows[self.assumed], axis=0)
        wrong = (rows[self.targets ^ 1] & alive).any(axis=1)
        for literals in (self.targets, self.before):
            alive &= np.bitwise_and.reduce(rows[literals], axis=0)
        following = np.unpackbits(self.program.next_state(rows), axis=1, bitorder="little")
        taken = np.unpackbits(alive, bitorder="little").astype(bool)
        packed = np.packbits(following[:, taken], axis=0).T
        return {state.tobytes() for state in packed}, wrong
