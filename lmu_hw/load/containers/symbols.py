# SPDX-License-Identifier: Apache-2.0
"""Names that pickles of PyTorch may hold: symbols, behind none of which a function is looked up."""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "DICT",
    "INERT",
    "KNOWN",
    "PARAMETER",
    "STORAGES",
    "TENSOR",
    "Symbol",
    "advice_on",
]

STORAGES = {
    "HalfStorage": ("float16", 2),
    "BFloat16Storage": ("bfloat16", 2),
    "FloatStorage": ("float32", 4),
    "DoubleStorage": ("float64", 8),
    "ByteStorage": ("uint8", 1),
    "CharStorage": ("int8", 1),
    "ShortStorage": ("int16", 2),
    "IntStorage": ("int32", 4),
    "LongStorage": ("int64", 8),
    "BoolStorage": ("bool", 1),
    "ComplexFloatStorage": ("complex64", 8),
    "ComplexDoubleStorage": ("complex128", 16),
}
"""Kind and bytes of an element, by the name of the storage class in module torch."""


class Symbol(NamedTuple):
    """A global that a pickle names; never looked up."""

    module: str
    name: str


DICT = Symbol("collections", "OrderedDict")
TENSOR = Symbol("torch._utils", "_rebuild_tensor_v2")
PARAMETER = Symbol("torch._utils", "_rebuild_parameter")
_DTYPES = (
    *("float16", "bfloat16", "float32", "float64", "complex64", "complex128"),
    *("uint8", "int8", "int16", "int32", "int64", "bool"),
)
_BUILTINS = (
    *("bool", "bytearray", "complex", "dict", "float", "frozenset", "int", "list", "long"),
    *("object", "set", "slice", "str", "tuple"),
)
_PLAIN = {
    **dict.fromkeys(("builtins", "__builtin__"), _BUILTINS),
    **dict.fromkeys(
        ("numpy.core.multiarray", "numpy._core.multiarray"), ("scalar", "_reconstruct")
    ),
    "numpy": ("dtype", "ndarray"),
    "_codecs": ("encode",),
    "argparse": ("Namespace",),
    "types": ("SimpleNamespace",),
    **dict.fromkeys(("pathlib", "pathlib._local"), ("Path", "PosixPath", "WindowsPath")),
    "collections": ("defaultdict", "Counter", "deque"),
    "datetime": ("date", "datetime", "time", "timedelta", "timezone"),
    "torch": ("Size", "device", *_DTYPES),
    "typing": ("Any",),
    "omegaconf.dictconfig": ("DictConfig",),
    "omegaconf.listconfig": ("ListConfig",),
    "omegaconf.base": ("ContainerMetadata", "Metadata"),
    "omegaconf.nodes": (
        *("AnyNode", "BooleanNode", "EnumNode", "FloatNode", "IntegerNode", "StringNode"),
    ),
    **dict.fromkeys(
        (
            *("lightning.fabric.utilities.data", "lightning_fabric.utilities.data"),
            *("lightning.pytorch.utilities.parsing", "pytorch_lightning.utilities.parsing"),
        ),
        ("AttributeDict",),
    ),
    "easydict": ("EasyDict",),
    "yacs.config": ("CfgNode",),
}
INERT = {Symbol(module, name) for module, names in _PLAIN.items() for name in names}
"""What checkpoints hold beside weights: metrics, options, devices. Never looked up, or read."""
KNOWN = {DICT, TENSOR, PARAMETER, *(Symbol("torch", name) for name in STORAGES)} | INERT


def advice_on(symbol: Symbol) -> str:
    """Return what to do about a global that is not read."""
    where = "where it was trained, save model.state_dict() alone, best with "
    advice = f"{where}safetensors.torch.save_file"
    if symbol.module.startswith("torch.nn.") or symbol.module == "__main__":
        return f"this is a whole pickled module: {advice}"
    if symbol.module.startswith("torch") and ("qint" in symbol.name or "qtensor" in symbol.name):
        return (
            "these are quantized weights, which are rounded already: save the float model that "
            "they were made of"
        )
    return advice
