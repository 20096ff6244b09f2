# SPDX-License-Identifier: Apache-2.0
"""What stands around a design on a board: its clock, its reset, the serial line, and the pins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lmu_hw.boards.clocks import ClockCell, clock_cell
from lmu_hw.boards.ports import Ports
from lmu_hw.boards.registry import Board, board_named
from lmu_hw.checked import member, real, whole
from lmu_hw.errors import ConfigError
from lmu_hw.network.frames import Link
from lmu_hw.plan import Plan, one_stream

__all__ = ["BAUD", "DESIGN", "Build", "build_board", "divisor"]

BAUD = 115_200

DESIGN = "inner"
"""Name of the design's instance."""

_SLOWEST_BIT, _FASTEST_BIT = 0xFFFF, 8
_OFF = 0.02
"""Part by which a UART may be too fast or too slow: half a bit at the end of a byte are 5 %."""

_WAIT = 10
"""Bits of a counter that keeps the design in reset at first: block RAMs of iCE40 need some
microseconds after the configuration."""

_INDENT = "  "


@dataclass(frozen=True, kw_only=True)
class Build:
    """What is synthesised for a board, beside the Verilog of a design.

    Attributes
    ----------
    board : Board
    link : Link
    clock : float
        MHz.
    baud : int or None
        None: it is no UART.
    top : str
    verilog : str
        The top, and the link.
    pins : str
        Constraints, as nextpnr reads them for the device.
    """

    board: Board
    link: Link
    clock: float
    baud: int | None
    top: str
    verilog: str
    pins: str

    @property
    def pins_file(self) -> str:
        """Name of the file of constraints."""
        return f"{self.board.name}{'.pcf' if self.board.family == 'ice40' else '.lpf'}"

    @property
    def words(self) -> str:
        """How the design is reached."""
        rate = "" if self.baud is None else f" at {self.baud:,} baud"
        where = self.board.where[self.link]
        return f"{self.link.value.upper()}{rate}, {where}; clock {self.clock:g} MHz"


def build_board(
    board: object,
    ports: Ports,
    name: str,
    plan: Plan,
    *,
    link: object = None,
    baud: object = None,
    clock: object = None,
) -> Build:
    """Return what puts a design on a board.

    Parameters
    ----------
    board : Board or str
    ports : Ports
        Of the top of the design.
    name : str
        Of that top.
    plan : Plan
    link : Link or str, optional
        None: UART where the board has it.
    baud : int, optional
        Of a UART; None: `BAUD`.
    clock : float, optional
        MHz; None: that of the board.

    Raises
    ------
    ConfigError
        If the board has no such link or clock, or the clock does not fit the bits of the UART.
    """
    from lmu_hw.hdl.link import link_verilog

    one_stream(plan, "`board`", "what comes over its serial line is one")

    chosen = board if isinstance(board, Board) else board_named(board)
    kind = next(iter(chosen.links)) if link is None else member(link, "`link`", Link)
    if kind not in chosen.links:
        has = " and ".join(other.value for other in chosen.links)
        raise ConfigError(f"`link` must be {has} on {chosen.name}, not {kind.value!r}")
    mhz = chosen.clock
    if clock is not None:
        mhz = real(clock, "`clock`", rule="a positive number of MHz", above=0)
    pin_mhz = None if chosen.oscillator is None else chosen.oscillator[1]
    cell = clock_cell(chosen.family, pin_mhz, mhz)
    rate = None
    if kind is Link.UART:
        rate = whole(BAUD if baud is None else baud, "`baud`", least=1)
    elif baud is not None:
        raise ConfigError("`baud` must be left out with `link` spi, whose clock is the host's")
    top, module = f"{name}__{chosen.name.replace('-', '_')}", f"{name}__{kind.value}"
    bits = None if rate is None else divisor(cell.mhz, rate)
    text = "\n".join(_top(chosen, kind, cell, ports, name, top, module))
    return Build(
        board=chosen,
        link=kind,
        clock=cell.mhz,
        baud=rate,
        top=top,
        verilog=f"{text}\n{link_verilog(kind, plan, module, bits)}",
        pins="".join(f"{line}\n" for line in _constraints(chosen, kind)),
    )


def divisor(mhz: float, baud: int) -> int:
    """Return the cycles of a bit, or raise `ConfigError` if these are too far from whole."""
    cycles = mhz * 1e6 / baud
    nearest = round(cycles)
    if not _FASTEST_BIT <= nearest <= _SLOWEST_BIT or abs(nearest / cycles - 1) > _OFF:
        raise ConfigError(
            f"`baud` must divide the clock of {mhz:g} MHz into {_FASTEST_BIT} to "
            f"{_SLOWEST_BIT:,} cycles a bit, within {_OFF:.0%}, not {baud}, which is {cycles:.4g}"
        )
    return nearest


