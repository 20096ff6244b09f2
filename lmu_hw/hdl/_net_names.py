# SPDX-License-Identifier: Apache-2.0
"""Names for the nets between operators: what they are computed from, or what they are for.

Amaranth and Yosys number them. Here a net is called by its expression as long as that is short
(``_level_plus_write__en``, ``_not_offered``), and otherwise by what it ends up in: ``_level_next``
is what the register ``level`` takes over, ``_level_next_2`` a part of it. The underscore in front
tells such a net from a signal of the design. Only names change.

It reads RTLIL as text, and needs nothing of the package: Yosys runs in a process of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["named"]

_LONGEST = 40  # characters of a name made of an expression
_SIGNAL = re.compile(r"([\\$]\S+)(?: \[(\d+)(?::(\d+))?\])?")
_NUMBERED = re.compile(r"(?<=\s)\$[^\s\"]+")
_CONSTANT = re.compile(r"(\d+)'([01]+)")

_UNARY = {
    "$not": "not_{A}",
    "$logic_not": "no_{A}",
    "$reduce_or": "any_{A}",
    "$reduce_bool": "any_{A}",
    "$reduce_and": "all_{A}",
    "$reduce_xor": "parity_{A}",
    "$neg": "minus_{A}",
    "$pos": "{A}_extended",
}
_BINARY = {
    **dict.fromkeys(("$and", "$logic_and"), "{A}_and_{B}"),
    **dict.fromkeys(("$or", "$logic_or"), "{A}_or_{B}"),
    "$xor": "{A}_xor_{B}",
    "$add": "{A}_plus_{B}",
    "$sub": "{A}_minus_{B}",
    "$mul": "{A}_times_{B}",
    **dict.fromkeys(("$eq", "$eqx"), "{A}_is_{B}"),
    **dict.fromkeys(("$ne", "$nex"), "{A}_is_not_{B}"),
    "$lt": "{A}_below_{B}",
    "$le": "{A}_up_to_{B}",
    "$gt": "{A}_above_{B}",
    "$ge": "{A}_from_{B}",
    **dict.fromkeys(("$shl", "$sshl"), "{A}_left_by_{B}"),
    **dict.fromkeys(("$shr", "$sshr"), "{A}_right_by_{B}"),
    **dict.fromkeys(("$shift", "$shiftx"), "{A}_at_{B}"),
}
_FORMS = {**_UNARY, **_BINARY}
_OUTPUTS = ("\\Y", "\\Q", "\\RD_DATA")


@dataclass(slots=True)
class _Cell:
    """A cell: what its ports are connected to, as RTLIL says it."""

    kind: str
    name: str
    ports: dict[str, str] = field(default_factory=dict)
    memory: str = ""

    @property
    def output(self) -> str:
        """What it drives, if that is one thing."""
        return next((self.ports[port] for port in _OUTPUTS if port in self.ports), "")


def named(rtlil: str) -> str:
    """Return RTLIL in which no wire is called by a number."""
    parts = re.split(r"(?<=\n)(?=module )", rtlil)
    return "".join(
        _Module(part).renamed() if part.startswith("module ") else part for part in parts
    )


class _Module:
    """The nets of one module."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.wires = re.findall(r"^  wire .*?([\\$]\S+)$", text, re.MULTILINE)
        self.used = {name[1:] for name in re.findall(r"(?<=\s)\\[^\s\"]+", text)}
        self.cells = list(_cells(text))
        self.drivers = {cell.output: cell for cell in self.cells if cell.output}
        self.taken = {cell.ports["\\D"] for cell in self.cells if "\\D" in cell.ports}
        self.names: dict[str, str] = {}
        self.readers: dict[str, list[tuple[str, _Cell | None, str]]] = {}
        for cell in self.cells:
            for port, signals in cell.ports.items():
                if port not in _OUTPUTS:
                    self._reads(signals, port, cell, "")
        for target, signals in re.findall(r"^  connect (.*?\S) ([\\${].*)$", text, re.MULTILINE):
            self._reads(signals, "", None, target)

    def _reads(self, signals: str, port: str, cell: _Cell | None, target: str) -> None:
        for name in re.findall(r"\$\S+", signals):
            self.readers.setdefault(name, []).append((port, cell, target))

    def renamed(self) -> str:
        """Return the text with a name for each numbered wire."""
        chosen = {}
        for name in sorted(self._numbered(), key=lambda name: name not in self.taken):
            wanted = self._expression(name) or self._purpose(name, ())
            chosen[name] = "\\" + self._unique(f"_{wanted}")
        return _NUMBERED.sub(lambda match: chosen.get(match[0], match[0]), self.text)

    def _numbered(self) -> list[str]:
        return [name for name in self.wires if name.startswith("$")]

    def _unique(self, wanted: str) -> str:
        name, number = wanted, 1
        while name in self.used:
            number += 1
            name = f"{wanted}_{number}"
        self.used.add(name)
        return name

    def _expression(self, name: str) -> str:
        """Return a net in the words of its operator; empty if there is none, or it is long."""
        if name not in self.names:
            self.names[name] = ""  # of a net that reads itself
            cell = self.drivers.get(name)
            form = _FORMS.get(cell.kind) if cell else None
            if cell and form:
                operands = {port[1:]: self._operand(text) for port, text in cell.ports.items()}
                if all(operands[key] for key in re.findall(r"{(\w)}", form)):
                    text = form.format(**operands)
                    self.names[name] = text if len(text) <= _LONGEST else ""
        return self.names[name]

    def _operand(self, text: str) -> str:
        constant = _CONSTANT.fullmatch(text)
        if constant:
            return str(int(constant[2], 2)) if len(constant[2]) <= 32 else ""
        signal = _SIGNAL.fullmatch(text)
        if signal is None:
            return ""
        name, high, low = signal.groups()
        base = self._expression(name) if name.startswith("$") else _plain(name)
        return "_".join(filter(None, (base, high, low))) if base else ""

    def _purpose(self, name: str, passed: tuple[str, ...]) -> str:
        """Return what a net is for: the first thing with a name that it ends up in."""
        for port, cell, target in self.readers.get(name, []):
            if cell is None:
                signal = _SIGNAL.match(target)
                if signal and signal[1].startswith("\\"):
                    return f"{_plain(signal[1])}_part"
                output = signal[1] if signal else ""
            elif cell.memory:
                return f"{cell.memory}_{port[1:].lower()}"
            elif cell.kind.startswith("\\"):
                return f"{_plain(cell.name)}_{_plain(port)}"
            else:
                output = _first_name(cell.output)
                if output.startswith("\\"):
                    suffix = "next" if cell.kind.startswith("$dff") else "part"
                    return f"{_plain(output)}_{suffix}"
            if output and output not in passed:
                found = self._expression(output) or self._purpose(output, (*passed, name))
                if found:
                    return found
        if passed:
            return ""
        # High bits that nobody reads, beside low ones that have a name.
        beside = next((out for out in self.drivers if name in out.split()), "")
        return f"{_plain(_first_name(beside)) or 'unread'}_high"


def _cells(text: str) -> Iterator[_Cell]:
    """Yield the cells of a module."""
    for kind, name, body in re.findall(
        r"^  cell (\S+) (\S+)\n(.*?)^  end$", text, re.MULTILINE | re.DOTALL
    ):
        cell = _Cell(kind=kind, name=name)
        cell.ports.update(re.findall(r"^    connect (\S+) (.*?)$", body, re.MULTILINE))
        memory = re.search(r'parameter \\MEMID "\\*([^"]+)"', body)
        if memory:
            cell.memory = _plain(memory[1])
        yield cell


def _first_name(signals: str) -> str:
    """Return the first signal of the design in some, or else the first of all; empty if none."""
    found = re.findall(r"[\\$]\S+", signals)
    return next((name for name in found if name.startswith("\\")), next(iter(found), ""))


def _plain(name: str) -> str:
    return re.sub(r"\W+", "_", name).strip("_")
