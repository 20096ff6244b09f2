# SPDX-License-Identifier: Apache-2.0
"""The registers of a design: what lies where, who may write it, and what it means.

Hardware, SystemRDL, driver and docs are made of this map. A register lies at the same offset in
every design that has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from amaranth.utils import bits_for

from lmu_hw.hdl.ports import saturating_nodes
from lmu_hw.hdl.reload import AddressMap
from lmu_hw.plan import Plan, StateMap

__all__ = ["BITS", "DIGEST_WORDS", "Access", "Field", "Register", "RegisterMap", "register_map"]

BITS = 32
"""Of every register."""

DIGEST_WORDS = 4
"""Registers that hold the first bits of the design's digest."""

_IDENTIFICATION = int.from_bytes(b"LMU1", "big")
_VERSION = 1 << 16 | 1
"""Major and minor, 16 bits each: software for another minor goes on working."""


class Access(Enum):
    """What software can do with a field."""

    READ = "read"
    """Read it; a write is an error."""
    STORE = "read, write"
    """What is written is kept."""
    ACT = "write 1"
    """Writing 1 does something, once; it reads as 0."""
    FEED = "write"
    """Every write does something; reading is an error."""
    EXCHANGE = "read, write inside"
    """What is inside the design is read, and replaced; both while nothing moves, else an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Some bits of a register.

    Attributes
    ----------
    name : str
    low, bits : int
        The lowest bit, and how many there are.
    access : Access
    reset : int
        What it holds after reset; of a field that nothing changes: what it always holds.
    description : str
    """

    name: str
    low: int = 0
    bits: int = BITS
    access: Access = Access.READ
    reset: int = 0
    description: str

    @property
    def mask(self) -> int:
        """Its bits of the register."""
        return ((1 << self.bits) - 1) << self.low


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A word of 32 bits.

    Attributes
    ----------
    name : str
    offset : int
        In bytes.
    fields : tuple of Field
        From the lowest bit on; other bits read as 0.
    description : str
    counts : int
        Of a counter, which wraps around: bits of what it counts in a cycle; 0: it is none.
    """

    name: str
    offset: int
    fields: tuple[Field, ...]
    description: str
    counts: int = 0

    @property
    def readable(self) -> bool:
        """Whether reading is no error."""
        return all(field.access is not Access.FEED for field in self.fields)

    @property
    def inside(self) -> bool:
        """Whether it is written as whole words, while nothing moves: the core takes it over."""
        return any(field.access in (Access.FEED, Access.EXCHANGE) for field in self.fields)

    @property
    def writable(self) -> bool:
        """Whether writing is no error."""
        return any(field.access is not Access.READ for field in self.fields)

    @property
    def reset(self) -> int:
        """What it reads as after reset."""
        return sum(field.reset << field.low for field in self.fields)


@dataclass(frozen=True, slots=True)
class RegisterMap:
    """All registers of a design, by their offsets."""

    registers: tuple[Register, ...]

    @property
    def address_bits(self) -> int:
        """Bits of an address in bytes."""
        return max(register.offset for register in self.registers).bit_length()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the registers."""
        return tuple(register.name for register in self.registers)

    def __getitem__(self, name: str) -> Register:
        return next(register for register in self.registers if register.name == name)


def register_map(plan: Plan, digest: str = "0" * 64) -> RegisterMap:
    """Return the registers of a design.

    Parameters
    ----------
    plan : Plan
    digest : str
        SHA-256 of the quantized network, in hexadecimal.
    """
    registers = [*_identity(plan, digest), *_run(plan), *_counters(plan)]
    if AddressMap(plan).blocks:
        registers += _coefficients(plan)
    if plan.state_access:
        registers += _states(plan)
    registers += _saturations(plan)
    return RegisterMap(tuple(registers))


