# SPDX-License-Identifier: Apache-2.0
"""Fixed-point hardware for Legendre Memory Units, checked bit for bit.

>>> import lmu_hw
>>> network = lmu_hw.load("model.keras")
>>> design = lmu_hw.quantize(network, calibration, weight_bits=12)
>>> design.predict(x)                       # what the hardware answers
>>> lmu_hw.emit(design, "out", lanes=16)    # Verilog, ROM contents, manifest
>>> lmu_hw.simulate("out", x)               # every word, on real simulators
>>> lmu_hw.implement("out", target="ecp5-25k")  # area and clock on a chip
>>> lmu_hw.verify("out")                    # what is proved, checked by who shares no code
>>> lmu_hw.prove("out")                     # the Verilog itself, for all inputs
>>> lmu_hw.report("out", x, labels)         # report.json, report.html
>>> lmu_hw.reload("out", retrained).writes  # other weights for the same hardware
>>> lmu_hw.search(network, x, labels, target_accuracy=0.95).design  # at least cost

Importing needs numpy and scipy only; each verb imports what it uses.
"""

# Verbs carry the names of the packages they come from. The packages are imported first, so that no
# later import can put a package in the place of a verb. What users need of a package is therefore
# here, too.
import lmu_hw.implement
import lmu_hw.load
import lmu_hw.prove
import lmu_hw.quantize
import lmu_hw.reload
import lmu_hw.report
import lmu_hw.search
import lmu_hw.simulate  # noqa: F401
from lmu_hw._version import __version__
from lmu_hw.api import (
    ask,
    compare,
    configure,
    draft_mapping,
    emit,
    from_keras,
    from_torch,
    implement,
    load,
    prove,
    quantize,
    read_data,
    read_design,
    reload,
    report,
    save,
    search,
    simulate,
    sweep,
    verify,
)
from lmu_hw.design import Design
from lmu_hw.errors import (
    ConfigError,
    FormatError,
    LmuHwError,
    LoadError,
    NetworkError,
    RangeError,
    ToolError,
)
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.lmu import (
    DenseLayer,
    Discretizer,
    GruCell,
    LmuLayer,
    LstmCell,
    Memory,
    Network,
    RecurrentLayer,
    SimpleCell,
)
from lmu_hw.load import StateMapping
from lmu_hw.measure import Report
from lmu_hw.measure.implementation import Implementation
from lmu_hw.prove.claims import ProofResult
from lmu_hw.quantize import (
    Basis,
    Config,
    MemoryRange,
    MemoryScale,
    NodeConfig,
    Options,
    Realization,
)
from lmu_hw.realize import MemoryRealization
from lmu_hw.report import Comparison
from lmu_hw.search import Cost, Knob, Limits, SearchResult, SweepReport
from lmu_hw.sequences import Sequences
from lmu_hw.simulate import Result, Simulator

__all__ = [
    "Basis",
    "Comparison",
    "Config",
    "ConfigError",
    "Cost",
    "DenseLayer",
    "Design",
    "Discretizer",
    "FixedFormat",
    "FormatError",
    "GruCell",
    "Implementation",
    "Knob",
    "Limits",
    "LmuHwError",
    "LmuLayer",
    "LoadError",
    "LstmCell",
    "Memory",
    "MemoryRange",
    "MemoryRealization",
    "MemoryScale",
    "Network",
    "NetworkError",
    "NodeConfig",
    "Options",
    "Overflow",
    "ProofResult",
    "RangeError",
    "Realization",
    "RecurrentLayer",
    "Report",
    "Requant",
    "Result",
    "Rounding",
    "SearchResult",
    "Sequences",
    "SimpleCell",
    "Simulator",
    "StateMapping",
    "SweepReport",
    "ToolError",
    "__version__",
    "ask",
    "compare",
    "configure",
    "draft_mapping",
    "emit",
    "from_keras",
    "from_torch",
    "implement",
    "load",
    "prove",
    "quantize",
    "read_data",
    "read_design",
    "reload",
    "report",
    "save",
    "search",
    "simulate",
    "sweep",
    "verify",
]
