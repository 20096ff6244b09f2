# SPDX-License-Identifier: Apache-2.0
"""Memories between parts: what is written where, and that it is what is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lmu_hw.plan import LayerPlan
from lmu_hw.prove.algebra.forms import symbol
from lmu_hw.prove.algebra.words import Word, join, unknown
from lmu_hw.prove.comparison import Failure
from lmu_hw.prove.hardware.machine import Machine
from lmu_hw.prove.hardware.netlist import Bit, Netlist
from lmu_hw.prove.hardware.parts import part_of
from lmu_hw.prove.narrowing import Codes

__all__ = ["Image", "InputMemory", "Rows", "memory_below", "wire"]

Image = Mapping[int, Word]
"""Words of a memory by their address."""


def wire(netlist: Netlist, name: str) -> list[Bit]:
    """Return the bits of a wire.

    Raises
    ------
    Failure
        If there is none of this name.
    """
    bits = netlist.wire(name)
    if bits is None:
        raise Failure(f"there must be a wire {name}")
    return bits


def memory_below(netlist: Netlist, prefix: str) -> str:
    """Return the only memory whose name begins with a prefix."""
    names = [name for name in netlist.memories if name.startswith(prefix)]
    if len(names) != 1:
        raise Failure(f"there must be one memory of {prefix}*, not {len(names)}")
    return names[0]


class Rows(list[Word]):
    """A memory some of whose words are known; the others are another thing whenever they are read.

    Parameters
    ----------
    known : mapping of int to Word
    width, size : int
    """

    def __init__(self, known: Image, width: int, size: int) -> None:
        super().__init__([unknown(width, "input")] * size)
        self._known, self._width = known, width

    def __getitem__(self, place: Any) -> Any:
        word = self._known.get(place)
        return unknown(self._width, "input") if word is None else word


class InputMemory:
    """The memory of a layer's input, and what writes it.

    It is cut where its checker sees it: the beat that comes, its number, and the page.

    Parameters
    ----------
    netlist : Netlist
    instance : str
        Of the layer.
    plan : LayerPlan
    """

    def __init__(self, netlist: Netlist, instance: str, plan: LayerPlan) -> None:
        self.plan, self.instance = plan, instance
        self.memory = memory_below(netlist, f"{instance}.source.")
        checker = f"{instance}.source.check_buffer"
        cut: dict[str, Sequence[Bit]] = {
            end: wire(netlist, f"{checker}.{end}") for end in ("valid", "filling", "beat")
        }
        cut["payload"] = wire(netlist, f"{instance}.source.i__payload")[:-1]
        self._machine = Machine(part_of(netlist, [], cut, written=[self.memory]), {})
        if self._machine.registers:
            raise Failure(f"{instance}: its input must be stored as it comes")
        inputs = self._machine.netlist.ports("input")
        self._free = {name: len(bits) for name, bits in inputs.items()}

    def image(self, x: Codes, page: int) -> Image:
        """Return the words that a vector leaves in the memory.

        Raises
        ------
        Failure
            If it also changes words that are none of its page, or they are written otherwise.
        """
        before = self._machine.unknown_state()
        self._machine.state = before
        beat, width = self.plan.input_beat, self.plan.layer.input.format.width
        for number, first in enumerate(range(0, len(x), beat)):
            codes = x[first : first + beat]
            data = [(code, width) for code in codes]
            missing = beat - len(codes)
            data += [(unknown(width * missing, "no element"), width * missing)] if missing else []
            self._cycle({"valid": 1, "filling": page, "beat": number, "payload": join(data)})
        rows = self._machine.state.memories[self.memory]
        changed = {
            place: word
            for place, (word, old) in enumerate(
                zip(rows, before.memories[self.memory], strict=True)
            )
            if word is not old
        }
        half = len(rows) // 2
        if any(place // half != page for place in changed):
            raise Failure(f"{self.instance}: an input vector must be stored in its page")
        return changed

    def check(self) -> None:
        """Check that vectors are stored in their pages, and nothing while no beat comes.

        Raises
        ------
        Failure
        """
        vector = self.plan.layer.input
        ends = vector.format.min_code, vector.format.max_code
        x = [symbol("input", ("stored", n), *ends) for n in range(vector.size)]
        for page in (0, 1):
            self.image(x, page)
        machine = self._machine
        machine.state = before = machine.unknown_state()
        self._cycle({"valid": 0})
        if machine.state.memories[self.memory] is not before.memories[self.memory]:
            raise Failure(f"{self.instance}: its input must be stored when a beat comes only")

    def _cycle(self, inputs: Mapping[str, Word]) -> None:
        free = {name: unknown(width, name) for name, width in self._free.items()}
        self._machine.cycle({**free, "clk": 0, **inputs})