def parts(plan: Plan) -> int:
    """Return how many registers' worth of bits a word of coefficients has."""
    return -(-AddressMap(plan).data_bits // BITS)


def _word(
    name: str,
    offset: int,
    description: str,
    access: Access = Access.READ,
    *,
    reset: int = 0,
    counts: int = 0,
) -> Register:
    """Return a register that is one field."""
    field = Field(name="value", access=access, reset=reset, description=description)
    return Register(
        name=name, offset=offset, fields=(field,), description=description, counts=counts
    )


def _identity(plan: Plan, digest: str) -> list[Register]:
    words = [int(digest[8 * n : 8 * n + 8], 16) for n in range(DIGEST_WORDS)]
    packets, writable = plan.stream.packets, bool(AddressMap(plan).blocks)
    stream_bits = Field(
        name="stream_bits",
        low=4,
        bits=3,
        reset=plan.stream.id_bits,
        description="Bits of tid, 2 to the power of which is the number of streams",
    )
    return [
        _word(
            "IDENTIFICATION",
            0x00,
            'The letters "LMU1", the first one highest',
            reset=_IDENTIFICATION,
        ),
        _word("VERSION", 0x04, "Of this map: major in the high half, minor", reset=_VERSION),
        Register(
            name="FEATURES",
            offset=0x08,
            description="What the design has",
            fields=(
                _bit("coefficients", 0, writable, "Coefficients can be written"),
                _bit("packets", 1, packets, "A vector is a packet of several beats"),
                _bit("marks", 2, plan.source.marks, "tuser marks the end of a sequence"),
                _bit("states", 3, plan.state_access, "States can be read and written"),
                *([stream_bits] if plan.stream.streams > 1 else []),
                Field(
                    name="beat_bytes",
                    low=8,
                    bits=8,
                    reset=plan.source.bytes if packets else 0,
                    description="Bytes of a beat; 0: a whole vector",
                ),
            ),
        ),
        *(
            _word(
                f"DIGEST_{n}",
                0x10 + 4 * n,
                f"Hexadecimal digits {8 * n + 1} to {8 * n + 8} of the design's SHA-256",
                reset=word,
            )
            for n, word in enumerate(words)
        ),
    ]


def _bit(name: str, low: int, reset: bool, description: str, access: Access = Access.READ) -> Field:
    return Field(
        name=name, low=low, bits=1, access=access, reset=int(reset), description=description
    )


def _run(plan: Plan) -> list[Register]:
    whose = " of the stream of STATE_ADDRESS" if plan.stream.streams > 1 else ""
    step = _word(
        "SEQUENCE_STEP",
        0x2C,
        f"Of its sequence, the next step{whose} is the first, the second ...",
        Access.EXCHANGE,
        reset=1,
    )
    return [
        Register(
            name="CONTROL",
            offset=0x20,
            description="Starting, stopping and clearing",
            fields=(
                _bit("run", 0, True, "1: vectors are taken; 0: none is begun", Access.STORE),
                _bit("clear", 1, False, "Clear the state once nothing is inside", Access.ACT),
                _bit("clear_counters", 2, False, "Set all counters to 0", Access.ACT),
            ),
        ),
        Register(
            name="STATUS",
            offset=0x24,
            description="What the design is doing",
            fields=(
                _bit("busy", 0, False, "A vector, a step or an answer is inside"),
                _bit("answer_waiting", 1, False, "An answer is offered"),
                _bit("accepting", 2, True, "Vectors are taken"),
                _bit("clearing", 3, False, "The state will be cleared"),
                _bit("still", 4, False, "Nothing is inside and nothing is taken"),
            ),
        ),
        _word(
            "SEQUENCE_LENGTH",
            0x28,
            "Steps after which a sequence ends without tlast; 0: none",
            Access.STORE,
        ),
        *([step] if plan.state_access else []),
    ]


def _counters(plan: Plan) -> list[Register]:
    counters = {
        "STEPS": "Input vectors that were taken",
        "SEQUENCES": "Input vectors that were the last of a sequence",
        "ANSWERS": "Answers that were taken",
        "INPUT_STALLS": "Cycles in which a beat was offered and not taken",
        "OUTPUT_STALLS": "Cycles in which an answer was offered and not taken",
        "MALFORMED": "Beats that were not as a packet must be",
        "OVERRUNS": "Beats that the source took back before they were taken: it cannot wait",
    }
    return [
        _word(name, 0x30 + BITS // 8 * place, description, counts=1)
        for place, (name, description) in enumerate(counters.items())
        if plan.stream.packets or name != "MALFORMED"
    ]


def _saturations(plan: Plan) -> list[Register]:
    return [
        _word(
            f"SATURATIONS_{place}",
            0x100 + BITS // 8 * place,
            f"Sums of {name} that lay outside its format",
            counts=bits_for(plan.beat),
        )
        for place, name in enumerate(saturating_nodes(plan))
    ]


def _states(plan: Plan) -> list[Register]:
    address = Field(
        name="value",
        bits=StateMap(plan).address_bits,
        access=Access.STORE,
        description="Which code is next; counts up with each one that is read or written",
    )
    return [
        Register(
            name="STATE_ADDRESS",
            offset=0x58,
            fields=(address,),
            description="Address of the next code",
        ),
        _word(
            "STATE_DATA",
            0x5C,
            "A code of what persists from step to step, extended by its sign",
            Access.EXCHANGE,
        ),
    ]


def _coefficients(plan: Plan) -> list[Register]:
    address = Field(
        name="value",
        bits=AddressMap(plan).address_bits,
        access=Access.STORE,
        description="Where the next word goes; counts up with each word",
    )
    return [
        Register(
            name="COEFFICIENT_ADDRESS",
            offset=0x50,
            fields=(address,),
            description="Address of the next word of coefficients",
        ),
        _word(
            "COEFFICIENT_DATA",
            0x54,
            "Next 32 bits of a word, the lowest first; the last ones write it",
            Access.FEED,
        ),
    ]
