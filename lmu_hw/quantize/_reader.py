# SPDX-License-Identifier: Apache-2.0
"""Values out of a parsed TOML file, each checked as it is taken."""

from __future__ import annotations

from enum import Enum
from fractions import Fraction
from typing import Any, NoReturn, TypeVar

from lmu_hw.checked import fraction, member, real
from lmu_hw.errors import ConfigError, FormatError
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding

__all__ = ["Reader"]

E = TypeVar("E", bound=Enum)


class Reader:
    """Takes checked values out of a parsed table; what is left at the end is an unknown key."""

    def __init__(self, table: dict[str, Any], where: str) -> None:
        self.table, self.where = dict(table), where

    def fail(self, message: str) -> NoReturn:
        raise ConfigError(f"{self.where}: {message}")

    def take(self, key: str, kind: type) -> Any:
        if key not in self.table:
            self.fail(f"{key} is missing")
        value = self.table.pop(key)
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            self.fail(f"{key} must be of type {kind.__name__}, not {value!r}")
        if kind is float and not 0 < value < float("inf"):
            self.fail(f"{key} must be positive and finite, not {value!r}")
        return value

    def take_count(self, key: str, least: int) -> int:
        value = self.take(key, int)
        if value < least:
            self.fail(f"{key} must be at least {least}, not {value}")
        return value

    def take_weight(self, key: str) -> float:
        value = self.table.pop(key)
        return real(value, f"{self.where}: {key}", least=0.0, most=1.0, rule="a number from 0 to 1")

    def take_flag(self, key: str) -> bool:
        return self.take(key, bool) if key in self.table else False

    def take_enum(self, key: str, kind: type[E]) -> E:
        return member(self.take(key, str), f"{self.where}: {key}", kind)

    def take_format(self, key: str) -> FixedFormat:
        try:
            return FixedFormat.parse(self.take(key, str))
        except FormatError as error:
            self.fail(f"{key}: {error}")

    def take_fraction(self, key: str) -> Fraction:
        return fraction(self.take(key, str), f"{self.where}: {key}")

    def take_requant(self) -> Requant:
        return Requant(
            format=self.take_format("format"),
            rounding=self.take_enum("rounding", Rounding),
            overflow=self.take_enum("overflow", Overflow),
        )

    def sub(self, key: str, *, optional: bool = False) -> Reader:
        table = self.table.pop(key, {} if optional else None)
        if not isinstance(table, dict):
            self.fail(f"[{key}] must be a table")
        return Reader(table, f"{self.where}: {key}")

    def done(self) -> None:
        if self.table:
            self.fail(f"unknown key {next(iter(self.table))!r}")
