# SPDX-License-Identifier: Apache-2.0
"""The writes of coefficients as a text: for `$readmemh`, for C, for Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from lmu_hw.errors import ConfigError
from lmu_hw.names import design_name

__all__ = ["WRITES", "writes_text"]

Writes = Sequence[tuple[int, int]]


def writes_text(writes: Writes, path: str | Path) -> str:
    """Return writes in the form that the suffix of a file asks for.

    Parameters
    ----------
    writes : sequence of (address, data)
    path : str or Path
        ``.h``: an array in C; ``.py``: a list in Python; ``.hex`` and others: lines
        ``@address data`` that `$readmemh` reads.

    Raises
    ------
    ConfigError
        If a number does not fit the 32 or 64 bits of C.
    """
    form = WRITES.get(Path(path).suffix, _hex)
    return form(writes, Path(path).stem)


def _hex(writes: Writes, name: str) -> str:
    digits = _digits(writes)
    return "".join(f"@{address:x} {word:0{digits}x}\n" for address, word in writes)


def _c(writes: Writes, name: str) -> str:
    words = max(word for _, word in writes).bit_length()
    addresses = max(address for address, _ in writes).bit_length()
    if max(words, addresses) > 64:
        raise ConfigError(
            f"words in C must have at most 64 bits, not {words}: write a .hex or .py file, or "
            "generate the design with `reloadable` all, whose words have 32"
        )
    name, bits = design_name(name), 32 if max(words, addresses) <= 32 else 64
    kind, suffix, digits = f"uint{bits}_t", "u" if bits == 32 else "ull", _digits(writes)
    lines = (
        f"  {{0x{address:x}{suffix}, 0x{word:0{digits}x}{suffix}}}," for address, word in writes
    )
    return "\n".join(
        [
            "/* Writes of coefficients, in this order: address, data. */",
            f"#ifndef {name.upper()}_H",
            f"#define {name.upper()}_H",
            "",
            "#include <stddef.h>",
            "#include <stdint.h>",
            "",
            f"static const {kind} {name}[][2] = {{",
            *lines,
            "};",
            f"static const size_t {name}_count = sizeof {name} / sizeof {name}[0];",
            "",
            "#endif",
            "",
        ]
    )


def _python(writes: Writes, name: str) -> str:
    digits = _digits(writes)
    lines = (f"    (0x{address:x}, 0x{word:0{digits}x})," for address, word in writes)
    head = ['"""Writes of coefficients, in this order: address, data."""', "", "WRITES = ["]
    return "\n".join([*head, *lines, "]", ""])


def _digits(writes: Writes) -> int:
    return len(f"{max(word for _, word in writes):x}")


WRITES: dict[str, Callable[[Writes, str], str]] = {".hex": _hex, ".h": _c, ".py": _python}
"""The forms of writes, by the suffix of their file."""
