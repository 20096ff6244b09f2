# SPDX-License-Identifier: Apache-2.0
"""What the layers of a mapping read: the one before, or layers, sums and columns by name."""

from __future__ import annotations

import re
from collections import Counter

from lmu_hw.errors import LoadError
from lmu_hw.load.assembly import Assembly
from lmu_hw.load.check import must
from lmu_hw.load.mapping.entries import SumEntry
from lmu_hw.load.mapping.schema import StateMapping
from lmu_hw.load.value import Origin, Value

__all__ = ["Wires"]

_INPUT = "x"
_READ = re.compile(r"(?P<name>.+?)(?:\[(?P<first>\d{1,9})(?P<span>:(?P<end>\d{1,9}))?\])?")


class Wires:
    """The values between the layers of a mapping.

    Parameters
    ----------
    assembly : Assembly
    mapping : StateMapping
    """

    def __init__(self, assembly: Assembly, mapping: StateMapping) -> None:
        self._assembly, self._mapping = assembly, mapping
        self._values = {_INPUT: assembly.start(None)}
        self._before = _INPUT
        self._uses = _uses(mapping)

    @property
    def output(self) -> Value:
        """What the last layer computes."""
        return self._values[self._before]

    def keep(self, name: str, value: Value) -> None:
        """Remember what a layer computes."""
        self._values[name] = value.read_by(self._uses[name])
        self._before = name

    def source(self, name: str, reads: tuple[str, ...], origin: Origin) -> Value:
        """Return what a layer reads."""
        values = [self._value(name, read, origin) for read in reads or (self._before,)]
        return values[0] if len(values) == 1 else self._assembly.join(origin, values)

    def total(self, name: str, origin: Origin) -> Value:
        """Return a sum."""
        entry = self._mapping.layers[name]
        reads = entry.of if isinstance(entry, SumEntry) else ()
        values = [self._value(name, read, origin) for read in reads]
        shared = self._uses[name] > 1
        return self._assembly.total(origin, values, [1.0] * len(values), shared=shared)

    def _value(self, name: str, read: str, origin: Origin) -> Value:
        match = _READ.fullmatch(read)
        if match is None or match["name"] not in self._values:
            rule = f"one of {', '.join(self._values)}, or columns of one, such as x[0:2]"
            raise must(origin.where, "what is read", rule, read)
        value = self._assembly.resolved(self._values[match["name"]])
        if match["first"] is None:
            return value
        first = int(match["first"])
        columns = range(first, int(match["end"]) if match["span"] else first + 1)
        if value.width is None:
            raise LoadError(
                f"{origin.where}: columns must be taken of a layer, or of x behind a layer that "
                "reads all of it"
            )
        if not columns or columns[-1] >= value.width:
            raise must(origin.where, "columns", f"some of {value.width}", read)
        return self._assembly.columns(origin, value, columns)


def _uses(mapping: StateMapping) -> Counter[str]:
    """Count how often each layer, and the input, is read."""
    uses, before = Counter[str](), _INPUT
    for name, entry in mapping.layers.items():
        reads = entry.of if isinstance(entry, SumEntry) else entry.reads or (before,)
        uses.update(match["name"] for read in reads if (match := _READ.fullmatch(read)))
        before = name
    return uses
