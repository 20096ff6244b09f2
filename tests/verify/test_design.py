# SPDX-License-Identifier: Apache-2.0
"""Numbers at the edge of machine arithmetic: what overflows or is not a number shows nothing."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest

from lmu_verify import BadFile
from lmu_verify.claims import Claims, Judge, Witness
from lmu_verify.design import read_design
from lmu_verify.errors import NotShown
from lmu_verify.integers import Codes, dyadic, fit, identity
from lmu_verify.memory import read_memories
from lmu_verify.sums import System, response_sums

U_FORMAT = "sQ8.15"
WEIGHTS = {"array": "lmu0.u/weights x", "format": "sQ1.0"}


def written(path, update, arrays, *, state="sQ24.15", change=None):
    """Write a design of one structured memory behind u = x, byte by byte, and read it back."""
    arrays = {f"lmu0.m/{name}": array for name, array in arrays.items()}
    arrays |= {"lmu0.u/weights x": np.array([[1]])}
    u = {"name": "lmu0.u", "segments": 1, "bias": None, "row_shifts": None, "sum_frac_bits": 15}
    u |= {"requant": [U_FORMAT, "half_up", "saturate"], "last_only": False, "activation": None}
    weights = {"array": "lmu0.u/weights x", "format": "sQ1.0"}
    u["terms"] = [{"source": "x", "delayed": False, "weights": weights}]
    m = {"name": "lmu0.m", "segments": 1, "source": "lmu0.u", "update": update}
    m["requant"] = [state, "half_up", "forbid"]
    layer = {"name": "lmu0", "input": {"size": 1, "format": U_FORMAT}, "nodes": [u, m]}
    layer |= {"outputs": ["lmu0.m"], "last_only": False}
    header = {"version": 2, "name": "hole", "input": [U_FORMAT, "half_up", "saturate"]}
    header |= {"input_scale": "1", "answers_once": False, "softmax": False, "layers": [layer]}
    if change is not None:
        change(header)
    entries, data = {}, b""
    for name, array in arrays.items():
        raw = np.asarray(array, "<i8").tobytes()
        entries[name] = {"dtype": "I64", "shape": list(np.shape(array))}
        entries[name]["data_offsets"] = [len(data), len(data) + len(raw)]
        data += raw
    text = json.dumps({"__metadata__": {"lmu_hw_design": json.dumps(header, sort_keys=True)}})
    text = json.dumps({**json.loads(text), **entries})
    path.write_bytes(len(text).to_bytes(8, "little") + text.encode() + data)
    return read_design(path)


def sweeps(d, *, carry, forward, backward, rate):
    """Return an update of two recursions as a design's header has it."""
    names = ("decay", "coupling", "carry")
    formats = (rate, rate, carry)
    coefficients = {
        name: {"array": f"lmu0.m/{name}", "format": fmt}
        for name, fmt in zip(names, formats, strict=True)
    }
    narrowings = {"forward": forward, "backward": backward}
    return {
        "kind": "semiseparable",
        "shifts": [0] * d,
        **coefficients,
        **{name: [fmt, "half_up", "forbid"] for name, fmt in narrowings.items()},
    }


def judge(design, gains, bound, carried):
    """Return the judge of a memory for which everything but `gains` is as good as can be."""
    (memory,) = read_memories(design)
    order = memory.order
    nothing = Witness(
        rate=Fraction(1, 2), p=identity(order), l_p=identity(order), l_m=identity(order)
    )
    claims = Claims(
        input_gain=gains["input_gain"],
        rounding_gain=gains["rounding_gain"],
        bound=bound,
        carried=carried,
        witness=nothing,
        ideal=nothing,
    )
    found = object.__new__(Judge)
    found.memory, found.claims, found.shown = memory, claims, {"stability": ""}
    found.progress = lambda line: None
    return found


def coarse(path):
    """Return a design whose backward sweep drops 2**20 ulp of the states."""
    update = sweeps(2, carry="sQ2.0", forward="sQ44.15", backward="sQ64.-5", rate="sQ0.10")
    arrays = {
        "decay": [102, 512],
        "coupling": [[0], [64]],
        "carry": np.ones((2, 1, 1)),
    }
    return written(path, update, arrays)


def powers(system, steps=2000):
    a = system.a.codes.astype(float) * 2.0**-system.a.bits
    n = system.paths.codes.astype(float) * 2.0**-system.paths.bits
    x, total = np.eye(len(a)), np.zeros(len(a))
    for _ in range(steps):
        total += np.abs(x).sum(axis=1) + np.abs(x @ n).sum(axis=1)
        x = x @ a
    return total


