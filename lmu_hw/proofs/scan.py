# SPDX-License-Identifier: Apache-2.0
"""The forward Euler memory by running sums as a linear system."""

from __future__ import annotations

import numpy as np

from lmu_hw.fixed import FixedFormat
from lmu_hw.network.scan import Scan
from lmu_hw.proofs.linear_form import Carried, Linear

__all__ = ["linear_scan"]


def linear_scan(update: Scan, state: FixedFormat) -> Linear:
    """Return a scan as a linear system: nothing inside it is narrowed."""
    d = update.order
    A, B = update.matrices()
    integers, source = update.integers()
    integers[np.diag_indices(d)] -= 1 << update.rate.format.frac_bits
    running = Carried(
        name="running sum",
        format=update.running,
        accumulator=update.sum_bounds(state).running,
        error=0.0,
        states=integers / update.factors[:, None],  # the signs of a row
        source=source / update.factors,
        own=np.zeros(d),
    )
    return Linear(
        A=A,
        B=B,
        noise=np.zeros((d, 0)),
        largest=np.zeros(0),
        carried=(running,),
        coefficient_bits=int(update.factors[-1]).bit_length(),
    )
