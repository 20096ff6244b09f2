# SPDX-License-Identifier: Apache-2.0
"""Fixed-point hardware for Legendre Memory Units, checked bit for bit.

>>> import lmu_hw
>>> network = lmu_hw.load("model.keras")
>>> design = lmu_hw.quantize(network, calibration, weight_bits=12)
>>> design.predict(x)                       # what the hardware answers
>>> lmu_hw.emit(design, "out", lanes=16)    # Verilog, ROM contents, manifest
>>> lmu_hw.simulate("out", x)               # every word, on real simulators
>>> lmu_hw.report("out", x, labels)         # report.json, report.html
>>> lmu_hw.search(network, x, labels, target_accuracy=0.95).design  # at least cost

Importing needs numpy and scipy only; each verb imports what it uses.
"""

# Verbs carry the names of the packages they come from. The packages are imported first, so that no
# later import can put a package in the place of a verb.
import lmu_hw.emit
import lmu_hw.load
import lmu_hw.quantize
import lmu_hw.report
import lmu_hw.search
import lmu_hw.simulate  # noqa: F401
from lmu_hw._version import __version__
from lmu_hw.api import (
    compare,
    configure,
    emit,
    load,
    quantize,
    read_design,
    report,
    search,
    simulate,
    sweep,
)

__all__ = [
    "__version__",
    "compare",
    "configure",
    "emit",
    "load",
    "quantize",
    "read_design",
    "report",
    "search",
    "simulate",
    "sweep",
]
