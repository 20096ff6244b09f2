# SPDX-License-Identifier: Apache-2.0
"""Which flip-flops go into the multipliers of ECP5, and what they are there."""

from __future__ import annotations

from itertools import count

from lmu_hw.implement.ecp5_registers import merge_factors

CLOCK, ENABLE, OTHER, RESET = 2, 3, 4, 5


class Module:
    """A netlist that is made cell by cell."""

    def __init__(self) -> None:
        self.nets = count(10)
        self.cells, self.outputs = {}, []

    @property
    def json(self) -> dict:
        ports = {"y": {"direction": "output", "bits": self.outputs}}
        return {"cells": self.cells, "ports": ports}

    def cell(self, kind: str, inputs: dict, outputs: dict, **parameters) -> None:
        self.cells[f"{kind}_{len(self.cells)}"] = {
            "type": kind,
            "parameters": parameters,
            "port_directions": dict.fromkeys(inputs, "input") | dict.fromkeys(outputs, "output"),
            "connections": {port: [bit] for port, bit in {**inputs, **outputs}.items()},
        }

    def register(self, data: int | None = None, *, enable=ENABLE, **ports) -> int:
        q = next(self.nets)
        inputs = {"CLK": CLOCK, "LSR": "0", "CE": enable, "DI": data or next(self.nets)} | ports
        self.cell("TRELLIS_FF", inputs, {"Q": q}, CEMUX="CE", CLKMUX="CLK", REGSET="RESET")
        return q

    def multiplier(self, a: list, b: list) -> None:
        inputs = {f"A{n}": (a + ["0"] * 18)[n] for n in range(18)}
        inputs |= {f"B{n}": (b + ["0"] * 18)[n] for n in range(18)}
        self.cell("MULT18X18D", inputs, {"P0": next(self.nets)})

    def kinds(self) -> list[str]:
        return [name.rpartition("_")[0] for name in self.json["cells"]]


def merged(module: Module) -> tuple[int, list[dict], int]:
    """Return the multipliers that took registers, all of them, and the flip-flops that are left."""
    json = module.json
    number = merge_factors(json)
    cells = list(json["cells"].values())
    multipliers = [cell for cell in cells if cell["type"] == "MULT18X18D"]
    return number, multipliers, sum(cell["type"] == "TRELLIS_FF" for cell in cells)


def test_both_factors_go_in_with_their_enables():
    module = Module()
    a, b = [module.register(8), module.register(9)], [module.register(7, enable=OTHER)]
    module.multiplier([*a, a[1]], b)
    number, (multiplier,), left = merged(module)
    ports, parameters = multiplier["connections"], multiplier["parameters"]
    assert (number, left) == (1, 0)
    assert [ports[f"A{n}"] for n in range(4)] == [[8], [9], [9], ["0"]]
    assert [ports["B0"], ports["CLK0"], ports["CE0"], ports["CE1"]] == [[7], [2], [3], [4]]
    assert (parameters["REG_INPUTA_CLK"], parameters["REG_INPUTA_CE"]) == ("CLK0", "CE0")
    assert (parameters["REG_INPUTB_CLK"], parameters["REG_INPUTB_CE"]) == ("CLK0", "CE1")


def test_a_shared_factor_goes_into_each_and_stays_where_something_else_reads_it():
    module = Module()
    shared, read = module.register(), module.register()
    module.outputs = [read]
    module.multiplier([shared, read], [module.register()])
    module.multiplier([shared, read], [module.register()])
    number, _, left = merged(module)
    assert (number, left) == (2, 1)


def test_what_a_multiplier_has_no_register_for_stays():
    for ports in ({"LSR": RESET}, {"CLK": OTHER}, {"CE": OTHER}):
        module = Module()
        module.multiplier([module.register(), module.register(**ports)], [module.register()])
        assert merged(module)[::2] == (0, 3)


def test_one_factor_without_registers_keeps_the_other_outside():
    for bit in (9, "1"):  # logic, and what its register would not begin with
        module = Module()
        module.multiplier([bit], [module.register()])
        assert merged(module)[::2] == (0, 1)


def test_a_single_multiplier_behind_a_block_ram_keeps_its_registers():
    for multipliers, left in ((1, (0, 2)), (2, (2, 0))):
        module = Module()
        module.cell("DP16KD", {"ADA0": 6}, {"DOA0": 9})
        for _ in range(multipliers):
            module.multiplier([module.register(9)], [module.register()])
        assert merged(module)[::2] == left
