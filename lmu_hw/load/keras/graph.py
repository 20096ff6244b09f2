# SPDX-License-Identifier: Apache-2.0
"""The layers of a Keras model, and what each of them reads, from one input to one output."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from lmu_hw.errors import LoadError
from lmu_hw.load.check import Options, must, show
from lmu_hw.load.keras.options import MERGES, advice_on

__all__ = ["LayerNode", "arguments", "layers", "reads", "require_end", "sources"]

_MODELS = ("Functional", "Sequential", "Model")  # "Model" was Functional before Keras 2.4
_MAX_LAYERS = 1000
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
    tensors, keywords = _call(node, calls[0])
    for tensor in tensors:
        if not (isinstance(tensor, list) and tensor[1:] == [0, 0] and tensor[0] in known):
            rule = "the output of a layer before it"
            raise must(node.where, "the layer's input", rule, tensor)
    call = Options(f"{node.where}: call", keywords)
    for name in _CALL_OFF:
        call.off(name, "a network in hardware starts from zero and takes every step")
    call.finish(ignored=_CALL_IGNORED, off_is_fine=True)
    return [tensor[0] for tensor in tensors]


def reads(node: LayerNode) -> set[str]:
    """Return the names of what feeds a layer, as far as they are seen; `sources` checks them."""
    try:
        tensors, _ = _call(node, (node.raw.get("inbound_nodes") or [None])[0])
    except (LoadError, TypeError, KeyError):
        return set()
    return {t[0] for t in tensors if isinstance(t, list) and t and isinstance(t[0], str)}


def arguments(node: LayerNode) -> list[Any]:
    """Return what a layer of Keras 3 is called with, besides tensors."""
    call = node.raw["inbound_nodes"][0]
    rest = call["args"][1:] if isinstance(call, dict) else []
    return [argument for argument in rest if _tensor(argument) is None]


def _tensor(argument: object) -> list[Any] | None:
    """Return ``[layer, node, tensor]`` of an argument, Keras 3; None if it is no tensor."""
    config = argument.get("config") if isinstance(argument, dict) else None
    history = config.get("keras_history") if isinstance(config, dict) else None
    return history if isinstance(history, list) and len(history) == 3 else None


def _call(node: LayerNode, call: object) -> tuple[list[Any], dict[str, Any]]:
    """Return tensors and keyword arguments of one call, Keras 3 or 2."""
    if isinstance(call, dict):
        given, keywords = call.get("args"), call.get("kwargs", {})
        if isinstance(given, list) and given and isinstance(keywords, dict):
            listed = given[0] if isinstance(given[0], list) else given
            tensors = [_tensor(argument) for argument in listed]
            named = [tensor for tensor in tensors if tensor is not None]
            if tensors[0] is not None and (len(named) == 1 or node.class_name in MERGES):
                return named, keywords
    elif isinstance(call, list) and call and all(isinstance(part, list) for part in call):
        keywords = call[0][3] if len(call[0]) > 3 else {}
        if isinstance(keywords, dict) and (len(call) == 1 or node.class_name in MERGES):
            return [part[:3] for part in call], keywords
    raise must(
        node.where, "the layer's input", "one tensor", call, advice="save each branch on its own"
    )
