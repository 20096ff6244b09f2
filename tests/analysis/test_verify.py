# SPDX-License-Identifier: Apache-2.0
"""The checker shows true certificates, and refuses false claims and malformed files by name."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import zipfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg

from lmu_hw.analysis import verify as module
from lmu_hw.analysis.verify import Verdict, main, verify
from lmu_hw.lmu.system import Discretizer, discretize, orthonormal_scale

SOURCE = Path(module.__file__)
ALL = [
    "stability",
    "rounding gain",
    "input gain",
    "range",
    "ideal stability",
    "coefficient gain",
]
SLACK = 1 + 2.0**-13
P_BITS, L_BITS, GAIN_BITS, RATE_BITS, STATE_BITS = 12, 36, 24, 40, 15


def ideal_memory(order, theta=20.0):
    """Return a memory in the orthonormal basis."""
    a, b = discretize(order, theta, Discretizer.ZOH)
    scale = orthonormal_scale(order)
    return a * scale[None, :] / scale[:, None], b / scale


def codes(values, bits):
    return np.rint(np.asarray(values) * 2.0**bits).astype(np.int64)


def up(values, bits):
    return np.ceil(np.asarray(values) * 2.0**bits).astype(np.int64)


def proof(a, share=0.7):
    """Return P and its factors for a matrix of floats, and the rate [n, k]."""
    order, radius = len(a), np.abs(np.linalg.eigvals(a)).max()
    n = int(np.ceil((1 - share * (1 - radius**2)) * 2**RATE_BITS))
    rate = n / 2**RATE_BITS
    p = scipy.linalg.solve_discrete_lyapunov((a / np.sqrt(rate)).T, np.eye(order))
    p = codes((p + p.T) / 2, P_BITS)
    value, margin = p / 2.0**P_BITS, 2.0**-10 * np.eye(order)
    l_p = np.linalg.cholesky(value - np.eye(order) / 2 - margin)
    l_m = np.linalg.cholesky(rate * value - a.T @ value @ a - margin)
    return {"P": p, "L_P": codes(l_p, L_BITS), "L_M": codes(l_m, L_BITS)}, [n, RATE_BITS]


def sums(a, b, other=None):
    """Return T, and G of a memory or of its difference from another, in floats."""
    power, rows, gain = np.eye(len(a)), np.zeros(len(a)), np.zeros(len(a))
    h, g = b, np.zeros_like(b) if other is None else other[1]
    for _ in range(800):
        rows += np.abs(power).sum(axis=1)
        gain += np.abs(h - g)
        power, h = power @ a, a @ h
        g = g if other is None else other[0] @ g
    return rows, gain


def feedback_sums(a):
    """Return F in floats."""
    total, power = np.ones(len(a)), np.eye(len(a))
    for _ in range(800):
        total += np.abs(power - power @ a).sum(axis=1)
        power = power @ a
    return total


def certificate(order=3, *, ideal=True, a_bits=12, theta=20.0, **changes):
    """Return the header's entry and the arrays of a true certificate."""
    exact = ideal_memory(order, theta)
    arrays = {"A": codes(exact[0], a_bits), "B": codes(exact[1], 14)}
    a, b = arrays["A"] / 2.0**a_bits, arrays["B"] / 2.0**14
    proved, rate = proof(a)
    rows, gain = sums(a, b)
    rows = feedback_sums(a) if changes.get("error_feedback") else rows
    arrays |= proved
    arrays |= {
        "rounding_gain": up(rows * SLACK, GAIN_BITS),
        "input_gain": up(gain * SLACK, GAIN_BITS),
    }
    entry = {"name": "lmu0", "order": order, "a_frac_bits": a_bits, "b_frac_bits": 14}
    entry |= {"p_frac_bits": P_BITS, "l_frac_bits": L_BITS, "gain_frac_bits": GAIN_BITS}
    entry |= {"rate": rate, "state_frac_bits": STATE_BITS, "state_width": 17, "ideal": None}
    entry |= {"rounding": "half_up", "overflow": "forbid", "u_limit": [3, 2], **changes}
    arrays["bound"] = bounds(entry, arrays)
    if ideal:
        proved, rate = proof(exact[0])
        arrays |= {f"ideal_{key}": array for key, array in proved.items()}
        arrays |= {"ideal_A": exact[0], "ideal_B": exact[1]}
        difference = sums(a, b, exact)[1] * SLACK + 2.0**-20
        arrays["coefficient_gain"] = up(difference, GAIN_BITS)
        entry["ideal"] = {"rate": rate, "p_frac_bits": P_BITS, "l_frac_bits": L_BITS}
    return entry, arrays


