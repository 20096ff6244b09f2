# SPDX-License-Identifier: Apache-2.0
"""What can go wrong: a file that is not of its form, or a claim that is not shown."""

from __future__ import annotations

__all__ = ["BadFile", "NotShown"]


class BadFile(ValueError):
    """A file is missing, damaged, or not of the form that this checker knows."""


class NotShown(Exception):
    """A claim is false, or what the folder holds does not suffice to show it."""
