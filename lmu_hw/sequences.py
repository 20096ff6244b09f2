# SPDX-License-Identifier: Apache-2.0
"""Sequences, each of its own length: what every verb runs a network on.

An array (sequences, steps, features) is sequences of one length. Where lengths differ, zeros stand
behind the end of each. What computes takes batches of one length, so no such zero is computed with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import NetworkError

__all__ = ["Sequences", "SequencesLike", "array_or_sequences", "lengths_words"]

Array = NDArray[Any]
Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Sequences:
    """Sequences of vectors.

    Parameters
    ----------
    padded : (sequences, steps, features) array
        What stands behind the end of a sequence counts for nothing.
    lengths : (sequences,) int64
        Steps of each sequence, 1 to `steps`.
    taken : (sequences, given steps) bool or None
        Which steps these are of what was given, where steps within were left out.

    Raises
    ------
    NetworkError
        If lengths and array do not fit.
    """

    padded: Array
    lengths: Rows
    taken: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        padded, lengths = np.asarray(self.padded), np.asarray(self.lengths)
        if padded.ndim != 3 or 0 in padded.shape:
            rule = "have the shape (sequences, steps, features), each at least 1"
            raise NetworkError(f"padded sequences must {rule}, not {padded.shape}")
        if lengths.shape != (len(padded),) or lengths.dtype.kind not in "iu":
            raise NetworkError(
                f"lengths must be {len(padded)} integers, one for each sequence, not "
                f"{lengths.dtype} of shape {lengths.shape}"
            )
        wrong = np.flatnonzero((lengths < 1) | (lengths > padded.shape[1]))
        if len(wrong):
            raise NetworkError(
                f"the length of sequence {wrong[0]} must be 1 to the {padded.shape[1]} steps that "
                f"there are, not {lengths[wrong[0]]}"
            )
        object.__setattr__(self, "lengths", lengths.astype(np.int64))
        behind = ~self.valid
        if padded[behind].any():  # NaN counts as something, too
            padded = padded.copy()
            padded[behind] = 0
        object.__setattr__(self, "padded", padded)

    @classmethod
    def of(cls, x: object, *, features: int | None = None, what: str = "input") -> Sequences:
        """Return what is given as sequences.

        Parameters
        ----------
        x : Sequences, array (sequences, steps, features), or list of arrays (steps, features)
        features : int, optional
            That each vector must have.
        what : str
            Name in messages.

        Raises
        ------
        NetworkError
            If it is none of these, is empty, or holds no real numbers.
        """
        if not isinstance(x, cls):
            x = _of_list(x, what) if _is_list(x) else _of_array(np.asarray(x), features, what)
        if features is not None and x.features != features:
            shape = x.padded.shape
            raise NetworkError(
                f"{what} must have the shape (sequences, steps, {features}), not {shape}"
            )
        return x

    def __len__(self) -> int:
        return len(self.padded)

    def __iter__(self) -> Iterator[Array]:
        return (rows[:length] for rows, length in zip(self.padded, self.lengths, strict=True))

    def __getitem__(self, rows: slice | Rows) -> Sequences:
        """Return some of the sequences, padded to as many steps as before."""
        taken = None if self.taken is None else self.taken[rows]
        return replace(self, padded=self.padded[rows], lengths=self.lengths[rows], taken=taken)

    @property
    def features(self) -> int:
        """Width of a vector."""
        return self.padded.shape[2]

    @property
    def longest(self) -> int:
        """Steps of the longest sequence."""
        return int(self.lengths.max())

    @property
    def total(self) -> int:
        """Steps of all sequences."""
        return int(self.lengths.sum())

    @property
    def described(self) -> str:
        """How many there are, and how long they are."""
        shortest, longest = int(self.lengths.min()), self.longest
        return f"{len(self):,} {lengths_words(len(self), shortest, longest)}"

    @property
    def even(self) -> bool:
        """All are as long as the array."""
        return bool((self.lengths == self.padded.shape[1]).all())

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Which steps of the array are steps of a sequence, (sequences, steps)."""
        return np.arange(self.padded.shape[1]) < self.lengths[:, None]

    @property
    def values(self) -> Array:
        """The vectors of all steps, (steps, features)."""
        return self.padded[self.valid]

    @property
    def given_steps(self) -> int:
        """Steps of the array that was given, those that were left out included."""
        return self.padded.shape[1] if self.taken is None else self.taken.shape[1]

    def mapped(self, padded: Array) -> Sequences:
        """Return sequences of the same lengths with these vectors."""
        return replace(self, padded=padded)

    def cut(self, steps: int) -> Sequences:
        """Return the first so many steps of each sequence."""
        if steps >= self.padded.shape[1]:
            return self
        return Sequences(padded=self.padded[:, :steps], lengths=np.minimum(self.lengths, steps))

    def batches(self, most: int) -> Iterator[tuple[Rows, Array]]:
        """Yield the numbers of at most so many sequences of one length, and what they are.

        The second is (sequences, steps, features); the shortest come first.
        """
        for length in np.unique(self.lengths):
            alike = np.flatnonzero(self.lengths == length)
            for start in range(0, len(alike), most):
                rows = alike[start : start + most]
                whole = slice(rows[0], rows[-1] + 1)  # behind each other: a view
                together = len(rows) == rows[-1] + 1 - rows[0]
                yield rows, self.padded[whole if together else rows, :length]

    def joined(self, run: Callable[[Rows, Array], Array], most: int) -> Array:
        """Return what `run` makes of each batch, see `batches`, one array of all sequences.

        Of (sequences, steps, n), zeros stand behind the end of each sequence.
        """
        joined: Array | None = None
        for rows, part in self.batches(most):
            made = run(rows, part)
            if joined is None:
                by_step = self.padded.shape[1:2] if made.ndim == 3 else ()
                joined = np.zeros((len(self), *by_step, made.shape[-1]), made.dtype)
            if made.ndim == 3:
                joined[rows, : made.shape[1]] = made
            else:
                joined[rows] = made
        assert joined is not None  # there is a sequence
        return joined

    def beside(self, values: SequencesLike, what: str) -> Array:
        """Return what is given for each step as one array, (sequences, given steps, ...).

        Raises
        ------
        NetworkError
            If they are of sequences of their own lengths, but not of these sequences.
        """
        if not isinstance(values, Sequences) and not _is_list(values):
            return np.asarray(values)
        entries = [np.asarray(entry) for entry in values]
        if len(entries) != len(self):
            raise NetworkError(
                f"{what} must be of the {len(self)} sequences, not of {len(entries)}"
            )
        least, most = self.lengths, self.lengths
        if self.taken is not None:  # what was left out behind the last step may be there, or not
            least = self.given_steps - self.taken[:, ::-1].argmax(axis=1)
            most = np.full(len(self), self.given_steps)
        inner = entries[0].shape[1:]
        for number, entry in enumerate(entries):
            if entry.shape[1:] != inner or not least[number] <= len(entry) <= most[number]:
                raise NetworkError(
                    f"{what} of sequence {number} must be of its {least[number]} steps, not of the "
                    f"shape {entry.shape}"
                )
        joined = np.zeros((len(self), self.given_steps, *inner), np.result_type(*entries))
        for row, entry in zip(joined, entries, strict=True):
            row[: len(entry)] = entry
        return joined

    def aligned(self, values: Array) -> Array:
        """Return what stands beside each given step, (sequences, given steps, n), of these steps.

        Zeros stand behind the end of each sequence.
        """
        if self.taken is not None:
            values = _taken(values, self.taken)
        return np.where(self.valid[..., None], values, 0)

    def without(self, value: float | None, *, what: str = "input") -> Sequences:
        """Return the sequences without the steps of which every feature is `value`.

        Values are compared in float32, as Keras does in `Masking`.

        Raises
        ------
        NetworkError
            If nothing is left of a sequence: hardware would get no step of it, and not answer.
        """
        if value is None:
            return self
        valid = self.valid
        kept = valid & (self.padded.astype(np.float32) != np.float32(value)).any(axis=2)
        if (kept == valid).all():
            return self
        lengths = kept.sum(axis=1)
        if not lengths.all():
            raise NetworkError(
                f"{what}: every step of sequence {int(lengths.argmin())} is masked (all features "
                f"are {value:g}), so that hardware gets none and answers nothing: leave it out"
            )
        return Sequences(padded=_taken(self.padded, kept), lengths=lengths, taken=kept)


