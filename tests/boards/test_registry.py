# SPDX-License-Identifier: Apache-2.0
"""Pins and clocks of the boards are those that amaranth-boards has of them."""

from __future__ import annotations

import importlib

import pytest

from lmu_hw.boards import BOARDS, board_named
from lmu_hw.errors import ConfigError
from lmu_hw.network.frames import Link

PLATFORMS = {
    "icebreaker": ("icebreaker", "ICEBreakerPlatform"),
    "icesugar": ("icesugar", "ICESugarPlatform"),
    "upduino": ("upduino_v3", "UpduinoV3Platform"),
    "ulx3s-25k": ("ulx3s", "ULX3S_25F_Platform"),
    "ulx3s-85k": ("ulx3s", "ULX3S_85F_Platform"),
    "icesugar-pro": ("icesugar_pro", "ICESugarProPlatform"),
}
SPI = {
    "icebreaker": ("pmod", 0, ["1", "2", "3", "4"]),
    "icesugar": ("pmod", 2, ["1", "2", "3", "4"]),
    "upduino": ("j", 0, ["7", "8", "9", "10"]),
    "ulx3s-25k": ("gpio", 0, ["0+", "1+", "2+", "3+"]),
    "ulx3s-85k": ("gpio", 0, ["0+", "1+", "2+", "3+"]),
    "icesugar-pro": ("sodimm", 0, ["42", "44", "46", "48"]),
}
DEVICES = {"ice40-up5k": "iCE40UP5K", "ecp5-25k": "LFE5U-25F", "ecp5-85k": "LFE5U-85F"}


def platform(name: str):
    module, kind = PLATFORMS[name]
    return getattr(importlib.import_module(f"amaranth_boards.{module}"), kind)


@pytest.mark.parametrize("name", BOARDS)
def test_device_and_clock(name):
    board, other = BOARDS[name], platform(name)
    assert DEVICES[board.target] == other.device
    assert board.package.upper().removeprefix("CA").replace("BGA", "BG") == other.package
    if board.oscillator is None:
        assert other.default_clk == "SB_HFOSC"
        return
    pins, (clock, *_) = named(other, other.default_clk)
    assert board.oscillator == (pins, clock / 1e6)


@pytest.mark.parametrize("name", BOARDS)
def test_pins_of_the_lines(name):
    board, other = BOARDS[name], platform(name)
    if Link.UART in board.links:
        (resource,) = (r for r in other.resources if r.name == "uart")
        pins = {
            signal.name: signal.ios[0].names for signal in resource.ios if hasattr(signal, "ios")
        }
        assert {port: [pin] for port, pin in board.links[Link.UART].items()} == {
            port: pins[port] for port in ("rx", "tx")
        }
    kind, number, places = SPI[name]
    (connector,) = (c for c in other.connectors if (c.name, c.number) == (kind, number))
    order = [board.links[Link.SPI][port] for port in ("cs_n", "copi", "cipo", "sck")]
    assert order == [connector.mapping[place] for place in places]


def named(other, name: str):
    """Return the pin of a resource, and its clock."""
    (resource,) = (r for r in other.resources if r.name == name)
    return resource.ios[0].names[0], [resource.clock.frequency]


def test_a_board_that_is_not_known_is_refused():
    with pytest.raises(ConfigError, match="`board` must be one of icebreaker, icesugar, upduino"):
        board_named("icestick")
