# SPDX-License-Identifier: Apache-2.0
"""A mapping drafted from the names and shapes of a state dict, with its doubts beside it.

A memory is known by its matrices, which no other weights are like, or by the names of the tensors
around it. The other tensors of its group are parts of its layer by their names, as far as shapes
agree, then by shapes that fit one part only. Dense, recurrent and normalisation layers are known by
the names that PyTorch gives their tensors.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from lmu_hw.load.check import unique_identifier
from lmu_hw.load.draft import layers as lines_of
from lmu_hw.load.draft.advice import hints_of
from lmu_hw.load.draft.items import items_of, take_dense
from lmu_hw.load.draft.layers import line
from lmu_hw.load.draft.lmu import lmu_drafts
from lmu_hw.load.draft.memory import memories_of
from lmu_hw.load.draft.names import common_wrapper
from lmu_hw.load.draft.order import DraftLayer, in_order, reads_of
from lmu_hw.load.mapping.schema import UNDECIDED, VERSION
from lmu_hw.load.state import StateFile

__all__ = ["draft"]

_HEAD = """\
# Which tensor is which part of which layer. Replace every "?", check the rest against the code that
# was trained, then: lmu-hw inspect FILE --mapping THIS_FILE
# A part is a tensor's name; behind it may stand a cut such as [:, 0:16] (rows, columns), then
# 'transposed' (it was trained with rows: x W), then ' + I' or ' + ANOTHER'. 'A; B': A above B.
# A layer reads the one before it, or reads = ["lmu", "x[0:2]"]: layers, the input x, columns.
# Residuals: [layers.NAME] with kind = "sum" and of = ["lmu", "x"]. Two outputs, or what is joined:
# kind = "activation" with activation = "linear" and reads = ["one", "other"].
# u = encoder(E_x x + E_h h + E_m m + b_u), m' = A m + B u, h' = cell(W_m m' + W_x x + W_h h + b_h)
"""


def draft(file: StateFile) -> str:
    """Return a mapping for a file as TOML text."""
    tensors = file.at(file.places[0])
    items = items_of(tensors)
    memories = memories_of(items, tensors)
    lmus = lmu_drafts(items, memories)
    order = {name: index for index, name in enumerate(tensors)}
    take_dense(items, {width for lmu in lmus for width in (lmu.units, lmu.states) if width})
    named = [matrix for matrix in items.matrices if matrix.named]
    widths = {matrix.shape[1] for matrix in named}
    layers = [lines_of.lmu(lmu, widths) for lmu in lmus]
    layers += [lines_of.dense(matrix) for matrix in named]
    layers += [lines_of.recurrent(cell) for cell in items.recurrent]
    layers += [lines_of.norm(norm) for norm in items.norms]
    layers, sure = in_order(sorted(layers, key=lambda layer: order.get(layer.first, 0)))
    derived = [name for memory in memories for name in (*memory.responses, *memory.twins)]
    derived += [n for m in memories if m.continuous for n in (m.A, m.B, m.said) if n]
    rest = [matrix.tensor for matrix in items.matrices if not matrix.named]
    rest += [name for name in (*items.vectors, *items.rest) if name not in derived]
    lines = list(_top(file, [*items.ignored, *derived]))
    lines += [f"# {tensor.made}" for tensor in tensors.values() if tensor.made]
    if rest:
        lines += ["# Not placed: put each into a layer, or among those that are ignored."]
        lines += [f"#   {json.dumps(name)} {tensors[name].shape}" for name in rest]
    unused = {name: tensors[name].shape for name in (*rest, *items.ignored)}
    lines += [f"#   {hint}" for hint in hints_of(unused)]
    if not lmus:
        lines += ["# No memory was found: neither the names nor the numbers of one are here."]
    if not sure:
        lines += ["# The order of the layers is not decided by their widths: check it."]
    return _HEAD + "\n".join([*lines, *_tables(layers, common_wrapper(tensors))]) + "\n"


def _tables(layers: list[DraftLayer], wrapper: str) -> Iterator[str]:
    """Yield the tables of the layers; what a wrapper puts before all names is not in theirs."""
    names: list[str] = []
    for layer in layers:
        text = f"{layer.label}.".removeprefix(wrapper.replace("/", ".")).removesuffix(".")
        names.append(unique_identifier(text.replace(".", "_") or "lmu", names))
    reads = reads_of(list(zip(names, layers, strict=True)))
    for name, layer in zip(names, layers, strict=True):
        yield from ("", f"[layers.{name}]")
        kind, *others = layer.lines
        yield kind
        if name in reads:
            yield line("reads", UNDECIDED, reads[name])
        yield from others


def _top(file: StateFile, ignored: list[str]) -> Iterator[str]:
    yield f"version = {VERSION}"
    choices = '"every step", or "once" where forward takes the last one: h[:, -1], h_n'
    yield line("answers", UNDECIDED, choices)
    first, *others = file.places
    if others:
        places = " or ".join(json.dumps(place) for place in file.places)
        yield line("state", UNDECIDED, f"{places}: there are several; drafted from the first")
    elif first:
        yield line("state", first, "the key under which the state dict lies")
    if ignored:
        yield line("ignore", ignored, "of no meaning for a trained network; * stands for any text")
