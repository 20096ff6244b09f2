# SPDX-License-Identifier: Apache-2.0
"""Train the hybrid LMU and LSTM network that ships in `examples/mackey_glass_hybrid/`.

LMU(40), LSTM(25), LMU(40), LSTM(25), dense: 17,940 parameters with A and B, as in the paper. Task,
data and training are those of `train_mackey_glass.py`.
"""

from pathlib import Path

from hybrid_torch import HybridShape, HybridStack, export_hybrid
from train_mackey_glass import parse, train_and_write

SHAPE = HybridShape(order=4, theta=4.0, hidden=40, cells=25, pairs=2)


def main() -> None:
    """Train, measure and write the network and its data."""
    train_and_write(
        parse(__doc__, "mackey_glass_hybrid"),
        lambda: HybridStack(SHAPE),
        export_hybrid,
        Path(__file__),
    )


if __name__ == "__main__":
    main()
