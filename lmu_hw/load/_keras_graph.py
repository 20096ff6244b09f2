# SPDX-License-Identifier: Apache-2.0
"""The layers of a Keras model, if they are one chain from one input to one output."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from lmu_hw.errors import LoadError
from lmu_hw.load._check import Options, must, show

__all__ = ["LayerNode", "chain"]

_MODELS = ("Functional", "Sequential")
_CALL_OFF = ("mask", "initial_state", "constants")
_CALL_IGNORED = ("training",)


class LayerNode:
    """One layer (or cell) of a model's config.

    Parameters
    ----------
    place : str
        What stands before the layer in a message: the file, or the file and the outer layer.
    node : object
        The JSON object with ``class_name`` and ``config``.
    """

    def __init__(self, place: str, node: object) -> None:
        if not isinstance(node, dict) or not isinstance(node.get("config"), dict):
            raise must(place, "a layer", "an object with class_name and config", node)
        self.raw: Mapping[str, Any] = node
        config = node["config"]
        name, class_name = config.get("name"), node.get("class_name")
        if not isinstance(class_name, str):
            raise must(place, "class_name", "a string", class_name)
        self.class_name = class_name.rpartition(">")[2]
        self.name = name if isinstance(name, str) else self.class_name
        self.where = f"{place}: layer {show(self.name)} ({show(self.class_name)[1:-1]})"
        self.options = Options(self.where, config)
        self.options.get("name")

    def require_origin(self, package: str, module: str) -> None:
        """Refuse a class of that name that comes from somewhere else than `package`."""
        registered, held = self.raw.get("registered_name"), self.raw.get("module")
        owner = registered.rpartition(">")[0] if isinstance(registered, str) else ""
        stranger = isinstance(held, str) and held.split(".")[0] not in (module, f"tf_{module}")
        if owner not in ("", package) or stranger:
            raise must(
                self.where, "the class", f"the one of {module}", registered if owner else held
            )


def chain(where: str, model: Mapping[str, Any]) -> list[LayerNode]:
    """Return the layers in order, or refuse by name what is not a simple chain."""
    kind, config = model.get("class_name"), model.get("config")
    if kind not in _MODELS or not isinstance(config, dict):
        raise must(
            where,
            "the model",
            " or ".join(_MODELS),
            kind,
            advice="a subclassed model does not describe itself",
        )
    raw = config.get("layers")
    if not isinstance(raw, list) or not raw:
        raise must(where, "the model's layers", "a list of layers", raw)
    nodes = [LayerNode(where, node) for node in raw]
    if kind == "Functional":
        _require_chain(where, nodes, config)
    for index, node in enumerate(nodes):
        if index and node.class_name == "InputLayer":
            raise LoadError(f"{node.where}: there must be one input, not a second one")
    return nodes


def _require_chain(where: str, nodes: list[LayerNode], config: Mapping[str, Any]) -> None:
    if nodes[0].class_name != "InputLayer":
        raise must(where, "the first layer", "an InputLayer", nodes[0].name)
    ends = {"input_layers": nodes[0], "output_layers": nodes[-1]}
    for key, end in ends.items():
        names = _ends(config.get(key))
        if names != [end.name]:
            raise must(where, f"the model's {key}", f"only {end.name!r} (a chain of layers)", names)
    for before, node in pairwise(nodes):
        _require_inbound(node, before.name)


def _ends(value: object) -> list[object]:
    """Return the layer names of ``[[name, 0, 0], ..]`` or ``[name, 0, 0]``."""
    if isinstance(value, list) and value and all(isinstance(end, list) and end for end in value):
        return [end[0] for end in value]
    return [value[0]] if isinstance(value, list) and len(value) == 3 else [value]


def _require_inbound(node: LayerNode, before: str) -> None:
    calls = node.raw.get("inbound_nodes")
    if not isinstance(calls, list) or len(calls) != 1:
        count = len(calls) if isinstance(calls, list) else calls
        raise must(node.where, "the number of times the layer is called", "1", count)
    source, arguments = _call(node, calls[0])
    if source != [before, 0, 0]:
        raise must(
            node.where,
            "the layer's input",
            f"only the output of {before!r} (a chain of layers)",
            source,
        )
    call = Options(f"{node.where}: call", arguments)
    for name in _CALL_OFF:
        call.off(name, "a network in hardware starts from zero and takes every step")
    call.finish(ignored=_CALL_IGNORED, off_is_fine=True)


def _call(node: LayerNode, call: object) -> tuple[object, dict[str, Any]]:
    """Return ``[layer, node, tensor]`` and keyword arguments of one call, Keras 3 or 2."""
    if isinstance(call, dict):
        arguments, keywords = call.get("args"), call.get("kwargs", {})
        if isinstance(arguments, list) and len(arguments) == 1 and isinstance(keywords, dict):
            tensor = arguments[0].get("config") if isinstance(arguments[0], dict) else None
            if isinstance(tensor, dict):
                return tensor.get("keras_history"), keywords
    elif isinstance(call, list) and len(call) == 1 and isinstance(call[0], list):
        source, keywords = call[0][:3], call[0][3] if len(call[0]) > 3 else {}
        if isinstance(keywords, dict):
            return source, keywords
    raise must(node.where, "the layer's input", "one tensor", call)
