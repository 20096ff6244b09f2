# SPDX-License-Identifier: Apache-2.0
"""Which tensor of a state dict is which part of which layer: a TOML file to draft and edit.

A state dict holds names and numbers. How its layers are joined, what their activations are, and
when the network answers stands in the code that was trained, and here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from lmu_hw.errors import LoadError
from lmu_hw.lmu.activations import ACTIVATIONS, SOFTMAX
from lmu_hw.load.check import show
from lmu_hw.load.mapping.entries import LEAKY, Answers, Cell, LayerEntry, States
from lmu_hw.load.mapping.view import VECTORS, View
from lmu_hw.records import decode, without_version

__all__ = [
    "UNDECIDED",
    "VERSION",
    "StateMapping",
]

VERSION = 1
UNDECIDED = "?"
"""What a draft writes where neither names nor shapes decide."""

_MAX_BYTES = 1 << 20
_PARTS = VECTORS | {"A", "E_x", "E_h", "E_m", "W_m", "W_x", "W_h", "W"}


_ACTIVATION = "an activation"
_CHOICES: dict[str, str] = {
    "answers": " or ".join(f'"{kind.value}"' for kind in Answers),
    "cell": ", ".join(f'"{kind.value}"' for kind in Cell),
    "theta": "steps of the window",
    "discretizer": "zoh, euler or bilinear",
    "states": " or ".join(f'"{kind.value}"' for kind in States),
    "memories": "how many memories there are",
    "order": "states of a memory",
    **dict.fromkeys(("activation", "recurrent_activation", "encoder"), _ACTIVATION),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StateMapping:
    """Which tensors are which parts of a network.

    Parameters
    ----------
    answers : Answers
    layers : dict of str to LayerEntry
        In their order; each is fed by the one before it, or by what it `reads`.
    state : str
        The key under which the state dict lies, such as ``net`` or ``checkpoint.ema``; empty: it is
        the whole file.
    ignore : tuple of str
        Tensors that are no part of the network; ``*`` stands for any text.
    where : str
        The file that says it, for messages.
    """

    answers: Answers
    layers: dict[str, LayerEntry]
    state: str = ""
    ignore: tuple[str, ...] = ()
    where: str = field(default="mapping", compare=False)

    @classmethod
    def read(cls, path: str | Path) -> StateMapping:
        """Return the mapping in a TOML file, or raise `LoadError`."""
        try:
            with Path(path).open("rb") as file:
                raw = file.read(_MAX_BYTES + 1)
        except OSError as error:
            raise LoadError(f"{path}: must be readable, but {error.strerror}") from None
        if len(raw) > _MAX_BYTES:
            raise LoadError(f"{path}: must be at most {_MAX_BYTES} bytes")
        try:
            return cls.from_toml(raw.decode(), where=str(path))
        except UnicodeDecodeError:
            raise LoadError(f"{path}: must be a text file") from None

    @classmethod
    def from_toml(cls, text: str, *, where: str) -> StateMapping:
        """Return the mapping in a text; `where` names it in messages.

        Raises
        ------
        LoadError
            If it is no TOML, a key is missing, unknown, or holds a wrong value, or something is
            still undecided.
        """
        try:
            table = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            raise LoadError(f"{where}: must be TOML: {error}") from None
        undecided = list(_undecided(table))
        if undecided:
            names = [
                name for name in [*ACTIVATIONS, LEAKY, SOFTMAX] if not name.endswith("_keras2")
            ]
            listed = (
                f" (activations are {', '.join(names)})" if _ACTIVATION in str(undecided) else ""
            )
            raise LoadError(f"{where}: must be decided: {'; '.join(undecided)}{listed}")
        try:
            entry = decode(_File, without_version(table, VERSION))
        except ValueError as error:
            raise LoadError(f"{where}: {error}") from None
        mapping = cls(
            answers=entry.answers,
            layers=entry.layers,
            state=entry.state,
            ignore=entry.ignore,
            where=where,
        )
        mapping.views()
        return mapping

    def views(self) -> dict[str, dict[str, View]]:
        """Return the parts of every layer by their names, or raise `LoadError`."""
        if not self.layers:
            raise LoadError(f"{self.where}: layers must hold at least one layer")
        return {name: self._views(name, entry) for name, entry in self.layers.items()}

    def _views(self, name: str, entry: LayerEntry) -> dict[str, View]:
        views = {}
        for part in fields(entry):
            text = getattr(entry, part.name)
            if part.name in _PARTS and isinstance(text, str):
                try:
                    views[part.name] = View.parse(text)
                except ValueError as error:
                    raise LoadError(f"{self.where}: layers.{name}.{part.name}: {error}") from None
        return views


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """What a file says beside its version."""

    answers: Answers
    layers: dict[str, LayerEntry]
    state: str = ""
    ignore: tuple[str, ...] = ()


def _undecided(table: Mapping[str, Any], within: str = "") -> Iterator[str]:
    """Yield every key that is still undecided, with its choices."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _undecided(value, f"{within}{key}.")
        elif value == UNDECIDED:
            choices = _CHOICES.get(key, "the comment beside it says which")
            yield f"{show(within + key)[1:-1]} ({choices})"
