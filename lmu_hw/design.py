# SPDX-License-Identifier: Apache-2.0
"""A design: the quantized network beside the float network it stands for."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, overload

import numpy as np
from numpy.typing import NDArray

from lmu_hw.arrays import load_array
from lmu_hw.checked import flag
from lmu_hw.errors import ConfigError, LoadError, NetworkError
from lmu_hw.files import read_json
from lmu_hw.fixed import Overflow
from lmu_hw.folder import DesignFolder
from lmu_hw.golden import GoldenModel, Trace
from lmu_hw.lmu import Discretizer, LmuLayer, Network, Role, node_name
from lmu_hw.load import load, native, network_digest
from lmu_hw.names import checked_name
from lmu_hw.network import QuantizedNetwork, State, StateVector, state_codes, state_vectors
from lmu_hw.network.archive import design_digest, network_bytes, read_network
from lmu_hw.network.described import network_facts
from lmu_hw.proofs import Certificate, certify, prove_ranges, require_forbidden
from lmu_hw.quantize import Config, Quantization, Refit, convert
from lmu_hw.quantize.fitted import Deviation, FittedMemory, fitted_memory
from lmu_hw.records import decode, encode
from lmu_hw.sequences import Sequences, SequencesLike
from lmu_hw.summary import Facts, Summarised

__all__ = ["Design"]

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Design(Summarised):
    """A quantized network, its float reference, and how it was configured.

    Parameters
    ----------
    network : QuantizedNetwork
        The integers: what the golden model and the hardware compute.
    reference : Network
        The float network whose nodes the integers approximate: the trained one in the basis and
        scale that hardware uses, without a final softmax.
    config : Config
    calibration : Sequences, or an array (sequences, steps, inputs)
        What the ranges were taken from, in the network's own units, in float64.
    refits : tuple of Refit
        What fitting the read-outs to the memories came to.
    settled : Quantization or None
        What making the design has settled; None of one that was read. What is asked of the design
        comes from here where it is the same.
    """

    network: QuantizedNetwork
    reference: Network
    config: Config
    calibration: Sequences
    refits: tuple[Refit, ...] = ()
    settled: Quantization | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        data = Sequences.of(self.calibration, features=self.network.inputs, what="calibration data")
        object.__setattr__(self, "calibration", data)

    @classmethod
    def build(cls, network: Network, config: Config, calibration: SequencesLike) -> Design:
        """Quantize a trained network under a configuration.

        Raises
        ------
        ConfigError
            If the configuration does not describe this network.
        StabilityError
            If a memory is not stable as rounded.
        NetworkError
            If an overflow is forbidden that is not proved impossible.
        RangeError
            If a sum is too long to be computed exactly.
        """
        digest = network_digest(network)
        return cls.of(convert(network, config, model_digest=digest), calibration)

    @classmethod
    def of(cls, quantization: Quantization, calibration: SequencesLike) -> Design:
        """Return the design of a quantized network, with all that was settled on the way to it.

        Raises
        ------
        NetworkError, RangeError
            As `build`.
        """
        network = quantization.network
        GoldenModel(network)
        if any(node.requant.overflow is Overflow.FORBID for node in network.nodes):
            ranges = prove_ranges(network, known=quantization.ranges.values())
            require_forbidden(network, ranges)
            quantization = replace(quantization, ranges=ranges)
        return cls(
            network=network,
            reference=quantization.memories.realized,
            config=quantization.config,
            calibration=Sequences.of(calibration),
            refits=quantization.memories.refits,
            settled=quantization,
        )

    @classmethod
    def read(cls, directory: str | Path) -> Design:
        """Read a design from the folder that `lmu-hw generate` wrote.

        Raises
        ------
        LoadError
            If the folder does not hold a design.
        """
        folder = DesignFolder(directory)
        folder.check()
        path = folder.path
        network = read_network(path / folder.NETWORK)
        if folder.manifest.get("design_digest") != design_digest(network):
            raise LoadError(
                f"{path / folder.MANIFEST}: describes another design than {folder.NETWORK}; "
                "generate the design again"
            )
        return cls(
            network=network,
            reference=load(path / folder.REFERENCE),
            config=_config(folder.read(folder.CONFIG), path / folder.CONFIG),
            calibration=_calibration(
                folder.read(folder.CALIBRATION), path / folder.CALIBRATION, network.inputs
            ),
            refits=_refits(folder.read(folder.REFIT), path / folder.REFIT),
        )

    def files(self) -> dict[str, bytes]:
        """Return the design's own files (not the Verilog) by their names in a `DesignFolder`."""
        calibration = io.BytesIO()
        data = self.calibration
        np.save(calibration, np.where(data.valid[..., None], data.padded, np.nan))
        refits = json.dumps(encode(self.refits), indent=2) + "\n"
        return {
            DesignFolder.NETWORK: network_bytes(self.network),
            DesignFolder.REFERENCE: native.network_bytes(
                _with_matrices(self.reference), Path(DesignFolder.REFERENCE)
            ),
            DesignFolder.CONFIG: self.config.text().encode(),
            DesignFolder.CALIBRATION: calibration.getvalue(),
            DesignFolder.REFIT: refits.encode(),
        }

    def named(self, name: str) -> Design:
        """Return the same design under another name.

        Raises
        ------
        ConfigError
            If it cannot name a design; see `lmu_hw.names`.
        """
        name = checked_name(name)
        return replace(
            self,
            network=replace(self.network, name=name),
            reference=replace(self.reference, name=name),
        )

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the quantized network."""
        return design_digest(self.network)

    @property
    def fitted(self) -> frozenset[str]:
        """Names of the memories that what reads them is fitted to."""
        return frozenset(refit.memory for refit in self.refits)

    @overload
    def predict(
        self,
        x: SequencesLike,
        *,
        initial_state: Mapping[str, object] | None = None,
        return_state: Literal[False] = False,
        progress: Callable[[int], None] | None = None,
    ) -> Array: ...

    @overload
    def predict(
        self,
        x: SequencesLike,
        *,
        initial_state: Mapping[str, object] | None = None,
        return_state: Literal[True],
        progress: Callable[[int], None] | None = None,
    ) -> tuple[Array, State]: ...

    def predict(
        self,
        x: SequencesLike,
        *,
        initial_state: Mapping[str, object] | None = None,
        return_state: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> Array | tuple[Array, State]:
        """Return what the hardware answers, as real values.

        Sequences can be computed in pieces: each goes on from the state that the one before
        returned, and the answers are those of the whole.

        Parameters
        ----------
        x : array (sequences, steps, inputs), list of arrays (steps, inputs), or Sequences
            In the network's own units.
        initial_state : State, optional
            What the first step finds: codes by the names of `state_vectors`; None: zeros, as at
            the first step of a sequence. `state_codes` makes one of values.
        return_state : bool
            Return the state after the last step, too, as if it did not end its sequence.
        progress : callable, optional
            Called with the number of sequences done since the last call.

        Returns
        -------
        (sequences, outputs) for a network that answers once, otherwise
        (sequences, steps, outputs), in float64, zeros behind the end of each sequence. A softmax is
        left to the host.
        State, if it is returned
            (sequences, size) int64 by the names of `state_vectors`.

        Raises
        ------
        NetworkError, RangeError
            If the state is none of this network, see `lmu_hw.network.check_state`.
        """
        wanted = flag(return_state, "`return_state`")
        golden = GoldenModel(self.network)
        x_codes, _ = golden.count_input(x)
        y_codes, trace = golden.resume(x_codes, initial_state, progress=progress)
        y = golden.output_values(y_codes)
        return (y, trace.state) if wanted else y

    def check_input(self, x: SequencesLike, *, what: str = "input") -> Sequences:
        """Return what hardware is sent of `x`: sequences of float64, without masked steps.

        Raises
        ------
        NetworkError
            If it does not fit the network, or all of a sequence is masked.
        """
        sequences = Sequences.of(x, features=self.network.inputs, what=what)
        return self.reference.check_input(
            sequences.without(self.network.mask_value, what=what), what=what
        )

    @property
    def state_vectors(self) -> tuple[StateVector, ...]:
        """What persists from one time step to the next, in the order of the nodes."""
        return state_vectors(self.network)

    def state_codes(self, values: Mapping[str, object]) -> State:
        """Return the state nearest to real values; see `lmu_hw.network.state_codes`."""
        return state_codes(self.network, values)

    def certify(self, *, progress: Callable[[str], None] | None = None) -> Certificate:
        """Prove ranges, errors and stability; see `lmu_hw.proofs.certify`.

        Errors have bounds of their own for sequences as long as the calibration data.
        """
        return certify(
            self.network,
            self.reference,
            steps=self.calibration.longest,
            ranges=() if self.settled is None else tuple(self.settled.ranges.values()),
            progress=progress,
        )

    def deviations(self) -> dict[str, Deviation]:
        """Return how far each fitted memory can be from the trained one, by name; proved.

        Raises
        ------
        StabilityError
            If a memory is not shown to be stable.
        """
        return {refit.memory: self._fitted(refit).deviation for refit in self.refits}

    def _fitted(self, refit: Refit) -> FittedMemory:
        """Return a memory with its fit: as it was settled, or of a design that was read."""
        node = {memory.name: memory for memory in self.network.memories}.get(refit.memory)
        if node is None:
            raise NetworkError(f"a refit must be of a memory of the design, not of {refit.memory}")
        settled = None if self.settled is None else self.settled.memories.fitted[refit.memory]
        if settled is not None and settled.node is node:
            return settled
        layer = next(layer for layer in self.reference.layers if layer.name == node.layer)
        if not isinstance(layer, LmuLayer):
            raise NetworkError(f"{refit.memory}: must stand for an LMU layer, not {layer!r}")
        source = self.config.nodes[node_name(layer.name, Role.ENCODED)].signal_format
        config = self.config.nodes[refit.memory]
        return fitted_memory(layer, config, source, node)

    def described(self) -> tuple[str, Facts]:
        """Return what it computes in which formats, and how large it is."""
        title, facts = network_facts(self.network)
        facts.append(("ranges", f"from {self.calibration.described}"))
        return title, [*facts, ("digest", self.digest[:16])]

    def trace(
        self, x: NDArray[np.generic], *, initial_state: Mapping[str, object] | None = None
    ) -> Trace:
        """Return the codes of every node at every step, the overflow counts, and the state after.

        `x` is (sequences, steps, inputs), masked steps and all; `initial_state` is that of
        `predict`.
        """
        golden = GoldenModel(self.network)
        return golden.trace(golden.quantize_input(x), initial_state)

    def reference_input(self, x: NDArray[np.generic]) -> Array:
        """Return x in the units that the reference network reads."""
        scale = self.network.input_scale
        return x.astype(np.float64) * scale.denominator / scale.numerator


def _config(data: bytes, path: Path) -> Config:
    try:
        return Config.from_toml(data.decode(), where=str(path))
    except (UnicodeDecodeError, ConfigError) as error:
        raise _damaged(path, error) from None


def _calibration(data: bytes, path: Path, inputs: int) -> Sequences:
    try:
        array = load_array(io.BytesIO(data))
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from None
    fits = array.ndim == 3 and array.shape[2] == inputs and array.size
    if array.dtype == np.float64 and fits:
        lengths = array.shape[1] - np.isnan(array).all(axis=2).sum(axis=1)
        if lengths.all():
            sequences = Sequences(padded=array, lengths=lengths)
            behind = array[~sequences.valid]
            if np.isfinite(sequences.padded).all() and np.isnan(behind).all():
                return sequences
    rule = f"finite float64 of shape (sequences, steps, {inputs}), NaN behind the end"
    raise _damaged(path, f"it must hold {rule}")


def _refits(data: bytes, path: Path) -> tuple[Refit, ...]:
    try:
        return decode(tuple[Refit, ...], read_json(data))
    except ValueError as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, reason: object) -> LoadError:
    return LoadError(f"{path}: is damaged ({reason}); generate the design again")


def _with_matrices(network: Network) -> Network:
    """Return the network with every memory as matrices, which a checker need not compute."""
    layers = tuple(
        replace(layer, memory=replace(layer.memory, discretizer=Discretizer.STORED))
        if isinstance(layer, LmuLayer)
        else layer
        for layer in network.layers
    )
    return replace(network, layers=layers)
