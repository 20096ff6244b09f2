# SPDX-License-Identifier: Apache-2.0
"""Which properties follow from which, part by part: so every part is small enough to be run.

What lies outside a part is free there, but for properties that are assumed of it, which other
lemmas show. A lemma is about the first cycle in which any property fails: all of them held before
it. In that cycle itself, it takes only those for granted that lemmas before it in the list show: so
there is no circle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from lmu_hw.hdl.checkers import CHECKERS

__all__ = ["ControlLemma", "lemmas_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlLemma:
    """Properties that are shown together.

    Attributes
    ----------
    claim : str
    targets : tuple of str
        Wires of checkers.
    assumed : tuple of str
        Targets of lemmas before this one.
    before : tuple of str
        Targets of any lemma: they hold in all cycles before the one that is looked at.
    cut : tuple of str
        Wires at which the part ends: free but for what is assumed of them.
    """

    claim: str
    targets: tuple[str, ...]
    assumed: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()


def lemmas_of(
    layers: Sequence[str], memories: Sequence[Sequence[str]], *, packets: bool = False
) -> list[ControlLemma]:
    """Return the lemmas of a design that are shown by running its states.

    Parameters
    ----------
    layers : sequence of str
        Names of the instances of the layers.
    memories : sequence of sequence of str
        Roles of the structured memories of each.
    packets : bool
        A vector is a packet of beats.
    """
    lemmas = [_receiver()] if packets else []
    for layer, roles in zip(layers, memories, strict=True):
        lemmas += [_steps(layer, roles), *_input(layer), _room(layer)]
    senders = ["from_axi", *layers]
    lemmas += [_room("from_axi"), _link("from_axi", layers[0])]
    lemmas += [_link(sender, receiver) for sender, receiver in pairwise(layers)]
    return [*lemmas, *(_sent if packets else _answers)(senders[-1])]


def _receiver() -> ControlLemma:
    return ControlLemma(
        claim="a vector is handed on when its packet is there, filled up where it is too short",
        targets=_wires("from_axi", "receiver"),
        cut=_wires("from_axi", "room", "room"),
    )


def _wires(place: str, kind: str, *names: str, at: str = "") -> tuple[str, ...]:
    """Return wires of a checker: those of some names, or of all its properties."""
    checker = ".".join(filter(None, (place, "_".join(filter(None, ("check", kind, at))))))
    return tuple(f"{checker}.{name}" for name in names or CHECKERS[kind].properties)


def _steps(layer: str, memories: Sequence[str]) -> ControlLemma:
    return ControlLemma(
        claim=f"{layer}: a step starts when its input is there, its answer has room and the one "
        "before ends, takes the cycles of the plan, and nothing collides in it",
        targets=(
            *_wires(layer, "step"),
            *_wires(f"{layer}.drain", "drain"),
            *(wire for role in memories for wire in _wires(layer, "unit", at=role)),
            *(wire for role in memories for wire in _wires(layer, "writes", at=role)),
        ),
        cut=_wires(layer, "step", "available", "marked", "room"),
    )


def _input(layer: str) -> list[ControlLemma]:
    source = f"{layer}.source"
    return [
        ControlLemma(
            claim=f"{layer}: vectors are stored and read in order, with their marks",
            targets=_wires(
                source, "buffer", "available_counted", "pages_in_turn", "beats_in_turn", "mark_kept"
            ),
            before=_wires(source, "buffer", "not_overwritten", "not_dropped_empty"),
            cut=_wires(source, "buffer", "valid", "last", "drop"),
        ),
        ControlLemma(
            claim=f"{layer}: only a vector that is there is dropped",
            targets=_wires(source, "buffer", "not_dropped_empty"),
            assumed=(
                *_wires(layer, "step", "vector_there", "one_at_a_time", "dropped_once"),
                *_wires(layer, "step", "dropped_within", "cycles_of_plan"),
                *_wires(source, "buffer", "available_counted"),
            ),
            before=_wires(source, "buffer", "not_overwritten"),
            cut=(
                *_wires(source, "buffer", "valid", "drop", "available"),
                *_wires(layer, "step", "start", "ends", "finish"),
            ),
        ),
    ]


def _room(sender: str) -> ControlLemma:
    return ControlLemma(
        claim=f"{sender}: the room behind it is counted right",
        targets=_wires(sender, "room", "room_counted"),
        before=_wires(sender, "room", "sent_into_room", "freed_once"),
        cut=_wires(sender, "room", "sent", "freed"),
    )


def _promises(sender: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what a layer promises whoever takes its answers, and where it is cut off."""
    assumed = (
        *_wires(sender, "step", "one_at_a_time", "begun_before_end", "room_there"),
        *_wires(sender, "step", "answered_as_promised", "answered_within"),
        *_wires(sender, "step", "answered_once", "answered_late"),
        *_wires(sender, "room", "room_counted"),
    )
    cut = _wires(sender, "step", "start", "ends", "marked", "answer", "room")
    return assumed, cut


def _link(sender: str, receiver: str) -> ControlLemma:
    source = f"{receiver}.source"
    assumed, cut = _promises(sender) if sender != "from_axi" else (_room(sender).targets, ())
    return ControlLemma(
        claim=f"{receiver}: no vector is overwritten before it was read",
        targets=(
            *_wires(sender, "room", "sent_into_room", "freed_once"),
            *_wires(source, "buffer", "not_overwritten"),
        ),
        assumed=(*assumed, *_wires(source, "buffer", "not_dropped_empty")),
        cut=(*cut, *_wires(source, "buffer", "drop")),
    )


def _answers(sender: str) -> list[ControlLemma]:
    assumed, cut = _promises(sender)
    return [
        ControlLemma(
            claim="no answer is overwritten before it was read, and answers leave in order",
            targets=(
                *_wires(sender, "room", "sent_into_room", "freed_once"),
                *(wire for wire in _wires("answers", "queue") if not wire.endswith("mark_kept")),
                *_wires("to_axi", "collector"),
            ),
            assumed=assumed,
            cut=cut,
        ),
        ControlLemma(
            claim="answers leave with their marks",
            targets=_wires("answers", "queue", "mark_kept"),
            assumed=_wires("answers", "queue", "marks_held", "taken_once", "offered_there"),
            cut=_wires("answers", "queue", "valid", "last", "taken", "offered"),
        ),
    ]


def _sent(sender: str) -> list[ControlLemma]:
    """Return what is shown of answers that are packets."""
    assumed, cut = _promises(sender)
    properties = [name for name in CHECKERS["answers"].properties if name != "mark_kept"]
    return [
        ControlLemma(
            claim="no answer is written over one that waits, and its beats leave in order",
            targets=(
                *_wires(sender, "room", "sent_into_room", "freed_once"),
                *_wires("answers", "answers", *properties),
                *_wires("to_axi", "sender"),
            ),
            assumed=assumed,
            cut=cut,
        ),
        ControlLemma(
            claim="answers leave with their marks",
            targets=_wires("answers", "answers", "mark_kept"),
            assumed=_wires("answers", "answers", "no_overflow"),
            cut=_wires("answers", "answers", "valid", "last"),
        ),
    ]
