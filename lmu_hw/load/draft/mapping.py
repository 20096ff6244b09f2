# SPDX-License-Identifier: Apache-2.0
"""A mapping drafted from the names and shapes of a state dict, with its doubts beside it.

A memory is known by its matrices, which no other weights are like, or by the names of the tensors
around it. The other tensors of its group are parts of its layer by their names, as far as shapes
agree, then by shapes that fit one part only. Dense, recurrent and normalisation layers are known by
the names that PyTorch gives their tensors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise, permutations

from lmu_hw.load.check import unique_identifier
from lmu_hw.load.draft.items import Matrix, Norm, Recurrent, items_of
from lmu_hw.load.draft.lmu import LmuDraft, lmu_drafts
from lmu_hw.load.draft.memory import memories_of
from lmu_hw.load.mapping.schema import UNDECIDED, VERSION
from lmu_hw.load.state import StateFile

__all__ = ["draft"]

_HEAD = """\
# Which tensor is which part of which layer. Replace every "?", check the rest against the code that
# was trained, then: lmu-hw inspect FILE --mapping THIS_FILE
# A part is a tensor's name; behind it may stand a cut such as [:, 0:16] (rows, columns), then
# 'transposed' (it was trained with rows: x W), then ' + I' or ' + ANOTHER'. 'A; B': A above B.
# A layer reads the one before it, or reads = ["lmu", "x[0:2]"]: layers, the input x, columns.
# Residuals: [layers.NAME] with kind = "sum" and of = ["lmu", "x"].
# u = encoder(E_x x + E_h h + E_m m + b_u), m' = A m + B u, h' = cell(W_m m' + W_x x + W_h h + b_h)
"""
_ACTIVATION = "tanh, relu, sigmoid, linear, ...: it is in the code, not in the file"
_PARAMETRIZED = re.compile(r"parametrizations\.\w+\.original\d?$|\bweight_[gv]$|\bweight_orig$")
_MOST_ORDERED = 6  # layers whose order is looked for
_TORCH_GATES = {"lstm": "i f g o", "gru": "r z n"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """A layer as the draft writes it: its place in the file, its widths, its lines."""

    label: str
    first: str
    inputs: int | None
    outputs: int | None
    lines: tuple[str, ...]


def draft(file: StateFile) -> str:
    """Return a mapping for a file as TOML text."""
    place = file.places[0]
    tensors = file.at(place)
    items = items_of(tensors)
    memories = memories_of(items, tensors)
    lmus = lmu_drafts(items, memories)
    order = {name: index for index, name in enumerate(tensors)}
    widths = {matrix.shape[1] for matrix in items.matrices}
    layers = [_lmu(lmu, widths) for lmu in lmus]
    layers += [_dense(matrix) for matrix in items.matrices if _is_dense(matrix)]
    layers += [_recurrent(cell) for cell in items.recurrent]
    layers += [_norm(norm) for norm in items.norms]
    layers.sort(key=lambda layer: order.get(layer.first, 0))
    layers, sure = _in_order(layers)
    derived = [name for memory in memories for name in memory.derived]
    derived += [n for m in memories if m.continuous for n in (m.A, m.B)]
    rest = [matrix.tensor for matrix in items.matrices if not _is_dense(matrix)]
    rest += [*items.vectors, *items.rest]
    lines = list(_top(file, [*items.ignored, *derived]))
    if rest:
        lines += ["# Not placed: put each into a layer, or among those that are ignored."]
        lines += [f"#   {json.dumps(name)} {tensors[name].shape}" for name in rest]
        lines += [f"#   {hint}" for hint in _hints({name: tensors[name].shape for name in rest})]
    if not lmus:
        lines += ["# No memory was found: neither the names nor the numbers of one are here."]
    if not sure and len(layers) > 1:
        lines += ["# The order of the layers is not decided by their widths: check it."]
    taken: set[str] = set()
    for layer in layers:
        taken.add(name := unique_identifier(layer.label.replace(".", "_") or "lmu", taken))
        lines += ["", f"[layers.{name}]", *layer.lines]
    return _HEAD + "\n".join(lines) + "\n"


def _hints(rest: Mapping[str, tuple[int, ...]]) -> list[str]:
    """Return what could be done about tensors of which no layer here is made."""
    hints = []
    if any(map(_PARAMETRIZED.search, rest)):
        hints.append(
            "Weights in two parts: remove the parametrization before saving, by "
            "torch.nn.utils.parametrize.remove_parametrizations or remove_weight_norm."
        )
    if any(name.endswith(".weight") and len(shape) == 1 for name, shape in rest.items()):
        hints.append(
            "One weight a feature, without mean and variance: a LayerNorm or RMSNorm, which "
            "divides by what it measures at every step; train with BatchNorm1d, which folds."
        )
    if any(name.endswith(".weight") and len(shape) > 2 for name, shape in rest.items()):
        hints.append("A convolution: run it on the host, and map the layers behind it.")
    return hints


def _top(file: StateFile, ignored: list[str]) -> Iterator[str]:
    yield f"version = {VERSION}"
    choices = '"every step" or "once", at the last step of a sequence'
    yield _line("answers", UNDECIDED, choices)
    first, *others = file.places
    if others:
        places = " or ".join(json.dumps(place) for place in file.places)
        yield _line("state", UNDECIDED, f"{places}: there are several; drafted from the first")
    elif first:
        yield _line("state", first, "the key under which the state dict lies")
    if ignored:
        yield _line("ignore", ignored, "of no meaning for a trained network; * stands for any text")


def _line(key: str, value: object, comment: str = "") -> str:
    text = f"{key} = {json.dumps(value, ensure_ascii=False)}"
    return f"{text}  # {comment}" if comment else text


def _is_dense(matrix: Matrix) -> bool:
    return matrix.named


def _dense(matrix: Matrix) -> _Layer:
    lines = [_line("kind", "dense"), _line("W", matrix.tensor)]
    lines += [_line("b", matrix.bias)] if matrix.bias else []
    lines += [_line("activation", UNDECIDED, f"or softmax in the last layer; {_ACTIVATION}")]
    return _Layer(
        label=matrix.label,
        first=matrix.tensor,
        inputs=matrix.shape[1],
        outputs=matrix.shape[0],
        lines=tuple(lines),
    )


def _recurrent(cell: Recurrent) -> _Layer:
    lines = [_line("kind", "recurrent"), _line("W_x", cell.W_x), *_cell(cell)]
    return _Layer(
        label=cell.label,
        first=cell.W_h,
        inputs=cell.inputs,
        outputs=cell.units,
        lines=tuple(lines),
    )


def _cell(cell: Recurrent) -> Iterator[str]:
    """Yield what PyTorch's own cells are, which is known."""
    yield _line("cell", cell.cell)
    yield _line("W_h", cell.W_h)
    if cell.cell == "gru":
        if cell.b_x and cell.b_h:
            yield _line("b_h", cell.b_x)
            yield _line("b_r", cell.b_h)
        yield _line("reset_after", True)
    elif cell.b_x and cell.b_h:
        yield _line("b_h", f"{cell.b_x} + {cell.b_h}")
    if cell.cell == "simple_rnn":
        yield _line("activation", "tanh", "PyTorch's default; or relu")
        return
    yield _line("gates", _TORCH_GATES[cell.cell], "as PyTorch orders them")
    yield _line("activation", "tanh")
    yield _line("recurrent_activation", "sigmoid")


