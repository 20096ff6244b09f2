# SPDX-License-Identifier: Apache-2.0
"""A trained network as the module that its hardware will be, ready to be trained further."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lmu_hw.errors import NetworkError
from lmu_hw.golden import GoldenModel
from lmu_hw.lmu import Network
from lmu_hw.network import Node, QuantizedNetwork
from lmu_hw.quantize import Config
from lmu_hw.train.frontier import frontier
from lmu_hw.train.functions import as_codes
from lmu_hw.train.model import CodeModel
from lmu_hw.train.rewrite import Rewriting
from lmu_hw.train.weights import BIAS, Piece, Place, trainable

__all__ = ["AwareNetwork", "Prepared"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Prepared:
    """Sequences as far as no trained weight reaches; index it to get some of them.

    Parameters
    ----------
    codes : dict of name to (sequences, steps or 1, size) tensor
        Of what is trained first: its input, and nodes of its layer that are not trained.
    """

    codes: dict[str, Tensor]

    def __len__(self) -> int:
        return len(next(iter(self.codes.values())))

    def __getitem__(self, index: slice | Tensor | NDArray[np.int64]) -> Prepared:
        return Prepared({name: codes[index] for name, codes in self.codes.items()})


class AwareNetwork(nn.Module):
    """A network whose forward pass is the golden model, bit for bit, with gradients.

    The parameters are the weights as hardware holds them before rounding: rewritten into its basis
    and scale and fitted to its memory. Gradients pass straight through rounding (Bengio et al.
    2013), are zero where a code saturates, and are those of the function in place of its table. The
    memories and every format stay as they are. Weights start in their formats: what does not fit
    (`tighten`) is cut off.

    Parameters
    ----------
    network : Network
        As trained.
    config : Config
        Of `lmu_hw.configure`.
    fixed : collection of str
        Arrays that are not trained, such as ``lmu.E_x``. What depends on such arrays and the input
        alone is computed once, by `prepare`.

    Raises
    ------
    ConfigError, StabilityError
        As `lmu_hw.quantize.convert`.
    NetworkError
        If `fixed` names what is no array of the network, or all are fixed; or if weights cannot be
        taken back to the units of the trained network.
    RangeError
        If a sum could reach 2**53.
    """

    def __init__(self, network: Network, config: Config, *, fixed: Collection[str] = ()) -> None:
        super().__init__()
        self.config, self._rewriting = config, Rewriting(network, config)
        places, start = self._rewriting.places, self._rewriting.start
        self.names = trainable(places, _read(config, places), fixed)
        self._places = {
            place: pieces
            for place, pieces in places.items()
            if any(piece.name in self.names for piece in pieces)
        }
        self.arrays = nn.ParameterList(torch.tensor(start[name]) for name in self.names)
        self._limits = [_limits(name, start[name], self._places, config) for name in self.names]
        self.clip()
        self._begin = self._rewriting.quantized(self.network())
        self._frontier = frontier(self._begin, {node for node, _ in self._places})

    def network(self) -> Network:
        """Return the float network as it is trained so far.

        ``lmu_hw.quantize(aware.network(), config=aware.config)`` gives the codes that `forward`
        computes with. Its memories are those that hardware realizes: bilinear ones in place of
        zero-order hold, if the configuration says so.
        """
        arrays = {
            name: array.detach().cpu().numpy()
            for name, array in zip(self.names, self.arrays, strict=True)
        }
        return self._rewriting.undone(arrays)

    def prepare(self, x: NDArray[np.generic]) -> Prepared:
        """Return sequences as far as no trained weight reaches, by the golden model.

        Parameters
        ----------
        x : (sequences, steps, inputs) array of real numbers
            In the network's own units.
        """
        x_codes, _ = GoldenModel(self._begin).count_input(x)
        if not x_codes.even:
            raise NetworkError("what is trained on must be sequences of one length, none masked")
        codes = self._frontier.codes(self._begin, x_codes.padded)
        return Prepared({name: torch.from_numpy(array.copy()) for name, array in codes.items()})

    def forward(self, prepared: Prepared) -> Tensor:
        """Return what the golden model answers, as real values.

        Returns
        -------
        (sequences, outputs) or (sequences, steps, outputs) float64
        """
        device = self.arrays[0].device
        quantized = self._rewriting.quantized(self.network())
        model = CodeModel(quantized, self._codes(quantized), device=device)
        vectors = {name: codes.to(device, torch.float64) for name, codes in prepared.codes.items()}
        first, fixed = self._frontier.layer, self._frontier.fixed
        return model.run(vectors, layer=first, without=fixed) * quantized.output.format.ulp

    def groups(self, rate: float) -> list[dict[str, Any]]:
        """Return the parameters for an optimizer that moves each by about its rate a step.

        Parameters
        ----------
        rate : float
            In ulp: of the weights' format, or of what the node's sum is narrowed to for a bias.
        """
        return [
            {"params": [array], "lr": rate * limit.ulp}
            for array, limit in zip(self.arrays, self._limits, strict=True)
        ]

    @torch.no_grad()
    def clip(self) -> None:
        """Move every weight back into its format; to be called after every optimizer step."""
        for array, limit in zip(self.arrays, self._limits, strict=True):
            array.clamp_(
                torch.from_numpy(limit.low).to(array), torch.from_numpy(limit.high).to(array)
            )

    def _codes(self, quantized: QuantizedNetwork) -> dict[Place, Tensor]:
        """Return the codes of all trained weights and biases, with gradients."""
        nodes = {node.name: node for node in quantized.nodes}
        arrays = dict(zip(self.names, self.arrays, strict=True))
        trained = {}
        for (name, label), pieces in self._places.items():
            node = nodes[name]
            stored = _held(node, label) if isinstance(node, Node) else None
            if stored is None:
                continue  # a bias of nothing but zeros
            codes, scale = (torch.from_numpy(array).to(self.arrays[0]) for array in stored)
            values = torch.zeros_like(codes)
            for piece in pieces:
                if piece.name in arrays:
                    index = torch.from_numpy(piece.index).to(codes.device)
                    values = values + arrays[piece.name].flatten()[index]
            trained[name, label] = as_codes(values, codes, scale)
        return trained


@dataclass(frozen=True, slots=True, eq=False)
class _Limits:
    """Smallest and largest value of every element of an array, and its ulp."""

    low: Array
    high: Array
    ulp: float


def _limits(
    name: str, array: Array, places: Mapping[Place, tuple[Piece, ...]], config: Config
) -> _Limits:
    low, high, ulps = np.full(array.shape, -np.inf), np.full(array.shape, np.inf), []
    for (node, label), pieces in places.items():
        formats = config.nodes[node]
        for piece in pieces:
            if piece.name == name and label == BIAS:
                ulps.append(formats.requant.format.ulp)
            elif piece.name == name:
                fmt = formats.weights[label]
                low.flat[piece.index] = np.maximum(low.flat[piece.index], fmt.min_value)
                high.flat[piece.index] = np.minimum(high.flat[piece.index], fmt.max_value)
                ulps.append(fmt.ulp)
    return _Limits(low, high, min(ulps))


def _held(node: Node, label: str) -> tuple[Array, Array] | None:
    """Return the codes of a bias or of the weights of a term, and what a unit is in codes."""
    if label == BIAS:
        scale = np.ldexp(1.0, node.sum_frac_bits)
        return None if node.bias is None else (node.bias.codes.astype(float), np.array(scale))
    (term,) = (term for term in node.terms if term.label == label)
    shifts = np.array(node.row_shifts or (0,))[:, None]
    scale = np.ldexp(1.0, term.weights.format.frac_bits + shifts)
    return term.weights.codes.astype(float), scale


def _read(config: Config, places: Collection[Place]) -> set[Place]:
    """Return the places for which there is a format; biases make their own."""
    named = {(name, label) for name, node in config.nodes.items() for label in node.weights}
    return named | {place for place in places if place[1] == BIAS}
