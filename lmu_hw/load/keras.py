# SPDX-License-Identifier: Apache-2.0
"""keras-lmu models in `.keras` files of Keras 3 (and the same layout of Keras 2.15).

The config says what the layers are, the weights file holds numbered variables. Both are read as
data; Keras itself is not needed.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

from lmu_hw.errors import LoadError
from lmu_hw.lmu import DenseLayer, LmuLayer, Network
from lmu_hw.load._archive import MAX_CONFIG, MAX_WEIGHTS, Archive
from lmu_hw.load._check import identifier, json_object, located, must, unique_identifier
from lmu_hw.load._keras_graph import LayerNode, chain
from lmu_hw.load._keras_lmu import LmuSource, Places, read_lmu
from lmu_hw.load._keras_options import IDENTITIES, IGNORED, activation_name
from lmu_hw.load._keras_weights import Weights, weights
from lmu_hw.load._tensors import package

__all__ = ["load_keras"]

_WEIGHTS = "model.weights.h5"

_PLACES = {
    "LMU": Places(
        own=("layer/vars", "layer/cell/vars"),
        hidden=("hidden_cell/vars", "layer/hidden_cell/vars", "layer/cell/hidden_cell/vars"),
    ),
    "LMUFeedforward": Places(own=("vars",), hidden=("hidden_cell/vars",)),
    "RNN": Places(own=("cell/vars",), hidden=("cell/hidden_cell/vars",)),
}

_GROUPS = {
    "LMU": "lmu",
    "LMUFeedforward": "lmu_feedforward",
    "RNN": "rnn",
    "Dense": "dense",
    "TimeDistributed": "time_distributed",
}

_STEPWISE = {
    "stateful": "every sequence starts from zero",
    "go_backwards": "hardware takes steps as they come",
    "return_state": "only the output leaves the network",
    "time_major": "sequences come one after another",
}

_ADVICE = {
    "BatchNormalization": "fold it into the weights of the layer before it and save again",
    "Bidirectional": "hardware cannot wait for the end of a sequence; train a forward network",
    "Conv1D": "run it before the hardware and save the layers after it as their own model",
    "Masking": "feed sequences of one length, or end them with tlast",
}
_DEFAULT_ADVICE = (
    "rebuild the model from InputLayer, LMU, LMUFeedforward, RNN(LMUCell), Dense, "
    "TimeDistributed(Dense), activation and dropout layers, or leave this layer to the host"
)


def load_keras(path: Path) -> Network:
    """Return the network of a `.keras` file.

    Raises
    ------
    LoadError
        If the file is damaged, the model is not a chain of supported layers, an option changes
        what a layer means, or a variable is missing, left over, or of another shape.
    """
    where = str(path)
    with Archive(path) as archive:
        config = json_object(archive.read("config.json", most=MAX_CONFIG), f"{where}: config.json")
        metadata = json_object(
            archive.read("metadata.json", most=MAX_CONFIG), f"{where}: metadata.json"
        )
        if "model.weights.json" in archive.names:
            raise LoadError(f"{where}: the weights must be in one file ({_WEIGHTS}), not in shards")
        raw = archive.read(_WEIGHTS, most=MAX_WEIGHTS)
    keras2 = _major_version(where, metadata.get("keras_version")) == 2
    nodes = chain(where, config)
    with weights(where, raw, package(path, "h5py")) as held:
        builder = _Builder(held, keras2=keras2)
        for node in nodes:
            builder.add(node)
        held.finish()
    with located(where):
        return Network(
            name=identifier(path.stem), layers=tuple(builder.layers), notes=tuple(builder.notes)
        )


def _major_version(where: str, version: object) -> int:
    major = version.split(".")[0] if isinstance(version, str) else None
    if major not in ("2", "3"):
        raise must(where, "keras_version", "2.x or 3.x", version)
    return int(major)


class _Builder:
    """Makes network layers of a chain of Keras layers, in order.

    Parameters
    ----------
    held : Weights
    keras2 : bool
        Activations of Keras 2, not 3.
    """

    def __init__(self, held: Weights, *, keras2: bool) -> None:
        self.layers: list[LmuLayer | DenseLayer] = []
        self.notes: list[str] = []
        self._weights = held
        self._keras2 = keras2
        self._used: Counter[str] = Counter()
        self._steps: int | None = None
        self._width: int | None = None
        self._sequences = True

    def add(self, node: LayerNode) -> None:
        """Add one layer, or refuse it by name."""
        kind = node.class_name
        readers = {
            "InputLayer": self._input,
            "LMU": self._lmu,
            "LMUFeedforward": self._lmu,
            "RNN": self._rnn,
            "Dense": self._dense,
            "TimeDistributed": self._time_distributed,
            "Activation": self._activation,
            "ReLU": self._activation,
            "Softmax": self._activation,
            "Reshape": self._reshape,
            "Flatten": self._reshape,
        }
        if kind not in readers and kind not in IDENTITIES:
            advice = _ADVICE.get(kind, _DEFAULT_ADVICE)
            raise LoadError(f"{node.where}: class {kind} must not be in the model; {advice}")
        if kind in ("LMU", "LMUFeedforward"):
            node.require_origin("keras-lmu", "keras_lmu")
        else:
            node.require_origin("", "keras")
        if kind in readers:
            readers[kind](node)

    def _input(self, node: LayerNode) -> None:
        shape = node.options.get("batch_shape", node.options.get("batch_input_shape"))
        for option in ("sparse", "ragged"):
            node.options.off(option, "give the model plain sequences")
        sizes = [n for n in shape[1:] if n is not None] if isinstance(shape, list) else []
        whole = all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in sizes)
        if not isinstance(shape, list) or len(shape) != 3 or not whole:
            raise must(
                node.where,
                "the shape",
                "(batch, steps, features)",
                shape,
                advice="give the model sequences, and leave any reshaping to the host",
            )
        self._steps, self._width = shape[1], shape[2]

    def _group(self, node: LayerNode) -> str:
        """Return the group of the layer in the weights: class and counter, not its name."""
        base = _GROUPS[node.class_name]
        count = self._used[base]
        self._used[base] += 1
        return f"layers/{base}_{count}" if count else f"layers/{base}"

    def _lmu(self, node: LayerNode) -> None:
        self._add_lmu(node, node)

    def _rnn(self, node: LayerNode) -> None:
        cell = LayerNode(node.where, node.options.get("cell"))
        if cell.class_name != "LMUCell":
            raise must(node.where, "cell", "an LMUCell", cell.class_name, advice=_DEFAULT_ADVICE)
        cell.require_origin("keras-lmu", "keras_lmu")
        width = cell.options.get("input_d")
        if width is not None and self._width not in (None, width):
            raise must(cell.where, "input_d", f"the input width, {self._width}", width)
        self._add_lmu(node, cell)
        node.options.finish(ignored=IGNORED, off_is_fine=True)

    def _add_lmu(self, node: LayerNode, cell: LayerNode) -> None:
        self._require_sequences(node)
        for option, why in _STEPWISE.items():
            node.options.off(option, why)
        source = LmuSource(
            cell=cell,
            weights=self._weights,
            group=self._group(node),
            places=_PLACES[node.class_name],
            inputs=self._width,
            keras2=self._keras2,
        )
        answers = node.options.flag("return_sequences")
        layer = read_lmu(source, self._name(node), return_sequences=answers)
        self.layers.append(layer)
        self.notes.append(
            f"{layer.name}: A and B are recomputed in float64 from order {layer.memory.order} and "
            f"theta {layer.memory.theta:.9g}; Keras uses float32"
        )
        self._width, self._sequences = layer.outputs, answers

    def _dense(self, node: LayerNode) -> None:
        self._add_dense(node, f"{self._group(node)}/vars")

    def _time_distributed(self, node: LayerNode) -> None:
        self._require_sequences(node)
        inner = LayerNode(node.where, node.options.get("layer"))
        if inner.class_name != "Dense":
            raise must(node.where, "layer", "a Dense", inner.class_name, advice=_DEFAULT_ADVICE)
        inner.require_origin("", "keras")
        node.options.finish(ignored=IGNORED, off_is_fine=True)
        self._add_dense(inner, f"{self._group(node)}/layer/vars", outer=node)

    def _add_dense(self, node: LayerNode, group: str, *, outer: LayerNode | None = None) -> None:
        options, where = node.options, node.where
        units = options.count("units")
        kernel = self._weights.take(where, "kernel", f"{group}/0", (self._width, units))
        bias = None
        if options.flag("use_bias", default=True):
            bias = self._weights.take(where, "bias", f"{group}/1", (units,))
        activation = activation_name(options, "linear", keras2=self._keras2)
        options.finish(ignored=IGNORED, off_is_fine=True)
        with located(where):
            name = self._name(outer or node)
            self.layers.append(DenseLayer(name=name, W=kernel.T, b=bias, activation=activation))
        self._width = units

    def _activation(self, node: LayerNode) -> None:
        """Fold an activation layer into the linear Dense layer before it."""
        name = self._activation_of(node)
        node.options.finish(ignored=IGNORED, off_is_fine=True)
        if name == "linear":
            return
        before = self.layers[-1] if self.layers else None
        if not isinstance(before, DenseLayer) or before.activation != "linear":
            raise must(
                node.where,
                "the layer before it",
                "a Dense layer with a linear activation",
                before.name if before else "the input",
                advice="set the activation as an option of the layer that computes it",
            )
        self.layers[-1] = dataclasses.replace(before, activation=name)

    def _activation_of(self, node: LayerNode) -> str:
        options = node.options
        if node.class_name == "Activation":
            return activation_name(options, "linear", keras2=self._keras2)
        if node.class_name == "Softmax":
            if options.get("axis", -1) not in (-1, [-1]):
                raise must(node.where, "axis", "-1", options.get("axis"))
            return "softmax"
        for option in ("negative_slope", "threshold"):
            if options.get(option) not in (None, 0, 0.0):
                raise must(node.where, option, "0", options.get(option))
        if options.get("max_value") not in (None, 6, 6.0):
            raise must(node.where, "max_value", "None or 6", options.get("max_value"))
        return "relu" if options.get("max_value") is None else "relu6"

    def _reshape(self, node: LayerNode) -> None:
        """Accept a Reshape or Flatten that changes nothing."""
        shape = [self._steps, self._width] if self._sequences else [self._width]
        target = node.options.get("target_shape", [-1])
        fits = isinstance(target, list) and len(target) == len(shape) and target.count(-1) <= 1
        if not fits or any(n not in (-1, have) for n, have in zip(target, shape, strict=True)):
            raise must(
                node.where,
                "the target shape",
                f"the shape it is fed with, {shape}",
                target,
                advice="leave reshaping to the host",
            )

    def _require_sequences(self, node: LayerNode) -> None:
        if not self._sequences:
            raise LoadError(
                f"{node.where}: it must be fed with sequences; set return_sequences of the LMU "
                "before it"
            )

    def _name(self, node: LayerNode) -> str:
        return unique_identifier(node.name, [layer.name for layer in self.layers])
