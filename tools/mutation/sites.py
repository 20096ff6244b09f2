# SPDX-License-Identifier: Apache-2.0
"""Where emitted Verilog can be changed, one thing at a time, and what to call the place.

Emitted Verilog has one operator in a line. A place is called by the module and by the signal of the
design that the changed operator leads to: Yosys numbers the wires between.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from lmu_hw.hdl.assertions import blocks

__all__ = [
    "ASSIGN",
    "DECLARED",
    "ENABLE",
    "PORT",
    "Module",
    "Mutant",
    "modules",
    "mutants_of",
    "named",
]

ASSIGN = re.compile(r"^  assign (?P<left>.+?) = (?P<right>.+);$")
_STORE = re.compile(r"^ +(?P<left>[^ ].*?) <= (?P<right>.+);$")
ENABLE = re.compile(
    r"^(?P<before> +(?:always @\(posedge clk\) )?if )\((?P<right>\w+(?:\[\d+\])?)\)"
    r"(?P<after>| begin| \w+\[\w+\] <= .*)$"
)
"""The condition of a register that is held, or of a write to a memory."""
PORT = re.compile(r"^    \.(?P<left>\w+)\((?P<right>.+)\)(?P<after>,?)$")
"""What a port of an instance is connected to."""
DECLARED = re.compile(
    r"^ +(?:output |input )?(?:wire|reg|output|input) (?:signed )?"
    r"(?:\[(\d+):0\] )?(\w+)(?: = .*)?;$"
)
"""A declaration: the highest bit, if there are several, and the name."""
_BETWEEN = re.compile(r"\b_\w+")
"""A net between operators, which has no name in the design."""
_NAME = re.compile(r"(\\?[A-Za-z_]\w*)")
_OPENED = re.compile(r"module \\?(\S+?) ?\(")
_TERM = r"(?:\$signed\([^()]*\)|\{[^{}]*\}|[^ ?:\[\]]+(?:\[\d+(?::\d+)?\])?)"
_BINARY = re.compile(rf"^({_TERM}) (&|\||\+|-|==|!=|<|>|<=|>=|<<|>>|\*) ({_TERM})$")
_CHOICE = re.compile(rf"^({_TERM}) \? ({_TERM}) : ({_TERM})$")
_UNARY = re.compile(rf"^([~!|&-]) ({_TERM})$")
_TOP_BITS = re.compile(
    r"^(?P<before>[&|] (?:\{ )?(?:\w+\[\d+\], )*\w+\[)(?P<high>\d+)(?::(?P<low>\d+))?"
    r"(?P<after>\](?: \})?)$"
)
"""Whether the bits above a code are alike: the limit of a format."""
_END = re.compile(r"^\{ ([^ ,]+)(?:, \1)+ \}$")
"""The end of a format, without its sign: the same bit throughout."""
_CONSTANT = re.compile(r"(\d+)'h([0-9a-f]+)")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change.

    Attributes
    ----------
    line : int
        Of the Verilog, from 0.
    right : str
        What stands on the right side then.
    name : str
        The place and the change; unique within a design, made of the design's own names.
    kind : str
        ``reset``, ``limit``, ``choice``, ``logic``, ``operator``, ``constant`` or ``enable``;
        those of `tools/mutation/structure.py`.
    declared : str
        Verilog that the right side needs before it.
    """

    line: int
    right: str
    name: str
    kind: str
    declared: str = ""


@dataclass(slots=True)
class Module:
    """A module's lines, and which signals are computed from which."""

    name: str
    start: int
    lines: list[str]
    readers: dict[str, list[str]]


def mutants_of(text: str) -> list[Mutant]:
    """Return every mutant of a design's Verilog, in the order of its lines."""
    return named(
        (module, Mutant(module.start + number, right, change, kind))
        for module in modules(text)
        for number, line in enumerate(module.lines)
        for right, change, kind in _changes(line)
    )


def named(changes: Iterable[tuple[Module, Mutant]]) -> list[Mutant]:
    """Return mutants whose names are their changes, with the places before them."""
    mutants: list[Mutant] = []
    counts: dict[str, int] = {}
    for module, mutant in changes:
        line = module.lines[mutant.line - module.start]
        name = f"{module.name}.{_place(module, line)}: {mutant.name}"
        counts[name] = counts.get(name, 0) + 1
        suffix = f" #{counts[name]}" if counts[name] > 1 else ""
        mutants.append(replace(mutant, name=name + suffix))
    return mutants


def modules(text: str) -> Iterator[Module]:
    """Yield the modules of a design, but for its checkers."""
    for block in blocks(text):  # checkers, which are not compiled: the lines stay, but empty
        text = text.replace(block, "\n" * block.count("\n"))
    lines = text.splitlines()
    start = 0
    for number, line in enumerate(lines):
        if line.startswith("module "):
            start = number
        if line == "endmodule":
            body = lines[start:number]
            yield Module(
                name=_first(_OPENED, body[0]).replace("__", "_", 1),
                start=start,
                lines=body,
                readers=_readers(body),
            )


