# SPDX-License-Identifier: Apache-2.0
"""What makes the clock of a design out of that of a board."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hw.errors import ConfigError

__all__ = ["ClockCell", "clock_cell"]

HFOSC = (48.0, 24.0, 12.0, 6.0)
"""MHz of the oscillator inside an UltraPlus, by its divider."""

_CLOSE = 1e-3
"""Part by which a clock may differ from the one that is asked for."""

_ICE40_VCO, _ICE40_PHASE = (533.0, 1066.0), (10.0, 133.0)
_ECP5_VCO, _ECP5_PHASE = (400.0, 800.0), (3.125, 400.0)
_FILTERS = (17, 26, 44, 66, 101)
"""MHz at the phase detector of iCE40 up to which its filter has the ranges 1, 2 ..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockCell:
    """Verilog between the wire ``oscillator`` (there is none without a pin) and ``clk``.

    Attributes
    ----------
    mhz : float
        Of ``clk``.
    lines : tuple of str
        They drive ``clk``, and ``locked``: whether it can be relied on.
    """

    mhz: float
    lines: tuple[str, ...]


def clock_cell(family: str, oscillator: float | None, mhz: float) -> ClockCell:
    """Return what makes a clock.

    Parameters
    ----------
    family : str
        ``ice40`` or ``ecp5``.
    oscillator : float or None
        MHz at the pin of the clock; None: the oscillator inside an UltraPlus.
    mhz : float

    Raises
    ------
    ConfigError
        If there is no such clock.
    """
    if oscillator is None:
        return _hfosc(mhz)
    if mhz == oscillator:
        return ClockCell(mhz=mhz, lines=("assign clk = oscillator, locked = 1'b1;",))
    return _ice40_pll(oscillator, mhz) if family == "ice40" else _ecp5_pll(oscillator, mhz)


def _hfosc(mhz: float) -> ClockCell:
    if mhz not in HFOSC:
        raise ConfigError(
            f"`clock` must be one of {', '.join(f'{value:g}' for value in HFOSC)} MHz with the "
            f"oscillator inside the chip, not {mhz:g}"
        )
    divider = f'"0b{HFOSC.index(mhz):02b}"'
    return ClockCell(
        mhz=mhz,
        lines=(
            f"SB_HFOSC #(.CLKHF_DIV({divider})) hfosc (",
            "  .CLKHFPU(1'b1), .CLKHFEN(1'b1), .CLKHF(clk)",
            ");",
            "assign locked = 1'b1;",
        ),
    )


def _closest(oscillator: float, mhz: float, cells: list[tuple[float, tuple[int, ...]]]) -> tuple:
    """Return the one of some clocks that is closest to the one that is asked for."""
    found = min(cells, key=lambda cell: (abs(cell[0] - mhz), cell[1]), default=None)
    if found is None or abs(found[0] / mhz - 1) > _CLOSE:
        other = "" if found is None else f"; the closest is {found[0]:.4g}"
        raise ConfigError(
            f"`clock` must be one that can be made of {oscillator:g} MHz, not {mhz:g}{other}"
        )
    return found


def _ice40_pll(oscillator: float, mhz: float) -> ClockCell:
    cells = [
        (vco / 2**q, (r, f, q))
        for r in range(16)
        if _ICE40_PHASE[0] <= (phase := oscillator / (r + 1)) <= _ICE40_PHASE[1]
        for f in range(128)
        if _ICE40_VCO[0] <= (vco := phase * (f + 1)) <= _ICE40_VCO[1]
        for q in range(1, 7)
    ]
    actual, (r, f, q) = _closest(oscillator, mhz, cells)
    phase = oscillator / (r + 1)
    ranged = 1 + sum(phase >= limit for limit in _FILTERS)
    return ClockCell(
        mhz=actual,
        lines=(
            'SB_PLL40_PAD #(.FEEDBACK_PATH("SIMPLE"), '
            f".DIVR(4'd{r}), .DIVF(7'd{f}), .DIVQ(3'd{q}), .FILTER_RANGE(3'd{ranged})) pll (",
            "  .PACKAGEPIN(oscillator), .PLLOUTGLOBAL(clk), .LOCK(locked), .RESETB(1'b1), "
            ".BYPASS(1'b0)",
            ");",
        ),
    )


def _ecp5_pll(oscillator: float, mhz: float) -> ClockCell:
    cells = [
        (actual, (i, f, op))
        for i in range(1, 129)
        if _ECP5_PHASE[0] <= oscillator / i <= _ECP5_PHASE[1]
        for f in range(1, 81)
        for op in range(1, 129)
        if _ECP5_VCO[0] <= (actual := oscillator * f / i) * op <= _ECP5_VCO[1]
    ]
    actual, (i, f, op) = _closest(oscillator, mhz, cells)
    return ClockCell(
        mhz=actual,
        lines=(
            '(* ICP_CURRENT="12", LPF_RESISTOR="8", MFG_ENABLE_FILTEROPAMP="1", '
            'MFG_GMCREF_SEL="2" *)',
            f"EHXPLLL #(.CLKI_DIV({i}), .CLKFB_DIV({f}), .CLKOP_DIV({op}), "
            f'.CLKOP_ENABLE("ENABLED"), .CLKOP_CPHASE({op - 1}), .FEEDBK_PATH("CLKOP")) pll (',
            "  .CLKI(oscillator), .CLKFB(clk), .CLKOP(clk), .LOCK(locked), .RST(1'b0), "
            ".STDBY(1'b0),",
            "  .PHASESEL0(1'b0), .PHASESEL1(1'b0), .PHASEDIR(1'b0), .PHASESTEP(1'b0), "
            ".PHASELOADREG(1'b0),",
            "  .PLLWAKESYNC(1'b0), .ENCLKOP(1'b0)",
            ");",
        ),
    )
