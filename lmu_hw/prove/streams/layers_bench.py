# SPDX-License-Identifier: Apache-2.0
"""Drives the layers of a design of several streams, from its input to the queue of answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lmu_hw.network import QuantizedNetwork
from lmu_hw.plan import Plan
from lmu_hw.prove.algebra.words import Word, part
from lmu_hw.prove.bench import Bench
from lmu_hw.prove.bench_situation import Situation
from lmu_hw.prove.comparison import Failure
from lmu_hw.prove.data.buffers import wire
from lmu_hw.prove.hardware.machine import Machine
from lmu_hw.prove.hardware.netlist import Bit, Netlist
from lmu_hw.prove.hardware.parts import part_of
from lmu_hw.prove.naming import Symbols
from lmu_hw.prove.wires import stored_wires

__all__ = ["LayersBench", "queue_wires"]


def queue_wires(netlist: Netlist, plan: Plan) -> dict[str, Sequence[Bit]]:
    """Return the wires on which beats of answers come to the queue: codes, mark and stream.

    Raises
    ------
    Failure
        If one is missing.
    """
    layer = plan.layers[-1]
    bits = layer.layer.output.format.width * layer.beat
    payload = wire(netlist, "answers.i__payload")
    if len(payload) != bits + 1 + plan.stream.id_bits:
        raise Failure("a beat of answers must have its codes, its mark and its stream")
    return {
        "valid": wire(netlist, "answers.i__valid"),
        "codes": payload[:bits],
        "last": payload[bits : bits + 1],
        "stream": payload[bits + 1 :],
    }


class LayersBench(Bench):
    """Runs all in front of the queue of answers; when this gives room back, the bench says.

    Parameters
    ----------
    netlist : Netlist
    network : QuantizedNetwork
    plan : Plan
    symbols : Symbols
    """

    leaves, sink = "valid", "freed"

    def __init__(
        self, netlist: Netlist, network: QuantizedNetwork, plan: Plan, symbols: Symbols
    ) -> None:
        wires = {
            "s_axis_tready": netlist.ports("output")["s_axis_tready"],
            **queue_wires(netlist, plan),
            **stored_wires(netlist, plan),
        }
        cut = {"freed": wire(netlist, "answers.i__freed")}
        super().__init__(
            Machine(part_of(netlist, wires.values(), cut), wires), network, plan, symbols
        )

    def _answered(self, now: Situation, seen: list[Word]) -> Situation:
        """Compare a beat that comes to the queue; return where the run is then."""
        if not now.answers:
            raise Failure("there must be no answer, but there is one")
        layer, (due, *rest) = self.plan.layers[-1], now.answers
        beat, width = layer.beat, layer.layer.output.format.width
        for name, must in (("last", int(due.last)), ("stream", due.stream)):
            if self._bit(seen, name) != must:
                raise Failure(f"the {name} of the answer to step {due.step} must be {must}")
        first = now.answered * beat
        for lane, code in enumerate(due.codes[first : first + beat]):
            word = part(seen[self._place["codes"]], width * beat, lane * width, width)
            self._equal(f"output {first + lane} of step {due.step}", word, code, width)
        if first + beat < len(due.codes):
            return replace(now, answered=now.answered + 1)
        return replace(now, answers=tuple(rest), answered=0)
