# SPDX-License-Identifier: Apache-2.0
"""Quantization-aware training: forward is the golden model, gradients are those of the floats."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.golden import GoldenModel
from lmu_hw.lmu import LmuLayer, Network
from lmu_hw.quantize import Options, Realization, configure, quantize
from lmu_hw.quantize.convert import realized
from lmu_hw.quantize.fitted import quantize_memories
from lmu_hw.quantize.memories import matrices
from lmu_hw.train.weights import weights, with_weights
from tests import networks
from tests.train.cells import gated

torch = pytest.importorskip("torch", reason="quantization-aware training needs PyTorch")

from lmu_hw.train import AwareNetwork, fit, shuffled  # noqa: E402

FULL = {"hidden_to_memory": True, "memory_to_memory": True, "memory_d": 2, "inputs": 2}
SWEEPS = {"realization": Realization.SEMISEPARABLE, "memory_bits": 8}
LINES = {"hidden": "none", "input_to_hidden": False, "dense": 3}
CASES = [
    ({**FULL, "dense": 2}, {}),
    ({**FULL, "layers": 2}, SWEEPS),
    ({"activation": "relu", "hidden": "dense", "return_sequences": False, "dense": 2}, SWEEPS),
    ({"hidden": "none", "dense": 2}, {"memory_bits": 10}),
    (LINES, SWEEPS),
    (LINES, {"memory_bits": 10, "error_feedback": True}),
    ({"dense": 2, "dense_activation": "softmax"}, {"memory_bits": 10}),
]


def made(shape: dict, options: dict, **more):
    """Return a network to train, of 5-bit weights, and data for it."""
    net = networks.network(**shape)
    x = networks.noise(net, sequences=4, steps=12)
    config = configure(net, x, Options(**{"weight_bits": 5, "activation_bits": 7, **options}))
    return AwareNetwork(net, config, **more), x


def golden(aware: AwareNetwork, x: np.ndarray) -> np.ndarray:
    """Return what the golden model answers for the network as it is now."""
    model = GoldenModel(quantize(aware.network(), aware.config, model_digest=""))
    return model.output_values(model.run(model.quantize_input(x))[0])


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_gated_cells(cell):
    net = gated(cell)
    x = np.random.default_rng(2).uniform(-1.0, 1.0, (4, 12, 3))
    aware = AwareNetwork(net, configure(net, x, Options(weight_bits=6, activation_bits=8)))
    y = aware(aware.prepare(x))
    assert np.array_equal(y.detach().numpy(), golden(aware, x))
    y.sum().backward()
    assert all(bool(array.grad.any()) for array in aware.parameters())


def rewritten(aware: AwareNetwork) -> Network:
    """Return the float network of which `aware` is the quantized form, with its very memories."""
    config = aware.config
    real = realized(aware.network(), config)
    memories = quantize_memories(real, config.memory_scale, config.nodes)
    layers = []
    for layer in memories.network.layers:
        if isinstance(layer, LmuLayer):
            A, B = matrices(memories.nodes[f"{layer.name}.m"])
            layer = replace(layer, memory=replace(layer.memory, A=A, B=B))
        layers.append(layer)
    return replace(real, layers=tuple(layers))


@pytest.mark.parametrize(("shape", "options"), CASES)
def test_forward_is_the_golden_model_at_every_step(shape, options):
    aware, x = made(shape, options)
    optimizer = torch.optim.SGD(aware.groups(20.0))
    seen = []
    for _ in range(3):
        y = aware(aware.prepare(x))
        seen.append(y.detach().numpy())
        assert np.array_equal(seen[-1], golden(aware, x))
        optimizer.zero_grad()
        y.square().sum().backward()
        torch.nn.utils.clip_grad_norm_(aware.parameters(), 1.0)
        optimizer.step()
        aware.clip()
    assert not np.array_equal(seen[0], seen[-1])


@pytest.mark.parametrize(("shape", "options"), CASES)
def test_gradients_are_those_of_the_float_network_where_codes_are_fine(shape, options):
    fine = {"weight_bits": 16, "state_bits": 18, "activation_bits": 14, "memory_bits": 14}
    aware, x = made(shape, options | fine)
    real = rewritten(aware)
    y = aware(aware.prepare(x))
    pull = torch.linspace(-1.0, 1.0, y.numel()).reshape(y.shape).double()
    (y * pull).sum().backward()
    random, held = np.random.default_rng(0), weights(real)
    for name, array in zip(aware.names, aware.parameters(), strict=True):
        way, eps = random.normal(size=held[name].shape), 1e-5
        ends = [
            with_weights(real, {name: held[name] + sign * eps * way}).run(x) for sign in (1, -1)
        ]
        slope = float(np.sum((ends[0] - ends[1]) * pull.numpy())) / (2 * eps)
        size = float(array.grad.norm())
        # What rounds at 14 to 18 bits moves the point at which slopes are taken.
        assert abs(slope - float(np.sum(array.grad.numpy() * way))) < 2e-3 * size, name


@pytest.mark.parametrize("reads_x", [True, False])
def test_what_nothing_trained_reaches_is_computed_once(reads_x):
    shape = {"hidden": "dense", "input_to_hidden": reads_x, "return_sequences": False, "dense": 2}
    aware, x = made(shape, SWEEPS, fixed=["lmu0.E_x", "lmu0.b_u"])
    prepared = aware.prepare(x)
    expected = {"x": (4, 1, 1)} if reads_x else {}
    shapes = {name: tuple(held.shape) for name, held in prepared.codes.items()}
    assert shapes == expected | {"lmu0.m": (4, 1, 3)}
    assert np.array_equal(aware(prepared[1:3]).detach().numpy(), golden(aware, x)[1:3])


@pytest.mark.parametrize(("shape", "options"), CASES)
def test_training_begins_with_the_network_as_it_is_rounded(shape, options):
    aware, x = made(shape, options)
    rounded = GoldenModel(quantize(networks.network(**shape), aware.config, model_digest=""))
    expected = rounded.output_values(rounded.run(rounded.quantize_input(x))[0])
    assert np.array_equal(aware(aware.prepare(x)).detach().numpy(), expected)


def test_a_fixed_first_layer_is_left_behind():
    aware, x = made(LINES, SWEEPS, fixed=["lmu0.E_x", "lmu0.b_u"])
    prepared = aware.prepare(x)
    assert list(prepared.codes) == ["x"]
    assert prepared.codes["x"].shape == (4, 12, 3)
    assert np.array_equal(aware(prepared).detach().numpy(), golden(aware, x))


def test_clip_keeps_weights_in_their_formats():
    aware, _ = made({"dense": 2}, {"memory_bits": 10})
    with torch.no_grad():
        for array in aware.parameters():
            array.add_(100.0)
    aware.clip()
    quantized = quantize(aware.network(), aware.config, model_digest="")
    (dense,) = (node for node in quantized.nodes if node.name == "dense.y")
    assert np.all(dense.terms[0].weights.codes == 15)


def test_what_cannot_be_undone_is_refused(monkeypatch):
    def singular(network, rewrite):
        return {name: np.zeros((1, 1)) for name in weights(network)}

    monkeypatch.setattr("lmu_hw.train.rewrite.rewriting", singular)
    with pytest.raises(
        NetworkError, match="lmu0.E_x: what fits it .* condition below 1e\\+10 .* not inf"
    ):
        made({"dense": 2}, {"memory_bits": 10})


def test_fit_learns_what_coarse_weights_have_lost():
    aware, x = made({"dense": 2}, {"weight_bits": 4, "memory_bits": 10})
    x = networks.noise(aware.network(), sequences=32, steps=10, seed=3)
    target, prepared = torch.tensor(aware.network().run(x)), aware.prepare(x)
    errors = []
    batches = shuffled(prepared, target, size=8, epochs=15, seed=0)
    fit(
        aware,
        batches,
        steps=60,
        loss=torch.nn.functional.mse_loss,
        progress=lambda done, error: errors.append(error),
    )
    assert len(errors) == 60
    assert np.mean(errors[-4:]) < 0.5 * np.mean(errors[:4])
