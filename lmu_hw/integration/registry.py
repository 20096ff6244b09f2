# SPDX-License-Identifier: Apache-2.0
"""Every kind of file that is made for those who build a design into something."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lmu_hw.integration.sources import source_list
from lmu_hw.integration.subject import Subject
from lmu_hw.integration.testbench import testbench

__all__ = ["KINDS", "Kind", "integration_files", "integration_patterns"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Files that one function makes.

    Attributes
    ----------
    patterns : tuple of str
        Names in the folder, as `pathlib.Path.glob` reads them; ``{name}`` is that of the design.
    make : callable
        Returns the files of a design by name in the folder; none if it needs none.
    """

    patterns: tuple[str, ...]
    make: Callable[[Subject], Mapping[str, str | bytes]]


KINDS = (
    Kind(patterns=("rtl/files.f",), make=source_list),
    Kind(patterns=("testbench/{name}_*", "testbench/files.f", "testbench/*.sh"), make=testbench),
)


def integration_files(subject: Subject) -> dict[str, bytes]:
    """Return all files of a design but those that it is made of, by name in its folder.

    The same design and plan give the same bytes: no dates, no paths.
    """
    made = [kind.make(subject) for kind in KINDS]
    return {
        name: content.encode() if isinstance(content, str) else content
        for files in made
        for name, content in files.items()
    }


def integration_patterns(name: str) -> tuple[str, ...]:
    """Return what matches the names of all files that are made for a design of that name."""
    return tuple(pattern.format(name=name) for kind in KINDS for pattern in kind.patterns)
