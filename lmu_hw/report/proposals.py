# SPDX-License-Identifier: Apache-2.0
"""Formats that fit what was measured, of the same width, as lines of a configuration."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lmu_hw.fixed import FixedFormat
from lmu_hw.lmu import Role
from lmu_hw.measure.results import Report, SignalReport
from lmu_hw.measure.words import number

__all__ = ["Proposal", "proposals"]

_MARGIN = math.log2(1.25)
"""Bits that stay free above the largest magnitude: those of the default `margin`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A format for a node.

    Attributes
    ----------
    signal : str
    present, proposed : str
        Notations of the same width.
    reason : str
    lines : str
        Of a ``config.toml``.
    """

    signal: str
    present: str
    proposed: str
    reason: str
    lines: str

    @property
    def changes(self) -> bool:
        """The proposed format is another one."""
        return self.proposed != self.present


def proposals(report: Report) -> list[Proposal]:
    """Return a format for every sum that a configuration has one for, in evaluation order.

    Integer bits that nothing reached, by a margin of 1.25, become fraction bits; where codes left
    their format with a loss, fraction bits become as many integer bits as float needs. What is
    proved of a memory counts, not what was measured.
    """
    entering = {signal.name for signal in report.signals if signal.role is None and signal.layer}
    of_node = {s.reads[0]: s.name for s in report.signals if s.reads and s.reads[0] in entering}
    return [
        _proposal(signal, of_node.get(signal.name, signal.name))
        for signal in report.signals
        if signal.layer and not entering.intersection(signal.reads)  # a function's range is its own
    ]


def _proposal(signal: SignalReport, node: str) -> Proposal:
    present = FixedFormat.parse(signal.format)
    moved, reason = _moved(signal)
    moved = max(min(moved, present.frac_bits + 64), -64)
    proposed = FixedFormat(
        signed=present.signed,
        int_bits=present.int_bits + moved,
        frac_bits=present.frac_bits - moved,
    ).notation()
    return Proposal(
        signal=signal.name,
        present=signal.format,
        proposed=proposed,
        reason=reason,
        lines=f'[node."{node}"]\nformat = "{proposed}"\n',
    )


def _moved(signal: SignalReport) -> tuple[int, str]:
    """Return by how many bits the binary point moves to the right, and why."""
    if signal.saturations and not signal.lossless_clamp:
        beyond = signal.histogram.float_counts[signal.histogram.end_bin :]
        bits = max((k + 1 for k, count in enumerate(beyond) if count), default=1)
        return bits, f"float is beyond the format, up to {bits} bit"
    if signal.role is Role.MEMORY and signal.range is not None and signal.range.proved:
        free = math.log2(signal.range.limit / signal.range.bound) if signal.range.bound else 0.0
        if free < 1.0:
            return 0, "the proved bound needs it"
        return -math.floor(free), f"the proved bound leaves {number(free)} bit"
    headroom = signal.headroom_bits
    if headroom is None:
        return 0, "only zeros were seen"
    spare = math.floor(headroom - _MARGIN)
    if spare < 1:
        return 0, f"headroom {number(max(headroom, 0.0))} bit"
    return -spare, f"headroom {number(headroom)} bit: {spare} more of fraction"
