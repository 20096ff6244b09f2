# SPDX-License-Identifier: Apache-2.0
"""Layers as the lines of a drafted mapping, with what to look for beside each doubt."""

from __future__ import annotations

import json
from collections.abc import Iterator

from lmu_hw.load.draft.items import Matrix, Norm, Recurrent
from lmu_hw.load.draft.memory import StoredMemory
from lmu_hw.load.draft.order import DraftLayer
from lmu_hw.load.draft.sizes import LmuDraft
from lmu_hw.load.mapping.schema import UNDECIDED

__all__ = ["dense", "line", "lmu", "norm", "recurrent"]

_ACTIVATIONS = "tanh, relu, sigmoid, ...; linear where there is none"
_BEHIND = (
    "what forward calls behind this layer: tanh, relu, sigmoid, leaky_relu with slope = 0.01, ...; "
    "linear where there is none"
)
_CELL = f"what forward calls on the sum that is h: {_ACTIVATIONS}"
_ENCODER = f"what forward calls on the sum that is u: {_ACTIVATIONS}"
_METHODS = (
    '"zoh" (cont2discrete, expm), "euler" (m + dt (A m + B u)) or "bilinear" (Tustin): how A and '
    "B are made before they are used"
)
_BOTH = "true where x stands behind the memory: torch.cat([m, x])"
_STATES = (
    '"by memory" where m is (..., memories, order) before it is flattened, "by order" where it is '
    "(..., order, memories)"
)
_TORCH_GATES = {"lstm": "i f g o", "gru": "r z n"}


def line(key: str, value: object, comment: str = "") -> str:
    """Return a line of TOML, with a comment if there is one."""
    text = f"{key} = {json.dumps(value, ensure_ascii=False)}"
    return f"{text}  # {comment}" if comment else text


def dense(matrix: Matrix) -> DraftLayer:
    """Return a dense layer."""
    lines = [line("kind", "dense"), line("W", matrix.view())]
    lines += [line("b", matrix.bias)] if matrix.bias else []
    lines += [line("activation", UNDECIDED, f"{_BEHIND}; softmax in the last layer only")]
    return DraftLayer(
        label=matrix.label,
        first=matrix.tensor,
        inputs=matrix.shape[1],
        outputs=matrix.shape[0],
        lines=tuple(lines),
    )


def recurrent(cell: Recurrent) -> DraftLayer:
    """Return a recurrent layer."""
    lines = [line("kind", "recurrent"), line("W_x", cell.W_x), *_cell(cell)]
    return DraftLayer(
        label=cell.label,
        first=cell.W_h,
        inputs=cell.inputs,
        outputs=cell.units,
        lines=tuple(lines),
    )


def _cell(cell: Recurrent) -> Iterator[str]:
    """Yield what PyTorch's own cells are, which is known."""
    yield line("cell", cell.cell)
    yield line("W_h", cell.W_h)
    if cell.cell == "gru":
        if cell.b_x and cell.b_h:
            yield line("b_h", cell.b_x)
            yield line("b_r", cell.b_h)
        yield line("reset_after", True)
    elif cell.b_x and cell.b_h:
        yield line("b_h", f"{cell.b_x} + {cell.b_h}")
    if cell.cell == "simple_rnn":
        yield line("activation", "tanh", "PyTorch's default; or relu")
        return
    yield line("gates", _TORCH_GATES[cell.cell], "as PyTorch orders them")
    yield line("activation", "tanh")
    yield line("recurrent_activation", "sigmoid")


def norm(norm: Norm) -> DraftLayer:
    """Return a batch normalisation."""
    lines = [line("kind", "normalization")]
    lines += [line(part, tensor) for part, tensor in norm.parts.items()]
    lines += [line("epsilon", 1e-5, "PyTorch's default; `eps` of the constructor")]
    lines += [line("activation", UNDECIDED, _BEHIND)]
    return DraftLayer(
        label=norm.label,
        first=norm.parts["mean"],
        inputs=norm.width,
        outputs=norm.width,
        lines=tuple(lines),
        follows=True,
    )


