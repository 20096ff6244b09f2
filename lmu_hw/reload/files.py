# SPDX-License-Identifier: Apache-2.0
"""The writes of coefficients as a text: for `$readmemh`, for C, for Python."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from lmu_hw.names import design_name

__all__ = ["WRITES", "writes_text"]

Writes = Sequence[tuple[int, int]]

_BITS = 32
"""Of a number in C: of a register, too."""

_IN_A_LINE = 6


def writes_text(writes: Writes, path: str | Path, *, bits: int) -> str:
    """Return writes in the form that the suffix of a file asks for.

    Parameters
    ----------
    writes : sequence of (address, data)
    path : str or Path
        ``.h``: arrays in C, as a design's driver takes them; ``.py``: a list in Python; ``.hex``
        and others: lines ``@address data`` that `$readmemh` reads.
    bits : int
        Of the data that are written at once.
    """
    form = WRITES.get(Path(path).suffix, _hex)
    return form(writes, Path(path).stem, bits)


def _hex(writes: Writes, name: str, bits: int) -> str:
    digits = -(-bits // 4)
    return "".join(f"@{address:x} {word:0{digits}x}\n" for address, word in writes)


def _c(writes: Writes, name: str, bits: int) -> str:
    name, parts, mask = design_name(name), -(-bits // _BITS), (1 << _BITS) - 1
    words = [word >> _BITS * part & mask for _, word in writes for part in range(parts)]
    return "\n".join(
        [
            "/* Writes of coefficients, in this order: where, and what; of a word that is longer",
            f" * than {_BITS} bits, its parts from the low bits on. */",
            f"#ifndef {name.upper()}_H",
            f"#define {name.upper()}_H",
            "",
            "#include <stdint.h>",
            "",
            f"#define {name.upper()}_COUNT {len(writes)}u",
            f"#define {name.upper()}_WORD_PARTS {parts}u",
            *_array(f"{name}_addresses", (address for address, _ in writes)),
            *_array(f"{name}_words", words),
            "",
            "#endif",
            "",
        ]
    )


def _array(name: str, numbers: Iterable[int]) -> list[str]:
    texts = [f"0x{number:08x}u," for number in numbers]
    lines = [
        "  " + " ".join(texts[first : first + _IN_A_LINE])
        for first in range(0, len(texts), _IN_A_LINE)
    ]
    return [f"static const uint32_t {name}[] = {{", *lines, "};"]


def _python(writes: Writes, name: str, bits: int) -> str:
    digits = -(-bits // 4)
    lines = (f"    (0x{address:x}, 0x{word:0{digits}x})," for address, word in writes)
    head = ['"""Writes of coefficients, in this order: address, data."""', "", "WRITES = ["]
    return "\n".join([*head, *lines, "]", ""])


WRITES: dict[str, Callable[[Writes, str, int], str]] = {".hex": _hex, ".h": _c, ".py": _python}
"""The forms of writes, by the suffix of their file."""
