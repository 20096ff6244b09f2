# SPDX-License-Identifier: Apache-2.0
"""Parts of a design: what is counted together, and what it is called.

The hierarchy of the emitted Verilog names them: ``layer_lmu0.drain`` is the output stage of the
layer lmu0, and all that lies in it is counted with it.
"""

from __future__ import annotations

import re

__all__ = ["memory_words", "part_of", "words_of"]

_LAYER = "layer_"
_CORE = "core."
"""Where all of a design is that has registers around it."""

_WORDS = {
    "answers": "answer queue",
    "from_axi": "input port",
    "to_axi": "output port",
    "gate": "gate before the core",
    "registers": "registers",
    "core": "top",
    "": "top",
}
_IN_LAYER = {
    "": "control",
    "drain": "output stage",
    "elementwise": "products of vectors",
    "mac": "multiplier array",
    "row_rom": "row constants",
    "sequencer": "sequencer",
    "source": "input vector",
    "weight_roms": "weight ROM",
}
_STORES = re.compile(r"rom(_\d+)?|bank_\d+|words|cells(_\d+)?|memory|storage")
"""Instances and memories that are but the store of the one around them."""

_NAMED = (
    (re.compile(r"(\w+)_unit"), "memory unit {}"),
    (re.compile(r"(\w+)_memory"), "vector {}"),
    (re.compile(r"\w+?_([a-z]+)_([a-z]+)(?:_\d+)?"), "{1} ROM of {0}"),
)
"""Patterns of instances in a layer, and what they are called."""


def part_of(path: str) -> str:
    """Return the part that an instance belongs to: an instance of the top, or one in a layer."""
    names = path.removeprefix(_CORE).split(".")
    return ".".join(names[: 2 if names[0].startswith(_LAYER) else 1])


def words_of(path: str) -> str:
    """Return what a part is called; an instance that is not known keeps its name."""
    first, _, rest = path.partition(".")
    if not first.startswith(_LAYER):
        return _WORDS.get(first, first)
    return f"{first.removeprefix(_LAYER)}: {_in_layer(rest)}"


def memory_words(name: str) -> str:
    """Return what a memory is called, by the name of one of its cells."""
    names = re.sub(r"(\.\d+)+$", "", name).split(".")
    while len(names) > 1 and _STORES.fullmatch(names[-1]):
        names.pop()
    return _in_layer(names[-1])


def _in_layer(name: str) -> str:
    if name in _IN_LAYER:
        return _IN_LAYER[name]
    for pattern, text in _NAMED:
        match = pattern.fullmatch(name)
        if match:
            return text.format(*match.groups())
    return name
