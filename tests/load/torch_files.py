# SPDX-License-Identifier: Apache-2.0
"""Files as `torch.save` writes them, put together by hand, opcode by opcode."""

from __future__ import annotations

import struct
import zipfile

import numpy as np

CLASSES = {
    "f2": "HalfStorage", "f4": "FloatStorage", "f8": "DoubleStorage", "i8": "LongStorage",
    "c8": "ComplexFloatStorage", "u2": "BFloat16Storage",
}  # fmt: skip
NO_HOOKS = b"ccollections\nOrderedDict\n)R"


def text(value):
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def integer(value):
    """Return an integer of any size as a LONG1."""
    raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


def name(module, attribute):
    return f"c{module}\n{attribute}\n".encode()


def together(*items):
    """Return a tuple of anything that is already opcodes; integers are made such."""
    return b"(" + b"".join(integer(i) if isinstance(i, int) else i for i in items) + b"t"


def storage(kind, key, elements, module="torch"):
    parts = (text("storage"), name(module, kind), text(key), text("cpu"), elements)
    return together(*parts) + b"Q"


def tensor(held, offset, shape, strides):
    """Return a call of PyTorch's _rebuild_tensor_v2."""
    arguments = together(held, offset, together(*shape), together(*strides), b"\x89", NO_HOOKS)
    return name("torch._utils", "_rebuild_tensor_v2") + arguments + b"R"


def mapping(**items):
    return entries([(text(key), value) for key, value in items.items()])


def entries(pairs):
    """Return an OrderedDict with the attributes that PyTorch gives it."""
    body = b"".join(key + value for key, value in pairs)
    return NO_HOOKS + b"(" + body + b"u}" + text("_metadata") + b"}sb"


def state(arrays):
    """Return the opcodes and the storages of a state dict of contiguous arrays."""
    pairs, members = [], {}
    for key, (label, array) in enumerate(arrays.items()):
        array = np.asarray(array)
        held = storage(CLASSES[array.dtype.str[1:]], str(key), array.size)
        strides = [stride // array.itemsize for stride in array.strides]
        pairs.append((text(label), tensor(held, 0, array.shape, strides)))
        members[f"data/{key}"] = array.tobytes()
    return entries(pairs), members


def write(path, body, members=(), *, stem="archive", byteorder=b"little"):
    """Write an archive around the opcodes `body`, as PyTorch names its members."""
    held = {"data.pkl": b"\x80\x02" + body + b".", "byteorder": byteorder, "version": b"3\n"}
    with zipfile.ZipFile(path, "w") as file:
        for member, raw in {**held, **dict(members)}.items():
            if raw is not None:
                file.writestr(f"{stem}/{member}", raw)
    return path


def write_state(path, arrays, **options):
    """Write a state dict of arrays."""
    return write(path, *state(arrays), **options)


def write_nested(path, state):
    """Write a checkpoint as `torch.save` does, nested dictionaries and all."""
    arrays = {}

    def body(value):
        if isinstance(value, dict):
            pairs = [(text(str(key)), body(item)) for key, item in value.items()]
            return entries(pairs)
        if isinstance(value, np.ndarray):
            key = str(len(arrays))
            arrays[f"data/{key}"] = np.ascontiguousarray(value).tobytes()
            kind = CLASSES[value.dtype.str[1:]]
            strides = [s // value.itemsize for s in np.ascontiguousarray(value).strides]
            place = storage(kind, key, value.size)
            return tensor(place, 0, value.shape, strides[: value.ndim])
        return integer(value) if isinstance(value, int) else b"]"

    opcodes = body(state)
    return write(path, opcodes, arrays)
