# SPDX-License-Identifier: Apache-2.0
"""Reading the pickles that PyTorch writes, without unpickling.

A pickle is a program for a stack machine that may call anything. Here its opcodes are walked one
by one (`pickletools` says how long each is), and a machine that knows dictionaries, lists, tuples,
text, numbers and descriptions of tensors carries them out. The names of PyTorch's
own functions are symbols without a function behind them; any other name, and any other opcode,
is refused.
"""

from __future__ import annotations

import io
import math
import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lmu_hw.errors import LoadError
from lmu_hw.load.check import reason, show
from lmu_hw.load.containers.symbols import (
    DICT,
    INERT,
    KNOWN,
    PARAMETER,
    STORAGES,
    TENSOR,
    Symbol,
    advice_on,
)

__all__ = ["Storage", "Strided", "read_pickle"]

_MAX_RANK = 8
_INTEGERS = 1 << 62


class _Inert:
    """What a symbol of `INERT` would make, of which nothing is known."""


@dataclass(frozen=True, slots=True)
class Storage:
    """A run of elements in the archive: class name, key of its member, number of elements."""

    kind: str
    key: str
    elements: int


@dataclass(frozen=True, slots=True)
class Strided:
    """A view of a storage, all of it inside: places in elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_pickle(where: str, raw: bytes) -> object:
    """Return what a pickle describes: plain values, dictionaries, lists, tuples and `Strided`.

    Raises
    ------
    LoadError
        If it names another global, uses an opcode that state dicts do not need, or is damaged.
    """
    machine = _Machine(where)
    try:
        machine.run(io.BytesIO(raw))
        (result,) = machine.stack
    except LoadError:
        raise
    except (ValueError, IndexError, KeyError) as error:
        raise LoadError(f"{machine.where}: must be a whole pickle, but {reason(error)}") from error
    return result


class _Machine:
    """The stack, the marked stacks below it, and the memo of a pickle."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._at = (0, "PROTO")
        self.stack: list[Any] = []
        self._below: list[list[Any]] = []
        self._memo: dict[int, Any] = {}
        self._steps: dict[str, Callable[[Any], None]] = {
            **dict.fromkeys(("PROTO", "FRAME", "STOP"), lambda _: None),
            **dict.fromkeys(_CONSTANTS, self._push),
            **{name: self._constant(value) for name, value in _VALUES.items()},
            **{name: self._new(make) for name, make in _EMPTY.items()},
            **{f"TUPLE{n}": self._short_tuple(n) for n in (1, 2, 3)},
            **dict.fromkeys(("BINPUT", "LONG_BINPUT"), self._put),
            **dict.fromkeys(("BINGET", "LONG_BINGET"), self._get),
            "MEMOIZE": lambda _: self._put(len(self._memo)),
            "MARK": self._mark,
            "TUPLE": lambda _: self._push(tuple(self._marked())),
            "APPEND": lambda _: self._append([self.stack.pop()]),
            "APPENDS": lambda _: self._append(self._marked()),
            "SETITEM": lambda _: self._update(self._popped(2)),
            "SETITEMS": lambda _: self._update(self._marked()),
            "GLOBAL": lambda names: self._symbol(*names),
            "STACK_GLOBAL": lambda _: self._symbol(*self._popped(2)),
            "REDUCE": self._reduce,
            "NEWOBJ": self._reduce,
            "BUILD": self._build,
            "BINPERSID": lambda _: self._push(self._storage(self.stack.pop())),
        }

    @property
    def where(self) -> str:
        """The file and the opcode at work."""
        return f"{self._file}: byte {self._at[0]}, {self._at[1]}"

    def run(self, program: io.BytesIO) -> None:
        """Carry out a program, of which only what is known is read."""
        name = ""
        while name != "STOP":
            place, code = program.tell(), program.read(1)
            if code not in _OPCODES:
                raise ValueError(f"at byte {place} there is no opcode but {code!r}")
            opcode = _OPCODES[code]
            name, self._at = opcode.name, (place, opcode.name)
            if name not in self._steps:
                raise LoadError(f"{self.where}: a state dict must do without the opcode {name}")
            if name == "GLOBAL":
                argument = _line(program), _line(program)
            else:
                argument = opcode.arg.reader(program) if opcode.arg else None
            self._steps[name](argument)

    def _push(self, value: object) -> None:
        self.stack.append(value)

    def _constant(self, value: object) -> Callable[[Any], None]:
        return lambda _: self.stack.append(value)

    def _new(self, make: Callable[[], object]) -> Callable[[Any], None]:
        return lambda _: self.stack.append(make())

    def _short_tuple(self, length: int) -> Callable[[Any], None]:
        return lambda _: self._push(tuple(self._popped(length)))

    def _popped(self, length: int) -> list[Any]:
        """Take the `length` last items from the stack."""
        if len(self.stack) < length:
            raise IndexError("pop from empty list")
        items = self.stack[-length:]
        del self.stack[-length:]
        return items

    def _put(self, index: int) -> None:
        self._memo[index] = self.stack[-1]

    def _get(self, index: int) -> None:
        self.stack.append(self._memo[index])

    def _mark(self, _: object) -> None:
        self._below.append(self.stack)
        self.stack = []

    def _marked(self) -> list[Any]:
        items, self.stack = self.stack, self._below.pop()
        return items

    def _append(self, items: list[Any]) -> None:
        if type(self.stack[-1]) is not list:
            raise self._must("what is appended to", "a list", self.stack[-1])
        self.stack[-1].extend(items)

    def _update(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if isinstance(target, _Inert):
            return
        if type(target) is not dict or len(items) % 2:
            raise self._must("what is set", "pairs of a dictionary", target)
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) not in (str, int):
                raise self._must("a key", "text or an integer", key)
            if key in target:
                raise self._must("the keys of a dictionary", "different", key)
            target[key] = value

    def _symbol(self, module: object, name: object) -> None:
        if type(module) is not str or type(name) is not str:
            raise self._must("the name of a global", "text", (module, name))
        symbol = Symbol(module, name)
        if symbol not in KNOWN:
            raise LoadError(
                f"{self.where}: the pickle must name nothing but PyTorch's tensors, not the global "
                f"{show('.'.join(symbol))}, which is never run; {advice_on(symbol)}"
            )
        self._push(symbol)

    def _reduce(self, _: object) -> None:
        arguments, symbol = self.stack.pop(), self.stack.pop()
        if type(arguments) is not tuple:
            raise self._must("arguments", "a tuple", arguments)
        if symbol == DICT and not arguments:
            self._push({})
        elif symbol == TENSOR and len(arguments) >= 4:
            self._push(self._tensor(*arguments[:4]))
        elif symbol in INERT:
            self._push(_Inert())
        elif symbol == PARAMETER and arguments and isinstance(arguments[0], Strided):
            self._push(arguments[0])
        else:
            raise self._must("what is called", "a known symbol with its arguments", symbol)

    def _build(self, _: object) -> None:
        """Forget the attributes of a dictionary, which are versions of modules."""
        state = self.stack.pop()
        if isinstance(self.stack[-1], _Inert):
            return
        if type(self.stack[-1]) is not dict or type(state) is not dict:
            raise self._must("what has attributes", "a dictionary", self.stack[-1])

    def _storage(self, identity: object) -> Storage:
        match identity:
            case ("storage", Symbol("torch", kind), str(key), str(), int(elements)) if (
                kind in STORAGES and _natural(elements)
            ):
                return Storage(kind, key, elements)
            case _:
                raise self._must("a persistent id", "that of a storage", identity)

    def _tensor(self, storage: object, offset: Any, shape: Any, strides: Any) -> Strided:
        if not isinstance(storage, Storage):
            raise self._must("the storage of a tensor", "a persistent id", storage)
        for what, values in (("offset", (offset,)), ("shape", shape), ("strides", strides)):
            fits = type(values) is tuple and len(values) <= _MAX_RANK and all(map(_natural, values))
            if not fits:
                raise self._must(f"the {what} of a tensor", "integers from 0 up", values)
        if len(shape) != len(strides):
            raise self._must("the strides of a tensor", f"{len(shape)} integers", strides)
        last = offset + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))
        if math.prod(shape) and last >= storage.elements:
            rule = f"inside its storage of {storage.elements} elements"
            raise self._must("the last element of a tensor", rule, last)
        return Strided(storage, offset, shape, strides)

    def _must(self, what: str, rule: str, value: object) -> LoadError:
        return LoadError(f"{self.where}: {what} must be {rule}, not {show(value)}")


_OPCODES = {opcode.code.encode("latin-1"): opcode for opcode in pickletools.opcodes}
_CONSTANTS = (
    "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE",
    "BINBYTES", "SHORT_BINBYTES",
)  # fmt: skip
_VALUES = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY: dict[str, Callable[[], object]] = {
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
}


def _line(program: io.BytesIO) -> str:
    """Read a name of a global, as it stands: `pickletools` would resolve escapes."""
    raw = program.readline()
    if not raw.endswith(b"\n"):
        raise ValueError("a name does not end")
    return raw[:-1].decode()


def _natural(value: object) -> bool:
    return type(value) is int and 0 <= value < _INTEGERS