def _readers(lines: list[str]) -> dict[str, list[str]]:
    """Return for each signal what is computed from it: signals, or ports of instances."""
    readers: dict[str, list[str]] = {}
    instance = ""
    for line in lines:
        if opened := re.match(r"^  \w+ (\w+) \($", line):
            instance = opened[1]
        match = ASSIGN.match(line) or _STORE.match(line)
        if match:
            target = _first(_NAME, match["left"])
        elif match := PORT.match(line):
            target = f"{instance}.{match['left']}"
        elif match := ENABLE.match(line):
            target = "enable"
        else:
            continue
        for name in _NAME.findall(match["right"]):
            readers.setdefault(name, []).append(target)
    return readers


def _first(pattern: re.Pattern[str], text: str) -> str:
    """Return the first group of a pattern that must be in a text."""
    match = pattern.search(text)
    if match is None:
        raise ValueError(f"{text!r} must hold {pattern.pattern}")
    return match[1]


def _place(module: Module, line: str) -> str:
    """Return the signal of the design that a line leads to."""
    match = ASSIGN.match(line)
    if match is None:
        return "port" if PORT.match(line) else "enable"
    names = _NAME.findall(match["left"])
    seen: set[str] = set()
    while names:
        named = [name for name in names if not _BETWEEN.fullmatch(name)]
        if named:
            return named[0]
        seen |= set(names)
        names = [
            reader
            for name in names
            for reader in module.readers.get(name, [])
            if reader not in seen
        ]
    return "nothing"


def _changes(line: str) -> Iterator[tuple[str, str, str]]:
    """Yield right sides to put in the place of that of a line, what changes, and the kind."""
    if match := ENABLE.match(line):
        yield "1'h1", "always enabled", "enable"
        yield "1'h0", "never enabled", "enable"
        return
    match = ASSIGN.match(line)
    if match is None:
        return
    right = match["right"]
    if choice := _CHOICE.match(right):
        yield from _of_choice(*choice.groups())
    elif binary := _BINARY.match(right):
        yield from _of_binary(*binary.groups())
    elif limit := _TOP_BITS.match(right):
        yield from _of_top_bits(limit)
    elif unary := _UNARY.match(right):
        sign, operand = unary.groups()
        opposite = {"|": f"& {operand}", "&": f"| {operand}"}.get(sign, operand)
        yield opposite, f"no '{sign}' of {_shown(operand)}", "logic"
    if not right.startswith("rst ?"):
        yield from _of_constants(right)


def _of_choice(condition: str, yes: str, no: str) -> Iterator[tuple[str, str, str]]:
    if condition == "rst":
        yield no, "no reset", "reset"
        return
    if yes == no:
        return
    what = f"{_shown(condition)} ? {_shown(yes)} : {_shown(no)}"
    kind = "limit" if _END.match(no) else "choice"
    yield yes, f"always the first of {what}", kind
    yield no, f"always the second of {what}", kind
    if kind == "limit":
        yield f"{condition} ? {yes} : ~{no}", f"the other end in {what}", kind


def _of_top_bits(limit: re.Match[str]) -> Iterator[tuple[str, str, str]]:
    """Yield what saturates twice as far out or half as far, never, or always."""
    before, high, low, after = limit.groups()
    lowest, what = int(low or high), _shown(limit[0])
    if lowest < int(high):
        yield f"{before}{high}:{lowest + 1}{after}", f"one bit fewer in {what}", "limit"
    if lowest > 0:
        yield f"{before}{high}:{lowest - 1}{after}", f"one bit more in {what}", "limit"
    yield "1'h0", f"never {what}", "limit"
    yield "1'h1", f"always {what}", "limit"


def _of_binary(left: str, operator: str, right: str) -> Iterator[tuple[str, str, str]]:
    what = f"{_shown(left)} {operator} {_shown(right)}"
    other = {"+": "-", "-": "+", "==": "!=", "!=": "==", "<": "<=", ">": ">="}
    if operator in "&|":
        yield left, f"the first of {what}", "logic"
        yield right, f"the second of {what}", "logic"
    elif operator in ("<<", ">>", "*"):
        yield left, f"the first of {what}", "operator"
    elif operator in other:
        changed = f"{left} {other[operator]} {right}"
        yield changed, f"'{other[operator]}' in {what}", "limit" if operator in "<>" else "operator"
    if operator in ("<", ">", "<=", ">=", "==", "!="):
        kind = "limit" if operator[0] in "<>" else "operator"
        yield "1'h0", f"never {what}", kind
        yield "1'h1", f"always {what}", kind


def _of_constants(right: str) -> Iterator[tuple[str, str, str]]:
    for match in _CONSTANT.finditer(right):
        width, value = int(match[1]), int(match[2], 16)
        if width > 1:
            another = f"{width}'h{(value + 1) % (1 << width):x}"
            changed = right[: match.start()] + another + right[match.end() :]
            yield changed, f"{another} in {_shown(right)}", "constant"


def _shown(text: str) -> str:
    """Return an operand without the names of nets between operators."""
    return _BETWEEN.sub("_", text)
