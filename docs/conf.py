# SPDX-License-Identifier: Apache-2.0
"""The documentation as a site: `make docs`."""

from sphinx.ext.autodoc import FunctionDocumenter

from lmu_hw import __version__

project = "lmu_hw"
copyright = "the authors of lmu_hw"
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "numpydoc",
    "sphinx_copybutton",
    "sphinxarg.ext",
]
exclude_patterns = ["_build"]
nitpicky = False  # types of signatures are spelled as in the code, and many are not public

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
suppress_warnings = [
    "myst.domains",  # the domain of the commands resolves no names
    "ref.python",  # names such as `inputs` that several classes have
]

autodoc_member_order = "groupwise"
FunctionDocumenter.member_order = 0  # verbs come first
autodoc_typehints = "none"  # the signature has them, the docstring says shapes and units
numpydoc_show_class_members = False

highlight_language = "none"  # commands are plain; blocks of Python and TOML say so
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["pictures.css"]
html_title = f"lmu_hw {version}"
html_last_updated_fmt = None  # the same sources give the same bytes
html_copy_source = False
