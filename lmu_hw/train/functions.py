# SPDX-License-Identifier: Apache-2.0
"""Operations on codes with straight-through gradients.

Codes are float64 tensors of integers below 2**53, on which every operation here is exact; their
gradients are those of the real numbers that the codes stand for, in units of codes.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, assert_never

import numpy as np
import torch
from torch import Tensor

from lmu_hw.errors import RangeError
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.fixed.ops import dequantize
from lmu_hw.golden.memory import MemoryModel
from lmu_hw.golden.overflows import Overflows
from lmu_hw.lmu.activations import activation
from lmu_hw.network import Table

__all__ = ["Lookup", "as_codes", "low_bits", "memory_step", "narrow"]


def as_codes(values: Tensor, codes: Tensor, scale: Tensor | float) -> Tensor:
    """Return codes with the gradient of ``values * scale``, from which they were rounded."""
    return _AsCodes.apply(values, codes, scale)


def narrow(total: Tensor, frac_bits: int, requant: Requant, *, what: str) -> Tensor:
    """Narrow exact sums as `lmu_hw.fixed.ops.requantize` does.

    The gradient passes through rounding and wrapping, and is zero where the code saturates.

    Parameters
    ----------
    total : float64 tensor
    frac_bits : int
        Of the sums.
    requant : Requant
    what : str
        Name of the node, for messages.

    Raises
    ------
    RangeError
        If overflow is `FORBID` and happens.
    """
    return _Narrow.apply(total, frac_bits, requant, what)


def low_bits(total: Tensor, bits: int) -> Tensor:
    """Return the low bits of exact sums, unsigned, without gradient: rounding passes it on."""
    return torch.remainder(total.detach(), 2.0**bits)


def memory_step(
    model: MemoryModel, matrices: tuple[Tensor, Tensor], past: Tensor, source: Tensor
) -> Tensor:
    """Return the states of a structured memory, as the golden model computes them.

    Parameters
    ----------
    model : MemoryModel
    matrices : (A (d, d), B (d,))
        The linear map that the update stands for, in codes; it gives the gradient.
    past : (sequences, segments d)
        States before.
    source : (sequences, segments)
    """
    return _MemoryStep.apply(past, source, model, *matrices)


class Lookup:
    """A table as a function of codes, with the slope of the function that was tabulated.

    Parameters
    ----------
    table : Table
    source : FixedFormat
        Of the codes that address it.
    where : str
        Name of the node, for messages.
    device : torch.device
    """

    def __init__(
        self, table: Table, source: FixedFormat, *, where: str, device: torch.device
    ) -> None:
        self._table, self._source, self._where, self._device = table, source, where, device
        self.codes = torch.tensor(table.codes.codes, dtype=torch.float64, device=device)

    def __call__(self, codes: Tensor) -> Tensor:
        """Return the entries for codes."""
        return _LookUp.apply(codes, self)

    @cached_property
    def slopes(self) -> Tensor:
        """Codes of the output per code of the input, by address.

        Of the function itself, from half an ulp before to half an ulp behind: the steps of the
        table are rounding, and gradients pass through rounding.
        """
        source, count = self._source, 1 << self._source.width
        codes = np.arange(count) - (count if source.signed else 0) * (
            np.arange(count) > source.max_code
        )
        f, at = activation(self._table.function, where=self._where), dequantize(codes, source)
        rise = f(at + source.ulp / 2) - f(at - source.ulp / 2)
        return torch.tensor(rise / self._table.format.ulp, device=self._device)


class _AsCodes(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, codes: Tensor, scale: Tensor | float) -> Tensor:
        ctx.scale = scale
        return codes.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        return grads[0] * ctx.scale, None, None


class _Narrow(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, total: Tensor, frac_bits: int, requant: Requant, what: str) -> Tensor:
        fmt, shift = requant.format, frac_bits - requant.format.frac_bits
        codes = total * 2.0**-shift
        if shift > 0:
            codes = _rounded(codes, requant.rounding)
        inside = (codes >= fmt.min_code) & (codes <= fmt.max_code)
        ctx.shift = shift
        match requant.overflow:
            case Overflow.WRAP:
                return torch.remainder(codes - fmt.min_code, 2.0**fmt.width) + fmt.min_code
            case Overflow.SATURATE:
                ctx.save_for_backward(inside)
                return codes.clamp(fmt.min_code, fmt.max_code)
            case Overflow.FORBID if bool(inside.all()):
                ctx.save_for_backward(inside)
                return codes
            case Overflow.FORBID:
                raise RangeError(
                    f"{what} must stay within {fmt}, but reaches {int(codes.min())} to "
                    f"{int(codes.max())}"
                )
        assert_never(requant.overflow)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        # Rounding counts as the identity; what is saturated passes no gradient.
        grad = grads[0] * 2.0**-ctx.shift
        for inside in ctx.saved_tensors:
            grad = grad * inside
        return grad, None, None, None


def _rounded(codes: Tensor, rounding: Rounding) -> Tensor:
    match rounding:
        case Rounding.FLOOR:
            return codes.floor()
        case Rounding.HALF_UP:
            return (codes + 0.5).floor()
        case Rounding.HALF_EVEN:
            return codes.round()  # PyTorch rounds halves to even
        case Rounding.TOWARD_ZERO:
            return codes.trunc()
    assert_never(rounding)


class _LookUp(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, codes: Tensor, lookup: Lookup) -> Tensor:
        address = codes.long()
        # Two's complement addressing: negative codes are in the upper half.
        address = torch.where(address < 0, address + len(lookup.codes), address)
        ctx.save_for_backward(address)
        ctx.lookup = lookup
        return lookup.codes[address]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (address,) = ctx.saved_tensors
        return grads[0] * ctx.lookup.slopes[address], None


class _MemoryStep(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, past: Tensor, source: Tensor, model: MemoryModel, A: Tensor, B: Tensor
    ) -> Tensor:
        node = model.node
        before = {node.name: past.detach().cpu().numpy()}
        _, states = model.step({node.source: source.detach().cpu().numpy()}, before, Overflows())
        codes = torch.from_numpy(np.ascontiguousarray(states)).to(past)
        fmt = node.requant.format
        ctx.save_for_backward((codes > fmt.min_code) & (codes < fmt.max_code), A, B)
        return codes

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        inside, A, B = ctx.saved_tensors
        grad = (grads[0] * inside).reshape(len(inside), -1, len(B))
        return (grad @ A).flatten(1), grad @ B, None, None, None
