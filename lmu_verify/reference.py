# SPDX-License-Identifier: Apache-2.0
"""The float network that a design approximates, as its file says it: exact float64."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lmu_verify.errors import BadFile
from lmu_verify.fields import Fields, parse_json
from lmu_verify.files import Tensors, read_safetensors
from lmu_verify.integers import Codes, dyadic

__all__ = ["FloatLayer", "read_reference"]

_KEY = "lmu_hw"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FloatLayer:
    """A layer and its tensors: those of a memory, ``A`` and ``B``, must be stored."""

    name: str
    fields: Fields
    tensors: Tensors

    @property
    def encoder(self) -> str:
        """Activation of u."""
        return self.fields.text("encoder") if "encoder" in self.fields.values else "linear"

    @property
    def hidden(self) -> str:
        """Kind of the hidden cell, or none."""
        return self.fields.text("hidden")

    def has(self, tensor: str) -> bool:
        """Say whether there is a tensor of this name."""
        return f"{self.name}.{tensor}" in self.tensors.arrays

    def get(self, tensor: str, *shape: int) -> Codes:
        """Return a tensor of a shape, exactly."""
        return dyadic(self.tensors.get(f"{self.name}.{tensor}", shape, "float64"))

    def memory(self, order: int) -> tuple[Codes, Codes]:
        """Return A and B."""
        if self.fields.text("discretizer") != "stored":
            raise BadFile(f"{self.tensors.where}: the matrices of {self.name} must be stored")
        return self.get("A", order, order), self.get("B", order)


def read_reference(path: Path) -> list[FloatLayer]:
    """Read the layers of a reference network."""
    tensors = read_safetensors(path)
    text = parse_json(f"{path}: {_KEY}", tensors.texts.text(_KEY))
    entries = Fields(str(path), text).objects("layers")
    layers = [
        FloatLayer(name=entry.text("name"), fields=entry, tensors=tensors) for entry in entries
    ]
    if len({layer.name for layer in layers}) < len(layers):
        raise BadFile(f"{path}: every layer must have a name of its own")
    return layers
