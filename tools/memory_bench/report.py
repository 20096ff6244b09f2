# SPDX-License-Identifier: Apache-2.0
"""The tables, from what was measured."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np

from tools.memory_bench.area import FAMILIES, Area
from tools.memory_bench.cases import (
    EXTRA,
    FITTED_FROM,
    JUDGED,
    LARGEST,
    WIDTH,
    WIDTHS,
    WINDOWS,
    Case,
    equal,
)
from tools.memory_bench.errors import HORIZON, Error, dense_error, semiseparable_error
from tools.memory_bench.networks import Bits, memory_of, scan_window
from tools.memory_bench.tables import Table
from tools.memory_bench.work import Measured

__all__ = [
    "Results",
    "error_table",
    "folded_table",
    "growth_table",
    "judged_table",
    "parallel_table",
]

Results = dict[tuple[object, ...], Measured]


def percent(value: float | None) -> str:
    """Return a relative error as text."""
    return "unstable" if value is None else f"{100 * value:.3g} %"


def ratio(share: float | None) -> str:
    """Return a share as text: ``1/5.0`` for a fifth."""
    if share is None:
        return ""
    return f"1/{1 / share:.1f}" if share < 1.0 else f"{share:.3g}"


def both(error: Error | None) -> tuple[str, str]:
    """Return the two errors of a memory as text."""
    return (percent(error and error.own), percent(error and error.refit))


def error_table(cases: list[Case]) -> Table:
    """Return the errors after rounding the coefficients to several widths."""
    table = Table(
        name="errors",
        title=f"Relative H2 error of the impulse responses over {HORIZON} windows",
        headings=(
            "order, window",
            "bits",
            "semiseparable: own",
            "refit",
            "dense: own",
            "refit",
            "dense with row shifts: own",
            "refit",
        ),
        notes=[
            "own: against the same memory with exact coefficients. refit: against the exact ZOH "
            "memory, after the best linear map of the states (which a read-out absorbs); for "
            "semiseparable it includes what the bilinear memory differs from ZOH."
        ],
    )
    for order, theta in cases:
        for width in WIDTHS:
            table.add(
                f"{order}, {theta:.0f}",
                width,
                *both(semiseparable_error(order, theta, width)),
                *both(dense_error(order, theta, Bits(width, False))),
                *both(dense_error(order, theta, Bits(width, True))),
            )
    return table


def lower_errors(cases: list[Case]) -> tuple[int, int]:
    """Return at how many of the judged orders and widths the error is lower than dense."""
    lower = count = 0
    for order, theta in cases:
        for width in (8, 10, 12):
            if order >= 16:
                ours = semiseparable_error(order, theta, width)
                dense = [dense_error(order, theta, Bits(width, shifts)) for shifts in (False, True)]
                count += 1
                lower += ours is not None and all(d is None or ours.own < d.own for d in dense)
    return lower, count


def sizes(area: Area) -> str:
    """Return an area as text."""
    return f"{area.luts:,} / {area.flip_flops:,} / {area.brams:g} / {area.dsps}"


def folded_table(cases: list[Case], results: Results) -> Table:
    """Return what folded memories take."""
    table = Table(
        name="folded",
        title="One multiplier for the memory: the whole network, streams included",
        headings=(
            "order, window",
            "memory",
            "bits",
            "products",
            "coefficient bits",
            "cycles per step",
            "ECP5 LUT / FF / BRAM / DSP",
            "ECP5 LUT without DSP",
            "Xilinx 7 LUT / FF / BRAM / DSP",
            "Xilinx 7 LUT without DSP",
            "words compared, wrong",
        ),
        notes=[
            f"bits: of a coefficient. Semiseparable has {WIDTH}; dense has as many as its impulse "
            "responses need to be as good (own). Scan is exact; its window is a power of two far "
            "enough from where forward Euler is unstable, and its states have 16 bits like all. "
            "Two passes are left out where their sums grow beyond 61 bits. "
            "FF: the answer on its way out is d words of 16 bits."
        ],
    )
    for order, theta in cases:
        for kind in ("dense", "semiseparable", "two passes", "scan"):
            found = results.get(("folded", kind, order, theta))
            if found is None:
                continue
            memory = memory_of(found.cell.network)
            window = scan_window(order, theta) if kind == "scan" else theta
            bits = {
                "dense": equal(order, theta, "own").width,
                "semiseparable": WIDTH,
                "scan": 1,
            }
            table.add(
                f"{order}, {window:.0f}",
                kind,
                bits.get(kind, ""),
                f"{memory.multiplications:,}",
                f"{memory.coefficient_bits:,}",
                f"{found.check.cycles:,}",
                sizes(found.area["ecp5", True]),
                f"{found.area['ecp5', False].luts:,}",
                sizes(found.area["xc7", True]),
                f"{found.area['xc7', False].luts:,}",
                f"{found.check.words:,}, {found.check.mismatches}",
            )
    return table


def parallel_table(cases: list[Case], results: Results, da4ml: bool) -> Table:
    """Return what memories take that compute a step per clock."""
    table = Table(
        name="parallel",
        title="One step per clock, without DSP",
        headings=(
            "order",
            "cell",
            "bits",
            "adders",
            "ECP5 LUT",
            "Xilinx 7 LUT",
            "FF",
            "ECP5 LUT, da4ml = 1",
            "words compared, wrong",
        ),
    )
    for order, theta in cases:
        if (order, theta) == EXTRA:
            continue
        for name in ("semiseparable", "scan", "da4ml", "behavioural"):
            for kind in ("own", "refit"):
                found = results.get(("parallel", name, order, kind))
                if found is None:
                    continue
                base = results.get(("parallel", "da4ml", order, "own"))
                luts = {family: found.area.get((family, False)) for family in FAMILIES}
                bits = {"semiseparable": WIDTH, "scan": 1}.get(name)
                table.add(
                    order,
                    name + (", equal after refit" if kind == "refit" else ""),
                    bits or equal(order, theta, kind).width,
                    "" if found.cell.adders is None else f"{found.cell.adders:,}",
                    *("left out" if area is None else f"{area.luts:,}" for area in luts.values()),
                    found.area["ecp5", False].flip_flops,
                    f"{luts['ecp5'].luts / base.area['ecp5', False].luts:.3f}"
                    if base and luts["ecp5"]
                    else "",
                    f"{found.check.words:,}, {found.check.mismatches}",
                )
    limits = "; ".join(
        f"{name}: {FAMILIES[family]} above {largest}"
        for name, orders in LARGEST.items()
        for family, largest in orders.items()
        if largest < max(order for order, _ in cases)
    )
    if limits:
        table.notes.append(f"Left out, for the time synthesis takes: {limits}.")
    if da4ml:
        table.notes.append(f"da4ml {version('da4ml')}, Yosys {version('pyosys')}.")
    else:
        table.notes.append("da4ml is left out: it is not installed (pip install da4ml).")
    return table


def judged_table(cases: list[Case], results: Results) -> Table:
    """Return the comparisons that were asked for."""
    table = Table(
        name="judged",
        title=f"Order {JUDGED}, ECP5 without DSP, at equal impulse-response error",
        headings=(
            "equal error",
            "cell",
            "bits",
            "LUT",
            "of da4ml",
            "of behavioural",
            "asked",
            "reached",
        ),
    )
    theta = float(WINDOWS * JUDGED)
    for kind in ("own", "refit"):
        rivals = {
            name: results.get(("parallel", name, JUDGED, kind)) for name in ("da4ml", "behavioural")
        }
        cells = {
            "semiseparable, folded": results["folded", "semiseparable", JUDGED, theta],
            "semiseparable, parallel": results["parallel", "semiseparable", JUDGED, "own"],
            **rivals,
        }
        asked = {
            "semiseparable, folded": {"da4ml": 10},
            "semiseparable, parallel": {"da4ml": 2, "behavioural": 5},
        }
        for name, found in cells.items():
            if found is None:
                continue
            luts = found.area["ecp5", False].luts
            share = {
                rival: luts / one.area["ecp5", False].luts
                for rival, one in rivals.items()
                if one is not None
            }
            goals = {r: n for r, n in asked.get(name, {}).items() if r in share}
            table.add(
                kind,
                name,
                WIDTH if "semi" in name else equal(JUDGED, theta, kind).width,
                f"{luts:,}",
                *(ratio(share.get(rival)) for rival in rivals),
                ", ".join(f"1/{n} of {r}" for r, n in goals.items()),
                ("yes" if all(share[r] <= 1 / n for r, n in goals.items()) else "NO")
                if goals
                else "",
            )
    lower, count = lower_errors(cases)
    table.notes.append(
        f"At 8, 10 and 12 coefficient bits and orders from 16 on, the impulse responses of the "
        f"semiseparable memory are closer to their own than those of the dense one, with or "
        f"without row shifts, in {lower} of {count} cases."
    )
    return table


def growth_table(cases: list[Case], results: Results) -> Table:
    """Return how the costs of folded memories grow with the order."""
    table = Table(
        name="growth",
        title="Growth with the order",
        headings=("memory", "cost", "orders", "exponent", "R2 of that", "linear fit", "R2 of that"),
        notes=["exponent: slope of the logarithms. linear fit: least squares."],
    )
    chosen = [(o, t) for o, t in cases if o >= FITTED_FROM and (o, t) != EXTRA]
    for kind in ("semiseparable", "scan", "dense"):
        found = [(order, results["folded", kind, order, theta]) for order, theta in chosen]
        costs = {
            "products": [memory_of(m.cell.network).multiplications for _, m in found],
            "ROM bits": [m.cell.rom_bits for _, m in found],
            "cycles per step": [m.check.cycles for _, m in found],
        }
        orders = np.array([order for order, _ in found], float)
        for cost, values in costs.items():
            if len(set(values)) == 1:
                continue  # such as the ROM of scan, which holds what u is made with
            exponent, _, of_power = fit(np.log(orders), np.log(values))
            slope, start, of_line = fit(orders, np.array(values, float))
            table.add(
                kind,
                cost,
                f"{orders.min():.0f} to {orders.max():.0f}",
                f"{exponent:.3f}",
                f"{of_power:.5f}",
                f"{slope:.4g} d" + (f" {start:+.4g}" if abs(start) > 1e-6 else ""),
                f"{of_line:.5f}",
            )
    return table


def fit(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Return slope, intercept and R2 of a straight line."""
    slope, start = np.polyfit(x, y, 1)
    rest = y - (slope * x + start)
    spread = float(np.sum((y - y.mean()) ** 2))
    return float(slope), float(start), 1.0 - float(rest @ rest) / spread if spread else 1.0
