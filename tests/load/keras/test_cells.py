# SPDX-License-Identifier: Apache-2.0
"""Cells of Keras that are refused, in and outside LMU layers."""

from __future__ import annotations

import pytest

from tests.load import keras_files
from tests.load.refusals import model_refused


@pytest.mark.parametrize("cell", ["StackedRNNCells", "PeepholeLSTMCell", "Conv1D"])
def test_other_hidden_cells_are_refused(tmp_path, rng, cell):
    layer = keras_files.lmu(rng, 1)
    layer.config["hidden_cell"]["class_name"] = cell
    message = rf"\(LMU\): hidden_cell must be None, Dense, .* or GRUCell, not '{cell}'; train"
    model_refused(tmp_path, [layer], message)


@pytest.mark.parametrize("cell", ["Dense", "LMUCellODE", "LMUCellGating"])
def test_rnn_of_another_cell_is_refused(tmp_path, rng, cell):
    layer = keras_files.lmu(rng, 1, form="RNN")
    layer.config["cell"]["class_name"] = cell
    model_refused(
        tmp_path,
        [layer],
        rf"\(RNN\): cell must be LMUCell, .* or GRUCell, not '{cell}'",
    )


def test_rnn_cell_of_another_input_width_is_refused(tmp_path, rng):
    layer = keras_files.lmu(rng, 1, form="RNN")
    layer.config["cell"]["config"]["input_d"] = 2
    model_refused(tmp_path, [layer], "input_d must be the input width, 1, not 2")
