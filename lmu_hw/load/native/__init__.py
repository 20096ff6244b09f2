# SPDX-License-Identifier: Apache-2.0
"""The form of this project: a JSON header and named tensors in `.npz` and `.safetensors` files."""

from lmu_hw.load.native.files import (
    HEADER,
    load_npz,
    load_safetensors,
    network_bytes,
    read_npz,
    save,
)

__all__ = ["HEADER", "load_npz", "load_safetensors", "network_bytes", "read_npz", "save"]
