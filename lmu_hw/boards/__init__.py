# SPDX-License-Identifier: Apache-2.0
"""Layer 5: small boards, on which a design answers over a serial line.

`registry` has the boards, `clocks` what makes their clock, `top` the Verilog and the constraints
around a design, `host` the other end of the line, and `ask` what it answers.
"""

from lmu_hw.boards.ask import Answers, ask
from lmu_hw.boards.host import Device, SpiLine, open_uart
from lmu_hw.boards.registry import BOARDS, Board, board_named
from lmu_hw.boards.top import BAUD, Build, build_board

__all__ = [
    "BAUD",
    "BOARDS",
    "Answers",
    "Board",
    "Build",
    "Device",
    "SpiLine",
    "ask",
    "board_named",
    "build_board",
    "open_uart",
]
