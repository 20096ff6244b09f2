# SPDX-License-Identifier: Apache-2.0
"""The design before it is mapped: operators on words, and the chain of them behind a path.

A path through a placed netlist begins and ends at registers or memories whose names are those of
the Verilog, but the tables between them have lost what they compute. It is found here: among all
chains of operators from the one to the other, that which passes the operators whose carries and
multipliers lie on the path, and no other wide ones.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

__all__ = ["Operator", "Rtl", "commands_for_rtl"]

_WORDS = {
    "$add": "add",
    "$sub": "subtract",
    "$neg": "negate",
    "$mul": "multiply",
    **dict.fromkeys(("$lt", "$le", "$gt", "$ge"), "compare"),
    **dict.fromkeys(("$eq", "$ne", "$eqx", "$nex"), "match"),
    **dict.fromkeys(("$shl", "$shr", "$sshl", "$sshr", "$shift"), "shift"),
    **dict.fromkeys(("$mux", "$pmux", "$bmux", "$shiftx", "$tribuf"), "select"),
}
_CARRIES = {"add", "subtract", "negate", "compare", "multiply"}
_WIDE = 8
"""Bits from which on an operator with carries has cells of its own."""

# What a chain gains by an operator: on the path, wide but not on it, and any other one. Chains of
# more operators are preferred, since the path is the longest one.
_ON, _OFF, _OTHER = 100, -100, 1

_REGISTERS = ("$dff", "$dffe", "$sdff", "$sdffe", "$sdffce", "$adff", "$aldff")
_MEMORY = "$mem_v2"


def commands_for_rtl(sources: Sequence[str], top: str, file: str) -> list[str]:
    """Return the Yosys commands that write the operators of Verilog files to JSON."""
    return [
        *(f"read_verilog -sv {name}" for name in sources),
        f"hierarchy -top {top}",
        "proc",
        "flatten",
        "opt_expr",
        "opt_dff",  # enables of the registers that belong to memories
        "memory_dff",
        "memory_collect",
        "opt_clean",
        f"write_json {file}",
        "design -reset",
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """A cell on words: its type, width of its result, and where in the Verilog it is.

    A path ends where it is `clocked`.
    """

    name: str
    kind: str
    width: int
    source: str
    clocked: bool

    @property
    def words(self) -> str:
        """What it does; empty if that is nothing but logic."""
        return _WORDS.get(self.kind, "")


@dataclass(frozen=True, kw_only=True, eq=False)
class Rtl:
    """Operators and what they read.

    Attributes
    ----------
    operators : dict of name to Operator
        Registers and memories among them.
    reads : dict of name to tuple of str
        The operators whose results an operator reads.
    signals : dict of name to str
        The operator that drives a signal.
    """

    operators: dict[str, Operator]
    reads: dict[str, tuple[str, ...]] = field(repr=False)
    signals: dict[str, str] = field(repr=False)

    @classmethod
    def of(cls, document: Mapping[str, Any], top: str) -> Rtl:
        """Return what is in the JSON that `commands_for_rtl` leaves."""
        module = document["modules"][top]
        drivers: dict[int, str] = {}
        operators, inputs = {}, {}
        for name, cell in module["cells"].items():
            if "port_directions" not in cell:
                continue  # of a device, and Yosys was not told of it: what makes the clock
            directions, bits = cell["port_directions"], cell["connections"]
            written = [b for port in bits if directions[port] == "output" for b in bits[port]]
            drivers.update({b: name for b in written if isinstance(b, int)})
            inputs[name] = [b for port in bits if directions[port] == "input" for b in bits[port]]
            operators[name] = Operator(
                name=name,
                kind=cell["type"],
                width=len(written),
                source=cell["attributes"].get("src", ""),
                clocked=cell["type"] in _REGISTERS
                or "1" in cell["parameters"].get("RD_CLK_ENABLE", ""),
            )
        reads = {
            name: tuple(dict.fromkeys(drivers[b] for b in bits if b in drivers))
            for name, bits in inputs.items()
        }
        signals = {
            name: drivers[net["bits"][0]]
            for name, net in module["netnames"].items()
            if net["bits"] and net["bits"][0] in drivers
        }
        return cls(operators=operators, reads=reads, signals=signals)

    def find(self, name: str) -> str | None:
        """Return the register or memory that a mapped cell's name begins with."""
        rest = name
        while rest:
            if rest in self.operators and self.operators[rest].kind == _MEMORY:
                return rest
            if rest in self.signals:
                return self.signals[rest]
            rest = rest[: max(rest.rfind("_"), rest.rfind("."), 0)]
        return None

    def chain(self, start: str, end: str, passed: Collection[str]) -> tuple[Operator, ...]:
        """Return the operators between two registers or memories, in the order of the signal.

        Parameters
        ----------
        start, end : str
            Names of operators.
        passed : collection of str
            Places in the Verilog of operators that the path is known to pass.

        Returns
        -------
        tuple of Operator
            Without the ends; empty if there is no chain.
        """
        best: dict[str, tuple[int, tuple[str, ...]] | None] = {}
        waiting: set[str] = set()

        def gain(name: str) -> tuple[int, tuple[str, ...]] | None:
            """Return the best chain from the start up to an operator."""
            if name in best:
                return best[name]
            if name in waiting:  # words that read each other, bit by bit, do not loop
                return None
            waiting.add(name)
            found = None
            for before in self.reads[name]:
                reached = (0, ()) if before == start else None
                if reached is None and not self.operators[before].clocked:
                    reached = gain(before)
                if reached is not None and (found is None or reached[0] > found[0]):
                    found = reached
            waiting.discard(name)
            if found is not None and name != end:
                found = (found[0] + self._gain(name, passed), (*found[1], name))
            best[name] = found
            return found

        reached = gain(end)
        return () if reached is None else tuple(self.operators[name] for name in reached[1])

    @cached_property
    def carries(self) -> dict[str, Operator]:
        """Operators that have cells of their own, by their place in the Verilog."""
        return {o.source: o for o in self.operators.values() if o.words in _CARRIES}

    def _gain(self, name: str, passed: Collection[str]) -> int:
        operator = self.operators[name]
        if operator.source in passed:
            return _ON
        wide = operator.words in _CARRIES and operator.width >= _WIDE
        return _OFF if wide else _OTHER
