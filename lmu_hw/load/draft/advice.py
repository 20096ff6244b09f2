# SPDX-License-Identifier: Apache-2.0
"""What could be done about tensors of which no layer here is made."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lmu_hw.load.mapping.view import is_plain

__all__ = ["hints_of"]

_PARAMETRIZED = re.compile(r"parametrizations\.\w+\.|\bweight_(g|v|orig)$")
_SPIKES = re.compile(r"(.*\.)?(v_)?(threshold|beta|graded_spikes_factor|reset_mechanism_val|tau_m)")
_DIAGONAL = re.compile(r"(.*\.)?(log_A_real|inv_A_real|A_imag|inv_A_imag|A_log|log_dt|Lambda_re)")
_KERAS = re.compile(r"arr_\d+|(.*/)?(\w*kernel|vars/\d+|layer_with_weights.*)(:0)?")
_ATTENTION = re.compile(r"(.*\.)?in_proj_(weight|bias)|.*(self_attn|attention).*")


def hints_of(rest: Mapping[str, tuple[int, ...]]) -> list[str]:
    """Return advice about tensors, given their shapes by name."""
    hints = []
    vectors = [name for name, shape in rest.items() if name.endswith(".weight") and len(shape) == 1]
    slopes = [name for name in vectors if f"{name[:-6]}bias" not in rest]
    if any(map(_PARAMETRIZED.search, rest)):
        hints.append(
            "Weights in parts: remove the parametrization before saving, by "
            "torch.nn.utils.parametrize.remove_parametrizations or remove_weight_norm."
        )
    if len(slopes) < len(vectors) or any(rest[name] != (1,) for name in slopes):
        hints.append(
            "One weight a feature, without mean and variance: a LayerNorm or RMSNorm, which "
            "divides by what it measures at every step; train with BatchNorm1d, which folds."
        )
    if slopes:
        hints.append(
            "A weight of its own, without a bias: the slope of a PReLU: slopes of the layer before "
            "it, with the activation leaky_relu."
        )
    if any(name.endswith(".weight") and len(shape) > 2 for name, shape in rest.items()):
        hints.append("A convolution: run it on the host, and map the layers behind it.")
    if any(re.search(r"emb\w*\.weight", name, re.IGNORECASE) for name in rest):
        hints.append("An Embedding is a table: look it up on the host, and map what is behind it.")
    if any(re.search(r"weight_hr_l\d+", name) for name in rest):
        hints.append("An LSTM with proj_size: no cell here projects h; train without proj_size.")
    if any(name.endswith("_reverse") for name in rest):
        hints.append(
            "A bidirectional layer: its backward half reads the end of a sequence first, so that "
            "hardware would have to keep whole sequences; train one that runs forward."
        )
    if any(map(_ATTENTION.fullmatch, rest)):
        hints.append("Attention reads all steps of a sequence at once: there is no such layer.")
    if any(len(shape) == 3 and shape[1] == shape[2] > 1 for shape in rest.values()):
        hints.append(
            "Square matrices in one tensor: those of layers, or of memories, that lie behind each "
            "other are NAME[0], NAME[1], ... in a mapping, a layer each; matrices that change from "
            "step to step (HiPPO-LegS) are of no layer here."
        )
    if any(map(_DIAGONAL.fullmatch, rest)):
        hints.append("A diagonal state space (S4, S5, Mamba): there is no such layer.")
    if any(map(_SPIKES.fullmatch, rest)):
        hints.append("Leaks or thresholds of spiking neurons: there is no such layer.")
    if any(map(_KERAS.fullmatch, rest)):
        hints.append(
            "Variables of Keras: model.save('model.keras') where it was trained says all of this. "
            "Kernels have inputs as rows: 'NAME transposed'. Of a cell behind a memory of n states "
            "they are W_m = 'NAME[0:n] transposed', W_x = 'NAME[n:] transposed'; of keras-lmu's u "
            "E_x and E_h, the rows of x before those of h, and its recurrent kernel is E_m. Gates: "
            "i f g o, z r n."
        )
    if any(not is_plain(name) for name in rest):
        hints.append(
            "A name with spaces, brackets or semicolons cannot be written in a mapping: rename it "
            "where it is saved."
        )
    return hints
