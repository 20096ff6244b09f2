# SPDX-License-Identifier: Apache-2.0
"""Layer 0: records on disk. A dataclass is the schema: its type hints say what a file holds.

`encode` turns a record into JSON values, `decode` turns them back and checks every one, and
`toml_lines` writes a record for people to edit, with comments. Hints may be

==============================  ==================================================================
bool, int, float, str, Any      themselves; a float is finite, and may be written as an integer
an `Enum`                       its value
`FixedFormat`, `Fraction`       text, such as ``sQ0.15`` and ``1/255``
a dataclass                     an object; a list of its fields where `lists` names it
list, tuple, dict of strings    a list, an object
NumPy arrays                    what `put` returns: their place beside the header
``| None``                      null
a union of dataclasses          told apart by the key ``kind`` if they have a class variable of
                                this name, otherwise by the keys that one of them has alone
==============================  ==================================================================

A library would not be shorter. cattrs takes ``true`` and ``"3"`` for integers, and NaN, unless all
of its hooks are replaced, and its messages have neither rule nor value; msgspec has no unions of
dataclasses; pydantic is 10 MB and wants its configuration in every class. Each needs a hook for
every kind of text above, and none writes comments.
"""

from lmu_hw.records.read import Get, OtherVersion, decode, without_version
from lmu_hw.records.schema import stored
from lmu_hw.records.toml import toml_lines
from lmu_hw.records.write import OMIT, Put, Trail, encode

__all__ = [
    "OMIT",
    "Get",
    "OtherVersion",
    "Put",
    "Trail",
    "decode",
    "encode",
    "stored",
    "toml_lines",
    "without_version",
]
