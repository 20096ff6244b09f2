# SPDX-License-Identifier: Apache-2.0
"""What the names of tensors say: of which layer they are, and which part of an LMU."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Hint", "common_wrapper", "dotted", "hint_of", "is_observer", "last_part", "parent_of"]

_PARTS = {
    "E_x": r"ex|xe|enc|(enc|encoder|encode|proj)_?(x|in|input)|(x|in|input)_?(enc|encoders?|proj)"
    r"|x_?(2|to_?)u|ux|w_?ux?|w_?xu|encoders?|input_?to_?memory|encode|(input|in)_?mixer|proj_?u"
    r"|[fu]_?proj|(in|input)_?projection|x_?to_?m|to_?u",
    "E_h": r"eh|he|(enc|encoder|encode)_?(h|hidden)|(h|hidden)_?(enc|encoders?)|h_?(2|to_?)u|uh"
    r"|w_?uh|w_?hu|hidden_?to_?memory",
    "E_m": r"em|me|(enc|encoder|encode)_?(m|memory)|(m|memory)_?(enc|encoders?)|m_?(2|to_?)u|um"
    r"|w_?um|w_?mu|memory_?to_?memory",
    "W_x": r"wx|(input|x)_?kernel|kernel_?(input|x)|x_?(2|to_?)h|w_?xh|w_?hx|w_?ih"
    r"|input_?to_?hidden|w_?in(put)?",
    "W_h": r"wh|(hidden|h|recurrent)_?kernel|kernel_?(hidden|h)|h_?(2|to_?)h|w_?hh|u"
    r"|hidden_?to_?hidden|hidden|recurrent|w_?rec|hidden_?recurrent_?kernel",
    "W_m": r"wm|(memory|m)_?kernel|kernel_?(memory|m)|m_?(2|to_?)h|w_?mh|w_?hm|memory_?to_?hidden"
    r"|w_?mem(ory)?",
    "b_u": r"b_?u|u_?b|bias_?u|u_?bias|(encoder|memory|kernel)_?bias|bias_?(encoder|memory)",
    "b_h": r"b|bias|b_?h|h_?b|bias_?h|h_?bias|hidden_?bias|bias_?hidden",
}
_HINTS = {part: re.compile(pattern) for part, pattern in _PARTS.items()}
_JOINT = re.compile(
    r"(w|e|weight)_?(?P<row>[uh])_?(?P<letters>[xhm]{2,3})"
    r"|(lin|linear|fc|dense)_?(?P<only>[uh])(_?(?P<signals>[xhm]{1,3}))?"
)
_WRAPPERS = re.compile(
    r"((module|_orig_mod|model|net|network|params|_forward_module|_fsdp_wrapped_module)[./])+"
)
_OBSERVERS = re.compile(r"(.*\.)?(\w*_fake_quant|\w*_post_process|\w*observer\w*)\..*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What a name says of a matrix: E or W, and the signals that it reads, in the name's order."""

    row: str
    letters: str = ""
    """Of x, h and m; empty: it does not say."""

    @property
    def part(self) -> str | None:
        """The part that it is, if it reads one signal."""
        return f"{self.row}_{self.letters}" if len(self.letters) == 1 else None


def dotted(name: str) -> str:
    """Return a name with dots where it has slashes."""
    return name.replace("/", ".")


def last_part(name: str) -> str:
    """Return what stands behind the last dot, or the last slash, of a name."""
    return re.split(r"[./]", name)[-1]


def parent_of(name: str) -> str:
    """Return what stands before it, empty if nothing does."""
    return name[: -len(last_part(name))].rstrip("./")


def hint_of(name: str) -> Hint | None:
    """Return what the name of a matrix, or of a vector, says."""
    last = last_part(name).lower()
    plain = last.replace("_", "")
    keras = _keras_hint(last_part(parent_of(name)).lower(), last)
    if keras is not None:
        return keras
    joint = _JOINT.fullmatch(last)
    if joint is not None:
        row = "E" if (joint["row"] or joint["only"]) == "u" else "W"
        return Hint(row=row, letters=joint["letters"] or joint["signals"] or "")
    for part, pattern in _HINTS.items():
        if pattern.fullmatch(last) or pattern.fullmatch(plain):
            return Hint(row=part[0], letters=part[2])
    return None


def _keras_hint(parent: str, last: str) -> Hint | None:
    """Return what Keras's names say: of the memory's input, or of a cell named as hidden."""
    hidden = "hidden" in parent
    match last:
        case "kernel":
            return Hint(row="W" if hidden else "E")
        case "recurrent_kernel":
            return Hint(row="W", letters="h") if hidden else Hint(row="E")
        case "bias":
            return Hint(row="b", letters="h" if hidden else "")
        case _:
            return None


def common_wrapper(names: Iterable[str]) -> str:
    """Return what wrappers of a module, such as DataParallel's, put before all names."""
    names = list(names)
    match = _WRAPPERS.match(names[0]) if names else None
    start = match[0] if match else ""
    return start if all(name.startswith(start) for name in names) else ""


def is_observer(name: str) -> bool:
    """Say whether quantization-aware training counts something in a tensor."""
    return _OBSERVERS.fullmatch(name) is not None
