# SPDX-License-Identifier: Apache-2.0
"""What is at the ends of a network: it receives vectors, keeps answers, and sends them."""

from __future__ import annotations

from typing import NamedTuple

from lmu_hw.hdl.axi_stream import FromAxi, ToAxi
from lmu_hw.hdl.packets import AnswerMemory, PacketReceiver, PacketSender
from lmu_hw.hdl.ports import is_watched
from lmu_hw.hdl.streams import VECTORS_HELD, AnswerQueue
from lmu_hw.network import INPUT
from lmu_hw.plan import Plan
from lmu_hw.plan.inventory import pages_of

__all__ = ["Ends", "ends_of", "room_of_answers"]


class Ends(NamedTuple):
    """What is between the ports of a design and its layers."""

    source: FromAxi | PacketReceiver
    answers: AnswerQueue | AnswerMemory
    sink: ToAxi | PacketSender


def ends_of(plan: Plan) -> Ends:
    """Return the ends of a network."""
    bits, room = plan.stream.id_bits, pages_of(plan.layers[0], INPUT)
    watched, vector = is_watched(plan), plan.answer.vector
    answers: AnswerQueue | AnswerMemory
    if plan.stream.packets or plan.stream.streams > 1:
        held, word = plan.answers_held, plan.answer_word
        answers = AnswerMemory(plan.answer, plan.beat, word, held=held, id_bits=bits)
    else:
        answers = AnswerQueue(vector, plan.beat)
    if plan.stream.packets:
        beat = plan.layers[0].input_beat
        source = PacketReceiver(plan.source, beat, watched=watched, id_bits=bits, room=room)
        return Ends(source, answers, PacketSender(plan.answer, plan.answer_word, id_bits=bits))
    source = FromAxi(plan.source.vector, plan.beat, watched=watched, id_bits=bits, room=room)
    return Ends(source, answers, ToAxi(vector, plan.beat, id_bits=bits))


def room_of_answers(plan: Plan) -> int:
    """Return the answers that the last layer may have sent and nobody has taken."""
    memory = plan.stream.packets or plan.stream.streams > 1
    return plan.answers_held if memory else VECTORS_HELD
