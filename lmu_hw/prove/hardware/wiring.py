# SPDX-License-Identifier: Apache-2.0
"""Words of a netlist by their bits, as statements that take them out of others, or join them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from lmu_hw.prove.algebra.atoms import Unknown
from lmu_hw.prove.algebra.forms import Form, is_symbol
from lmu_hw.prove.algebra.undecided import Undecided, in_both
from lmu_hw.prove.algebra.words import Word, as_signed, join, normal, part, unknown, value_of
from lmu_hw.prove.deadline import ended
from lmu_hw.prove.hardware.netlist import Bit, Netlist, Source
from lmu_hw.prove.hardware.statements import Computed, Free, Statement, named

__all__ = ["Wiring"]

_REMEMBERED = 4096
"""Terms of all words whose answer a cell remembers."""


class _Field(NamedTuple):
    """Bits of a source that follow on each other, or a number.

    Attributes
    ----------
    source : Source or None
    low : int or None
        The lowest bit; without a source a number, or None: nothing is known.
    size, repeats : int
        Bits, and how often the top one comes again above them.
    """

    source: Source | None
    low: int | None
    size: int
    repeats: int

    @property
    def width(self) -> int:
        return self.size + self.repeats


class Wiring:
    """Statements that make words of bits.

    Parameters
    ----------
    netlist : Netlist

    Attributes
    ----------
    statements : list of Statement
        Each after those whose words it reads.
    constants : dict of str to object
        What the statements call by name.
    """

    def __init__(self, netlist: Netlist) -> None:
        self.netlist = netlist
        self.statements: list[Statement] = []
        self.constants: dict[str, Any] = {"unknown": unknown}
        self._names: dict[Source, str] = {}
        self._parts: dict[tuple[Any, ...], str] = {}

    def _constant(self, value: Any) -> str:
        name = f"k{len(self.constants)}"
        self.constants[name] = value
        return name

    def _name(self, source: Source) -> str:
        return self._names.setdefault(source, f"v{len(self._names)}")

    def _fields(self, bits: Sequence[Bit]) -> list[_Field]:
        drivers, fields, i = self.netlist.drivers, list[_Field](), 0
        while i < len(bits):
            j = i
            if isinstance(bits[i], str):
                known = bits[i] in ("0", "1")
                while (
                    j < len(bits) and isinstance(bits[j], str) and (bits[j] in ("0", "1")) == known
                ):
                    j += 1
                text = "".join(str(bit) for bit in reversed(bits[i:j]))
                fields.append(_Field(None, int(text, 2) if known else None, j - i, 0))
            elif bits[i] not in drivers:
                j += 1
                fields.append(_Field(None, None, 1, 0))
            else:
                source, low = drivers[bits[i]]
                while j < len(bits) and drivers.get(bits[j]) == (source, low + j - i):
                    j += 1
                size = j - i
                while j < len(bits) and bits[j] == bits[j - 1]:
                    j += 1
                fields.append(_Field(source, low, size, j - i - size))
            i = j
        return fields

    def _word(self, bits: Sequence[Bit]) -> str:
        """Return the name of a word, or a number; adds the statements that make it."""
        fields = self._fields(bits)
        if all(field.source is None and field.low is not None for field in fields):
            total = place = 0
            for field in fields:
                total |= (field.low or 0) << place
                place += field.size
            return str(total)
        if len(fields) == 1:
            return self._field(fields[0])
        # A sign is that of the whole word, which may be a result where its parts are none.
        *below, top = fields
        fields = [*below, top._replace(repeats=0)]
        names = [self._field(field) for field in fields]
        return self._joined(names, [field.width for field in fields], top.repeats)

    def _joined(self, names: Sequence[str], sizes: Sequence[int], repeats: int) -> str:
        """Return the name of words side by side, the top bit of which comes again above them."""
        key = ("join", *names, *sizes, repeats)
        if key not in self._parts:
            width = sum(sizes)
            places = [0, *accumulate(sizes)]
            pairs = zip(names, places, strict=False)
            text = " | ".join(f"{name} << {place}" if place else name for name, place in pairs)

            def joined(*values: Word) -> Word:
                return _with_sign(list(zip(values, sizes, strict=True)), repeats)

            text = _sign_extended(text, width, repeats) if repeats else text
            self._parts[key] = self._call(names, text, joined, width=width + repeats)
        return self._parts[key]

    def _field(self, field: _Field) -> str:
        source, low, size, repeats = field
        if source is None:
            return str(low) if low is not None else self._fresh(size)
        whole, width = self._name(source), self.netlist.width(source)
        if field == (source, 0, width, 0):
            return whole
        if field in self._parts:
            return self._parts[field]
        mask = (1 << size) - 1
        text = f"{whole} >> {low} & {mask}" if low else f"{whole} & {mask}"
        if low and low + size == width:
            text = f"{whole} >> {low}"
        text = _sign_extended(text, size, repeats) if repeats else text

        def cut(word: Word) -> Word:
            return _with_sign([(part(word, width, low or 0, size), size)], repeats)

        self._parts[field] = self._call([whole], text, cut, width=field.width)
        return self._parts[field]

    def _fresh(self, width: int, what: str = "x", name: str = "") -> str:
        """Add a word of which nothing is known; return its name."""
        name = name or f"x{len(self.statements)}"
        self.statements.append(Free(name=name, width=width, what=what))
        return name

    def _call(
        self,
        words: Sequence[str],
        known: str,
        function: Callable[..., Word],
        *,
        width: int,
        name: str = "",
    ) -> str:
        """Add a statement that computes a word; return its name."""
        name = name or f"w{len(self.statements)}"
        called = self._answers(words, function, width)
        self.statements.append(
            Computed(name=name, words=tuple(words), known=known, function=called)
        )
        return name

    def _answers(self, words: Sequence[str], function: Callable[..., Word], width: int) -> str:
        """Return the name of a function of the words that have names."""
        names = named(words)

        def of_all(*values: Word) -> Word:
            by_name = dict(zip(names, values, strict=True))
            return function(*(int(w) if w.isdigit() else by_name[w] for w in words))

        return self._constant(_remembering(function if names == list(words) else of_all, width))


def _sign_extended(text: str, width: int, repeats: int) -> str:
    """Return the expression of a number whose top bit comes again above it."""
    half = 1 << width - 1
    return f"(({text}) ^ {half}) - {half} & {(1 << width + repeats) - 1}"


def _with_sign(words: Sequence[tuple[Word, int]], repeats: int) -> Word:
    """Return words side by side, the top bit of which comes again above them."""
    if not repeats:
        return join(words)
    *below, (top, size) = words
    if below:
        whole, width = value_of(join(words)), sum(bits for _, bits in words)
        if whole is not None and is_symbol(whole):
            return normal(as_signed(whole, width), width + repeats)
    return join([*below, (normal(as_signed(top, size), size + repeats), size + repeats)])


def _remembering(function: Callable[..., Word], width: int) -> Callable[..., Word]:
    """Return a function of words that is called once for the same objects.

    Registers and memories hand on the objects that they hold, so most words come again as they are.
    It answers a free word where forms cannot say what it would be.
    """
    answers: dict[tuple[int, ...], tuple[tuple[Word, ...], Word]] = {}
    terms = 0

    def answer(*words: Word) -> Word:
        nonlocal terms
        key = tuple(map(id, words))
        if key in answers:
            return answers[key][1]
        if any(isinstance(word, Undecided) for word in words):
            return in_both(answer, words)
        ended()
        try:
            result = function(*words)
        except (Unknown, OverflowError):
            result = unknown(width, "given up")
        terms += 1 + sum(len(word.terms) for word in words if isinstance(word, Form))
        if terms > _REMEMBERED:
            answers.clear()
            terms = 0
        answers[key] = words, result  # the words stay, or another object might have their place
        return result

    return answer
