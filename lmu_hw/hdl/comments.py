# SPDX-License-Identifier: Apache-2.0
"""What a reader of the emitted Verilog is told: what a module does, its states, its words."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator

from amaranth.hdl import Elaboratable, Fragment

__all__ = ["commented", "packed_words", "purposes"]

_WIDTH = 96
_FIELD = re.compile(r"^connect \\(\w+)\.(\w+) \\\1 \[(\d+)(?::(\d+))?\]$", re.MULTILINE)
_MODULE = re.compile(r"^module (\w+)\(.*?^endmodule$", re.MULTILINE | re.DOTALL)


def commented(
    verilog: str, purpose: dict[str, list[str]], packed: dict[str, dict[str, str]]
) -> str:
    """Return Verilog with a comment in front of each module.

    Parameters
    ----------
    verilog : str
    purpose, packed : dict by module
        Of `purposes` and `packed_words`.
    """

    def with_comment(match: re.Match[str]) -> str:
        name, text = match[1], match[0]
        declared = set(re.findall(r"^  (?:wire|reg) .*?(\w+);$", text, re.MULTILINE))
        words: dict[str, list[str]] = {}
        for word, fields in sorted(packed.get(name, {}).items()):
            if word in declared:
                words.setdefault(fields, []).append(word)
        lines = [*purpose.get(name, ()), *(["Fields of words:"] if words else [])]
        lines += [f"  {', '.join(names)}: {fields}" for fields, names in words.items()]
        wrapped = [part for line in lines for part in _wrapped(line)]
        return "".join(f"// {line}\n" for line in wrapped) + text

    return _MODULE.sub(with_comment, verilog)


def purposes(fragment: Fragment, name: str) -> dict[str, list[str]]:
    """Return, by module, what its component says that it does, and the numbers of its states."""
    found = {}
    for path, part in _parts(fragment, (name,)):
        lines = [_summary(origin) for origin in part.origins or () if _of_design(origin)][:1]
        for machine, states in part.generated.items():
            numbers = ", ".join(f"{number} {state}" for state, number in states.encoding.items())
            lines.append(f"States: {machine}_state is {numbers}.")
        found[_module_name(".".join(path))] = lines
    return found


def packed_words(rtlil: str) -> dict[str, dict[str, str]]:
    """Return, by module, the fields of each word that has some, and which bits they are."""
    words: dict[str, dict[str, str]] = {}
    for part in re.split(r"(?<=\n)(?=module )", rtlil):
        module = re.match(r"module \\(\S+)", part)
        if module is None:
            continue
        fields: dict[str, list[str]] = {}
        for word, field, high, low in _FIELD.findall(part):
            place = f"[{high}:{low}]" if low else f"[{high}]"
            fields.setdefault(word, []).append(f"{field} {place}")
        name = _module_name(module[1])
        words[name] = {word: ", ".join(parts) for word, parts in fields.items()}
    return words


def _module_name(path: str) -> str:
    """Return what Verilog calls a module, after its place in the hierarchy."""
    top, dot, rest = path.partition(".")
    return f"{top}{'__' if dot else ''}" + re.sub(r"\W+", "_", rest)


def _wrapped(line: str) -> list[str]:
    """Return a line as several ones; what is indented stays so."""
    indent = "    " if line.startswith(" ") else ""
    return textwrap.wrap(line, _WIDTH, subsequent_indent=indent)


def _parts(fragment: Fragment, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Fragment]]:
    yield path, fragment
    for part, name, _ in fragment.subfragments:
        if name is not None:
            yield from _parts(part, (*path, name))


def _of_design(origin: object) -> bool:
    return isinstance(origin, Elaboratable) and type(origin).__module__.startswith("lmu_hw")


def _summary(origin: object) -> str:
    """Return the first paragraph of what a component says of itself, in one line."""
    paragraph = (inspect.getdoc(type(origin)) or "").partition("\n\n")[0]
    return " ".join(paragraph.replace("`", "").split())
