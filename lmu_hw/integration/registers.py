# SPDX-License-Identifier: Apache-2.0
"""The registers of a design for others: SystemRDL, what PeakRDL makes of it, and a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from lmu_hw.integration.render import render
from lmu_hw.integration.subject import Subject

if TYPE_CHECKING:
    from lmu_hw.hdl.registers.map import Field, Register, RegisterMap

__all__ = ["register_files", "register_table", "system_rdl"]


def register_files(subject: Subject) -> dict[str, str]:
    """Return the files of a design with registers; none if it has none."""
    if not subject.plan.registers:
        return {}
    from lmu_hw.hdl.registers.map import register_map  # brings Amaranth, which is slow to load

    registers = register_map(subject.plan, subject.design.digest)
    text = system_rdl(subject.name, registers, digest=subject.design.digest)
    return {f"registers/{subject.name}.rdl": text}


def system_rdl(name: str, registers: RegisterMap, *, digest: str) -> str:
    """Return a map of registers in SystemRDL 2.0."""
    return render(
        "registers.rdl.j2",
        name=name,
        digest=digest,
        registers=registers.registers,
        properties=_properties,
    )


def register_table(registers: RegisterMap) -> str:
    """Return a map of registers as a table in Markdown, one line for each field.

    What always reads as what the design is has no number there: it is another one's.
    """
    lines = ["| offset | register | bits | field | software | reset | meaning |", f"|{'---|' * 7}"]
    for register in registers.registers:
        own = register.name.startswith(("FEATURES", "DIGEST"))
        for field in register.fields:
            last = field.low + field.bits - 1
            bits = f"{last}:{field.low}" if field.bits > 1 else str(field.low)
            cells = (
                f"0x{register.offset:02x}",
                f"`{register.name}`",
                bits,
                f"`{field.name}`",
                field.access.value,
                "of the design" if own else f"0x{field.reset:x}",
                field.description,
            )
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _properties(register: Register, field: Field) -> str:
    """Return what SystemRDL says of who reads and writes a field."""
    from lmu_hw.hdl.registers.map import Access

    match field.access:
        case Access.READ if register.counts or register.name == "STATUS":
            return "sw = r; hw = w;"
        case Access.READ:
            return "sw = r; hw = na;"
        case Access.STORE:
            return "sw = rw; hw = r;"
        case Access.ACT:
            return "sw = w; hw = r; singlepulse;"
        case Access.FEED:
            return "sw = w; hw = r;"
        case Access.EXCHANGE:
            return "sw = rw; hw = rw;"
    assert_never(field.access)
