# SPDX-License-Identifier: Apache-2.0
"""What ``x[...]`` takes of a tensor in a Keras model: its last step, and some of its features."""

from __future__ import annotations

from dataclasses import dataclass
from types import EllipsisType

from lmu_hw.load.check import must
from lmu_hw.load.keras.calls import Call, Constant
from lmu_hw.load.keras.graph import LayerNode

__all__ = ["Item", "item_of"]

_RULE = "[:, -1], or columns such as [:, :, 0:1]"
_Key = slice | int | EllipsisType | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What is taken.

    Parameters
    ----------
    last : bool
        The last step only.
    columns : range or None
        Features; None: all of them.
    """

    last: bool
    columns: range | None


def item_of(
    node: LayerNode, call: Call, *, sequences: bool, steps: int | None, width: int | None
) -> Item:
    """Return what a node takes of sequences, or of one vector for each.

    Raises
    ------
    LoadError
        If it takes anything else than all steps or the last one, and features behind each other.
    """
    raw = _raw(call)
    refused = must(node.where, "what is taken", _RULE, raw)
    try:
        keys = [_key(part) for part in raw] if isinstance(raw, list) else []
        keys = _whole_keys(keys, 3 if sequences else 2)
    except ValueError:
        raise refused from None
    # Which axes are left: of the batch, the step, the feature, or a new one.
    axes = iter(["batch", "step", "feature"] if sequences else ["batch", "feature"])
    left, last, columns = [], not sequences, None
    for key in keys:
        axis = "new" if key is None else next(axes)
        left += [] if isinstance(key, int) else [axis]
        if axis == "batch" and key != slice(None):
            raise refused
        if axis == "step" and key != slice(None):
            last = key in (-1, slice(-1, None)) or (steps is not None and key == steps - 1)
            if not last:
                raise refused
        if axis == "feature" and key != slice(None):
            columns = _columns(key, width)
            if columns is None:
                raise refused
    whole = ["batch", "feature"] if last else ["batch", "step", "feature"]
    # One column without its axis is as wide as a new axis, or that of the last step.
    if "feature" not in left and len(left) == len(whole) and left[: len(whole) - 1] == whole[:-1]:
        left = whole
    if left != whole:
        raise refused
    if columns is not None and not columns:
        raise must(node.where, "what is taken", "at least one feature", raw)
    return Item(last=last and sequences, columns=columns)


def _raw(call: Call) -> object:
    """Return the keys as Keras 2 or 3 writes them."""
    given = [operand.value for operand in call.operands if isinstance(operand, Constant)]
    return given[0] if len(given) == 1 else call.keywords.get("slice_spec")


def _key(part: object) -> _Key:
    """Return one key, or raise `ValueError`."""
    if part is None or (isinstance(part, int) and not isinstance(part, bool)):
        return part
    if part == "Ellipsis":
        return ...
    config = part
    if isinstance(part, dict) and "class_name" in part:
        if part["class_name"] == "__ellipsis__":
            return ...
        config = part.get("config") if part["class_name"] == "__slice__" else None
    if not isinstance(config, dict) or not set(config) >= {"start", "stop", "step"}:
        raise ValueError
    start, stop, step = (config[name] for name in ("start", "stop", "step"))
    for end in (start, stop, step):
        if end is not None and (not isinstance(end, int) or isinstance(end, bool)):
            raise ValueError
    return slice(start or None, stop, None if step == 1 else step)


def _whole_keys(keys: list[_Key], axes: int) -> list[_Key]:
    """Return a key for each axis, new ones beside them, or raise `ValueError`."""
    missing = axes - sum(key is not None and key is not ... for key in keys)
    if missing < 0 or keys.count(...) > 1 or not keys:
        raise ValueError
    place = keys.index(...) if ... in keys else len(keys)
    return [*keys[:place], *[slice(None)] * missing, *keys[place + 1 :]]


def _columns(key: _Key, width: int | None) -> range | None:
    """Return features, or None if there are no such ones."""
    if width is None:
        return None
    if isinstance(key, int):
        number = key + width if key < 0 else key
        return range(number, number + 1) if 0 <= number < width else None
    if not isinstance(key, slice) or key.step == 0:
        return None
    return range(width)[key]
