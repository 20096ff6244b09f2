# SPDX-License-Identifier: Apache-2.0
"""What ``x[...]`` takes of a tensor in a Keras model: its last step, and some of its features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lmu_hw.load.check import must
from lmu_hw.load.keras.graph import LayerNode

__all__ = ["Item", "item_of"]


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


def item_of(node: LayerNode, arguments: list[Any], *, sequences: bool, width: int | None) -> Item:
    """Return what a node takes of sequences, or of one vector for each.

    Raises
    ------
    LoadError
        If it takes anything else than all steps or the last one, and features behind each other.
    """
    keys = arguments[0] if len(arguments) == 1 else None
    rule = "[:, -1], or columns such as [:, :, 0:1]"
    axes = 3 if sequences else 2
    if not isinstance(keys, list) or not 1 <= len(keys) <= axes or not _whole(keys[0]):
        raise must(node.where, "what is taken", rule, keys)
    step = keys[1] if sequences and len(keys) > 1 else None
    last = step == -1 and not isinstance(step, bool)
    if not (step is None or last or _whole(step)):
        raise must(node.where, "what is taken", rule, keys)
    feature = keys[axes - 1] if len(keys) == axes else None
    if feature is None or _whole(feature):
        return Item(last=last, columns=None)
    bounds = _slice(feature)
    if bounds is None or width is None:
        raise must(node.where, "what is taken", rule, keys)
    columns = range(width)[bounds]
    if not columns:
        raise must(node.where, "what is taken", "at least one feature", keys)
    return Item(last=last, columns=columns)


def _whole(key: object) -> bool:
    bounds = _slice(key)
    return bounds is not None and bounds in (slice(None), slice(0, None), slice(None, None, 1))


def _slice(key: object) -> slice | None:
    """Return a slice as Keras writes it; None if it is another key."""
    if not isinstance(key, dict) or key.get("class_name") != "__slice__":
        return None
    config = key.get("config")
    ends = (
        [config.get(name) for name in ("start", "stop", "step")] if isinstance(config, dict) else []
    )
    whole = all(end is None or (isinstance(end, int) and not isinstance(end, bool)) for end in ends)
    return slice(*ends) if ends and whole and ends[2] != 0 else None
