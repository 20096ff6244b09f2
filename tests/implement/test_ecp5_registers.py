# SPDX-License-Identifier: Apache-2.0
"""Which flip-flops go into the multipliers and block RAMs of ECP5, and what they are there."""

from __future__ import annotations

from itertools import count

import pytest

from lmu_hw.implement.ecp5_registers import merge_factors, merge_registers, merge_words

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


def word(module: Module, *, port="DOA", clock="CLKA", kind="DP16KD", **ports) -> list[int]:
    """Return what the registers behind a block RAM of two bits hold."""
    bits = [next(module.nets), next(module.nets)]
    outputs = {f"{port}{n}": bit for n, bit in enumerate(bits)} | {f"{port}2": next(module.nets)}
    module.cell(kind, {clock: CLOCK}, outputs)
    return [module.register(bits[0]), module.register(bits[1], **ports)]


@pytest.mark.parametrize(
    ("kind", "port", "clock", "mode", "enable"),
    [
        ("DP16KD", "DOA", "CLKA", "REGMODE_A", "OCEA"),
        ("DP16KD", "DOB", "CLKB", "REGMODE_B", "OCEB"),
        ("PDPW16KD", "DO", "CLKR", "REGMODE", "OCER"),
    ],
)
def test_the_register_behind_a_block_ram_goes_in_with_its_enable(kind, port, clock, mode, enable):
    module = Module()
    held = word(module, kind=kind, port=port, clock=clock)
    module.multiplier([module.register(held[0])], [module.register(held[1])])
    json = module.json
    merge_registers(json)
    ram, multiplier = json["cells"].values()
    assert [ram["connections"][f"{port}{n}"][0] for n in range(2)] == held
    assert [multiplier["connections"][name] for name in ("A0", "B0")] == [[held[0]], [held[1]]]
    assert (ram["parameters"], ram["connections"][enable]) == ({mode: "OUTREG"}, [ENABLE])


def test_the_register_of_what_leaves_the_design_goes_in():
    module = Module()
    module.outputs = word(module)
    assert merge_words(module.json) == 1
    assert module.kinds() == ["DP16KD"]


@pytest.mark.parametrize("ports", [{"LSR": RESET}, {"CE": OTHER}, {"CLK": OTHER}])
def test_what_a_block_ram_has_no_register_for_stays(ports):
    module = Module()
    module.outputs = word(module, **ports)
    assert merge_words(module.json) == 0


def test_a_word_that_something_else_reads_too_stays_and_so_does_one_of_another_clock():
    for outputs, clock in (([11], CLOCK), ([], OTHER)):
        module = Module()
        word(module)
        module.outputs = outputs
        module.cells["DP16KD_0"]["connections"]["CLKA"] = [clock]
        assert merge_words(module.json) == 0


def test_a_word_that_goes_neither_to_registers_in_multipliers_nor_out_stays():
    for kind, goes_in in (("registers", True), ("none", False), ("output", True)):
        module = Module()
        a, b = word(module)
        factors = [a, b] if kind == "none" else [module.register(a), module.register(b)]
        module.multiplier(factors[:1], factors[1:] if kind != "none" else [9])
        module.outputs = [b] if kind != "registers" else []
        json = module.json
        merge_registers(json)
        assert ("REGMODE_A" in json["cells"]["DP16KD_0"]["parameters"]) == goes_in
