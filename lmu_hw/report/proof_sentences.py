# SPDX-License-Identifier: Apache-2.0
"""What is proved, predicted and measured of memories, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lmu_hw.measure.certified import MemoryReport
from lmu_hw.measure.results import Report, SignalReport
from lmu_hw.measure.words import Level, count, listed, number
from lmu_hw.proofs import ErrorBound, MemoryProof
from lmu_hw.report.checks import check
from lmu_hw.report.proof_rows import FEW_ANSWERS, ReadoutRow, proof_rows, readout_rows
from lmu_hw.report.what_if import CertifiedMemory as Memory
from lmu_hw.report.what_if import alternatives, certified_memories

__all__ = ["details", "proved", "uncertified"]

Sentence = tuple[Level, str]
_MOST_NAMES = 4


def proved(report: Report) -> list[Sentence]:
    """Return what a verdict says about proofs; nothing if nothing is certified."""
    memories = certified_memories(report)
    if not memories:
        return []
    about = [*_ranges(memories), *_stability(memories), *_residue(memories)]
    return [*_checked(report), *_end_to_end(report), *about]


def details(report: Report) -> list[str]:
    """Return what one bit more or less would do, and how well rounding is predicted."""
    reads = [_read(row, report.certified_steps) for row in readout_rows(report)]
    return [*reads, *_advice(report), *_noise(report), *_few(report)]


def uncertified(report: Report) -> list[str]:
    """Return why signals have no worst-case bound of their difference from float."""
    reasons: dict[str, list[str]] = {}
    for row in proof_rows(report):
        if row.note and row.certified is None and not row.part:
            reasons.setdefault(row.note, []).append(row.name)
    sentences = []
    for note, names in reasons.items():
        who = listed(names) if len(names) <= _MOST_NAMES else f"{count(len(names))} signals"
        sentences.append(f"No worst case of {who} against float: {note}.")
    return sentences


def _checked(report: Report) -> list[Sentence]:
    findings = check(report)
    aside = [(Level.GOOD, text) for text in findings.set_aside]
    if findings.wrong:
        return [(Level.BAD, f"A proof is wrong, report this: {'; '.join(findings.wrong)}."), *aside]
    text = (
        f"Nothing measured exceeds what is proved: {count(findings.ranges)} largest magnitudes and "
        f"{count(findings.errors)} largest errors lie within their bounds."
    )
    return [(Level.GOOD, text), *aside]


def _end_to_end(report: Report) -> list[Sentence]:
    """Return what holds of the outputs for all inputs, or why nothing does, with evidence."""
    outputs = [signal for signal in report.signals if "output" in signal.kind]
    certified = [(signal, signal.certified) for signal in outputs if signal.certified is not None]
    if len(certified) == len(outputs):
        return [(Level.GOOD, _bounded(report, certified))]
    if not report.loops and report.adversary is None:
        return []
    text = (
        "There is no bound from input to output: states or hidden units feed back into what they "
        "are computed from"
    )
    if report.loops:
        worst = max(report.loops, key=lambda loop: loop.radius)
        grows = "small differences grow" if worst.radius > 1.0 else "small differences fade there"
        text += (
            f". Where nothing enters its functions the loop of {worst.layer} has a spectral radius "
            f"of {worst.radius:.2f} in float, so that {grows}"
        )
    return [(Level.GOOD, f"{text}.{_found(report)}")]


def _bounded(report: Report, outputs: Sequence[tuple[SignalReport, ErrorBound]]) -> str:
    signal, error = max(outputs, key=lambda pair: max(pair[1].total) * (pair[0].ulp or 0.0))
    ulp = signal.ulp or 0.0
    text = (
        f"{signal.name} is within {number(max(error.total) * ulp)} of float for all inputs and all "
        f"time, within {number(max(error.within) * ulp)} in the first "
        f"{count(report.certified_steps)} steps, while nothing leaves its format with a loss."
    )
    certain, answers = report.task.certain, report.task.answers
    if certain is None:
        return text
    return (
        f"{text} The class of {count(certain)} of {count(answers)} answers "
        f"({100 * certain / answers:.1f} %) is certified: no rounding can change it."
    )


def _found(report: Report) -> str:
    """Return what a search for the worst input found."""
    adversary = report.adversary
    if adversary is None:
        return ""
    other = ", and the largest output is another one" if adversary.other_class else ""
    return (
        f" A search of {count(adversary.sequences)} sequences within the range of this data found "
        f"one of {count(adversary.steps)} steps on which nothing leaves its format and an output "
        f"of fixed point differs from float by {number(adversary.difference)}{other}; on the data "
        f"that it began with by at most {number(adversary.on_data)}."
    )


def _ranges(memories: Sequence[Memory]) -> list[Sentence]:
    sentences = []
    safe = [memory for memory in memories if memory[1].proved]
    if safe:
        tightest = max((proof for _, proof, _ in safe), key=lambda p: p.bound / p.limit)
        text = (
            f"{_names(safe)} cannot overflow, for all inputs and all time: proved from the peak "
            f"gain. No state exceeds {tightest.bound:.5g}, and the format ends at "
            f"{tightest.limit:.5g}."
        )
        sentences.append((Level.GOOD, f"{text}{_about_u(safe)}"))
    for memory, proof, signal in memories:
        if not proof.proved:
            level = Level.ATTENTION if signal.overflow == "wrap" else Level.GOOD
            behaviour = "wraps" if signal.overflow == "wrap" else "saturates"
            sentences.append(
                (
                    level,
                    f"{memory.name} may overflow, and then {behaviour}: its bound is "
                    f"{number(proof.bound)}, its format ends at {number(proof.limit)}. "
                    f"{_to_prove(memory, proof)}",
                )
            )
    return sentences


def _about_u(memories: Sequence[Memory]) -> str:
    fed = sorted({memory.feedback for memory, _, _ in memories if memory.feedback}, key=len)
    if not fed:
        return ""
    verb = "feeds" if fed[-1] in ("h", "m") else "feed"
    ends = "u saturates" if any(p.u_saturates for m, p, _ in memories if m.feedback) else ""
    why = ends or "the formats of what it reads limit u"
    return f" {fed[-1]} {verb} back into u; {why}, which keeps the proof valid."


def _to_prove(memory: MemoryReport, proof: MemoryProof) -> str:
    choices = []
    if proof.provable_bits is not None:
        choices.append(f"{proof.provable_bits} state bits instead of {memory.state_bits}")
    if proof.provable_scale is not None:
        choices.append(f"a memory that hears {proof.provable_scale:.3f} of its input")
    if not choices:
        return "No number of state bits proves it: the integer bits are too few."
    return f"Provable: {' or '.join(choices)}."


def _stability(memories: Sequence[Memory]) -> list[Sentence]:
    radius = max(proof.spectral_radius for _, proof, _ in memories)
    ideal = max(proof.ideal_spectral_radius for _, proof, _ in memories)
    sentences = [
        (
            Level.GOOD,
            f"{_names(memories)} {'is' if len(memories) == 1 else 'are'} stable, proved: spectral "
            f"radius {radius:.4f} (float {ideal:.4f}).",
        )
    ]
    loops = [(memory, proof.loop) for memory, proof, _ in memories if proof.loop is not None]
    stable = [(memory, loop) for memory, loop in loops if loop.stable]
    if stable:
        worst = max(stable, key=lambda entry: entry[1].spectral_radius)[1]
        of = "Its loop" if len(memories) == 1 else f"The loop of {_listed(m for m, _ in stable)}"
        sentences[0] = (
            Level.GOOD,
            f"{sentences[0][1]} {of} through u is stable as well while u does not saturate: "
            f"{worst.spectral_radius:.4f} (float {worst.ideal_spectral_radius:.4f}).",
        )
    for memory, loop in loops:
        if not loop.stable:
            as_trained = loop.ideal_spectral_radius >= 1.0
            why = "as trained" if as_trained else "though that of the float network is"
            sentences.append(
                (
                    Level.GOOD if as_trained else Level.ATTENTION,
                    f"The loop of {memory.name} through u is not shown to be stable, {why}: "
                    f"spectral radius {loop.spectral_radius:.4f} (float "
                    f"{loop.ideal_spectral_radius:.4f}). What is proved of ranges holds all the "
                    "same.",
                )
            )
    return sentences


def _residue(memories: Sequence[Memory]) -> list[Sentence]:
    measured = [proof.residue for _, proof, _ in memories if proof.residue is not None]
    if not measured:
        return []
    worst = max(measured, key=lambda residue: (residue.ulp, residue.silence))
    remainder = f"no state is above {count(worst.ulp)} ulp" if worst.ulp else "every state is zero"
    settled = all(residue.settled for residue in measured)
    enough = "so many that" if settled else "too few that"
    return [
        (
            Level.GOOD,
            f"After {count(worst.silence)} steps of silence, {enough} the memory would fall below "
            f"an ulp without rounding, {remainder} in the {count(worst.observed)} that follow "
            "(measured).",
        )
    ]


def _read(row: ReadoutRow, steps: int | None) -> str:
    """Return what is proved and measured of what a node reads of a memory."""
    text = f"What {row.name} reads of {row.memory} was off by at most {number(row.largest)}"
    if row.always is None or row.within is None:
        return f"{text} of a full scale of {number(row.full_scale)}."
    text += (
        f". Proved for all inputs, besides rounding: within {number(row.within)} in the first "
        f"{count(steps)} steps and within {number(row.always)} for all time, of a full scale of "
        f"{number(row.full_scale)}."
    )
    if row.likely_rounding is None:
        return f"{text} Rounding adds at most {number(row.worst_rounding)}."
    return (
        f"{text} Rounding adds more than {number(row.likely_rounding)} with a probability of 1e-12 "
        f"if rounding errors are independent (measured: at most {number(row.largest_rounding)}; "
        f"in the worst case {number(row.worst_rounding)})."
    )


def _advice(report: Report) -> list[str]:
    """Return what a bit would do, once for all memories of which the same holds."""
    alike: dict[tuple[int, str], list[str]] = {}
    for memory, proof, signal in certified_memories(report):
        design, more, fewer = alternatives(memory, proof, signal)
        if design.proved and not fewer.proved:
            range_ = f"; {{}} range is not proved with {fewer.state_bits}"
        elif more.proved and not design.proved:
            range_ = f"; {{}} range is proved with {more.state_bits}"
        else:
            range_ = ""
        alike.setdefault((design.state_bits, range_), []).append(memory.name)
    return [
        f"One state bit more than {bits} halves the rounding of {listed(names)}, one less doubles "
        f"it{range_.format('its' if len(names) == 1 else 'their')}."
        for (bits, range_), names in alike.items()
    ]


def _noise(report: Report) -> list[str]:
    sentences, ratios = [], []
    saturated = {signal.name for signal in report.signals if signal.saturations}
    for memory in report.memories:
        noise = memory.noise
        if memory.name in saturated:
            continue  # what saturates is not rounding
        states = zip(noise.rms_ulp, noise.predicted_ulp, noise.white, strict=False)
        ratios += [rms / guess for rms, guess, white in states if white and guess]
        slow = noise.white.count(False)
        if slow:
            sentences.append(
                f"{count(slow)} of {count(len(noise.white))} states of {memory.name} move by less "
                "than an ulp a step (RMS): their rounding is not white, and its prediction is a "
                "guide only."
            )
    if ratios:
        sentences.insert(
            0,
            f"The measured rounding noise of single states is {min(ratios):.2f} to "
            f"{max(ratios):.2f} times the predicted, over {count(len(ratios))} states.",
        )
    return sentences


def _few(report: Report) -> list[str]:
    """Return which predictions stand beside few answers."""
    names = [row.name for row in proof_rows(report) if row.few]
    if not names:
        return []
    return [
        f"The predicted errors of {listed(names)} stand beside those of fewer than "
        f"{FEW_ANSWERS} answers, which scatter: they are marked with *."
    ]


def _names(memories: Sequence[Memory]) -> str:
    return _listed(memory for memory, _, _ in memories)


def _listed(memories: Iterable[MemoryReport]) -> str:
    return listed([memory.name for memory in memories])