def _top(
    board: Board,
    link: Link,
    cell: ClockCell,
    ports: Ports,
    name: str,
    top: str,
    module: str,
) -> Iterator[str]:
    """Yield the lines of the top."""
    pins = [
        *(["input oscillator"] if board.oscillator is not None else []),
        *(f"{'output' if pin in ('tx', 'cipo') else 'input'} {pin}" for pin in board.links[link]),
    ]
    yield f"// {name} on {board.words}: {link.value.upper()} at {board.where[link]}."
    yield "// Generated by lmu_hw. Do not edit."
    yield f"module {top} ({', '.join(pins)});"
    yield f"{_INDENT}wire clk, locked, clear, overrun;"
    for line in cell.lines:
        yield _INDENT + line
    yield f"{_INDENT}// In reset until the clock is there and block RAMs can be read."
    yield f"{_INDENT}reg [1:0] steady = 2'd0;"
    yield f"{_INDENT}reg [{_WAIT}:0] waited = {_WAIT + 1}'d0;"
    yield f"{_INDENT}wire waits = ~waited[{_WAIT}];"
    yield f"{_INDENT}always @(posedge clk) begin"
    yield f"{_INDENT}  steady <= {{steady[0], locked}};"
    yield f"{_INDENT}  waited <= ~steady[1] ? {_WAIT + 1}'d0 : waited + {{{_WAIT}'d0, waits}};"
    yield f"{_INDENT}end"
    yield from _streams(ports)
    yield f"{_INDENT}{module} link ("
    yield f"{_INDENT}  .clk(clk), .rst(waits), .clear(clear), .overrun(overrun),"
    yield f"{_INDENT}  {', '.join(f'.{pin}({pin})' for pin in board.links[link])},"
    yield f"{_INDENT}  {_connected('m_axis', 'in', _IN)},"
    yield f"{_INDENT}  {_connected('s_axis', 'out', _OUT)}"
    yield f"{_INDENT});"
    yield f"{_INDENT}{name} {DESIGN} ("
    yield from _design(ports)
    yield f"{_INDENT});"
    yield "endmodule"
    yield ""


_IN = ("tdata", "tkeep", "tvalid", "tready", "tlast", "tuser")
_OUT = ("tdata", "tvalid", "tready", "tlast", "tuser")


def _connected(port: str, wire: str, signals: tuple[str, ...]) -> str:
    return ", ".join(f".{port}_{signal}({wire}_{signal})" for signal in signals)


def _streams(ports: Ports) -> Iterator[str]:
    """Yield the wires of both streams; what a design has not is 0."""
    data, answer = ports.bits["s_axis_tdata"], ports.bits["m_axis_tdata"]
    yield f"{_INDENT}wire [{data - 1}:0] in_tdata;"
    yield f"{_INDENT}wire [{data // 8 - 1}:0] in_tkeep;"
    yield f"{_INDENT}wire in_tvalid, in_tready, in_tlast, in_tuser;"
    yield f"{_INDENT}wire [{answer - 1}:0] out_tdata;"
    yield f"{_INDENT}wire out_tvalid, out_tready, out_tlast, out_tuser;"
    if "m_axis_tuser" not in ports.bits:
        yield f"{_INDENT}assign out_tuser = 1'b0;"


def _design(ports: Ports) -> Iterator[str]:
    """Yield the connections of the design: the streams; all its other inputs are 0."""
    wires = {"clk": "clk", "rst": "waits | clear"}
    wires |= {f"s_axis_{signal}": f"in_{signal}" for signal in _IN}
    wires |= {f"m_axis_{signal}": f"out_{signal}" for signal in _OUT}
    lines = []
    for port, bits in ports.bits.items():
        rest = "" if port in ports.outputs else f"{bits}'d0"
        lines.append(f"{_INDENT}  .{port}({wires.get(port, rest)})")
    yield ",\n".join(lines)


def _constraints(board: Board, link: Link) -> Iterator[str]:
    """Yield the lines that say which port is at which pin."""
    pins = {**({} if board.oscillator is None else {"oscillator": board.oscillator[0]})}
    pins |= board.links[link]
    for port, pin in pins.items():
        if board.family == "ice40":
            yield f"set_io {port} {pin}"
        else:
            yield f'LOCATE COMP "{port}" SITE "{pin}";'
            yield f'IOBUF PORT "{port}" IO_TYPE=LVCMOS33;'
    if board.family == "ecp5" and board.oscillator is not None:
        yield f'FREQUENCY PORT "oscillator" {board.oscillator[1]:g} MHZ;'