def lmu(lmu: LmuDraft, widths: set[int]) -> DraftLayer:
    """Return an LMU layer; `widths` are those of what may read it."""
    parts = dict(lmu.parts)
    outputs = lmu.units if lmu.cell != "none" else lmu.states
    if lmu.recurrent is not None:
        parts.pop("W_h")
    lines = [line("kind", "lmu"), *_memory(lmu)]
    if "E_x" not in parts and "E_x" not in lmu.choices:
        lines.append("# E_x is left out: u is x itself, one input for each memory.")
    for part in ("E_x", "E_h", "E_m", "b_u", "W_m", "W_x", "W_h", "b_h"):
        if part in parts:
            lines.append(line(part, parts[part]))
        elif part in lmu.choices:
            choices = " or ".join(json.dumps(choice) for choice in lmu.choices[part])
            left_out = "; or this line is left out" if part in lmu.optional else ""
            left_out += ": their order in torch.cat" if "[" in choices else ""
            lines.append(line(part, UNDECIDED, f"{choices}{left_out}"))
    encoder = UNDECIDED if "b_u" in parts else "linear"
    comment = _ENCODER if encoder == UNDECIDED else "of u, as in the 2019 paper; or another"
    lines.append(line("encoder", encoder, comment))
    if lmu.recurrent is not None:
        lines += _cell(lmu.recurrent)
    else:
        doubt = "W_h" in lmu.optional
        cell, choices = (
            (UNDECIDED, '"simple_rnn" with W_h, or "dense"') if doubt else (lmu.cell, "")
        )
        lines.append(line("cell", cell, choices))
        if lmu.cell != "none":
            lines.append(line("activation", UNDECIDED, _CELL))
        else:
            wide = (lmu.states or 0) + (lmu.inputs or 0)
            doubt = not lmu.driven and lmu.states not in widths and wide in widths
            outputs = None if doubt else outputs
            lines.append(line("input_to_hidden", UNDECIDED if doubt else False, _BOTH))
    label = lmu.label.removesuffix(".cell").removesuffix("cell") or "lmu"
    encoded = "E_x" in parts or "E_x" in lmu.choices
    return DraftLayer(
        label=label,
        first=lmu.first,
        inputs=lmu.inputs if encoded else lmu.memories,
        outputs=outputs,
        lines=tuple(lines),
        states=(lmu.states or 0) if lmu.cell != "none" else 0,
        fed_back="E_h" in parts or "E_h" in lmu.choices,
    )


def _memory(lmu: LmuDraft) -> Iterator[str]:
    memory = lmu.memory
    if memory is None or memory.continuous:
        yield from _discretized(lmu)
    else:
        yield from _stored(memory)
    if lmu.memories != 1:
        count = "how many there are: as many as inputs, where each input has its own"
        if lmu.memories is None:
            yield line("memories", UNDECIDED, count)
        else:
            yield line("memories", lmu.memories)
        yield line("states", UNDECIDED, _STATES)


def _discretized(lmu: LmuDraft) -> Iterator[str]:
    """Yield what A and B are made of, where none as they run are in the file."""
    memory = lmu.memory
    if memory is None or memory.theta is None:
        yield line("theta", UNDECIDED, "steps of the window: theta in the constructor, over its dt")
    elif memory.said:
        yield line("theta", memory.theta, f"steps, of the tensor {memory.said}; over dt, if not 1")
    else:
        yield line("theta", memory.theta, "steps, found from A and B")
    yield line("discretizer", UNDECIDED, _METHODS)
    if memory is not None or lmu.order is not None:
        doubt = "what is left beside x in the cell's matrix: memory_size in the constructor"
        yield line("order", memory.order if memory else lmu.order, doubt if lmu.assumed else "")


def _stored(memory: StoredMemory) -> Iterator[str]:
    if memory.theta is None:
        forms = ("", " transposed", " + I", " transposed + I")
        choices = " or ".join(f'"{memory.A}{form}"' for form in forms)
        yield line("A", UNDECIDED, f"{choices}: A of m' = A m + B u; its numbers tell none")
    else:
        if memory.near is None:
            yield f"# A and B are those of a window of {memory.theta:g} steps."
        else:
            yield (
                f"# A is near that of a window of {memory.theta:g} steps, {memory.near:.0%} off: "
                "it was trained, or is of another basis."
            )
        yield line("A", memory.A)
    yield line("B", memory.B)
