# SPDX-License-Identifier: Apache-2.0
"""Every error that lmu_hw raises on purpose.

All of them derive from `LmuHwError`; the command line prints their text as one paragraph and
exits with status 2. A message says *what* must be *which rule*, and what came instead.
"""

__all__ = [
    "ConfigError",
    "FormatError",
    "LmuHwError",
    "LoadError",
    "NetworkError",
    "RangeError",
    "ToolError",
]


class LmuHwError(Exception):
    """Base class of all errors raised by lmu_hw."""


class FormatError(LmuHwError, ValueError):
    """A fixed-point format that cannot exist, or cannot hold what it must."""


class RangeError(LmuHwError, ValueError):
    """A value outside what was proved, or a sum too large to be computed exactly."""


class NetworkError(LmuHwError, ValueError):
    """A network or a quantized network whose parts do not fit each other."""


class LoadError(LmuHwError, ValueError):
    """A file that cannot be read, or that holds what is not supported."""


class ConfigError(LmuHwError, ValueError):
    """A configuration (file or option) that breaks a rule."""


class ToolError(LmuHwError, RuntimeError):
    """An outside tool that is missing or that failed."""
