# SPDX-License-Identifier: Apache-2.0
"""The ports of a module, read of emitted Verilog."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Ports", "ports_of"]

_PORT = re.compile(r"^  (input|output) (?:\[(\d+):0\] )?(\w+);$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Bits of the ports of a top by name, and which of them it drives."""

    bits: Mapping[str, int]
    outputs: frozenset[str] = field(default_factory=frozenset)

    @property
    def names(self) -> list[str]:
        """Every bit of a port by its name, the clock first."""
        return sorted(
            (
                f"{name}[{bit}]" if count > 1 else name
                for name, count in self.bits.items()
                for bit in range(count)
            ),
            key=lambda name: name != "clk",
        )

    @property
    def reloadable(self) -> bool:
        """Whether coefficients can be written."""
        return "coefficient_write" in self.bits

    @property
    def beside(self) -> bool:
        """Whether there are ports beside streams and coefficients."""
        return bool(self.others(outputs=False))

    def others(self, *, outputs: bool) -> list[str]:
        """Return the ports of registers or of states on one side."""
        names = [name for name in self.bits if name.startswith(("s_axi_", "state_"))]
        return [name for name in names if (name in self.outputs) == outputs]


def ports_of(verilog: str, top: str) -> Ports:
    """Return the ports of a module in emitted Verilog.

    Raises
    ------
    ValueError
        If the module is not there.
    """
    module = re.search(rf"^module {top}\(.*?^endmodule", verilog, re.MULTILINE | re.DOTALL)
    if module is None:
        raise ValueError(f"it must hold the module {top}")
    found = _PORT.findall(module[0])
    return Ports(
        bits={name: int(high or 0) + 1 for _, high, name in found},
        outputs=frozenset(name for direction, _, name in found if direction == "output"),
    )
