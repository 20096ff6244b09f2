# SPDX-License-Identifier: Apache-2.0
"""Data files out of wheels, which are neither installed nor imported."""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

__all__ = ["read_wheel"]


def read_wheel(requirement: str, name: str, folder: Path | None = None) -> bytes:
    """Return a file of a wheel.

    Parameters
    ----------
    requirement : str
        Package and version, ``NAME==VERSION``.
    name : str
        Path of the file inside the wheel.
    folder : Path, optional
        Where the wheel lies; without it `pip download` fetches it, without what it depends on.

    Raises
    ------
    FileNotFoundError
        If the folder does not have the wheel.
    """
    with tempfile.TemporaryDirectory() as fetched:
        if folder is None:
            folder = Path(fetched)
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps"]
            command += ["--only-binary=:all:", "-d", fetched, requirement]
            subprocess.run(command, check=True)
        package, version = requirement.split("==")
        wheels = sorted(folder.glob(f"{package}-{version}-*.whl"))
        if not wheels:
            raise FileNotFoundError(f"{folder} must have the wheel of {requirement}")
        with zipfile.ZipFile(wheels[0]) as wheel:
            return wheel.read(name)