def _norm(norm: Norm) -> _Layer:
    lines = [_line("kind", "normalization")]
    lines += [_line(part, tensor) for part, tensor in norm.parts.items()]
    lines += [_line("epsilon", 1e-5, "PyTorch's default")]
    return _Layer(
        label=norm.label,
        first=norm.parts["mean"],
        inputs=norm.width,
        outputs=norm.width,
        lines=tuple(lines),
    )


def _lmu(lmu: LmuDraft, widths: set[int]) -> _Layer:
    """Return an LMU layer; `widths` are those of what may read it."""
    parts = dict(lmu.parts)
    outputs = lmu.units if lmu.cell != "none" else lmu.states
    if lmu.recurrent is not None:
        parts.pop("W_h")
    lines = [_line("kind", "lmu"), *_memory(lmu)]
    if "E_x" not in parts and "E_x" not in lmu.choices:
        lines.append("# E_x is left out: u is x itself, one input for each memory.")
    for part in ("E_x", "E_h", "E_m", "b_u", "W_m", "W_x", "W_h", "b_h"):
        if part in parts:
            lines.append(_line(part, parts[part]))
        elif part in lmu.choices:
            choices = " or ".join(json.dumps(choice) for choice in lmu.choices[part])
            left_out = "; or this line is left out" if part in lmu.optional else ""
            lines.append(_line(part, UNDECIDED, f"{choices}{left_out}"))
    encoder = UNDECIDED if "b_u" in parts else "linear"
    comment = _ACTIVATION if encoder == UNDECIDED else "of u, as in the 2019 paper; or another"
    lines.append(_line("encoder", encoder, comment))
    if lmu.recurrent is not None:
        lines += _cell(lmu.recurrent)
    else:
        doubt = "W_h" in lmu.optional
        cell, choices = (
            (UNDECIDED, '"simple_rnn" with W_h, or "dense"') if doubt else (lmu.cell, "")
        )
        lines.append(_line("cell", cell, choices))
        if lmu.cell != "none":
            lines.append(_line("activation", UNDECIDED, _ACTIVATION))
        else:
            wide = (lmu.states or 0) + (lmu.inputs or 0)
            reads_input = lmu.states not in widths and wide in widths
            outputs = wide if reads_input else outputs
            lines.append(
                _line("input_to_hidden", reads_input, "whether x stands behind the memory")
            )
    label = lmu.label.removesuffix(".cell").removesuffix("cell") or "lmu"
    return _Layer(
        label=label, first=lmu.first, inputs=lmu.inputs, outputs=outputs, lines=tuple(lines)
    )


