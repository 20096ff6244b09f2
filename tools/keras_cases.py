# SPDX-License-Identifier: Apache-2.0
"""The models that tools/keras_fixtures.py makes: every option, in every version that knows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

Build = Callable[[Any], Any]
Case = tuple[str, tuple[int | None, int], Build]
"""Name, (steps, features) of the input, and what makes the output from it."""

L = tf.keras.layers
STEPS = 9


def hidden_cells() -> dict[str, Callable[[], Any]]:
    return {
        "dense": lambda: L.Dense(3, activation="relu"),
        "simple": lambda: L.SimpleRNNCell(3),
        "lstm": lambda: L.LSTMCell(3),
        "gru": lambda: L.GRUCell(3, reset_after=True),
        "gru-before": lambda: L.GRUCell(3, reset_after=False),
    }


BACK = {"hidden_to_memory": True}
AGAIN = {"memory_to_memory": True}
PAST = {"input_to_hidden": True}
ALL = BACK | AGAIN | PAST
WIRINGS: dict[str, dict[str, Any]] = {
    "plain": {}, "back": BACK, "again": AGAIN, "past": PAST, "all": ALL,
}  # fmt: skip
NEW_WIRINGS: dict[str, dict[str, Any]] = {
    "bias": {"use_bias": True},
    "theta": {"trainable_theta": True},
    "euler": {"discretizer": "euler", "theta": 30},
    "euler-theta": {"discretizer": "euler", "theta": 30, "trainable_theta": True},
    "everything": {**ALL, "use_bias": True, "trainable_theta": True},
}


def lmu(package: Any, cell: Any, **options: Any) -> Any:
    chosen = {"memory_d": 2, "order": 4, "theta": 6, "return_sequences": True, **options}
    return package.LMU(hidden_cell=cell, **chosen)


def old_cases(package: Any) -> Iterator[Case]:
    """Yield what lmu 0.2 and every later version can do."""
    for wiring, options in WIRINGS.items():
        for name, cell in hidden_cells().items():
            yield (
                f"{wiring}-{name}",
                (STEPS, 2),
                lambda x, o=options, c=cell: lmu(package, c(), **o)(x),
            )
    yield "one", (STEPS, 1), lambda x: lmu(package, L.SimpleRNNCell(4), memory_d=1)(x)
    yield (
        "last",
        (None, 3),
        lambda x: L.Dense(2)(lmu(package, L.SimpleRNNCell(4), return_sequences=False, **BACK)(x)),
    )
    yield (
        "cell",
        (STEPS, 2),
        lambda x: L.RNN(
            package.LMUCell(1, 5, 7.0, L.SimpleRNNCell(3), **ALL), return_sequences=True
        )(x),
    )
    yield (
        "stack",
        (STEPS, 2),
        lambda x: L.Dense(2, activation="tanh")(
            L.LSTM(3)(lmu(package, L.SimpleRNNCell(3), **ALL)(x))
        ),
    )


def new_cases(package: Any) -> Iterator[Case]:
    """Yield what came with keras-lmu 0.4 and later."""
    yield from option_cases(package)
    yield from form_cases(package)
    yield from activation_cases(package)
    yield from network_cases(package)
    yield from large_cases(package)


def option_cases(package: Any) -> Iterator[Case]:
    for wiring, options in NEW_WIRINGS.items():
        for name, cell in hidden_cells().items():
            yield (
                f"{wiring}-{name}",
                (STEPS, 2),
                lambda x, o=options, c=cell: lmu(package, c(), **o)(x),
            )
        if "hidden_to_memory" not in options:
            yield f"{wiring}-none", (STEPS, 2), lambda x, o=options: lmu(package, None, **o)(x)
    yield "again-none", (STEPS, 2), lambda x: lmu(package, None, **AGAIN)(x)
    yield "none-i2h", (STEPS, 2), lambda x: lmu(package, None, **PAST)(x)
    bare = {"kernel_initializer": None}
    yield "no-kernel", (STEPS, 2), lambda x: lmu(package, L.SimpleRNNCell(3), **bare)(x)
    yield "no-kernel-bias", (None, 2), lambda x: lmu(package, None, use_bias=True, **bare)(x)
    yield (
        "no-kernel-back",
        (STEPS, 2),
        lambda x: lmu(package, L.GRUCell(3), memory_d=5, **bare, **ALL)(x),
    )
    yield (
        "no-hidden-bias",
        (STEPS, 2),
        lambda x: lmu(package, L.GRUCell(3, use_bias=False), **ALL)(x),
    )
    yield (
        "dropout",
        (STEPS, 2),
        lambda x: lmu(
            package, L.LSTMCell(3, dropout=0.3), dropout=0.2, recurrent_dropout=0.1, **ALL
        )(L.Dropout(0.5)(x)),
    )
    yield (
        "dense-last",
        (None, 2),
        lambda x: lmu(package, L.Dense(3), return_sequences=False, **PAST)(x),
    )


def form_cases(package: Any) -> Iterator[Case]:
    cell, rnn = package.LMUCell, L.RNN
    for name, hidden in hidden_cells().items():
        yield (
            f"cell-{name}",
            (STEPS, 2),
            lambda x, h=hidden: rnn(
                cell(2, 4, 6, h(), **ALL, use_bias=True), return_sequences=True
            )(x),
        )
        yield (
            f"feedforward-{name}",
            (STEPS, 2),
            lambda x, h=hidden: package.LMUFeedforward(
                2, 4, 6, h(), input_to_hidden=True, return_sequences=True
            )(x),
        )
    yield "cell-none", (STEPS, 2), lambda x: rnn(cell(2, 4, 6, None), return_sequences=True)(x)
    yield "cell-unroll", (STEPS, 2), lambda x: rnn(cell(1, 4, 6, L.Dense(3)), unroll=True)(x)
    yield (
        "cell-state",
        (STEPS, 2),
        lambda x: rnn(cell(1, 4, 6, L.SimpleRNNCell(3)), return_state=True, return_sequences=True)(
            x
        )[0],
    )
    yield (
        "feedforward-raw",
        (STEPS, 2),
        lambda x: package.LMUFeedforward(
            2, 4, 6, L.LSTMCell(3), conv_mode="raw", truncate_ir=0, return_sequences=True
        )(x),
    )
    yield (
        "feedforward-none",
        (STEPS, 2),
        lambda x: package.LMUFeedforward(
            2, 4, 6, None, input_to_hidden=True, return_sequences=True
        )(x),
    )


def activation_cases(package: Any) -> Iterator[Case]:
    names = ["linear", "relu", "sigmoid", "hard_sigmoid", "softsign", "softplus", "elu", "selu",
             "swish", "gelu", "exponential"]  # fmt: skip
    for name in names:
        yield (
            f"act-{name}",
            (STEPS, 2),
            lambda x, n=name: L.Dense(3, activation=n)(lmu(package, L.Dense(3, activation=n))(x)),
        )
    for name in ("hard_sigmoid", "softsign"):
        options = {"activation": "softsign", "recurrent_activation": name}
        yield (
            f"act-{name}-lstm",
            (STEPS, 2),
            lambda x, o=options: lmu(package, L.LSTMCell(3, **o), **ALL)(x),
        )
        yield (
            f"act-{name}-gru",
            (STEPS, 2),
            lambda x, o=options: lmu(package, L.GRUCell(3, **o), **ALL)(x),
        )
    for layer in (L.ReLU(), L.ReLU(max_value=6.0), L.Softmax(), L.ELU(), L.Activation("tanh")):
        yield f"layer-{layer.name}", (STEPS, 2), lambda x, y=layer: y(lmu(package, L.Dense(3))(x))
    yield "layer-after-dense", (STEPS, 2), lambda x: L.Softmax()(L.Dense(3)(x))


def network_cases(package: Any) -> Iterator[Case]:
    def norm(**options: Any) -> Any:
        return L.BatchNormalization(**options)

    def adapted() -> Any:
        layer = L.Normalization()
        layer.adapt(np.array([[[0.0, 1.0], [2.0, 5.0]]], np.float32))
        return layer

    def memory(**options: Any) -> Any:
        return lmu(package, L.SimpleRNNCell(3), **options)

    yield "norm-first", (STEPS, 2), lambda x: memory(**ALL)(norm()(x))
    yield "norm-last", (STEPS, 2), lambda x: norm(scale=False)(memory()(x))
    yield "norm-twice", (STEPS, 2), lambda x: L.GRU(3)(norm()(norm(center=False)(x)))
    yield "norm-dense", (STEPS, 2), lambda x: L.ReLU()(norm()(L.Dense(3, use_bias=False)(x)))
    yield (
        "scaled-input",
        (STEPS, 2),
        lambda x: L.SimpleRNN(3)(
            L.Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0])(
                adapted()(L.Rescaling(0.5, offset=[0.1, 0.2])(x))
            )
        ),
    )
    yield (
        "norm-between",
        (STEPS, 2),
        lambda x: L.LSTM(3, return_sequences=True)(
            norm(epsilon=0.01)(memory(**BACK)(norm()(L.Dense(3)(x))))
        ),
    )
    yield "norm-relu", (STEPS, 2), lambda x: L.Dense(2)(L.ReLU()(norm()(memory()(x))))
    yield (
        "norm-after-memory",
        (STEPS, 2),
        lambda x: L.Dense(2)(norm()(lmu(package, None, return_sequences=False)(x))),
    )
    yield "norm-passed-on", (STEPS, 2), lambda x: lmu(package, None, **PAST)(norm()(x))
    yield (
        "time-distributed",
        (STEPS, 2),
        lambda x: L.TimeDistributed(L.Activation("tanh"))(
            L.TimeDistributed(norm())(L.TimeDistributed(L.Dense(3))(memory()(x)))
        ),
    )
    for layer in (L.SimpleRNN, L.LSTM, L.GRU):
        yield (
            f"plain-layer-{layer.__name__}",
            (None, 2),
            lambda x, y=layer: y(3, return_sequences=True)(x),
        )
    yield "gru-old", (STEPS, 2), lambda x: L.GRU(3, reset_after=False, use_bias=False)(x)
    yield "rnn-lstm", (STEPS, 2), lambda x: L.RNN(L.LSTMCell(3), return_sequences=True)(x)
    yield "mixed", (STEPS, 2), lambda x: L.Dense(4, activation="softmax")(
        L.Flatten()(memory(return_sequences=False)(L.LSTM(3, return_sequences=True)(
            L.Reshape((STEPS, 3))(L.Dense(3, activation="relu")(memory(**ALL)(x)))
        )))
    )  # fmt: skip
    yield (
        "float64",
        (STEPS, 2),
        lambda x: L.Dense(2, dtype="float64")(
            lmu(package, L.SimpleRNNCell(3, dtype="float64"), dtype="float64")(x)
        ),
    )


def large_cases(package: Any) -> Iterator[Case]:
    for order, theta, steps in ((16, 30, 60), (32, 100, 120), (64, 200, 120), (9, 3.5, 40)):
        yield (
            f"order-{order}",
            (steps, 1),
            lambda x, o=order, t=theta: lmu(
                package, L.SimpleRNNCell(8), memory_d=1, order=o, theta=t, **PAST
            )(x),
        )
    yield (
        "order-256",
        (300, 1),
        lambda x: lmu(package, L.SimpleRNNCell(20), memory_d=1, order=256, theta=784, **PAST)(x),
    )


def first_cases(package: Any) -> Iterator[Case]:
    """Yield what lmu 0.1 can do: the paper's cell."""

    def layer(units: int, **options: Any) -> Any:
        cell = package.LMUCell(units=units, order=5, **{"theta": 7.0, **options})
        return L.RNN(cell, return_sequences=True)

    yield "cell", (STEPS, 2), lambda x: layer(3)(x)
    yield "relu", (STEPS, 2), lambda x: layer(3, hidden_activation="relu", theta=9.0)(x)
    yield "trained", (STEPS, 1), lambda x: layer(3, trainable_A=True, trainable_B=True)(x)
    yield (
        "stack",
        (STEPS, 1),
        lambda x: L.Dense(1)(
            L.LSTM(3, return_sequences=True)(
                layer(2)(L.LSTM(3, return_sequences=True)(layer(4)(x)))
            )
        ),
    )
