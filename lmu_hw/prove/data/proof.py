# SPDX-License-Identifier: Apache-2.0
"""What a design computes, part by part, and when; its control is shown elsewhere."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from lmu_hw.hdl.ports import instance_name
from lmu_hw.plan import Plan
from lmu_hw.prove.attempts import in_some_form, tried
from lmu_hw.prove.claims import Lemma, Part, amount
from lmu_hw.prove.comparison import Failure
from lmu_hw.prove.data.buffers import InputMemory
from lmu_hw.prove.data.ends import check_answers, check_entering, check_queue
from lmu_hw.prove.data.layer_bench import LayerBench
from lmu_hw.prove.data.layers import Explored, explore
from lmu_hw.prove.data.pace import check_pace
from lmu_hw.prove.data.packet_answers import check_sent, check_words
from lmu_hw.prove.data.packet_ends import check_bytes, check_packets
from lmu_hw.prove.hardware.netlist import Netlist
from lmu_hw.prove.naming import Symbols
from lmu_hw.prove.subject import Subject, Tell

__all__ = ["DataProof", "linked", "prove_data"]

_Claims = tuple[tuple[str, Callable[[Netlist, Plan], str]], ...]

_ENDS: tuple[_Claims, _Claims] = (
    (
        (
            "s_axis: a vector that is offered is sent on by its beats, in order, with its mark",
            check_entering,
        ),
    ),
    (
        ("answers: beats are kept where the queue says, and read from there", check_queue),
        (
            "m_axis: the beats of an answer become the answer that is offered, with its mark",
            check_answers,
        ),
    ),
)
"""What is claimed of both ends, where a beat is a whole vector."""

_ENDS_OF_PACKETS: tuple[_Claims, _Claims] = (
    (
        ("s_axis: a byte counts where tkeep says so, and is 0 otherwise", check_bytes),
        (
            "s_axis: every packet, whatever it lacks or has too much, becomes one vector, in "
            "order, with its mark, and s_axis_malformed says of each beat if it is wrong",
            check_packets,
        ),
    ),
    (
        (
            "answers: the beats of an answer fill words, which are kept where the account says, "
            "and read from there",
            check_words,
        ),
        (
            "m_axis: the words of an answer become the beats that are offered, with tkeep and mark",
            check_sent,
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataProof:
    """What was shown of the data of a design.

    Attributes
    ----------
    lemmas : tuple of Lemma
    ranges : tuple of str
        Nodes whose ranges are taken for granted.
    """

    lemmas: tuple[Lemma, ...]
    ranges: tuple[str, ...]

    @property
    def shown(self) -> bool:
        """All of it holds."""
        return all(lemma.shown for lemma in self.lemmas)


def prove_data(subject: Subject, tell: Tell) -> DataProof:
    """Show what every part does with its data, wherever its control may be.

    Parameters
    ----------
    subject : Subject
    tell : callable
        Told what is being shown.
    """
    netlist, plan = subject.netlist, subject.plan
    assumed: set[str] = set()
    lemmas: list[Lemma] = []

    def show(part: Part, claim: str, check: Callable[[], str]) -> None:
        tell(claim)
        lemmas.append(tried(part, claim, check))

    def layer(place: int) -> str:
        explored, ranges = _explored(subject, place, tell)
        assumed.update(ranges)
        amounts = ("situation", "word", "cycle")
        counts = explored.situations, explored.words, explored.cycles
        return ", ".join(amount(*each) for each in zip(counts, amounts, strict=True))

    show(
        Part.DATA,
        "links: what a part sends is what the next one receives",
        lambda: linked(subject),
    )
    entering, answering = _ENDS_OF_PACKETS if plan.stream.packets else _ENDS
    for claim, check in entering:
        show(Part.DATA, claim, lambda check=check: check(netlist, plan))
    for place, layer_plan in enumerate(plan.layers):
        name = layer_plan.layer.name
        claim = f"{name}: the beats of a vector fill its page, and nothing else is written"
        show(Part.DATA, claim, lambda place=place: _stored(subject, place))
        claim = (
            f"{name}: every step stores and sends what the network says, for all vectors and all "
            "that is left of the step before, in order, once, in the cycles of the plan, whenever "
            "it begins"
        )
        show(Part.DATA, claim, lambda place=place: layer(place))
    for claim, check in answering:
        show(Part.DATA, claim, lambda check=check: check(netlist, plan))
    claim = "at full load the steps of an endless sequence follow in the cycles of the plan"
    show(Part.TIME, claim, lambda: check_pace(netlist, plan))
    return DataProof(lemmas=tuple(lemmas), ranges=tuple(sorted(assumed)))


def _explored(subject: Subject, place: int, tell: Tell) -> tuple[Explored, set[str]]:
    """Follow a layer; return what was seen, and the nodes whose ranges are taken for granted.

    Raises
    ------
    Failure
        If it cannot be followed to the end.
    """
    layer = subject.plan.layers[place].layer.name

    def followed(symbols: Symbols) -> tuple[Explored, set[str]]:
        bench = LayerBench(subject.netlist, subject.network, subject.plan, place, symbols)
        explored = explore(bench, lambda number: tell(f"{layer}: {number} situations"))
        return explored, bench.assumed

    return in_some_form(followed)


def linked(subject: Subject) -> str:
    """Check that vectors have one size and format from part to part."""
    network, plan = subject.network, subject.plan
    first = plan.layers[0].layer.input
    if (first.size, first.format) != (network.inputs, network.input.format):
        raise Failure("the first layer must read the network's input")
    for sender, receiver in itertools.pairwise(plan.layers):
        vectors = sender.layer.output, receiver.layer.input
        if vectors[0].size != vectors[1].size or vectors[0].format != vectors[1].format:
            raise Failure(f"{receiver.layer.name} must read what {sender.layer.name} answers")
        if sender.beat != receiver.beat:
            raise Failure(f"{receiver.layer.name} must read beats as they are sent")
    return amount(len(plan.layers) + 1, "link")


def _stored(subject: Subject, place: int) -> str:
    layer = subject.plan.layers[place]
    memory = InputMemory(subject.netlist, instance_name(layer), layer)
    memory.check()
    return amount(layer.input_beats, "beat")
