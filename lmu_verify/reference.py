# SPDX-License-Identifier: Apache-2.0
"""The float network that a design approximates, as its file says it: exact float64."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lmu_verify.errors import BadFile
from lmu_verify.fields import Fields, parse_json
from lmu_verify.files import Tensors, read_safetensors
from lmu_verify.integers import Codes, dyadic, identity

__all__ = ["FloatLayer", "read_reference"]

_KEY = "lmu_hw"
_INPUT = "x"
_COPY = "p"


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
        """Return a tensor, of a shape if one is given, exactly."""
        return dyadic(self.tensors.get(f"{self.name}.{tensor}", shape or None, "float64"))

    def bias(self, symbol: str) -> Codes | None:
        """Return what is added to the sum of a node of the layer, or None."""
        if symbol == _COPY:
            return None
        if self.fields.text("kind") == "dense":
            return self._rows("b", slice(None))
        if symbol == "u":
            return self._rows("b_u", slice(None))
        return self._rows("b_h", slice(None)) if self.cell in ("dense", "simple_rnn") else None

    def function(self, symbol: str) -> str:
        """Return the name of what is applied to the sum of a node that no gate is part of."""
        if symbol == "u":
            return self.encoder
        return self.fields.text("activation") if symbol in ("h", "y") else "linear"

    def terms(self, symbol: str) -> dict[tuple[str, bool], Codes]:
        """Return the matrices by which a node of the layer reads, by source and whether delayed."""
        if symbol == _COPY:
            return {(_INPUT, False): self._copy()}
        name, kind = self.name, self.fields.text("kind")
        hidden, memory = f"{name}.h", f"{name}.m"
        if kind == "dense":
            return self._given([("W", (_INPUT, False), slice(None))])
        if kind == "lmu" and symbol == "u":
            every = slice(None)
            sources = ("E_x", (_INPUT, False)), ("E_m", (memory, True)), ("E_h", (hidden, True))
            return self._given([(tensor, source, every) for tensor, source in sources])
        rows = self._gate(symbol)
        if rows is None:
            return {}
        driven = [("W_x", (_INPUT, False), rows), ("W_m", (memory, False), rows)]
        return self._given([*driven, ("W_h", (hidden, True), rows)])

    def _copy(self) -> Codes:
        """Return the rows of the identity that copy columns of the input."""
        reads = {"lmu": "E_x", "recurrent": "W_x", "dense": "W"}[self.fields.text("kind")]
        every = identity(len(self.get(reads).T.codes))
        if "passed" not in self.fields.values:
            return every
        columns = self.fields.list("passed")
        whole = all(isinstance(n, int) and 0 <= n < len(every.codes) for n in columns)
        if not whole:
            self.fields.refuse("passed", f"columns of {len(every.codes)}")
        return Codes(every.codes[columns], 0)

    @property
    def cell(self) -> str:
        """Kind of the cell, or none."""
        kind = self.fields.text("kind")
        return self.fields.text({"lmu": "hidden", "recurrent": "cell"}[kind])

    def _gate(self, symbol: str) -> slice | None:
        """Return the rows of a cell's tensors that make up a node which the input drives."""
        cell = self.cell
        if cell in ("dense", "simple_rnn"):
            return slice(None) if symbol == "h" else None
        gates = {"lstm": "ifgo", "gru": "zr"}.get(cell, "")
        if cell == "gru":
            gates += "w" if self.fields.flag("reset_after") else "n"
        if not gates or symbol not in gates:
            return None
        tensor = self.tensors.get(f"{self.name}.W_h", None, "float64")
        units = len(tensor) // len(gates)
        return slice(gates.index(symbol) * units, (gates.index(symbol) + 1) * units)

    def _given(
        self, entries: list[tuple[str, tuple[str, bool], slice]]
    ) -> dict[tuple[str, bool], Codes]:
        rows = ((source, self._rows(tensor, part)) for tensor, source, part in entries)
        return {source: codes for source, codes in rows if codes is not None}

    def _rows(self, tensor: str, rows: slice) -> Codes | None:
        if not self.has(tensor):
            return None
        return dyadic(self.tensors.get(f"{self.name}.{tensor}", None, "float64")[rows])

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
