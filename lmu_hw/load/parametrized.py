# SPDX-License-Identifier: Apache-2.0
"""Weights that PyTorch keeps in parts, put together as they are at inference.

======================  ==========================================  ==============================
what                    tensors                                     the weight
======================  ==========================================  ==============================
weight normalisation    ``weight_g``, ``weight_v``, or              ``g v / |v|``, the norm over
                        ``parametrizations.weight.original0, 1``    the axes where g has length 1
spectral normalisation  ``weight_orig``, ``weight_u``, ``_v``, or   ``W / (u W v)``
                        ``parametrizations.weight.original``,
                        ``.0._u``, ``.0._v``
pruning                 ``weight_orig``, ``weight_mask``            ``W mask``
======================  ==========================================  ==============================

Names and equations are those of `torch.nn.utils`, as its documentation has them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import numpy as np

from lmu_hw.errors import LoadError
from lmu_hw.load.tensors import KINDS, Array, Tensor

__all__ = ["whole_weights"]

_PARTS = (
    ("weight normalisation", ("{}_g", "{}_v")),
    ("weight normalisation", ("{}original0", "{}original1")),
    ("spectral normalisation", ("{}_orig", "{}_u", "{}_v")),
    ("spectral normalisation", ("{}original", "{}0._u", "{}0._v")),
    ("pruning", ("{}_orig", "{}_mask")),
)
_PARAMETRIZED = re.compile(r"(?P<layer>.*?)parametrizations\.(?P<name>\w+)\.")
_NAMES = re.compile(r"(.*\.)?(weight|bias)(_[ih]h_l\d+(_reverse)?)?|.*parametrizations\.\w+\.")


def whole_weights(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors in which each weight that is kept in parts stands for them, in their place."""
    made: dict[str, Tensor] = {}
    parts: dict[str, str] = {}
    for name in tensors:
        for what, forms in _PARTS:
            end = forms[0].removeprefix("{}")
            stem = name.removesuffix(end)
            names = [form.format(stem) for form in forms]
            whole = _PARAMETRIZED.sub(r"\g<layer>\g<name>", stem)
            if (
                name.endswith(end)
                and _NAMES.fullmatch(stem)
                and whole not in tensors
                and all(tensors[part].kind in KINDS for part in names if part in tensors)
                and _fit(what, [tensors[part].shape for part in names if part in tensors], forms)
            ):
                made[whole] = _whole(what, whole, [tensors[part] for part in names])
                parts |= dict.fromkeys(names, whole)
                break
    whole_ones: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        whole = parts.get(name)
        whole_ones.setdefault(whole or name, tensor if whole is None else made[whole])
    return whole_ones


def _fit(what: str, shapes: list[tuple[int, ...]], forms: tuple[str, ...]) -> bool:
    """Say whether all parts are there, and have the shapes that they have in PyTorch."""
    if len(shapes) != len(forms):
        return False
    match what:
        case "weight normalisation":
            g, v = shapes
            wide = sum(length > 1 for length in g)
            return (
                wide < 2
                and (not g or len(g) == len(v))
                and all(own in (1, other) for own, other in zip(g, v, strict=False))
            )
        case "spectral normalisation":
            W, u, v = shapes
            return len(W) > 1 and u == W[:1] and v == (int(np.prod(W[1:])),)
        case _:
            return shapes[0] == shapes[1]


def _whole(what: str, name: str, parts: list[Tensor]) -> Tensor:
    make: Callable[..., Array] = {
        "weight normalisation": _weight_norm,
        "spectral normalisation": _spectral_norm,
        "pruning": np.multiply,
    }[what]

    def data() -> Array:
        with np.errstate(all="ignore"):
            values = make(*(part.read() for part in parts))
        if not np.all(np.isfinite(values)):
            raise LoadError(f"{parts[0].where}: the norm of {what} must not be 0")
        return values

    return Tensor(
        where=parts[0].where,
        kind="float64",
        shape=parts[1 if what == "weight normalisation" else 0].shape,
        data=data,
        made=f"{name}: put together of its parts, by {what}",
    )


def _weight_norm(g: Array, v: Array) -> Array:
    axes = tuple(n for n in range(v.ndim) if not g.ndim or g.shape[n] == 1)
    return v * (g / np.sqrt(np.sum(v * v, axis=axes, keepdims=True)))


def _spectral_norm(W: Array, u: Array, v: Array) -> Array:
    return W / (u @ W.reshape(len(u), -1) @ v)