@pytest.mark.parametrize("share", [0.05, 0.2, 0.9, 0.999, 1.001])
def test_products_beyond_64_bits_are_what_they_are(tmp_path, share):
    """Errors of 2**20 ulp: sums reach 2**63 units of the recursion, and must not turn negative."""
    design = coarse(tmp_path / "design.safetensors")
    (memory,) = read_memories(design)
    true = powers(memory.system)
    assert true[0] > 1e6
    claimed = [Fraction(float(t)) * Fraction(share) for t in true]
    gains = {"input_gain": [Fraction(10)] * 2, "rounding_gain": claimed}
    found = judge(design, gains, [1 << 38] * 2, [1 << 50] * 2)
    verdict = found.verdict("rounding gain", found._rounding_gain, "stability")
    assert verdict.holds == (share > 1)


def test_a_sweep_beyond_float64_is_at_least_its_bound(tmp_path):
    """f grows by 2**60 a state, and its form to 2**600: no float compares with it."""
    d = 11
    update = sweeps(d, carry="sQ62.0", forward="sQ1.16", backward="sQ21.18", rate="sQ1.1")
    arrays = {
        "decay": np.ones(d),
        "coupling": np.zeros((d, 1)),
        "carry": np.full((d, 1, 1), -(1 << 60)),
    }
    design = written(tmp_path / "design.safetensors", update, arrays, state="sQ0.15")
    gains = {"input_gain": [Fraction(1)] * d, "rounding_gain": [Fraction(3)] * d}
    found = judge(design, gains, [100] * d, [7, 7])
    found.shown["range"] = ""
    verdict = found.verdict("sweeps", found._sweeps, "range")
    assert not verdict.holds
    assert verdict.detail.startswith("forward")
    assert "e+187 can be shown, but 7 is claimed" in verdict.detail


def test_a_sweep_whose_bound_is_its_limit_and_more_fails(tmp_path):
    design = coarse(tmp_path / "design.safetensors")
    gains = {"input_gain": [Fraction(10)] * 2, "rounding_gain": [Fraction(1 << 40)] * 2}
    found = judge(design, gains, [1] * 2, [1 << 59, 1 << 50])
    found.shown["range"] = ""
    verdict = found.verdict("sweeps", found._sweeps, "range")
    assert "forward: overflow is forbidden, but the bound is 576460752303423488" in verdict.detail


def test_floats_become_integers_exactly_whatever_their_size():
    values = np.array([[5e-324, -1.5], [1.7e308, 0.0]])
    found = dyadic(values)
    for value, code in zip(values.ravel(), found.codes.ravel(), strict=True):
        assert Fraction(int(code), 1 << found.bits) == Fraction(float(value))


def test_a_witness_that_is_not_finite_is_none():
    with pytest.raises(Exception, match="finds no witness"):
        fit(np.array([[np.nan]]), 10)
    assert fit(np.array([[0.75]]), 1) == Codes(np.array([[2]], dtype=object), 1)


def dense(path, change=None):
    """Return the design of a scan, its header changed before it is written."""
    update = {"kind": "scan", "order": 2, "running": "sQ26.15"}
    update["rate"] = {"array": "lmu0.m/rate", "format": "sQ0.6"}
    return written(path, update, {"rate": [4]}, change=change)


