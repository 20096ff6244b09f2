# SPDX-License-Identifier: Apache-2.0
"""The layers of a Keras model, and what each of them reads, from one input to one output."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from lmu_hw.errors import LoadError
from lmu_hw.load.check import Options, must, show
from lmu_hw.load.keras.calls import Call, Constant, call_of, function_class
from lmu_hw.load.keras.options import MASK_OPERATIONS, MERGES, advice_on

__all__ = ["LayerNode", "call_to", "layers", "reads", "require_end", "sources"]

_MODELS = ("Functional", "Sequential", "Model")  # "Model" was Functional before Keras 2.4
_MAX_LAYERS = 1000
_CALL_OFF = ("initial_state", "constants")
_CALL_IGNORED = ("training",)
_LAMBDAS = {"TFOpLambda": "", "SlicingOpLambda": "GetItem"}
_SLOPES = {"LeakyRelu": ("alpha", "negative_slope")}
_ARGUMENTS = ("axis", "slice_spec", "name")  # of functions, which those that read them check


class LayerNode:
    """One layer (or cell) of a model's config.

    Parameters
    ----------
    place : str
        What stands before the layer in a message: the file, or the file and the outer layer.
    node : object
        The JSON object with ``class_name`` and ``config``.

    Its `kind` is its class, or the one that Keras 3 has for a function of TensorFlow.
    """

    def __init__(self, place: str, node: object) -> None:
        if not isinstance(node, dict) or not isinstance(node.get("config"), dict):
            kind = node.get("class_name") if isinstance(node, dict) else None
            advice = advice_on(kind.rpartition(">")[2]) if isinstance(kind, str) else ""
            rule = "an object with class_name and config"
            raise must(place, "a layer", rule, node, advice=advice)
        self.raw: Mapping[str, Any] = node
        config = node["config"]
        name, class_name = config.get("name"), node.get("class_name")
        if not isinstance(class_name, str):
            raise must(place, "class_name", "a string", class_name)
        self._package, _, self.class_name = class_name.rpartition(">")
        self.name = name if isinstance(name, str) else self.class_name
        self.where = f"{place}: layer {show(self.name)} ({show(self.class_name)[1:-1]})"
        self.options = Options(self.where, config)
        self.options.get("name")
        self.kind = self.class_name
        if self.class_name in _LAMBDAS:
            self.kind = _LAMBDAS[self.class_name] or function_class(config)
            self.options.get("function")

    def require_origin(self, package: str, *modules: str) -> None:
        """Refuse a class of that name that is not registered for `package`, or not in `modules`."""
        registered, module = self.raw.get("registered_name"), self.raw.get("module")
        name = registered if isinstance(registered, str) else f"{self._package}>{self.class_name}"
        owner = name.rpartition(">")[0]
        stranger = isinstance(module, str) and module.split(".")[0] not in modules
        if owner not in ("", package) or stranger:
            raise must(
                self.where,
                "the class",
                f"the one of {' or '.join(modules)}",
                name if owner not in ("", package) else module,
            )


def layers(where: str, model: Mapping[str, Any]) -> list[LayerNode]:
    """Return the layers in the order of the file, or refuse what is not a model of layers."""
    kind, config = model.get("class_name"), model.get("config")
    if kind == "Sequential" and isinstance(config, list):  # before Keras 2.2.3
        config = {"layers": config}
    if kind not in _MODELS or not isinstance(config, dict):
        raise must(
            where,
            "the model",
            "Functional or Sequential",
            kind,
            advice="a subclassed model does not describe itself",
        )
    raw = config.get("layers")
    if not isinstance(raw, list) or not raw:
        raise must(where, "the model's layers", "a list of layers", raw)
    if len(raw) > _MAX_LAYERS:
        raise must(where, "the number of layers", f"at most {_MAX_LAYERS}", len(raw))
    return [LayerNode(where, node) for node in raw]


def require_end(where: str, model: Mapping[str, Any], nodes: list[LayerNode]) -> None:
    """Refuse a model that has more than one input, or another output than its last layer."""
    if model["class_name"] == "Sequential":
        return
    if nodes[0].class_name != "InputLayer":
        raise must(where, "the first layer", "an InputLayer", nodes[0].name)
    for key, end in {"input_layers": nodes[0], "output_layers": nodes[-1]}.items():
        ends = model["config"].get(key)
        if ends not in ([end.name, 0, 0], [[end.name, 0, 0]]):
            rule = f"only {show(end.name)} (one input, and the last layer)"
            raise must(where, f"the model's {key}", rule, ends)


def sources(
    node: LayerNode, before: LayerNode | None, known: Collection[str], *, sequential: bool
) -> list[str]:
    """Return the names of the layers that feed a layer; none feeds the first.

    Raises
    ------
    LoadError
        If it is called more than once, with what is no tensor of a layer before it, or with states.
    """
    if before is None:
        return []
    if node.class_name == "InputLayer":
        raise LoadError(f"{node.where}: there must be one input, not a second one")
    if sequential:
        return [before.name]
    calls = node.raw.get("inbound_nodes")
    if not isinstance(calls, list) or len(calls) != 1:
        count = len(calls) if isinstance(calls, list) else calls
        raise must(node.where, "the number of times the layer is called", "1", count)
    call = call_to(node)
    tensors = call.tensors
    several = node.kind in MERGES or node.kind in MASK_OPERATIONS
    given = [operand for operand in call.operands if operand != Constant(None)]
    if not tensors or not (several or node.kind == "GetItem" or len(given) == len(tensors) == 1):
        advice = "save each branch on its own"
        raise must(node.where, "the layer's input", "one tensor", calls[0], advice=advice)
    for tensor in tensors:
        if not (tensor[1:] == [0, 0] and isinstance(tensor[0], str) and tensor[0] in known):
            rule = "the output of a layer before it"
            raise must(node.where, "the layer's input", rule, tensor)
    keywords = Options(f"{node.where}: call", call.keywords)
    for name in _CALL_OFF:
        keywords.off(name, "a network in hardware starts from zero and takes every step")
    functions = several or node.kind in ("Softmax", "GetItem")
    slopes = _SLOPES.get(node.kind, ())
    ignored = ("mask", *_CALL_IGNORED, *(_ARGUMENTS if functions else ()), *slopes)
    keywords.finish(ignored=ignored, off_is_fine=True)
    return [tensor[0] for tensor in tensors]


def call_to(node: LayerNode) -> Call:
    """Return what a layer is called with, the first time."""
    calls = node.raw.get("inbound_nodes") or [None]
    call = call_of(calls[0])
    if call is None:
        advice = "save each branch on its own"
        raise must(node.where, "the layer's input", "one tensor", calls[0], advice=advice)
    return call


def reads(node: LayerNode) -> set[str]:
    """Return the names of what feeds a layer, as far as they are seen; `sources` checks them."""
    try:
        tensors = call_to(node).tensors
    except (LoadError, TypeError, KeyError):
        return set()
    return {tensor[0] for tensor in tensors if isinstance(tensor[0], str)}
