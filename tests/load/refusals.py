# SPDX-License-Identifier: Apache-2.0
"""Archives put together by hand, and what every refusal of a file has in common."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lmu_hw.errors import LoadError
from lmu_hw.load import load
from tests.load import keras_files


def archive(path: Path, members: Mapping[str, bytes], **options: Any) -> Path:
    """Write a zip archive of members by name."""
    with zipfile.ZipFile(path, "w", **options) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def refused(path: Path, message: str) -> None:
    """Require that a file is refused, by its name and with that message."""
    with pytest.raises(LoadError, match=message) as caught:
        load(path)
    assert str(caught.value).startswith(str(path))
    assert len(str(caught.value)) < 1500


def model_refused(folder: Path, layers: list, message: str, **options: Any) -> None:
    """Require that a model of Keras layers is refused, by its name and with that message."""
    refused(keras_files.write(folder / "m.keras", layers, **options), message)
