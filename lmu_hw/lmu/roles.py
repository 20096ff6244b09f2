# SPDX-License-Identifier: Apache-2.0
"""What a node is to its layer. Names of nodes are made of roles here, and taken apart nowhere."""

from __future__ import annotations

from enum import Enum

from lmu_hw.errors import NetworkError

__all__ = [
    "Role",
    "has_role",
    "node_name",
    "pre_activation",
    "pre_activation_symbol",
    "role_of",
]


class Role(Enum):
    """What a node is to its layer; the value is what follows the dot in the node's name.

    A layer has at most one node of each role.
    """

    ENCODED = "u"
    """What the memories of a layer hear."""
    MEMORY = "m"
    """The states of all memories of a layer."""
    INPUT_GATE = "i"
    FORGET_GATE = "f"
    CELL_CANDIDATE = "g"
    OUTPUT_GATE = "o"
    CELL_STATE = "c"
    """Of an LSTM, ``c = f c[t-1] + i g``."""
    ACTIVATED_STATE = "s"
    """The cell state behind its activation."""
    UPDATE_GATE = "z"
    RESET_GATE = "r"
    RESET_HIDDEN = "q"
    """``r h[t-1]`` of a GRU that resets before its product."""
    RECURRENT_PART = "v"
    """What the candidate of a GRU that resets after its product makes of ``h[t-1]``."""
    DRIVEN_PART = "w"
    """What the same candidate makes of memory and input."""
    CANDIDATE = "n"
    """What the hidden state of a GRU moves towards."""
    HIDDEN = "h"
    """The output of a hidden cell."""
    PASSED_INPUT = "p"
    """Copies of columns of the layer's input, for what is behind the next layer."""
    DENSE = "y"
    """The output of a dense layer."""

    @property
    def words(self) -> str:
        """The role in words, for reports."""
        return _WORDS[self]


_WORDS = {
    Role.ENCODED: "encoded input",
    Role.MEMORY: "memory state",
    Role.INPUT_GATE: "input gate",
    Role.FORGET_GATE: "forget gate",
    Role.CELL_CANDIDATE: "candidate",
    Role.OUTPUT_GATE: "output gate",
    Role.CELL_STATE: "cell state",
    Role.ACTIVATED_STATE: "activated cell state",
    Role.UPDATE_GATE: "update gate",
    Role.RESET_GATE: "reset gate",
    Role.RESET_HIDDEN: "reset hidden state",
    Role.RECURRENT_PART: "recurrent part of the candidate",
    Role.DRIVEN_PART: "driven part of the candidate",
    Role.CANDIDATE: "candidate",
    Role.HIDDEN: "hidden",
    Role.PASSED_INPUT: "input passed on",
    Role.DENSE: "dense",
}
_SUMS = (Role.HIDDEN, Role.DENSE)
"""Roles whose sum has a name of its own in the field: z."""


def node_name(layer: str, role: Role) -> str:
    """Return the name of a node, as in the float trace."""
    return f"{layer}.{role.value}"


def pre_activation(layer: str, role: Role) -> str:
    """Return the trace name of what enters a node's activation.

    ``layer.z`` of a simple cell and of a dense layer; ``layer.i_pre`` of a gate i.
    """
    return f"{layer}.{pre_activation_symbol(role)}"


def pre_activation_symbol(role: Role) -> str:
    """Return what follows the dot in the name of what enters a node's activation."""
    return "z" if role in _SUMS else f"{role.value}_pre"


def role_of(layer: str, name: str) -> Role:
    """Return the role of the node that has a name in a layer.

    Raises
    ------
    NetworkError
        If no node has.
    """
    names = {node_name(layer, role): role for role in Role}
    if name not in names:
        known = ", ".join(role.value for role in Role)
        raise NetworkError(
            f"a node of {layer} must be called {layer} and, behind a dot, one of {known}, not "
            f"{name!r}"
        )
    return names[name]


def has_role(name: str, role: Role) -> bool:
    """Say whether a name is that of a node of a role in any layer, where a file tells no more."""
    return name.endswith(node_name("", role))
