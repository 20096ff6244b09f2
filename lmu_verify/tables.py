# SPDX-License-Identifier: Apache-2.0
"""The answers of a tabulated activation, from the integers of its parts."""

from __future__ import annotations

import numpy as np

from lmu_verify.errors import BadFile
from lmu_verify.fields import Fields, Format
from lmu_verify.files import Tensors

__all__ = ["codes_of", "table_answers"]

_MOST = 1 << 62
_MOST_BITS = 24
"""Of a code that enters: its answers are computed one by one."""


def codes_of(entry: Fields, tensors: Tensors) -> tuple[np.ndarray, Format]:
    """Return the integers of an array, as Python integers, and their format."""
    fmt = entry.format("format")
    codes = tensors.integers(entry.text("array"), None)
    if codes.size and not fmt.min_code <= codes.min() <= codes.max() <= fmt.max_code:
        raise BadFile(f"{entry.where}: the codes must fit {entry.get('format')}")
    return codes, fmt


def table_answers(entry: Fields, source: Format, tensors: Tensors) -> tuple[Format, np.ndarray]:
    """Return the format of the answers, and all of them from that to the smallest code on.

    Parameters
    ----------
    entry : Fields
        The table.
    source : Format
        Of what the narrowing before it answers.
    tensors : Tensors
    """
    answers = entry.format("format")
    if entry.format("source") != source or source.width > _MOST_BITS:
        entry.refuse("source", "the format of what enters")
    origin = entry.integer("origin", source.min_code, source.max_code)
    farthest = max(source.max_code - origin, origin - source.min_code)
    last, low_bits = entry.integer("last", 0, farthest), entry.integer("low_bits", 0, source.width)
    guard_bits = entry.integer("guard_bits", 0, 62)
    codes = np.arange(source.min_code, source.max_code + 1)
    distance = codes - origin
    mirrored = entry.flag("mirrored")
    address = np.abs(distance) if mirrored else np.maximum(distance, 0)
    index, low = np.divmod(np.minimum(address, last), 1 << low_bits)
    total = _totals(entry, index, low, (source, answers, guard_bits), tensors)
    result = total >> guard_bits
    if entry.get("reflection") is not None:
        reflection = entry.integer("reflection", -_MOST, _MOST)
        if not mirrored:
            entry.refuse("reflection", "null where nothing is mirrored")
        result = np.where(distance < 0, reflection - result, result)
    if entry.flag("ramp"):
        up = answers.frac_bits - source.frac_bits
        if not 0 <= up <= 62 - source.width:
            entry.refuse("ramp", "false where the answers are coarser")
        result = result + (np.maximum(codes, 0) << up)
    return answers, result.clip(answers.min_code, answers.max_code)


def _totals(
    entry: Fields,
    index: np.ndarray,
    low: np.ndarray,
    formats: tuple[Format, Format, int],
    tensors: Tensors,
) -> np.ndarray:
    """Return the sums of values and what lies between them, which int64 holds."""
    source, answers, guard_bits = formats
    values, fmt = codes_of(entry.object("values"), tensors)
    up = answers.frac_bits + guard_bits - fmt.frac_bits
    words = (entry.integer("last", 0, _MOST) >> entry.integer("low_bits", 0, source.width)) + 1
    if values.shape != (words,) or not 0 <= up <= 62:
        entry.refuse("values", "a code of the right format for every block of addresses")
    values = values * (1 << up)
    if entry.get("interpolation") is None:
        if entry.get("low_bits"):
            entry.refuse("interpolation", "there where a value has several addresses")
        return _small(entry, values)[index]
    between = entry.object("interpolation")
    codes, fmt = codes_of(between.object("codes"), tensors)
    size = 1 << entry.integer("low_bits", 0, source.width)
    if between.choice("kind", ("slopes", "offsets")) == "slopes":
        bits = answers.frac_bits + guard_bits - source.frac_bits
        if codes.shape != values.shape or fmt.frac_bits != bits:
            between.refuse("codes", f"a slope of {bits} fraction bits for every value")
        _small(entry, np.abs(values) + np.abs(codes) * size)
        return values.astype(np.int64)[index] + codes.astype(np.int64)[index] * low
    group_bits, half = between.integer("group_bits", 0, source.width), size // 2
    group = index >> group_bits
    if codes.shape != ((words - 1 >> group_bits) + 1, half) or not half:
        between.refuse("codes", f"{half} offsets for each group of values")
    if fmt.frac_bits != answers.frac_bits + guard_bits:
        between.refuse("codes", "offsets with the fraction bits of the total")
    _small(entry, np.append(values, codes.ravel()) * 2)
    before = low < half
    offsets = codes.astype(np.int64)[group, np.where(before, half - 1 - low, low - half)]
    return values.astype(np.int64)[index] + np.where(before, -offsets, offsets)


def _small(entry: Fields, numbers: np.ndarray) -> np.ndarray:
    """Return Python integers as int64, or refuse a table whose sums it would not hold."""
    if max(abs(numbers.min()), abs(numbers.max())) >= _MOST:
        raise BadFile(f"{entry.where}: the sums of the table must stay below 2**62")
    return numbers.astype(np.int64)
