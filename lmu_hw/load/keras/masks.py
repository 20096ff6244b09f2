# SPDX-License-Identifier: Apache-2.0
"""Masks of a Keras model: which layers leave masked steps out, and whether hardware may, too.

``Masking(v)`` marks the steps of which every feature is v, and makes them zeros. A recurrent layer
that gets the mask keeps its state in such a step and repeats its output; hardware is not sent
it. A layer that does not get it computes with zeros. Keras 3 writes the mask of a graph as
operations (``any(not_equal(x, v))``) and hands it to each layer by name; in sequential models, and
in Keras 2, it goes where layers pass it on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lmu_hw.checked import real
from lmu_hw.errors import LoadError
from lmu_hw.load.check import must
from lmu_hw.load.keras.calls import Constant
from lmu_hw.load.keras.graph import LayerNode, call_to
from lmu_hw.load.keras.options import IGNORED, MASK_OPERATIONS

__all__ = ["Masks"]

_RECURRENT = ("RNN", "SimpleRNN", "LSTM", "GRU")
_DEAF = ("LMU", "LMUFeedforward", "LMUFFT")
_LOSING = (*_DEAF, "Reshape", "Flatten", "GetItem")


class Masks:
    """Follows the mask through a model."""

    def __init__(self) -> None:
        self.value: float | None = None
        self._raw: set[str] = set()  # what is the input itself
        self._tensors: set[str] = set()  # what is a mask
        self._false: set[str] = set()  # what is a mask that marks no step
        self._masked: set[str] = set()
        self._held: set[str] = set()  # what a masked step repeats
        self._deaf: list[str] = []
        self._hearing: list[str] = []
        self._last: list[str] = []  # what takes the last step of something that is not held

    def follow(
        self, node: LayerNode, sources: Sequence[str], *, identity: bool, last: bool
    ) -> None:
        """Follow the mask through a layer that is fed by others, after it was read.

        `identity`: it hands on what it is fed with; `last`: it takes the last step of it.

        Raises
        ------
        LoadError
            If the layer does something else with masks than leave masked steps out.
        """
        if node.kind == "InputLayer" or (identity and self._raw.issuperset(sources)):
            self._raw.add(node.name)
        joined = node.kind == "Concatenate" and self._tensors.intersection(sources)
        if node.kind in MASK_OPERATIONS or joined:
            self._operation(node, sources)
            return
        if (self._tensors | self._false).intersection(sources):
            raise must(node.where, "the layer's input", "what layers compute", "a mask")
        named = self._named(node)
        if node.kind == "Masking":
            self._begin(node, sources, node.options.get("mask_value", 0.0))
            node.options.finish(ignored=IGNORED, off_is_fine=True)
            self._masked.add(node.name)
            return
        passed = bool(sources) and self._masked.issuperset(sources)
        recurrent = node.kind in _RECURRENT
        masked = named if recurrent and _says_masks(node) else named or passed
        if recurrent or node.kind in _DEAF:
            self._recurrent(node, masked=masked and recurrent)
        elif last and not self._held.issuperset(sources):
            self._last.append(node.where)
        if sources and self._held.issuperset(sources):
            self._held.add(node.name)
        is_function = node.kind != node.class_name  # of TensorFlow, in Keras 2
        if masked and node.kind not in _LOSING and not is_function:
            self._masked.add(node.name)

    def outcome(self) -> tuple[float | None, str]:
        """Return the value of steps that are left out, if some are, and what to tell about it.

        Raises
        ------
        LoadError
            If some recurrent layers leave masked steps out and others compute with them.
        """
        if self.value is None:
            return None, ""
        value = f"{self.value:g}"
        if not self._deaf:
            if self._last:
                raise LoadError(
                    f"{self._last[0]}: must not take the last step, which may be masked, of what a "
                    "masked step does not repeat; set return_sequences=False in the layer before it"
                )
            text = f"steps that are all {value} are masked: they are left out, and not to be sent"
            return self.value, text
        rule = "must get the mask, as other recurrent layers do, or none may: here it"
        if self._hearing:
            raise LoadError(f"{self._deaf[0]}: {rule} computes with the steps that they leave out")
        if self.value != 0.0:
            raise LoadError(
                f"{self._deaf[0]}: must get the mask: in Keras it does not, and computes masked "
                f"steps as zeros; set steps that are all {value} to 0 in your data, save the model "
                "without Masking, which computes the same; or train RNN(LMUCell(...))"
            )
        return None, (
            "warning: Masking does nothing here: no recurrent layer gets the mask, in Keras "
            "neither (keras-lmu's LMU takes none), so that steps of zeros count like others"
        )

    def _operation(self, node: LayerNode, sources: Sequence[str]) -> None:
        """Read an operation that makes a mask of the input, or joins the mask with itself."""
        if node.kind == "ZerosLike":
            self._false.add(node.name)
            return
        self._tensors.add(node.name)
        masks = self._tensors | (self._false if node.kind == "LogicalOr" else set())
        if node.kind == "NotEqual":
            values = [v.value for v in call_to(node).operands if isinstance(v, Constant)]
            self._begin(node, sources, values[0] if len(values) == 1 else None)
        elif not masks.issuperset(sources) or self._false.issuperset(sources):
            raise must(node.where, "the operation's input", "the mask of Masking", list(sources))
        axis = node.options.get("axis", -1)
        if node.kind == "Any" and (axis not in (-1, 2) or node.options.flag("keepdims")):
            raise must(node.where, "axis", "that of the features, -1", axis)
        node.options.finish(ignored=IGNORED, off_is_fine=True)

    def _begin(self, node: LayerNode, sources: Sequence[str], value: object) -> None:
        """Take the value of masked steps of the input."""
        if not self._raw.issuperset(sources):  # the first layer has no sources
            raise must(node.where, "the layer's input", "the input of the model", list(sources))
        number = real(value, f"{node.where}: mask_value", error=LoadError)
        if self.value not in (None, number):
            raise must(node.where, "mask_value", f"the other one, {self.value:g}", number)
        self.value = number

    def _named(self, node: LayerNode) -> bool:
        """Say whether a layer of a graph is called with the mask."""
        mask = call_to(node).keywords.get("mask") if node.raw.get("inbound_nodes") else None
        if mask is None:
            return False
        config = mask.get("config") if isinstance(mask, Mapping) else None
        history = config.get("keras_history") if isinstance(config, Mapping) else None
        if not isinstance(history, list) or history[:1] == [] or history[0] not in self._tensors:
            raise must(node.where, "mask", "that of Masking", mask)
        return True

    def _recurrent(self, node: LayerNode, *, masked: bool) -> None:
        (self._hearing if masked else self._deaf).append(node.where)
        zeros = node.options.flag("zero_output_for_mask")
        if masked and zeros and not node.options.flag("return_sequences"):
            advice = "a sequence whose last step is masked would answer zeros"
            raise must(node.where, "zero_output_for_mask", "off", zeros, advice=advice)
        if masked and not zeros:
            self._held.add(node.name)


def _says_masks(node: LayerNode) -> bool:
    """Say whether a layer is called with the mask that it gets, if any: in graphs of Keras 3."""
    calls = node.raw.get("inbound_nodes")
    return isinstance(calls, list) and bool(calls) and isinstance(calls[0], dict)
