# SPDX-License-Identifier: Apache-2.0
"""A training loop that is enough for most networks; any other PyTorch loop will do."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor, nn

from lmu_hw.checked import real, whole
from lmu_hw.train.aware import AwareNetwork, Prepared

__all__ = ["fit", "shuffled"]

_WARM = 0.05
"""Share of the steps in which the rate rises."""


def shuffled(
    prepared: Prepared, targets: Tensor, *, size: int, epochs: int, seed: int
) -> Iterator[tuple[Prepared, Tensor]]:
    """Return batches of `size` sequences with their targets, in a new order in every epoch."""
    size, epochs = whole(size, "`size`", least=1), whole(epochs, "`epochs`", least=1)
    random = torch.Generator().manual_seed(whole(seed, "`seed`"))
    return (
        (prepared[pick], targets[pick])
        for _ in range(epochs)
        for pick in torch.randperm(len(prepared), generator=random).split(size)
    )


def fit(
    aware: AwareNetwork,
    batches: Iterable[tuple[Prepared, Tensor]],
    *,
    steps: int,
    rate: float = 0.05,
    loss: Callable[[Tensor, Tensor], Tensor] = nn.functional.cross_entropy,
    progress: Callable[[int, float], None] | None = None,
) -> None:
    """Train a network on batches, by Adam with a rate that rises, then falls as a cosine.

    Parameters
    ----------
    aware : AwareNetwork
    batches : iterable of (Prepared, Tensor)
        Sequences and what belongs to them; see `shuffled`.
    steps : int
        How many batches there are at most; the rate is 0 after the last.
    rate : float
        Largest step of a weight, in ulp.
    loss : callable
        Of the outputs and the targets; cross entropy of classes by default.
    progress : callable, optional
        Called with the number of batches done and the loss of the last.
    """
    steps, rate = whole(steps, "`steps`", least=1), real(rate, "`rate`", above=0.0, rule="positive")
    optimizer = torch.optim.Adam(aware.groups(rate))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _share(step / steps))
    for number, (prepared, targets) in enumerate(batches, start=1):
        error = loss(aware(prepared), targets)
        optimizer.zero_grad()
        error.backward()
        nn.utils.clip_grad_norm_(aware.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        aware.clip()
        if progress is not None:
            progress(number, error.item())


def _share(at: float) -> float:
    """Return the share of the largest rate after a share of the steps."""
    if at < _WARM:
        return (at + 0.01) / (_WARM + 0.01)
    return 0.5 * (1.0 + math.cos(math.pi * min(at - _WARM, 1.0 - _WARM) / (1.0 - _WARM)))
