# SPDX-License-Identifier: Apache-2.0
"""Asking a board for the answers of its design, and comparing them with the golden model's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmu_hw.boards.host import Device, Line, open_uart
from lmu_hw.boards.top import BAUD
from lmu_hw.checked import whole
from lmu_hw.design import Design
from lmu_hw.errors import ConfigError
from lmu_hw.folder import DesignFolder
from lmu_hw.golden import GoldenModel
from lmu_hw.manifest import read_plan
from lmu_hw.sequences import SequencesLike

__all__ = ["Answers", "ask"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """What a board answered.

    Attributes
    ----------
    values : (sequences, outputs) or (sequences, steps, outputs) float64
        As `Design.predict` returns them.
    words, different : int
        Those that were compared with the golden model's, and those that are not equal to it.
    """

    values: NDArray[np.float64]
    words: int
    different: int


def ask(
    directory: str | Path,
    x: SequencesLike,
    *,
    port: str,
    baud: int = BAUD,
    open_line: Callable[[str, int], Line] = open_uart,
) -> Answers:
    """Send samples to a board, and compare its answers with the golden model's.

    Parameters
    ----------
    directory : str or Path
        Written by `emit`: the design that the board is loaded with.
    x : array (sequences, steps, inputs), list of arrays (steps, inputs), or Sequences
        In the network's own units.
    port : str
        Serial port of the board.
    baud : int
        Of its bitstream.
    open_line : callable
        Opens the port.

    Raises
    ------
    ConfigError, LoadError
        If an argument or the folder is not what it must be.
    ToolError
        If the port cannot be opened, or the board does not answer as this design.
    """
    if not isinstance(port, str):
        raise ConfigError(f"`port` must be the name of a serial port, not {port!r}")
    rate = whole(baud, "`baud`", least=1)
    design = Design.read(directory)
    plan = read_plan(DesignFolder(directory), design.network)
    golden = GoldenModel(design.network)
    x_codes, _ = golden.count_input(x)
    device = Device(open_line(port, rate), design.network, plan)
    y_codes = x_codes.joined(lambda _, codes: device.run(codes), len(x_codes))
    expected, _ = golden.run(x_codes)
    return Answers(
        values=golden.output_values(y_codes),
        words=(len(x_codes) if y_codes.ndim == 2 else x_codes.total) * y_codes.shape[-1],
        different=int(np.count_nonzero(y_codes != expected)),
    )
