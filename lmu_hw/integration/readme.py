# SPDX-License-Identifier: Apache-2.0
"""The description of a design, for the engineer who opens its folder."""

from __future__ import annotations

from collections.abc import Mapping

from lmu_hw.folder import DesignFolder
from lmu_hw.integration.example import example_of
from lmu_hw.integration.ports import ports_of
from lmu_hw.integration.render import render
from lmu_hw.integration.subject import Subject

__all__ = ["readme"]

_DESIGN = {
    "`rtl/{name}.v`, `rtl/*.hex`": "the Verilog, and the contents of its ROMs",
    f"`{DesignFolder.MANIFEST}`": "formats, cycles and costs for programs; SHA-256 of every file",
    f"`{DesignFolder.CONFIG}`": "every format; to edit, and for `lmu-hw generate --config`",
    f"`{DesignFolder.NETWORK}`, `{DesignFolder.REFERENCE}`": "the integers, and the network in "
    "float that they stand for",
    f"`{DesignFolder.CERTIFICATE}`, `{DesignFolder.SUMMARY}`": "what is proved of the numbers",
    f"`{DesignFolder.REFIT}`, `{DesignFolder.CALIBRATION}`": "how weights were fitted to the "
    "memories, and the data that ranges are from",
}


def readme(subject: Subject, kinds: Mapping[tuple[str, ...], str]) -> dict[str, str]:
    """Return ``README.md`` of a design.

    Parameters
    ----------
    subject : Subject
    kinds : mapping of patterns to words
        The files beside those of the design itself.
    """
    network, plan, manifest = subject.network, subject.plan, subject.manifest
    example = example_of(subject)
    rows = {names.format(name=subject.name): words for names, words in _DESIGN.items()}
    for patterns, words in kinds.items():
        rows[", ".join(f"`{pattern.format(name=subject.name)}`" for pattern in patterns)] = words
    text = render(
        "readme.md.j2",
        name=subject.name,
        digest=subject.design.digest,
        layers=network.layers,
        inputs=network.inputs,
        outputs=network.output.size,
        once=network.answers_once,
        softmax=network.softmax,
        nodes=[node for layer in manifest["layers"] for node in layer["nodes"]],
        memories=manifest["memories"],
        ports=ports_of(plan),
        states=(states := manifest.get("states", [])),
        stream_stride=states[0].get("stream_stride") if states else None,
        input_format=network.input.format,
        frac_bits=network.input.format.frac_bits,
        min_code=network.input.format.min_code,
        max_code=network.input.format.max_code,
        rounding=network.input.rounding.value,
        scale=network.input_scale,
        mask_value=network.mask_value,
        output_frac_bits=network.output.format.frac_bits,
        sample=example.sample,
        results=example.answer,
        sample_beats=example.sample_beats,
        answer_beats=example.answer_beats,
        source=plan.source,
        answer=plan.answer,
        cycles=plan.cycles(last_step=False),
        last_cycles=plan.cycles(last_step=True),
        latency=" to ".join(str(cycles) for cycles in dict.fromkeys(plan.latency)),
        device=manifest["choice"]["estimated_for"],
        clock=manifest["choice"]["clock_mhz"],
        chosen=subject.chosen,
        files=[{"names": names, "words": words} for names, words in rows.items()],
    )
    return {"README.md": text}