def lengths_words(sequences: int, shortest: int, longest: int) -> str:
    """Return ``sequences of 5 to 9 steps``, in the number of each."""
    noun = "sequence" if sequences == 1 else "sequences"
    span = f"{longest:,}" if shortest == longest else f"{shortest:,} to {longest:,}"
    return f"{noun} of {span} {'step' if longest == 1 else 'steps'}"


SequencesLike = Sequences | NDArray[Any] | Sequence[Any]
"""What `Sequences.of` takes; labels come in the same forms."""


def _taken(values: Array, taken: NDArray[np.bool_]) -> Array:
    """Return (sequences, steps, n) without the steps that are not taken; others stand behind."""
    order = np.argsort(~taken, axis=1, kind="stable")[:, : taken.sum(axis=1).max()]
    return np.take_along_axis(values, order[:, :, None], axis=1)


def array_or_sequences(x: Sequences) -> Array | Sequences:
    """Return the array of sequences of one length, and others as they are."""
    return x.padded if x.even and x.taken is None else x


def _is_list(x: object) -> bool:
    """Say whether it is sequences one by one, not an array or lists of numbers."""
    if isinstance(x, np.ndarray):
        return x.dtype == object and x.ndim == 1
    return isinstance(x, list | tuple) and any(hasattr(entry, "ndim") for entry in x)


def _of_list(x: object, what: str) -> Sequences:
    arrays = [np.asarray(entry) for entry in x]  # pyright: ignore[reportGeneralTypeIssues]
    if not arrays:
        raise NetworkError(f"{what} must hold at least one sequence and step, not an empty list")
    width = arrays[0].shape[-1] if arrays[0].ndim else 0
    for number, array in enumerate(arrays):
        if array.ndim != 2 or array.shape[1] != width or not array.size:
            raise NetworkError(
                f"{what}: sequence {number} must have the shape (steps, {width or 'features'}), "
                f"not {array.shape}"
            )
        _require_numbers(array, f"{what}: sequence {number}")
    lengths = np.array([len(array) for array in arrays])
    padded = np.zeros((len(arrays), lengths.max(), width), np.result_type(*arrays))
    for row, array in zip(padded, arrays, strict=True):
        row[: len(array)] = array
    return Sequences(padded=padded, lengths=lengths)


def _of_array(x: Array, features: int | None, what: str) -> Sequences:
    if x.ndim != 3 or (features is not None and x.shape[2] != features):
        width = features or "features"
        raise NetworkError(f"{what} must have the shape (sequences, steps, {width}), not {x.shape}")
    if 0 in x.shape:
        raise NetworkError(f"{what} must hold at least one sequence and step, not {x.shape}")
    _require_numbers(x, what)
    return Sequences(padded=x, lengths=np.full(len(x), x.shape[1]))


def _require_numbers(x: Array, what: str) -> None:
    if not (np.issubdtype(x.dtype, np.number) or x.dtype == np.bool_) or np.iscomplexobj(x):
        raise NetworkError(f"{what} must hold real numbers, not {x.dtype}")
