# SPDX-License-Identifier: Apache-2.0
"""Whether ``certificate.json``, which reports show, says no more than what was shown.

What follows from the design and from claims that were shown must be it, to the nine digits that the
file has; bounds must not be below what can be shown. `NOT_CHECKED` lists the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from lmu_verify.claims import Judge, Verdict, shown
from lmu_verify.design import Design, Layer, Node
from lmu_verify.end_to_end import error_verdicts
from lmu_verify.errors import NotShown
from lmu_verify.fields import Fields
from lmu_verify.gramian import find_gramian, noise_source
from lmu_verify.integers import Codes, ceil_root, identity, total
from lmu_verify.readouts import Readout, key_of, readout_verdicts, readouts
from lmu_verify.reference import FloatLayer

__all__ = ["NOT_CHECKED", "VERSION", "summary_verdicts"]

VERSION = 3
NOT_CHECKED = (
    "spectral_radius",
    "ideal_spectral_radius",
    "predicted_rms_ulp",
    "loop.spectral_radius",
    "loop.ideal_spectral_radius",
    "residue",
    "predicted_rounding",
    "accumulator_bits inside structured memories",
)
"""Predictions and measurements, not proofs."""

_DIGITS = Fraction(1, 10**8)  # of a number, which the nine digits may differ by
_KEYS = {"version", "design_digest", "not_checked", "steps", "memories", "readouts", "errors"}
_KEYS |= {"nodes"}
_MOST_STEPS = 1 << 40
_MEMORY_KEYS = {
    "name", "order", "memories", "format", "error_feedback", "u_limit", "u_saturates",
    "spectral_radius", "ideal_spectral_radius", "contraction", "input_gain", "rounding_gain",
    "bound", "limit", "proved", "provable_bits", "provable_scale", "predicted_rms_ulp", "loop",
    "residue", "rounding",
}  # fmt: skip
_NODE_KEYS = {"name", "bound", "limit", "overflow", "proved", "by_gain", "accumulator_bits"}
_MAX_LOOP = 1024


def summary_verdicts(
    document: Fields, design: Design, reference: list[FloatLayer], judges: list[Judge]
) -> Iterator[Verdict]:
    """Yield the verdicts on a summary; the claims of all judges were heard before."""
    document.known(_KEYS)
    steps = document.integer("steps", 1, _MOST_STEPS)
    try:
        listed = [one for judge in judges for one in readouts(design, reference, judge)]
        entries = document.objects("readouts")
        _complete(document, judges, listed, entries)
    except NotShown as reason:
        yield Verdict(memory="folder", claim="summary", holds=False, detail=str(reason))
        return
    for judge, entry in zip(judges, document.objects("memories"), strict=True):
        yield judge.verdict("summary", lambda j=judge, e=entry: _memory(j, e), "range")
        if entry.get("loop") is not None and entry.object("loop").flag("stable"):
            yield judge.verdict("stable loop", lambda j=judge: _loop(j), "stability")
    yield from readout_verdicts(listed, entries, steps)
    yield from error_verdicts(document.objects("errors"), design, reference, listed)
    yield _ranges(document, design, judges)


def _complete(
    document: Fields, judges: list[Judge], listed: list[Readout], entries: list[Fields]
) -> None:
    """Show that a summary is about every memory, and everything that reads one."""
    names = [entry.text("name") for entry in document.objects("memories")]
    if names != (expected := [judge.memory.name for judge in judges]):
        raise NotShown(f"its memories must be {expected}, not {names}")
    keys = [key_of(entry) for entry in entries]
    if keys != (wanted := [(r.name, r.judge.memory.name, r.delayed) for r in listed]):
        raise NotShown(f"its read-outs must be {wanted}, not {keys}")


def _require(entry: Fields, name: str, value: object) -> None:
    """Require a field to be what follows from design and claims."""
    found = entry.get(name)
    if isinstance(value, Fraction):
        number = entry.number(name)
        same = abs(number - value) <= _DIGITS * abs(value)
    else:
        same = type(found) is type(value) and found == value
    if not same:
        said = shown(value) if isinstance(value, Fraction) else repr(value)
        raise NotShown(f"{name} must be {said}, not {found!r:.80}")


def _memory(judge: Judge, entry: Fields) -> str:
    entry.known(_MEMORY_KEYS)
    memory, claims = judge.memory, judge.claims
    fmt = memory.format
    largest = max(claims.bound)
    values = {
        "order": memory.order,
        "memories": memory.node.segments,
        "format": f"{'s' if fmt.signed else 'u'}Q{fmt.int_bits}.{fmt.frac_bits}",
        "error_feedback": memory.node.error_feedback,
        "u_limit": memory.u_limit,
        "u_saturates": memory.u_saturates,
        "contraction": ceil_root(claims.witness.rate, 64),
        "input_gain": max(claims.input_gain),
        "rounding_gain": max(claims.rounding_gain),
        "bound": largest * fmt.ulp,
        "limit": fmt.max_code * fmt.ulp,
        "proved": largest <= fmt.max_code,
        "provable_bits": _provable_bits(judge),
        "provable_scale": _provable_scale(judge),
    }
    for name, value in values.items():
        _require(entry, name, value)
    delta = memory.error_ulp * fmt.ulp
    said = zip(entry.numbers("rounding", memory.order), claims.rounding_gain, strict=True)
    if any(value * (1 + _DIGITS) < delta * gain for value, gain in said):
        raise NotShown("rounding must be what narrowing adds to each state in the worst case")
    return f"{len(values) + 1} numbers follow from what was shown"


def _provable_bits(judge: Judge) -> int | None:
    """Return the fewest state bits that are proved with these integer bits."""
    memory, fmt = judge.memory, judge.memory.format
    gains = list(zip(judge.claims.input_gain, judge.claims.rounding_gain, strict=True))
    for bits in range(max(2, fmt.int_bits + 1), 64):
        heard = memory.u_limit * Fraction(2) ** (bits - 1 - fmt.int_bits)
        reached = max(heard * g + memory.error_ulp * t for g, t in gains)
        if reached <= (1 << (bits - 1)) - 1:
            return bits
    return None


def _provable_scale(judge: Judge) -> Fraction | None:
    """Return the share of its u that the memory may hear for these bits to be proved."""
    memory, fmt = judge.memory, judge.memory.format
    delta = memory.error_ulp * fmt.ulp
    fitting = Fraction(1)
    for g, t in zip(judge.claims.input_gain, judge.claims.rounding_gain, strict=True):
        room, heard = fmt.max_code * fmt.ulp - delta * t, g * memory.u_limit
        if room <= 0:
            return None
        fitting = min(fitting, room / heard) if heard else fitting
    return fitting


def _loop(judge: Judge) -> str:
    """Show that the loop ``A + B E_m`` over all memories of a layer is stable."""
    memory = judge.memory
    weights, count = memory.u.weights(memory.name, delayed=True), memory.node.segments
    if weights is None or memory.node.size > _MAX_LOOP:
        raise NotShown(f"a loop must have a memory that feeds back, and {_MAX_LOOP} states at most")
    a, b = memory.system.a, memory.system.b
    eye = identity(count).codes
    blocks = Codes(np.kron(eye, a.codes), a.bits)
    column = np.kron(eye, b.codes[:, None])
    loop = total(blocks, Codes(column.dot(weights.codes), b.bits + weights.bits))
    find_gramian(memory.name, loop, noise_source(len(loop.codes), None))
    return "the loop through u is stable while u does not saturate"


def _ranges(document: Fields, design: Design, judges: list[Judge]) -> Verdict:
    entries = document.objects("nodes")
    by_name = {judge.memory.name: judge for judge in judges}
    try:
        count = 0
        rest = iter(entries)
        for layer in design.layers:
            for node in layer.nodes:
                judge = by_name.get(node.name)
                _node(_next(rest, node.name), layer, node, judge)
                carried = [] if judge is None else judge.memory.carried
                for index, part in enumerate(carried):
                    entry = _next(rest, f"{node.name} {part.name}")
                    _carried(entry, by_name[node.name], index)
                    count += 1
                count += 1
        if (extra := next(rest, None)) is not None:
            raise NotShown(f"{extra.text('name')} is not in the design")
    except NotShown as reason:
        return Verdict(memory="all nodes", claim="ranges", holds=False, detail=str(reason))
    detail = f"of {count} signals, from formats, weights, and what was shown of memories"
    return Verdict(memory="all nodes", claim="ranges", holds=True, detail=detail)


def _next(entries: Iterator[Fields], name: str) -> Fields:
    entry = next(entries, None)
    if entry is None or entry.text("name") != name:
        found = "nothing" if entry is None else entry.text("name")
        raise NotShown(f"nodes must say next what {name} reaches, not {found}")
    entry.known(_NODE_KEYS)
    return entry


def _node(entry: Fields, layer: Layer, node: Node, judge: Judge | None) -> None:
    name, limit, by_gain = node.name, node.requant.format.max_code, entry.flag("by_gain")
    claimed = entry.integer("bound", 0, 1 << 256)
    if judge is not None and "range" in judge.shown and claimed >= max(judge.claims.bound):
        reached = max(judge.claims.bound)
    elif by_gain:
        raise NotShown(f"{name}: a bound by gain must be what was shown of the memory")
    elif node.update is not None:
        assert judge is not None
        reached = _by_format(judge)
    else:
        _, reached = layer.reach(node)
    if claimed < reached:
        raise NotShown(f"{name}: {shown(Fraction(reached))} can be shown, but {claimed} is claimed")
    if node.update is None:
        partial, _ = layer.reach(node)
        least = partial.bit_length() + 1
        if entry.integer("accumulator_bits", 1, 1 << 16) < least:
            raise NotShown(f"{name}: its accumulator needs {least} bits")
    for field, value in (
        ("limit", limit),
        ("overflow", node.requant.overflow),
        ("proved", claimed <= limit),
    ):
        _require_named(entry, name, field, value)


def _by_format(judge: Judge) -> Fraction:
    """Return what no narrowed state exceeds, in codes, whatever states and u do."""
    memory = judge.memory
    states = memory.system.a.row_sums()
    heard = Codes(memory.system.b.codes[:, None], memory.system.b.bits).row_sums()
    paths = memory.system.paths
    lost = [Fraction(0)] * memory.order if paths is None else paths.row_sums()
    u = memory.u_limit / memory.format.ulp
    sums = zip(states, heard, lost, strict=True)
    most = max(a * memory.format.magnitude + b * u + memory.error_ulp * n for a, b, n in sums)
    return most + memory.error_ulp


def _carried(entry: Fields, judge: Judge, index: int) -> None:
    part, name = judge.memory.carried[index], entry.text("name")
    bound = judge.claims.carried[index]
    if "sweeps" not in judge.shown:
        raise NotShown(f"{name}: rests on sweeps, which was not shown")
    for field, value in (
        ("bound", bound),
        ("limit", part.format.max_code),
        ("overflow", "forbid"),
        ("proved", True),
    ):
        _require_named(entry, name, field, value)
    entry.flag("by_gain")


def _require_named(entry: Fields, name: str, field: str, value: object) -> None:
    try:
        _require(entry, field, value)
    except NotShown as reason:
        raise NotShown(f"{name}: {reason}") from None
