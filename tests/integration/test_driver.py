# SPDX-License-Identifier: Apache-2.0
"""The driver in C: it compiles without a warning, and has the codes of the golden model."""

from __future__ import annotations

import ctypes
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.fixed import Rounding
from lmu_hw.fixed.ops import quantize
from lmu_hw.hdl.registers.map import register_map
from lmu_hw.integration.driver import driver
from lmu_hw.plan import StateMap
from tests.integration.designs import STRICT, subject

WIDTHS = ("vector", 8, 32, 128)


def library(folder, made):
    """Return the driver of a design as a library, compiled into a folder."""
    for name, text in driver(made).items():
        (folder / name.rpartition("/")[2]).write_text(text)
    source, target = f"{made.name}.c", folder / "driver.so"
    command = ["cc", *STRICT, "-O1", "-shared", "-fPIC", source, "-o", str(target)]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    opened = ctypes.CDLL(str(target))
    encode, decode = (getattr(opened, f"{made.name}_{verb}") for verb in ("encode", "decode"))
    encode.argtypes, encode.restype = [ctypes.c_double], ctypes.c_int64
    decode.argtypes, decode.restype = [ctypes.c_int64], ctypes.c_double
    return opened


@pytest.mark.parametrize("width", WIDTHS)
def test_vectors_travel_as_the_stream_says(tmp_path, width):
    made = subject(width=width)
    opened, random = library(tmp_path, made), np.random.default_rng(1)
    for verb, packet in (("pack", made.plan.source), ("unpack", made.plan.answer)):
        fmt = packet.vector.format
        codes = random.integers(fmt.min_code, fmt.max_code, (9, packet.vector.size), endpoint=True)
        for row, beats in zip(codes, packet.encode(codes), strict=True):
            numbers = (ctypes.c_int64 * len(row))(*(row if verb == "pack" else [0] * len(row)))
            octets = (ctypes.c_uint8 * beats.size)(*(beats.ravel() if verb == "unpack" else []))
            pair = (numbers, octets) if verb == "pack" else (octets, numbers)
            getattr(opened, f"{made.name}_{verb}")(*pair)
            assert list(numbers) == row.tolist()
            assert list(octets) == beats.ravel().tolist()


def test_the_driver_of_a_design_with_registers_compiles_and_identifies_it(tmp_path):
    plain = subject()
    made = replace(plain, plan=replace(plain.plan, registers=True))
    opened = library(tmp_path, made)
    registers = {r.offset: r.reset for r in register_map(made.plan, made.design.digest).registers}
    read_type = ctypes.CFUNCTYPE(
        ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32, ctypes.POINTER(ctypes.c_uint32)
    )

    @read_type
    def read(context, offset, value):
        value[0] = registers[offset]
        return 0

    port = (ctypes.c_void_p * 5)(None, None, None, ctypes.cast(read, ctypes.c_void_p), None)
    assert opened.tiny_identify(port) == 0
    registers[register_map(made.plan)["DIGEST_3"].offset] ^= 1
    assert opened.tiny_identify(port) == -1


def test_states_are_saved_loaded_and_turned_into_values_and_back(tmp_path):
    plain = subject(memory_d=2, inputs=2)
    made = replace(plain, plan=replace(plain.plan, registers=True, state_access=True))
    opened, registers, memory = library(tmp_path, made), register_map(made.plan), {}
    address, data, step = (
        registers[name].offset for name in ("STATE_ADDRESS", "STATE_DATA", "SEQUENCE_STEP")
    )
    held = {address: 0, step: 5}

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32)
    def write(context, offset, value):
        if offset == data:
            memory[held[address]] = value
            held[address] += 1
        else:
            held[offset] = value
        return 0

    @ctypes.CFUNCTYPE(
        ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32, ctypes.POINTER(ctypes.c_uint32)
    )
    def read(context, offset, value):
        value[0] = memory[held[address]] if offset == data else held[offset]
        held[address] += offset == data
        return 0

    reach = (ctypes.cast(function, ctypes.c_void_p) for function in (read, write))
    port = (ctypes.c_void_p * 5)(None, None, None, *reach)
    states = StateMap(made.plan)
    places = [place for block in states.blocks for place in states.addresses(block)]
    codes = np.arange(len(places), dtype=np.int32) - 4
    ulps = np.repeat(
        [v.format.ulp for v in made.design.state_vectors],
        [v.size for v in made.design.state_vectors],
    )
    values = (ctypes.c_double * len(places))(*((codes + 0.4) * ulps))
    numbers, seen = (ctypes.c_int32 * len(places))(), ctypes.c_uint32()
    opened.tiny_state_codes(values, numbers)
    assert list(numbers) == codes.tolist()
    assert opened.tiny_load_state(port, numbers, 9) == 0
    assert memory == {p: int(c) & 0xFFFFFFFF for p, c in zip(places, codes, strict=True)}
    back = (ctypes.c_int32 * len(places))()
    assert opened.tiny_save_state(port, back, ctypes.byref(seen)) == 0
    assert (list(back), seen.value) == (codes.tolist(), 9)
    opened.tiny_state_values(back, values)
    assert list(values) == (codes * ulps).tolist()


@pytest.mark.parametrize("rounding", Rounding)
def test_values_have_the_codes_of_the_golden_model(tmp_path, rounding):
    made = subject()
    requant = replace(made.network.input, rounding=rounding)
    network = replace(made.network, input=requant)
    made = replace(made, design=replace(made.design, network=network))
    opened, random = library(tmp_path, made), np.random.default_rng(2)
    halves = np.arange(-9, 10) / 2
    values = np.concatenate(
        [halves, np.nextafter(halves, 9), random.normal(size=200), [-1e9, 1e9, 0.49999999999999994]]
    )
    values = np.concatenate([values * requant.format.ulp, values])
    expected = quantize(values, requant)[0].tolist()
    assert [opened.tiny_encode(value) for value in values.tolist()] == expected
    codes, output = range(-3, 4), network.output.format
    assert [opened.tiny_decode(code) for code in codes] == [code * output.ulp for code in codes]
