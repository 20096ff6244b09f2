# SPDX-License-Identifier: Apache-2.0
"""Mutants of what connects operators: slices, pipeline stages, inverted bits and tied ports.

A stage is skipped, or there is one more, for one reader of a register at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.mutation.sites import ASSIGN, DECLARED, PORT, Module, Mutant, modules, named

__all__ = ["structural_mutants_of"]

_INSTANCE = re.compile(r"^  (\w+) (\w+) \($")
_INPUT = re.compile(r"^  input (?:\[\d+:0\] )?(\w+);$")
_STORED = re.compile(r"^    (\w+) <= (\w+(?:\[\d+(?::\d+)?\])?);$")
_OPERAND = re.compile(r"(?<![\w'])([A-Za-z_]\w*)(\[\d+(?::\d+)?\])?")
_PART = re.compile(r"\[(\d+)(?::(\d+))?\]")
_KEPT = ("clk",)
"""Ports that every instance needs."""


def structural_mutants_of(text: str) -> list[Mutant]:
    """Return every such mutant of a design's Verilog, in the order of its lines.

    Their kinds are ``slice``, ``stage``, ``inverse`` and ``port``.
    """
    parts = list(modules(text))
    inputs = {_head(module): _inputs(module) for module in parts}
    return named(pair for module in parts for pair in _of_module(module, inputs))


def _head(module: Module) -> str:
    return module.lines[0].removeprefix("module ").partition("(")[0].strip()


def _inputs(module: Module) -> dict[str, int]:
    """Return the widths of the inputs of a module."""
    matches = filter(None, (_INPUT.match(line) for line in module.lines))
    widths = _widths(module)
    return {match[1]: widths[match[1]] for match in matches}


def _widths(module: Module) -> dict[str, int]:
    matches = filter(None, map(DECLARED.match, module.lines))
    return {match[2]: int(match[1] or 0) + 1 for match in matches}


def _stored(module: Module) -> dict[str, str]:
    """Return what each register takes over that does so at every clock."""
    return {
        match[1]: match[2]
        for before, line in zip(module.lines, module.lines[1:], strict=False)
        if before == "  always @(posedge clk)" and (match := _STORED.match(line))
    }


def _of_module(
    module: Module, inputs: dict[str, dict[str, int]]
) -> Iterator[tuple[Module, Mutant]]:
    widths, stored = _widths(module), _stored(module)
    ports: dict[str, int] = {}
    for number, line in enumerate(module.lines, module.start):
        if instance := _INSTANCE.match(line):
            ports = inputs.get(instance[1], {})
        elif (port := PORT.match(line)) and port["left"] in ports.keys() - _KEPT:
            for right in ("1'h0", "1'h1")[: 2 if ports[port["left"]] == 1 else 1]:
                if right != port["right"]:
                    yield module, Mutant(number, right, f"{port['left']} is {right}", "port")
        elif assign := ASSIGN.match(line):
            for mutant in _of_assignment(number, assign["right"], widths, stored):
                yield module, mutant


def _of_assignment(
    number: int, right: str, widths: dict[str, int], stored: dict[str, str]
) -> Iterator[Mutant]:
    for operand in _OPERAND.finditer(right):
        name, part = operand[1], operand[2] or ""
        before, after = right[: operand.start()], right[operand.end() :]
        if part and (moved := _moved(part, widths.get(name, 0))):
            yield Mutant(
                number, f"{before}{name}{moved}{after}", f"{name}{moved} not {part}", "slice"
            )
        if name not in stored:
            continue
        if widths.get(name) == 1 and not part:
            inverse = f"(~{name})" if not after.startswith(")") else f"~{name}"
            yield Mutant(number, f"{before}{inverse}{after}", f"not {name}", "inverse")
        source = stored[name]
        if not (part and "[" in source):
            yield Mutant(number, f"{before}{source}{part}{after}", f"{name} too early", "stage")
        late = f"late_{number}_{operand.start()}"
        declared = f"reg [{widths[name] - 1}:0] {late}; always @(posedge clk) {late} <= {name};"
        yield Mutant(number, f"{before}{late}{part}{after}", f"{name} too late", "stage", declared)


def _moved(part: str, width: int) -> str:
    """Return the bits beside a part of a signal; nothing if there are none."""
    match = _PART.fullmatch(part)
    if match is None:
        return ""
    high, low = int(match[1]), int(match[2] or match[1])
    step = 1 if high + 1 < width else -1
    if low + step < 0:
        return ""
    ends = f"{high + step}:{low + step}" if match[2] else f"{high + step}"
    return f"[{ends}]"