def bounds(entry, arrays):
    """Return the least codes that the claimed gains allow, exactly."""
    floors = not entry["rounding"].startswith("half") and not entry.get("error_feedback")
    error = Fraction(1) if floors else Fraction(1, 2)
    limit, unit = Fraction(entry["u_limit"][0], 2 ** entry["u_limit"][1]), 2**GAIN_BITS
    gains = zip(arrays["input_gain"].tolist(), arrays["rounding_gain"].tolist(), strict=True)
    needed = [(limit * g * 2**STATE_BITS + error * t) / unit for g, t in gains]
    return np.array([-(-value.numerator // value.denominator) for value in needed])


def save(path, *certificates, header=None):
    """Write a certificate file; a header overrides the one of the certificates."""
    header = header or {"version": 1, "memories": [entry for entry, _ in certificates]}
    named = {
        f"{e['name']}/{key}": array for e, arrays in certificates for key, array in arrays.items()
    }
    np.savez(path, header=np.frombuffer(json.dumps(header).encode(), np.uint8), **named)
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "certificate.npz"


def failing(path):
    """Return the claims that fail, and the detail of the first."""
    failed = [verdict for verdict in verify(path) if not verdict.holds]
    return [verdict.claim for verdict in failed], failed[0].detail if failed else ""


@pytest.mark.parametrize("order", [1, 3, 8, 16])
def test_a_true_certificate_holds(path, order):
    verdicts = verify(save(path, certificate(order)))
    assert [(v.memory, v.claim, v.holds) for v in verdicts] == [("lmu0", c, True) for c in ALL]


@pytest.mark.parametrize("rounding", ["half_up", "half_even", "floor", "toward_zero"])
def test_every_rounding_has_its_error(path, rounding):
    entry, arrays = certificate(ideal=False, rounding=rounding)
    assert failing(save(path, (entry, arrays))) == ([], "")
    arrays["bound"][1] -= 1
    assert failing(save(path, (entry, arrays)))[0] == ["range"]


@pytest.mark.parametrize("order", [3, 8])
def test_error_feedback_has_its_own_gain(path, order):
    entry, arrays = certificate(order, rounding="floor", error_feedback=True)
    assert failing(save(path, (entry, arrays))) == ([], "")
    plain = certificate(order, rounding="floor")[1]
    assert np.all(arrays["bound"] < plain["bound"])
    assert (
        failing(save(path, ({**entry, "error_feedback": False}, arrays)))[0][0] == "rounding gain"
    )
    arrays["rounding_gain"][-1] = int(arrays["rounding_gain"][-1] / SLACK * 0.999)
    assert failing(save(path, (entry, arrays)))[0] == ["rounding gain", "range"]


@pytest.mark.parametrize("feedback", [False, True])
def test_simulated_states_reach_their_bounds_nearly_and_never_exceed_them(feedback):
    """Integers: the worst input for each state in turn."""
    _, arrays = certificate(4, rounding="floor", error_feedback=feedback, ideal=False)
    a, b, u_limit = arrays["A"] << 2, arrays["B"], 3 << (STATE_BITS - 2)  # 14 fraction bits each
    response = [b / 2.0**14]
    for _ in range(300):
        response.append(a / 2.0**14 @ response[-1])
    for state, worst in enumerate(np.sign(response[::-1]).astype(np.int64).T):
        m, residue = np.zeros((2, 4), np.int64)
        for sign in worst:
            total = a @ m + b * (sign * u_limit) + residue
            m = total >> 14
            residue = total - (m << 14) if feedback else residue
            assert np.all(np.abs(m) <= arrays["bound"])
        assert m[state] >= 0.99 * arrays["bound"][state]


def test_without_an_ideal_memory_nothing_is_said_of_coefficients(path):
    verdicts = verify(save(path, certificate(ideal=False)))
    assert [v.claim for v in verdicts] == ALL[:4]


def test_every_memory_gets_its_verdicts(path):
    first, second = certificate(), certificate(8, ideal=False)
    second[0]["name"] = "second"
    second[1]["input_gain"] //= 2
    verdicts = verify(save(path, first, second))
    assert [v.memory for v in verdicts] == ["lmu0"] * 6 + ["second"] * 4
    assert [v.claim for v in verdicts if not v.holds] == ["input gain", "range"]


def test_coefficients_finer_than_the_arithmetic_of_the_check_are_bounded(path):
    assert failing(save(path, certificate(8, a_bits=50))) == ([], "")


@pytest.mark.parametrize(
    ("key", "claims"),
    [
        ("input_gain", ["input gain", "range"]),
        ("rounding_gain", ["rounding gain", "range"]),
        ("coefficient_gain", ["coefficient gain"]),
    ],
)
@pytest.mark.parametrize("state", [0, 7])
def test_a_gain_a_thousandth_below_the_truth_fails(path, key, claims, state):
    entry, arrays = certificate(8)
    absolute = 2 ** (GAIN_BITS - 20) if key == "coefficient_gain" else 0
    arrays[key][state] = int((arrays[key][state] - absolute) / SLACK * 0.999)
    failed, detail = failing(save(path, (entry, arrays)))
    assert failed == claims
    assert detail.startswith(f"state {state}: ")


def test_a_lower_bound_fails(path):
    entry, arrays = certificate()
    arrays["bound"][2] -= 1
    assert failing(save(path, (entry, arrays)))[0] == ["range"]


def test_a_larger_input_fails(path):
    entry, arrays = certificate()
    entry["u_limit"] = [193, 8]
    assert failing(save(path, (entry, arrays)))[0] == ["range"]


@pytest.mark.parametrize("overflow", ["forbid", "saturate", "wrap"])
def test_a_bound_beyond_the_format_fails_where_overflow_is_forbidden(path, overflow):
    save(path, certificate(state_width=15, overflow=overflow))
    if overflow == "forbid":
        assert failing(path)[0] == ["range"]
    else:
        assert failing(path) == ([], "")
        assert "as long as no state overflows" in verify(path)[3].detail


def test_an_unstable_matrix_fails_and_so_does_what_rests_on_it(path):
    entry, arrays = certificate()
    arrays["A"][0, 0] = 5 << 12
    claims, detail = failing(save(path, (entry, arrays)))
    assert claims == ["stability", "rounding gain", "input gain", "range", "coefficient gain"]
    assert "rate P - A'PA" in detail


def test_a_changed_coefficient_fails(path):
    entry, arrays = certificate()
    arrays["A"][2, 0] += 40
    assert failing(save(path, (entry, arrays)))[0]


@pytest.mark.parametrize(
    ("key", "claim", "what"),
    [
        ("L_P", "stability", "P - I/2"),
        ("L_M", "stability", "rate P - A'PA"),
        ("P", "stability", "P must be symmetric"),
        ("ideal_L_M", "ideal stability", "rate P - A'PA"),
        ("ideal_P", "ideal stability", "P must be symmetric"),
    ],
)
def test_a_changed_proof_of_stability_fails(path, key, claim, what):
    entry, arrays = certificate()
    arrays[key][1, 0] += arrays[key].max() // 16
    claims, detail = failing(save(path, (entry, arrays)))
    assert claims[0] == claim
    assert what in detail


def test_a_matrix_that_is_not_positive_fails(path):
    entry, arrays = certificate()
    arrays["P"] *= -1
    assert failing(save(path, (entry, arrays)))[0][0] == "stability"


def test_a_factor_that_exceeds_its_matrix_fails(path):
    entry, arrays = certificate()
    arrays["L_P"] *= 2
    assert failing(save(path, (entry, arrays)))[0][0] == "stability"


@pytest.mark.parametrize("rate", [[1, 0], [2**40, 40], [3, 1]])
def test_a_rate_that_does_not_decrease_fails(path, rate):
    entry, arrays = certificate()
    claims, detail = failing(save(path, ({**entry, "rate": rate}, arrays)))
    assert claims[0] == "stability"
    assert "the rate must be below 1" in detail


def test_a_memory_that_outlasts_the_steps_is_not_shown(path, monkeypatch):
    monkeypatch.setattr(module, "_MAX_STEPS", 64)
    claims, detail = failing(save(path, certificate()))
    assert claims == ["rounding gain", "input gain", "range", "coefficient gain"]
    assert detail == "the powers of A do not vanish within 64 steps"


def test_powers_too_large_for_the_arithmetic_are_not_shown(path, monkeypatch):
    monkeypatch.setattr(module, "_MATRIX_BITS", 60)
    claims, detail = failing(save(path, certificate(8)))
    assert claims[0] == "rounding gain"
    assert "too large for the arithmetic" in detail


def test_rounding_that_could_hide_the_truth_is_not_shown(path, monkeypatch):
    monkeypatch.setattr(module, "_MATRIX_BITS", 10)
    claims, detail = failing(save(path, certificate(8, a_bits=9, ideal=False)))
    assert claims[0] == "rounding gain"
    assert "too many for the arithmetic" in detail


def recomputed(path, order):
    """Return T, F, ideal T, G and the difference's G: the checker's, and sums of 800 floats."""
    exact = ideal_memory(order)
    entry, arrays = certificate(order)
    with np.load(save(path, (entry, arrays))) as file:
        (held,) = module._certificates(file)
    assert held.ideal is not None
    rows, changes = module._row_sums(held.quantized, print, feedback=True)
    ideal_rows, _ = module._row_sums(held.ideal, print)
    own, other = (held.quantized, rows), (held.ideal, ideal_rows)
    gains = [module._response_sums(systems, print) for systems in ([own], [own, other])]
    quantized = arrays["A"] / 2.0**12, arrays["B"] / 2.0**14
    expected = [sums(*quantized)[0], feedback_sums(quantized[0]), sums(*exact)[0]]
    expected += [sums(*quantized)[1], sums(*quantized, exact)[1]]
    return [np.array(values, float) for values in (rows, changes, ideal_rows, *gains)], expected


@pytest.mark.parametrize("order", [3, 16])
def test_recomputed_sums_are_upper_bounds_and_close(path, order):
    found, expected = recomputed(path, order)
    for values, true in zip(found, expected, strict=True):
        assert np.all(values >= true * (1 - 1e-12))
        np.testing.assert_allclose(values, true, rtol=1e-4)  # floats: the bounds' own slack


@pytest.mark.parametrize("order", [1, 5, 256, 4096])
def test_digits_are_exact_and_their_products_fit_float64(order):
    width = module._Powers(module._Codes(np.zeros((order, 1), object), 0), np.eye(1), 44).digit_bits
    assert order * 4 ** (width - 1) <= 2**53 < order * 4 ** (width + 1)
    rng = np.random.default_rng(order)
    x = np.append(rng.integers(-(2**59), 2**59, 500), [0, -1, 2**59, -(2**59)])
    digits = module._digits(x, width)
    assert all(np.abs(digit).max() <= 2 ** (width - 1) for digit in digits)
    together = sum(
        digit.astype(np.int64).astype(object) << width * i for i, digit in enumerate(digits)
    )
    assert np.array_equal(together, x)


@pytest.mark.parametrize(("bits", "kind"), [(3, np.int64), (40, np.int64), (60, object)])
def test_a_step_of_the_recursion_is_within_its_error(bits, kind):
    rng = np.random.default_rng(bits)
    a = rng.integers(-(2**bits), 2**bits, (6, 6)).astype(object)
    x = rng.integers(-(2**50), 2**50, (4, 6))
    powers = module._Powers(module._Codes(a, bits), x.astype(kind), 44)
    powers.advance()
    exact = x.astype(object).dot(a)
    for row, error in zip(range(4), powers.errors(), strict=True):
        for found, true in zip(powers.x[row], exact[row], strict=True):
            assert abs(Fraction(int(found)) - Fraction(true, 2**bits)) <= error * 2**44


def test_progress_is_told(path):
    lines = []
    verify(save(path, certificate()), progress=lines.append)
    assert lines[0] == "lmu0: power 64 of A"
    assert any("impulse response" in line for line in lines)


def without(key):
    def change(entry, arrays):
        (entry if key in entry else arrays).pop(key)

    return change


def replaced(key, value):
    def change(entry, arrays):
        if key in arrays:
            arrays[key] = value(arrays[key])
        else:
            entry[key] = value

    return change


MALFORMED = {
    "no array": (without("L_M"), "the array lmu0/L_M is missing"),
    "no bound": (without("bound"), "the array lmu0/bound is missing"),
    "no ideal array": (without("ideal_A"), "the array lmu0/ideal_A is missing"),
    "no key": (without("gain_frac_bits"), "lmu0: gain_frac_bits must be an integer from 0"),
    "no ideal": (without("ideal"), "lmu0: ideal must be null or an object"),
    "ideal": (replaced("ideal", {}), "lmu0 (ideal): p_frac_bits must be an integer"),
    "key": (replaced("dither", 1), "lmu0: the header must not have 'dither'"),
    "ideal key": (replaced("ideal", {"a": 1}), "lmu0 (ideal): the header must not have 'a'"),
    "feedback": (replaced("error_feedback", 1), "lmu0: error_feedback must be true or false"),
    "no floor": (
        replaced("error_feedback", True),
        "and false unless the rounding is floor and the memory dense, not True",
    ),
    "shape": (replaced("B", lambda b: b[:, None]), "lmu0/B must be int64 of the shape (3,), not"),
    "floats": (
        replaced("A", lambda a: a / 2),
        "lmu0/A must be int64 of the shape (3, 3), not float64",
    ),
    "short": (replaced("P", lambda p: p.astype(np.int32)), "lmu0/P must be int64"),
    "pickle": (replaced("P", lambda p: p.astype(object)), "lmu0/P cannot be read: Object arrays"),
    "not finite": (replaced("ideal_A", lambda a: a * np.nan), "lmu0/ideal_A must be finite"),
    "order": (replaced("order", 4097), "lmu0: order must be an integer from 1 to 4096, not 4097"),
    "true": (replaced("order", True), "lmu0: order must be an integer"),
    "text": (replaced("a_frac_bits", "12"), "lmu0: a_frac_bits must be an integer"),
    "rate": (replaced("rate", 0.5), "lmu0: rate must be [n, k]"),
    "negative": (replaced("u_limit", [-1, 0]), "lmu0: u_limit must be [n, k]"),
    "huge": (replaced("u_limit", [2**256, 0]), "lmu0: u_limit must be [n, k]"),
    "rounding": (replaced("rounding", ["up"]), "lmu0: rounding must be one of ['half_up',"),
    "overflow": (replaced("overflow", None), "lmu0: overflow must be one of ['forbid',"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_certificate_is_refused(path, name):
    change, message = MALFORMED[name]
    entry, arrays = certificate()
    change(entry, arrays)
    with pytest.raises(ValueError) as error:
        verify(save(path, (entry, arrays)))
    assert message in str(error.value)
    assert str(error.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ([1], "the header must be an object of version 1"),
        ({"version": 2}, "the header must be an object of version 1"),
        ({"version": 1, "memories": []}, "the header must list memories"),
        ({"version": 1, "memories": [3]}, "with a name of its own"),
        ({"version": 1, "memories": [{"name": "a"}, {"name": "a"}]}, "with a name of its own"),
    ],
)
def test_a_malformed_header_is_refused(path, header, message):
    with pytest.raises(ValueError, match=message):
        verify(save(path, header=header))


@pytest.mark.parametrize("header", [np.arange(3), np.zeros((2, 2), np.uint8)])
def test_a_header_that_is_no_text_is_refused(path, header):
    np.savez(path, header=header)
    with pytest.raises(ValueError, match="must hold the bytes of a text"):
        verify(path)


@pytest.mark.parametrize("text", [b"{", b"\xff"])
def test_a_header_that_is_no_json_is_refused(path, text):
    np.savez(path, header=np.frombuffer(text, np.uint8))
    with pytest.raises(ValueError, match="certificate.npz: "):
        verify(path)


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x80\x04."])
def test_what_is_no_archive_is_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(ValueError, match="this must be a whole archive"):
        verify(path)


def test_a_missing_file_is_refused(path):
    with pytest.raises(ValueError, match="certificate.npz: .*No such file"):
        verify(path)


@pytest.mark.parametrize("part", [0.2, 0.9, 0.999])
def test_a_truncated_file_is_refused(path, part):
    content = save(path, certificate()).read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(ValueError, match="this must be a whole archive"):
        verify(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no array", "lmu0/A must be an array of NumPy"),
        (b"\x93NUMPY\x01\x00\x04\x00{(1\n", "lmu0/A cannot be read: "),
    ],
)
def test_a_member_that_is_no_array_is_refused(path, content, message):
    save(path, certificate())
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, content if name == "lmu0/A.npy" else data)
    with pytest.raises(ValueError, match=message):
        verify(path)


def test_a_damaged_member_is_refused(path):
    save(path, certificate())
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("lmu0/A.npy").header_offset
    content = bytearray(path.read_bytes())
    content[start + 200] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="lmu0/A cannot be read: Bad CRC"):
        verify(path)


def test_a_header_nested_too_deep_is_refused(path):
    np.savez(path, header=np.frombuffer(b"[" * 100_000, np.uint8))
    with pytest.raises(ValueError, match="certificate.npz: "):
        verify(path)


@pytest.mark.parametrize("bits", [(4, 44, 64), (0, 44, 64), (4, 28, 44), (0, 24, 40)])
def test_bounds_are_upper_bounds_however_early_and_coarse(monkeypatch, path, bits):
    for name, value in zip(("_TAIL_BITS", "_MATRIX_BITS", "_VECTOR_BITS"), bits, strict=True):
        monkeypatch.setattr(module, name, value)
    found, expected = recomputed(path, 3)
    for values, true in zip(found, expected, strict=True):
        assert np.all(values >= true * (1 - 1e-12))


def test_an_array_too_large_to_read_is_refused(path, monkeypatch):
    monkeypatch.setattr(module, "_MAX_ORDER", 2)
    with pytest.raises(ValueError, match="no array may have more than 1056 bytes"):
        verify(save(path, certificate(16)))


def test_the_program_prints_a_line_for_every_claim(path, capsys):
    entry, arrays = certificate()
    assert main([str(save(path, (entry, arrays)))]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[1] for line in lines] == [f" {claim} holds" for claim in ALL]
    arrays["bound"][0] = 0
    assert main([str(save(path, (entry, arrays)))]) == 1
    assert "lmu0: range FAILS: state 0: " in capsys.readouterr().out


def test_the_program_refuses_a_malformed_file(path, capsys):
    path.write_bytes(b"")
    assert main([str(path)]) == 2
    assert str(path) in capsys.readouterr().err
    assert main([]) == 2
    assert capsys.readouterr().err.startswith("usage: ")


def test_the_file_runs_without_the_package(path):
    copy = path.with_name("checker.py")
    copy.write_text(SOURCE.read_text())
    command = [sys.executable, "-I", str(copy), str(save(path, certificate()))]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ})
    assert (run.returncode, run.stderr) == (0, "")
    assert len(run.stdout.splitlines()) == len(ALL)


def test_it_imports_numpy_and_the_standard_library_only():
    names = set()
    for node in ast.walk(ast.parse(SOURCE.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names.add((node.module or "").partition(".")[0])
    assert names - set(sys.stdlib_module_names) == {"numpy"}


def test_a_verdict_is_immutable():
    verdict = Verdict(memory="m", claim="c", holds=True, detail="d")
    with pytest.raises(AttributeError):
        verdict.holds = False  # type: ignore[misc]
