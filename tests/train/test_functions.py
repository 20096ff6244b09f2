# SPDX-License-Identifier: Apache-2.0
"""Operations on codes in PyTorch, against those of NumPy; and their gradients."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import RangeError
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.fixed.ops import requantize
from lmu_hw.quantize.tables import tabulate

torch = pytest.importorskip("torch", reason="quantization-aware training needs PyTorch")

from lmu_hw.train.functions import Lookup, as_codes, low_bits, narrow  # noqa: E402

CPU = torch.device("cpu")
FORMAT = FixedFormat(signed=True, int_bits=1, frac_bits=2)


def leaf(values) -> torch.Tensor:
    return torch.tensor(np.asarray(values, dtype=float), requires_grad=True)


@pytest.mark.parametrize("rounding", list(Rounding))
@pytest.mark.parametrize("overflow", list(Overflow))
@pytest.mark.parametrize("signed", [True, False])
def test_narrow_gives_the_same_codes(rounding, overflow, signed):
    fmt = FixedFormat(signed=signed, int_bits=2, frac_bits=2)
    requant = Requant(format=fmt, rounding=rounding, overflow=overflow)
    for frac_bits in range(6):
        codes = np.arange(-300, 300)
        if overflow is Overflow.FORBID:
            values = codes * 2.0**-frac_bits
            codes = codes[(values >= fmt.min_value) & (values <= fmt.max_value)]
        expected, _ = requantize(codes, frac_bits, requant)
        actual = narrow(torch.tensor(codes).double(), frac_bits, requant, what="n")
        assert np.array_equal(actual.numpy(), expected)


def test_forbidden_overflow_is_refused():
    requant = Requant(format=FORMAT, rounding=Rounding.FLOOR, overflow=Overflow.FORBID)
    with pytest.raises(RangeError, match="n must stay within sQ1.2 .* reaches -1 to 8"):
        narrow(leaf([-1.0, 8.0]), 2, requant, what="n")


@pytest.mark.parametrize(
    ("overflow", "slopes"),
    [(Overflow.SATURATE, [0, 1, 1, 1, 0]), (Overflow.WRAP, [1, 1, 1, 1, 1])],
)
def test_gradient_passes_rounding_and_stops_where_codes_saturate(overflow, slopes):
    total = leaf([-40.0, -32.0, 3.0, 29.0, 32.0])
    requant = Requant(format=FORMAT, rounding=Rounding.FLOOR, overflow=overflow)
    narrow(total, 4, requant, what="n").sum().backward()
    assert np.array_equal(total.grad.numpy(), np.array(slopes) / 4)


def test_codes_have_the_gradient_of_what_was_rounded():
    values = leaf([0.3, -0.7])
    codes = as_codes(values, torch.tensor([1.0, -3.0]).double(), 4.0)
    (codes * torch.tensor([1.0, 10.0])).sum().backward()
    assert codes.tolist() == [1.0, -3.0]
    assert values.grad.tolist() == [4.0, 40.0]


def test_low_bits_are_those_of_twos_complement():
    total = np.arange(-70, 70)
    assert np.array_equal(low_bits(torch.tensor(total).double(), 3).numpy(), total & 7)


@pytest.mark.parametrize("signed", [True, False])
def test_a_table_is_read_at_every_code(signed):
    source = FixedFormat(signed=signed, int_bits=2, frac_bits=5)
    output = FixedFormat(signed=True, int_bits=0, frac_bits=7)
    table = tabulate("tanh", source, output, where="n")
    codes = np.arange(source.min_code, source.max_code + 1)
    lookup = Lookup(table, source, where="n", device=CPU)
    assert np.array_equal(lookup(torch.tensor(codes).double()).numpy(), table.codes.codes[codes])


def test_the_slope_of_a_table_is_that_of_its_function():
    source = FixedFormat(signed=True, int_bits=2, frac_bits=5)
    output = FixedFormat(signed=True, int_bits=0, frac_bits=7)
    lookup = Lookup(tabulate("tanh", source, output, where="n"), source, where="n", device=CPU)
    codes = leaf(np.arange(source.min_code, source.max_code + 1))
    lookup(codes).sum().backward()
    exact = (1 - np.tanh(codes.detach().numpy() * source.ulp) ** 2) * source.ulp / output.ulp
    # A difference over an ulp: its error is f'''/24 ulp**2, at most 2/24 * 2**-10.
    assert np.allclose(codes.grad.numpy(), exact, atol=1e-4 * source.ulp / output.ulp)
