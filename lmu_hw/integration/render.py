# SPDX-License-Identifier: Apache-2.0
"""Long texts are templates beside this module; what they lack is an error."""

from __future__ import annotations

from pathlib import Path

__all__ = ["render"]

_FOLDER = Path(__file__).with_name("templates")


def render(template: str, **values: object) -> str:
    """Return the text of a template of this package.

    Parameters
    ----------
    template : str
        File name.
    values
        What it names.
    """
    import jinja2  # heavy, and not needed by those who only read designs

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER, encoding="utf-8"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(**values)
