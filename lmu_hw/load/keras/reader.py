# SPDX-License-Identifier: Apache-2.0
"""Layers of a Keras model, one after the other: each placed behind those that feed it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

import numpy as np

from lmu_hw.errors import LoadError
from lmu_hw.lmu import LmuLayer, RecurrentLayer
from lmu_hw.lmu.layers import Layer
from lmu_hw.load.assembly import Assembly
from lmu_hw.load.budget import Budget
from lmu_hw.load.check import located, must, unique_identifier
from lmu_hw.load.keras.cells import CELLS, read_cell
from lmu_hw.load.keras.graph import LayerNode, call_to
from lmu_hw.load.keras.items import item_of
from lmu_hw.load.keras.layers import (
    activation_of,
    batch_normalization,
    dense,
    input_shape,
    require_steps,
)
from lmu_hw.load.keras.layouts import Layout
from lmu_hw.load.keras.leaky import LEAKY, activation_layer, prelu_slopes, slope_of
from lmu_hw.load.keras.lmu import LmuSource, read_lmu
from lmu_hw.load.keras.masks import Masks
from lmu_hw.load.keras.operations import operate
from lmu_hw.load.keras.options import (
    FUNCTIONS,
    IDENTITIES,
    IGNORED,
    MASK_OPERATIONS,
    MERGES,
    compute_type,
    refused_class,
)
from lmu_hw.load.keras.scaling import normalization, rescaling
from lmu_hw.load.tensors import Array
from lmu_hw.load.value import Value

__all__ = ["LayerReader"]

_LMUS = ("LMU", "LMUFeedforward", "LMUFFT")
_MODULES = ("keras_lmu", "lmu")
_POINTWISE = ("Activation", "ELU", "ReLU", "Softmax", *LEAKY)


class LayerReader:
    """Reads the layers of a graph, each behind those that feed it.

    Parameters
    ----------
    where : str
        The file, for messages.
    layout : Layout
    masks : Masks
    keras2 : bool
        Activations of Keras 2, not 3.
    """

    def __init__(self, where: str, layout: Layout, masks: Masks, *, keras2: bool) -> None:
        self._layout, self._masks = layout, masks
        self._keras2 = keras2
        self._names: set[str] = set()
        self._budget = Budget()
        self._assembly = Assembly(where, self._name, self._budget)
        self._steps: int | None = None
        self._value = self._assembly.start(None)
        self._values: dict[str, Value] = {}
        self._sources: list[Value] = []
        self._readers: Mapping[str, Callable[[LayerNode], None]] = {
            "InputLayer": self._input,
            "RNN": self._rnn,
            "TimeDistributed": self._time_distributed,
            "Dense": self._dense,
            "BatchNormalization": self._batch_normalization,
            "Normalization": self._normalization,
            "Rescaling": self._rescaling,
            "Reshape": self._reshape,
            "Flatten": self._reshape,
            **dict.fromkeys(_LMUS, self._lmu),
            **dict.fromkeys(("SimpleRNN", "LSTM", "GRU"), self._recurrent),
            **dict.fromkeys((*_POINTWISE, *FUNCTIONS), self._activation),
            "PReLU": self._prelu,
            "GetItem": self._get_item,
            **dict.fromkeys(MERGES, self._merge),
            **dict.fromkeys((*IDENTITIES, "Masking", *MASK_OPERATIONS), lambda node: None),
        }

    def require_known(self, node: LayerNode) -> None:
        """Refuse a class that is not read, or that only has the name of one."""
        if node.kind not in self._readers:
            raise refused_class(node.where, node.kind)
        if node.class_name in _LMUS:
            node.require_origin("keras-lmu", *_MODULES)
        else:
            node.require_origin("", "keras", "tf_keras")

    @property
    def known(self) -> Collection[str]:
        """Names of the layers that were read."""
        return self._values.keys()

    def read(self, node: LayerNode, names: list[str], *, shared: bool) -> None:
        """Read one layer that is fed by others; `shared`: more than one is fed by it."""
        self._sources = [self._values[name] for name in names]
        self._shared = shared
        if self._sources:
            self._value = self._sources[0]
        if node.class_name != "InputLayer":
            self._note_compute_type(node)
            shape = input_shape(node) if not self._names and self._width is None else None
            if shape is not None:
                self._start(shape)
        self._readers[node.kind](node)
        last = bool(self._sources) and self._value.once and not self._sources[0].once
        self._masks.follow(
            node, names, identity=node.kind in IDENTITIES, last=last and node.kind == "GetItem"
        )
        kept = self._value.shared and bool(self._sources) and self._value is self._sources[0]
        self._value = replace(self._value, shared=shared or kept)
        self._values[node.name] = self._value

    def lose_track(self, node: LayerNode) -> None:
        """Go on after a refused layer: nothing is known of what it hands on."""
        self._steps = None
        self._value = self._values[node.name] = self._assembly.unknown()

    def finish(self, node: LayerNode) -> tuple[tuple[Layer, ...], tuple[str, ...], float | None]:
        """Return layers and notes of the network that ends with a layer, and its mask's value."""
        layers = self._assembly.finish(self._values[node.name])
        value, note = self._masks.outcome()
        return layers, (*self._assembly.notes, *filter(None, [note])), value

    @property
    def _width(self) -> int | None:
        return self._assembly.resolved(self._value).width

    @property
    def _lost(self) -> bool:
        return not self._value.parts

    @property
    def _sequences(self) -> bool:
        return not self._value.once

    def _start(self, shape: tuple[int | None, int | None]) -> None:
        self._steps, width = shape
        self._value = self._assembly.start(width)

    def _input(self, node: LayerNode) -> None:
        shape = input_shape(node)
        assert shape is not None
        self._start(shape)

    def _lmu(self, node: LayerNode) -> None:
        self._add_lmu(node, node)
        if node.class_name != "LMU":
            self._note(node, "Keras convolves with the impulse response, hardware steps")

    def _rnn(self, node: LayerNode) -> None:
        cell = LayerNode(node.where, node.options.get("cell"))
        if cell.class_name in CELLS[1:]:
            cell.require_origin("", "keras", "tf_keras")
            self._add_recurrent(node, cell, cell.class_name)
        elif cell.class_name == "LMUCell":
            cell.require_origin("keras-lmu", *_MODULES)
            width = cell.options.get("input_d")
            if width is not None and self._width not in (None, width):
                raise must(cell.where, "input_d", f"the input width, {self._width}", width)
            self._add_lmu(node, cell)
        else:
            raise must(
                node.where,
                "cell",
                f"LMUCell, {', '.join(CELLS[1:-1])} or {CELLS[-1]}",
                cell.class_name,
                advice="train with one of these",
            )
        node.options.finish(ignored=IGNORED, off_is_fine=True)

    def _add_lmu(self, node: LayerNode, cell: LayerNode) -> None:
        answers = self._require_recurrent(node)
        source = LmuSource(
            layer=node,
            cell=cell,
            layout=self._layout,
            inputs=self._width,
            keras2=self._keras2,
            budget=self._budget,
        )
        layer, note = read_lmu(source, self._name(node.name), return_sequences=answers)
        self._note(node, note)
        self._add(layer)

    def _recurrent(self, node: LayerNode) -> None:
        self._add_recurrent(node, node, f"{node.class_name}Cell")

    def _add_recurrent(self, node: LayerNode, cell_node: LayerNode, kind: str) -> None:
        answers = self._require_recurrent(node)
        cell = read_cell(
            cell_node,
            kind,
            self._layout.of(node).own,
            states=0,
            inputs=self._width,
            keras2=self._keras2,
        )
        with located(node.where):
            name = self._name(node.name)
            self._add(RecurrentLayer(name=name, cell=cell, return_sequences=answers))

    def _require_recurrent(self, node: LayerNode) -> bool:
        """Check the options of a recurrent layer; return whether it answers at every step."""
        self._require_sequences(node)
        require_steps(node)
        return node.options.flag("return_sequences")

    def _add(self, layer: LmuLayer | RecurrentLayer) -> None:
        self._value = self._assembly.add(layer, self._value)

    def _time_distributed(self, node: LayerNode) -> None:
        self._require_sequences(node)
        inner = LayerNode(node.where, node.options.get("layer"))
        node.options.finish(ignored=IGNORED, off_is_fine=True)
        inner.require_origin("", "keras", "tf_keras")
        if inner.class_name == "Dense":
            self._dense(inner, node)
        elif inner.class_name == "BatchNormalization":
            self._batch_normalization(inner, node)
        elif inner.class_name in _POINTWISE:
            self._activation(inner)
        elif inner.class_name == "PReLU":
            self._prelu(inner, node)
        elif inner.class_name not in IDENTITIES:
            rule = "a Dense, BatchNormalization, Dropout or activation layer"
            raise must(node.where, "layer", rule, inner.class_name)

    def _dense(self, node: LayerNode, outer: LayerNode | None = None) -> None:
        owner = outer or node
        variables, name = self._layout.of(owner), self._name(owner.name)
        after = activation_layer(node)
        bare = after is not None
        layer = dense(node, variables, name, inputs=self._width, keras2=self._keras2, bare=bare)
        self._value = self._assembly.add(layer, self._value)
        if after is not None:
            self._activation(after)

    def _batch_normalization(self, node: LayerNode, outer: LayerNode | None = None) -> None:
        axes = 3 if self._sequences and outer is None else 2
        variables = self._layout.of(outer or node)
        scale, shift = batch_normalization(node, variables, inputs=self._width, axes=axes)
        self._scale(outer or node, scale, shift)

    def _normalization(self, node: LayerNode) -> None:
        axes = 3 if self._sequences else 2
        self._scale(
            node, *normalization(node, self._layout.of(node), inputs=self._width, axes=axes)
        )

    def _rescaling(self, node: LayerNode) -> None:
        if not self._lost:
            self._scale(node, *rescaling(node, inputs=self._width))

    def _scale(self, node: LayerNode, scale: Array, shift: Array) -> None:
        with located(node.where):
            self._value = self._assembly.scale(node, scale, shift, self._value)

    def _activation(self, node: LayerNode) -> None:
        node = activation_layer(node) or node
        slope = slope_of(node)
        if slope is not None:
            self._leaky(node, np.array([slope]))
            return
        activation = activation_of(node, keras2=self._keras2)
        if self._is_known(node):
            with located(node.where):
                self._value = self._assembly.activate(node, activation, self._value)

    def _prelu(self, node: LayerNode, outer: LayerNode | None = None) -> None:
        sequences = self._sequences and outer is None
        variables = self._layout.of(outer or node)
        slopes = prelu_slopes(node, variables, width=self._width, sequences=sequences)
        self._leaky(outer or node, slopes)

    def _leaky(self, node: LayerNode, slopes: Array) -> None:
        if self._is_known(node):
            with located(node.where):
                self._value = self._assembly.leaky(node, slopes, self._value)

    def _is_known(self, node: LayerNode) -> bool:
        """Say whether something is known of what a layer is fed with, or refuse it."""
        if self._width is None and not self._lost:
            raise LoadError(f"{node.where}: the width of the input must be given")
        return self._width is not None

    def _merge(self, node: LayerNode) -> None:
        """Read a sum, a join or a scale of what other layers compute."""
        self._value = operate(
            self._assembly, node, call_to(node), self._sources, shared=self._shared
        )

    def _get_item(self, node: LayerNode) -> None:
        """Read ``x[:, -1]`` and columns, such as ``x[:, :, 1:2]``."""
        node.options.finish(ignored=IGNORED, off_is_fine=True)
        if self._lost:
            return
        item = item_of(
            node, call_to(node), sequences=self._sequences, steps=self._steps, width=self._width
        )
        if item.columns is not None:
            self._value = self._assembly.columns(node, self._value, item.columns)
        if item.last:
            self._value = self._assembly.last(self._value)

    def _reshape(self, node: LayerNode) -> None:
        """Accept a Reshape or Flatten that changes nothing."""
        if self._lost:
            return
        shape = [self._steps, self._width] if self._sequences else [self._width]
        target = node.options.get("target_shape", [-1])
        fits = isinstance(target, list) and len(target) == len(shape) and target.count(-1) <= 1
        if not fits or any(n not in (-1, have) for n, have in zip(target, shape, strict=True)):
            raise must(
                node.where,
                "the target shape",
                f"the shape it is fed with, {shape}",
                target,
                advice="leave reshaping to the host; what is behind must read one step at a time, "
                "as x[:, -1] does, or return_sequences=False in the layer before it",
            )

    def _require_sequences(self, node: LayerNode) -> None:
        if not self._sequences:
            raise LoadError(
                f"{node.where}: it must be fed with sequences; set return_sequences of the layer "
                "before it"
            )

    def _name(self, name: str) -> str:
        unique = unique_identifier(name, self._names)
        self._names.add(unique)
        return unique

    def _note(self, node: LayerNode, text: str) -> None:
        self._assembly.note(node, text)

    def _note_compute_type(self, node: LayerNode) -> None:
        kind = compute_type(node.options.get("dtype"))
        if kind is not None and kind not in ("float32", "float64"):
            self._note(node, f"Keras computes in {kind}; the reference here is float64")
