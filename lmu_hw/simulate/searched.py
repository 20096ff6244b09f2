# SPDX-License-Identifier: Apache-2.0
"""Stimuli that take a search, kept between runs by the digest of all that decides them.

That is the design, the options, and every line of this package. What is found is what a search
would find again; words are compared whatever drives them.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from functools import cache as once
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

import lmu_hw
from lmu_hw.design import Design
from lmu_hw.simulate.cache import Cache, digest_of
from lmu_hw.simulate.directed.goals import Goals
from lmu_hw.simulate.simulators import Simulator
from lmu_hw.simulate.stimuli import Sequence, Stall, ends_left, few, stimuli

__all__ = ["driven_sequences", "searched"]


def driven_sequences(
    design: Design,
    goals: Goals,
    simulators: list[Simulator],
    steps: list[int | None],
    data: list[list[Sequence]],
    seed: int,
    *,
    gates: bool,
    packets: bool,
    streams: int = 1,
    found: Callable[[list[Any], Callable[[], list[Sequence]]], list[Sequence]],
) -> list[list[Sequence]]:
    """Return what each simulator is driven with.

    Parameters
    ----------
    design : Design
    goals : Goals
    simulators : list of Simulator
    steps : list of int or None
        Of the built-in stimuli, for each simulator; None: no limit.
    data : list of lists of Sequence
        The user's, for each simulator.
    seed : int
    gates : bool
        Gates run, which are slow.
    packets : bool
        Vectors travel as packets, some of which are to be malformed.
    streams : int
        Independent sequences of the design.
    found : callable
        Makes sequences with a function, or knows them from what they are made from.
    """
    longest = max((own_steps for own_steps in steps if own_steps is not None), default=None)
    overflowing = once(lambda: ends_left(design, goals, steps=longest, seed=seed))
    driven = []
    for simulator, own_steps, own_data in zip(simulators, steps, data, strict=True):
        built_in = found(
            [longest, own_steps, seed],
            lambda own_steps=own_steps: stimuli(
                design,
                goals,
                [],
                steps=own_steps,
                seed=seed,
                overflowing=overflowing(),
                packets=packets,
                streams=streams,
            ),
        )
        sequences = [*built_in[:1], *own_data, *built_in[1:]]  # after that which a reset cuts
        if own_steps is not None and (gates or not simulator.backend.runs_verilog):
            sequences = few(sequences, own_steps)  # Python and gates are slow
        driven.append(sequences)
    return driven


def searched(
    cache: Cache, made_from: list[Any], search: Callable[[], list[Sequence]]
) -> list[Sequence]:
    """Return the sequences that a search finds, or found before.

    Parameters
    ----------
    cache : Cache
    made_from : list
        All that they depend on, as JSON can say it.
    search : callable
    """
    versions = [metadata.version(name) for name in ("numpy", "scipy")]
    digest = digest_of([*made_from, versions, _sources()])
    kept = cache.get(digest)
    if kept is not None:
        return _unpacked(kept)
    sequences = search()
    cache.put(digest, _packed(sequences))
    return sequences


@once
def _sources() -> str:
    """Return the digest of this package."""
    folder = Path(lmu_hw.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(f"{path.relative_to(folder)} {path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _packed(sequences: list[Sequence]) -> bytes:
    stream = io.BytesIO()
    np.savez(
        stream,
        names=np.array([sequence.name for sequence in sequences]),
        stalls=np.array([int(sequence.stall) for sequence in sequences]),
        steps=np.array([len(sequence.codes) for sequence in sequences]),
        codes=np.concatenate([sequence.codes for sequence in sequences]),
    )
    return stream.getvalue()


def _unpacked(data: bytes) -> list[Sequence]:
    with np.load(io.BytesIO(data)) as arrays:
        names, stalls = arrays["names"].tolist(), arrays["stalls"].tolist()
        parts = np.split(arrays["codes"], np.cumsum(arrays["steps"])[:-1])
    return [
        Sequence(name=name, codes=codes, stall=Stall(stall))
        for name, codes, stall in zip(names, parts, stalls, strict=True)
    ]