CHANGES = {
    "another name": (
        lambda h: h["layers"][0]["nodes"][1].update(name="other.m"),
        "other.m must be called lmu0.something",
    ),
    "another input": (
        lambda h: h.update(input=["sQ0.15", "half_up", "saturate"]),
        "the first layer must read the format of the input",
    ),
    "no layer": (lambda h: h.update(layers=[]), "the first layer must read"),
    "a second layer": (
        lambda h: h["layers"].append({**h["layers"][0], "name": "b", "nodes": []}),
        "b must read the output of lmu0",
    ),
    "twice": (
        lambda h: h["layers"][0]["nodes"].append(h["layers"][0]["nodes"][1]),
        "every layer and node must have a name of its own",
    ),
    "another source": (
        lambda h: h["layers"][0]["nodes"][1].update(source="lmu0.m"),
        "source must be lmu0.u",
    ),
    "a memory of another name": (
        lambda h: h["layers"][0]["nodes"][1].update(name="lmu0.n"),
        "a structured memory must be called lmu0.m",
    ),
    "coarse sums": (
        lambda h: h["layers"][0]["nodes"][1]["update"].update(running="sQ26.14"),
        "running must be a format with the fraction bits of what it takes",
    ),
    "two memories of one u": (
        lambda h: h["layers"][0]["nodes"][1].update(segments=2),
        "its memories must hear one u each",
    ),
    "relu of another resolution": (
        lambda h: h["layers"][0]["nodes"][0].update(activation={"relu": "sQ8.14"}),
        "relu must be a format with the fraction bits of what it is given",
    ),
    "a bias of another resolution": (
        lambda h: h["layers"][0]["nodes"][0].update(bias={**WEIGHTS, "format": "sQ1.14"}),
        "bias must be 1 codes with 15 fraction bits",
    ),
    "a bias of another shape": (
        lambda h: h["layers"][0]["nodes"][0].update(bias={**WEIGHTS, "format": "sQ1.15"}),
        "bias must be 1 codes with 15 fraction bits",
    ),
    "codes outside their format": (
        lambda h: h["layers"][0]["nodes"][0]["terms"][0].update(
            weights={**WEIGHTS, "format": "sQ0.0"}
        ),
        "the codes must fit sQ0.0",
    ),
    "a rate outside its format": (
        lambda h: h["layers"][0]["nodes"][1]["update"]["rate"].update(format="sQ-4.6"),
        "array must be codes that fit sQ-4.6",
    ),
    "shifts of another number": (
        lambda h: h["layers"][0]["nodes"][0].update(row_shifts=[0, 0]),
        "row_shifts must be null, or 1 integers from 0 to 256",
    ),
    "a negative shift": (
        lambda h: h["layers"][0]["nodes"][0].update(row_shifts=[-1]),
        "row_shifts must be null, or 1 integers from 0 to 256",
    ),
    "feedback of what is rounded": (
        lambda h: h["layers"][0]["nodes"][0].update(error_feedback=True),
        "error_feedback must be on a node that rounds by floor",
    ),
    "a table of other codes": (
        lambda h: h["layers"][0]["nodes"][0].update(
            activation={"table": "tanh", "format": "sQ0.3", "source": "sQ0.3"}
        ),
        "source must be the format of what enters",
    ),
    "no terms": (
        lambda h: h["layers"][0]["nodes"][0].update(terms=[]),
        "terms must be a list of terms with rows",
    ),
    "no kind of rounding": (
        lambda h: h["layers"][0]["nodes"][0].update(requant=[U_FORMAT, "up", "saturate"]),
        r"requant must be \[format, rounding, overflow\]",
    ),
    "no kind of overflow": (
        lambda h: h["layers"][0]["nodes"][0].update(requant=[U_FORMAT, "floor", "clip"]),
        r"requant must be \[format, rounding, overflow\]",
    ),
    **{
        f"the format {text}": (
            lambda h, text=text: h["layers"][0]["nodes"][0].update(
                requant=[text, "half_up", "saturate"]
            ),
            f"requant must be a format {rule}",
        )
        for text, rule in {
            "sQ8.15 ": "such as",
            "Q8.15": "such as",
            "sQ40.40": "of 1 to 63",
            "uQ-8.8": "of 1 to 63",
            "sQ1020.-1001": "of 1 to 63",
        }.items()
    },
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_design_that_does_not_fit_together_is_refused(tmp_path, what):
    change, message = CHANGES[what]
    with pytest.raises(BadFile, match=message):
        read_memories(dense(tmp_path / "design.safetensors", change))


def test_the_matrices_of_a_scan_are_those_of_its_formulas(tmp_path):
    (memory,) = read_memories(dense(tmp_path / "design.safetensors"))
    unit = 2.0**-memory.system.a.bits
    assert (memory.system.a.codes * unit).tolist() == [[1 - 1 / 16, -1 / 16], [3 / 16, 1 - 3 / 16]]
    assert (memory.system.b.codes * unit).tolist() == [1 / 16, -3 / 16]
    assert memory.u_limit == 256


def test_an_input_too_large_for_int64_takes_longer_integers():
    huge = System("m", Codes(np.array([[1]], dtype=object), 1), Codes(np.array([1 << 80]), 0))
    with pytest.raises(NotShown, match="too large for the arithmetic"):
        response_sums([(huge, None)], print)
    (found,) = response_sums([(huge, None)], print, level=1)
    assert 2**81 <= found <= 2**81 * (1 + 2.0**-12)


@pytest.mark.parametrize("name", ["forward", "backward"])
@pytest.mark.parametrize("change", [(1, "saturate"), (1, "wrap"), (0, "uQ44.15")])
def test_a_narrowing_inside_must_forbid_overflow_and_be_signed(tmp_path, name, change):
    index, value = (2, change[1]) if change[0] else change
    update = sweeps(2, carry="sQ2.0", forward="sQ44.15", backward="sQ44.15", rate="sQ0.10")
    update[name][index] = value
    arrays = {"decay": [102, 512], "coupling": [[0], [64]], "carry": np.ones((2, 1, 1))}
    design = written(tmp_path / "design.safetensors", update, arrays)
    with pytest.raises(BadFile, match=f"{name} must be signed, with overflow forbidden"):
        read_memories(design)


@pytest.mark.parametrize("shifts", [[0], [0, 0, 0], [0, -1], [0, 257], [0, True], [0, 0.0]])
def test_shifts_of_another_number_or_kind_are_refused(tmp_path, shifts):
    update = sweeps(2, carry="sQ2.0", forward="sQ44.15", backward="sQ44.15", rate="sQ0.10")
    arrays = {"decay": [102, 512], "coupling": [[0], [64]], "carry": np.ones((2, 1, 1))}
    design = written(tmp_path / "design.safetensors", {**update, "shifts": shifts}, arrays)
    with pytest.raises(BadFile, match="shifts must be 2 integers from 0 to 256"):
        read_memories(design)


def product(*sources, bits=30):
    """Return a change that appends a node of one product, lmu0.g of one row."""
    node = {"name": "lmu0.g", "rows": 1, "sum_frac_bits": bits, "activation": None}
    node["requant"] = [U_FORMAT, "half_up", "saturate"]
    node["products"] = [{"factors": [{"source": source} for source in sources]}]
    return lambda header: header["layers"][0]["nodes"].append(node)


def test_a_product_reaches_what_its_factors_can(tmp_path):
    design = dense(tmp_path / "design.safetensors", product("lmu0.u", "x", bits=31))
    (layer,) = design.layers
    limit = 1 << 23  # of sQ8.15
    assert layer.reach(layer.node("g")) == (2 * limit**2, (2 * limit**2 >> 16) + 1)
    assert layer.format("lmu0.g") == layer.format("lmu0.u")


def test_factors_that_do_not_fit_are_refused(tmp_path):
    for change, message in (
        (product("lmu0.m", "x"), "lmu0.g: its factors must have 1 elements"),
        (product("lmu0.u", "x", bits=29), "the sum has too few fraction bits for its products"),
        (product("lmu0.z"), "lmu0: reads 'lmu0.z', which is not in the layer"),
    ):
        (layer,) = dense(tmp_path / "design.safetensors", change).layers
        with pytest.raises(BadFile, match=message):
            layer.reach(layer.node("g"))


def test_a_rectified_u_reaches_the_largest_code_and_no_more(tmp_path):
    def rectified(header):
        header["layers"][0]["nodes"][0].update(activation={"relu": "uQ8.15"})

    (memory,) = read_memories(dense(tmp_path / "design.safetensors", rectified))
    assert (memory.u.activation, memory.u.table, memory.u_saturates) == (True, None, True)
    assert memory.u_limit == 256 - Fraction(1, 1 << 15)


@pytest.mark.parametrize("code", [-1, 1 << 10])
def test_coefficients_outside_their_format_are_refused(tmp_path, code):
    update = sweeps(2, carry="sQ2.0", forward="sQ44.15", backward="sQ44.15", rate="uQ0.10")
    arrays = {"decay": [code, 512], "coupling": [[0], [64]], "carry": np.ones((2, 1, 1))}
    with pytest.raises(BadFile, match="the codes must fit uQ0.10|codes that fit uQ0.10"):
        read_memories(written(tmp_path / "design.safetensors", update, arrays))


def test_couplings_below_their_format_are_refused(tmp_path):
    update = sweeps(2, carry="sQ2.0", forward="sQ44.15", backward="sQ44.15", rate="uQ0.10")
    arrays = {"decay": [102, 512], "coupling": [[0], [-1]], "carry": np.ones((2, 1, 1))}
    design = written(tmp_path / "design.safetensors", update, arrays)
    with pytest.raises(BadFile, match="array must be codes that fit uQ0.10"):
        read_memories(design)
