# SPDX-License-Identifier: Apache-2.0
# make demo: set up, then generate, simulate, prove and report both shipped networks.
# make test: set up, then format, lint, types and all tests.

PYTHON ?= python3
BIN := .venv/bin
BUILD := build

# Verilator's builds share its run-time library: ccache compiles it once, where it is installed.
export OBJCACHE ?= $(shell command -v ccache)
export CCACHE_DIR ?= $(CURDIR)/$(BUILD)/ccache
# What simulators compiled as a whole: a design that was simulated once need not be compiled again.
export LMU_HW_CACHE ?= $(CURDIR)/$(BUILD)/cache

.DEFAULT_GOAL := help
.PHONY: help setup system browser demo test test-all pytest check docs rtl proofs bench mutants prove-mutants \
	window showcase clean capacity capacity-long mackey-glass psmnist step-size spiking

help:  ## show this help
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 15

setup: system .venv/.done  ## virtual environment with everything, in .venv

.venv/.done: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

# Icarus Verilog, ccache and Tcl come from the system. Without root or sudo they are left out; the tools
# say so.
system:
	@tools/install_system_packages

# Chromium, in which tests look at pages: it comes from the system, too, while packages are installed.
browser: system
	@tools/install_system_packages browser

demo: setup  ## generate, simulate, prove and report both shipped networks
	@tools/demo $(BUILD)/demo

test:  ## format, lint, types, and all tests
	@$(MAKE) --no-print-directory -j 2 browser .venv/.done
	@$(MAKE) --no-print-directory -j 2 check pytest

test-all: setup  ## every combination of parameters, of which `make test` runs some
	$(BIN)/python -m pytest -n 2 --dist worksteal --all

# Types take one core for a minute: they are checked while the tests begin.
pytest: setup
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: setup  ## format, lint and types only
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright --pythonpath $(BIN)/python

rtl: setup  ## emit the reference designs in rtl/ again, and prove them
	$(BIN)/python -m tools.emit_rtl --prove

proofs: setup  ## attack the certificates; prints the tables of docs/proofs.md
	$(BIN)/python -m tools.proofs
	$(BIN)/python -m tools.read_errors

bench: setup  ## measure speed, accuracy and area; prints tables, writes docs/memory.md, docs/implement.md
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,bench,implement]'
	$(BIN)/python -m tools.bench
	$(BIN)/python -m tools.bench_memory
	$(BIN)/python -m tools.bench_physical
	$(BIN)/python -m tools.bench_streams

docs: setup  ## the documentation as a site, in build/docs; a dead link is an error
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going docs $(BUILD)/docs

showcase: setup browser  ## the designs of the README: measured, placed and routed, proved; its picture
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,implement]'
	$(BIN)/python -m tools.showcase

mutants: setup  ## change emitted Verilog in every place, one at a time; prints what the bench sees
	$(BIN)/python -m tools.mutants

prove-mutants: setup  ## change small designs; what prove does not refuse must be the same elsewhere
	$(BIN)/python -m tools.prove_mutants

# The paper's experiments. Each prints a table and writes it, with its picture, into docs/.
capacity: setup  ## memory capacity: windows up to 10,000 steps, five delays
	$(BIN)/python -m tools.capacity

capacity-long: setup  ## memory capacity: a window of 100,000 steps
	$(BIN)/python -m tools.capacity --long

mackey-glass: setup  ## chaotic series: LMU and hybrid LMU/LSTM network
	$(BIN)/python -m tools.mackey_glass

psmnist: setup  ## permuted MNIST by weight bits; DATA=FOLDER with mnist_test.npz: all 10,000 images
	$(BIN)/python -m tools.psmnist $(if $(DATA),--data $(DATA))

step-size: setup  ## one network at three rates, by theta only
	$(BIN)/python -m tools.step_size

spiking: setup  ## the memory as spiking neurons: error law, hardware, area
	$(BIN)/python -m tools.spiking

window: setup  ## run a window of 100,000 steps on Verilator; prints tables
	$(BIN)/python -m tools.long_window

clean:  ## remove the virtual environment and everything built
	rm -rf .venv $(BUILD)
