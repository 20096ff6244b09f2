# SPDX-License-Identifier: Apache-2.0
"""Layer 3: quantization-aware training: the golden model as a PyTorch module with gradients.

>>> from lmu_hw.train import AwareNetwork, fit, shuffled, tighten
>>> config = tighten(network, lmu_hw.configure(network, x, weight_bits=4))
>>> aware = AwareNetwork(network, config)      # forward is the golden model, bit for bit
>>> fit(aware, shuffled(aware.prepare(x), labels, size=64, epochs=20, seed=0), steps=20 * n)
>>> trained = aware.network()                  # lmu_hw.quantize(trained, config=config)

It needs PyTorch: ``pip install 'lmu_hw[train]'``. Nothing else of the package does.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lmu_hw.errors import ToolError

if TYPE_CHECKING:
    from lmu_hw.train.aware import AwareNetwork, Prepared
    from lmu_hw.train.formats import tighten
    from lmu_hw.train.loop import fit, shuffled
    from lmu_hw.train.model import CodeModel

__all__ = ["AwareNetwork", "CodeModel", "Prepared", "fit", "shuffled", "tighten"]

_MODULES = {
    "AwareNetwork": "aware",
    "CodeModel": "model",
    "Prepared": "aware",
    "fit": "loop",
    "shuffled": "loop",
    "tighten": "formats",
}


def __getattr__(name: str) -> Any:
    """Import what needs PyTorch when it is asked for."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = import_module(f"{__name__}.{_MODULES[name]}")
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise ToolError(
            "lmu_hw.train needs PyTorch, which is not installed: pip install 'lmu_hw[train]'"
        ) from None
    return getattr(module, name)
