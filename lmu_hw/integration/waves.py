# SPDX-License-Identifier: Apache-2.0
"""What GTKWave shows of a run of the testbench: codes as the values that they stand for."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hw.fixed import FixedFormat
from lmu_hw.integration.render import render
from lmu_hw.integration.subject import Subject
from lmu_hw.network import Packet

__all__ = ["Viewed", "viewed_elements", "viewed_nodes", "waves"]

# Bits of a trace's flags in GTKWave's save files.
_HEX, _DEC, _BIN, _RIGHT, _SIGNED, _POINT = 1 << 1, 1 << 2, 1 << 3, 1 << 5, 1 << 10, 1 << 30
_MOST = 16
"""Elements of a beat that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewed:
    """A signal of the testbench that holds a code.

    Attributes
    ----------
    name : str
    format : FixedFormat
    place : str
        Where it lies in what carries it, as a distance in bits.
    node : int
        Its number among the nodes of its layer; -1 of an element of a beat.
    layer : str
        The instance of the layer; empty of an element of a beat.
    """

    name: str
    format: FixedFormat
    place: int
    node: int = -1
    layer: str = ""

    @property
    def declaration(self) -> str:
        """Type and range in Verilog."""
        return f"{'signed ' if self.format.signed else ''}[{self.format.width - 1}:0]"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trace:
    """A line of the picture: a signal, how it is shown, and the bits behind the point."""

    signal: str
    flags: int
    shift: int = 0


def viewed_elements(packet: Packet, prefix: str) -> list[Viewed]:
    """Return the elements of a beat; none where an element takes several beats."""
    if packet.parts > 1:
        return []
    count = min(packet.per_beat if not packet.whole else packet.vector.size, _MOST)
    return [
        Viewed(name=f"{prefix}_{n}", format=packet.vector.format, place=n * packet.element_bits)
        for n in range(count)
    ]


def viewed_nodes(subject: Subject) -> list[Viewed]:
    """Return what every node stores, one lane after the other."""
    from lmu_hw.hdl.ports import layer_path
    from lmu_hw.hdl.writes import code_width

    return [
        Viewed(
            name=f"{node.name.replace('.', '__')}__lane_{lane}",
            format=node.signal.format,
            place=lane * code_width(layer),
            node=number,
            layer=layer_path(subject.plan, layer),
        )
        for layer in subject.plan.layers
        for number, node in enumerate(layer.layer.nodes)
        for lane in range(min(layer.beat, _MOST))
    ]


def waves(subject: Subject) -> dict[str, str]:
    """Return a save file for what the testbench dumps."""
    top = f"{subject.name}_tb"
    sides = {"s_axis": (subject.plan.source, "input"), "m_axis": (subject.plan.answer, "answer")}
    traces = [_bit(f"{top}.{name}") for name in ("clk", "rst")]
    for side, (packet, prefix) in sides.items():
        traces += [_bit(f"{top}.{side}_{name}") for name in ("tvalid", "tready")]
        traces += [_code(top, element) for element in viewed_elements(packet, prefix)]
    traces += [_code(top, node) for node in viewed_nodes(subject)]
    text = render("waves.gtkw.j2", name=subject.name, traces=traces)
    return {f"waves/{subject.name}.gtkw": text}


def _bit(signal: str) -> _Trace:
    return _Trace(signal=signal, flags=_BIN | _RIGHT)


def _code(top: str, viewed: Viewed) -> _Trace:
    """Return a code as a decimal number with its binary point in place."""
    fmt = viewed.format
    shift = max(fmt.frac_bits, 0)
    flags = _DEC | _RIGHT | (_SIGNED if fmt.signed else 0) | (_POINT if shift else 0)
    width = f"[{fmt.width - 1}:0]" if fmt.width > 1 else ""
    return _Trace(signal=f"{top}.{viewed.name}{width}", flags=flags, shift=shift)
