# SPDX-License-Identifier: Apache-2.0
"""The boards: their device, their clock, and the pins of a serial line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lmu_hw.errors import ConfigError
from lmu_hw.network.frames import Link

__all__ = ["BOARDS", "Board", "board_named"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A board.

    Attributes
    ----------
    name, words : str
        As it is asked for, and what it is.
    target : str
        Name of its device.
    package : str
        As nextpnr calls it.
    family : str
        ``ice40`` or ``ecp5``.
    oscillator : (str, float) or None
        Pin of the clock, and its MHz; None: the oscillator inside an UltraPlus.
    clock : float
        MHz of a design, unless another is asked for.
    links : mapping of Link to pins
        The pins of each link that it has, by the name of the port.
    where : mapping of Link to str
        Where these are on the board.
    load : str
        The command that loads a bitstream, but for the file.
    """

    name: str
    words: str
    target: str
    package: str
    family: str
    oscillator: tuple[str, float] | None
    clock: float
    links: Mapping[Link, Mapping[str, str]]
    where: Mapping[Link, str]
    load: str


def _uart(rx: str, tx: str) -> dict[str, str]:
    return {"rx": rx, "tx": tx}


def _spi(cs_n: str, copi: str, cipo: str, sck: str) -> dict[str, str]:
    return {"cs_n": cs_n, "copi": copi, "cipo": cipo, "sck": sck}


def _ulx3s(size: str) -> Board:
    return Board(
        name=f"ulx3s-{size}",
        words=f"ULX3S with an LFE5U-{size[:-1]}F",
        target=f"ecp5-{size}",
        package="CABGA381",
        family="ecp5",
        oscillator=("G2", 25.0),
        clock=50.0,
        links={Link.UART: _uart("M1", "L4"), Link.SPI: _spi("B11", "A10", "A9", "B9")},
        where={
            Link.UART: "US1 (FT231X)",
            Link.SPI: "GP0 (CS), GP1 (COPI), GP2 (CIPO), GP3 (SCK)",
        },
        load="openFPGALoader -b ulx3s",
    )


_ALL = (
    Board(
        name="icebreaker",
        words="iCEBreaker",
        target="ice40-up5k",
        package="sg48",
        family="ice40",
        oscillator=("35", 12.0),
        clock=24.0,
        links={Link.UART: _uart("6", "9"), Link.SPI: _spi("4", "2", "47", "45")},
        where={
            Link.UART: "USB (the second port of its FT2232H)",
            Link.SPI: "PMOD1A, pins 1 (CS), 2 (COPI), 3 (CIPO), 4 (SCK)",
        },
        load="iceprog",
    ),
    Board(
        name="icesugar",
        words="iCESugar",
        target="ice40-up5k",
        package="sg48",
        family="ice40",
        oscillator=("35", 12.0),
        clock=24.0,
        links={Link.UART: _uart("4", "6"), Link.SPI: _spi("34", "31", "27", "25")},
        where={
            Link.UART: "USB (iCELink)",
            Link.SPI: "PMOD3, pins 1 (CS), 2 (COPI), 3 (CIPO), 4 (SCK)",
        },
        load="icesprog",
    ),
    Board(
        name="upduino",
        words="UPduino 3",
        target="ice40-up5k",
        package="sg48",
        family="ice40",
        oscillator=None,
        clock=24.0,
        # The oscillator is 10 % off at worst, which SPI does not mind.
        links={Link.SPI: _spi("23", "25", "26", "27")},
        where={Link.SPI: "header pins 23 (CS), 25 (COPI), 26 (CIPO), 27 (SCK)"},
        load="iceprog",
    ),
    _ulx3s("25k"),
    _ulx3s("85k"),
    Board(
        name="icesugar-pro",
        words="iCESugar-Pro",
        target="ecp5-25k",
        package="CABGA256",
        family="ecp5",
        oscillator=("P6", 25.0),
        clock=50.0,
        links={Link.UART: _uart("A9", "B9"), Link.SPI: _spi("P11", "P12", "N12", "P13")},
        where={
            Link.UART: "USB (iCELink)",
            Link.SPI: "SODIMM pins 42 (CS), 44 (COPI), 46 (CIPO), 48 (SCK)",
        },
        load="icesprog",
    ),
)

BOARDS = {board.name: board for board in _ALL}
"""Every board by its name."""


def board_named(name: object) -> Board:
    """Return the board of a name, or raise `ConfigError` with all that there are."""
    if isinstance(name, str) and name in BOARDS:
        return BOARDS[name]
    raise ConfigError(f"`board` must be one of {', '.join(BOARDS)}, not {name!r}")