def _memory(lmu: LmuDraft) -> Iterator[str]:
    memory = lmu.memory
    if memory is None or memory.continuous:
        theta = memory and memory.theta
        comment = "steps of the window" if theta is None else "steps, found from A and B"
        yield _line("theta", UNDECIDED if theta is None else theta, comment)
        yield _line("discretizer", "zoh", "or euler, bilinear")
        if memory is not None or lmu.order is not None:
            yield _line("order", memory.order if memory else lmu.order)
    else:
        if memory.theta is not None:
            yield f"# A and B are those of a window of {memory.theta:g} steps."
        choices = " or ".join(f'"{memory.A}{form}"' for form in ("", " transposed", " + I"))
        yield _line(
            "A", memory.A, "" if memory.theta is not None else f"{choices}: its numbers tell none"
        )
        yield _line("B", memory.B)
    if lmu.memories != 1:
        yield _line("memories", UNDECIDED if lmu.memories is None else lmu.memories)
        yield _line("states", "by memory", "or by order: how their states lie behind each other")


def _in_order(layers: list[_Layer]) -> tuple[list[_Layer], bool]:
    """Return layers so that each fits the one before it, and whether no other order does."""
    if len(layers) > _MOST_ORDERED:
        return layers, False
    fitting = [order for order in permutations(layers) if _fits(order)]
    return (list(fitting[0]), len(fitting) == 1) if fitting else (layers, False)


def _fits(layers: tuple[_Layer, ...]) -> bool:
    return all(
        None in (before.outputs, after.inputs) or before.outputs == after.inputs
        for before, after in pairwise(layers)
    )
