# SPDX-License-Identifier: Apache-2.0
"""Arrays in `.npy` files of others."""

from __future__ import annotations

from tokenize import TokenError
from typing import BinaryIO
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

__all__ = ["load_array"]


def load_array(file: BinaryIO) -> NDArray[np.generic]:
    """Return the array of real numbers in an open `.npy` file.

    Raises
    ------
    ValueError
        If it is damaged, pickled, an archive, too large for memory, or holds no real numbers.
    OSError
        If it cannot be read.
    """
    try:
        array = np.load(file, allow_pickle=False)
    except MemoryError as error:
        raise ValueError(f"must be an array that fits in memory: {error}") from None
    except (ValueError, EOFError, TypeError, SyntaxError, TokenError, BadZipFile) as error:
        # What is no array at all is taken for a pickle, which is refused with advice to allow it.
        reason = "it is none, or holds Python objects" if "pickle" in str(error) else error
        raise ValueError(f"must be a .npy array of numbers: {reason}") from None
    if not isinstance(array, np.ndarray):
        array.close()
        raise ValueError("must be a single .npy array, not an archive")
    if array.dtype.kind not in "biuf":
        raise ValueError(f"must hold real numbers, not {array.dtype}")
    return array
