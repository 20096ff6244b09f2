// SPDX-License-Identifier: Apache-2.0
// What the library and its caller hand each other; `library.py` has the same structures.

#pragma once
#include <cstdint>

// Verilator's run-time library prints through this, so that the caller can say what went wrong.
int lmu_hw_print(const char* format, ...);

#define EXPORTED __attribute__((visibility("default")))

extern "C" {

// Where the words of a layer are found, and which of them come in which order. Those of a step that
// is not the last one of its sequence come first in `node` and `index`, then those of the last one.
struct Layer {
  int32_t word;  // of `seen`, from which the record of the layer begins
  int32_t lanes, width;  // elements of a beat, and bits of each
  const int32_t *rows, *widths, *is_signed;  // by node
  int32_t ordinary, last;  // words of a step
  int32_t once;  // it computes one step of a sequence: a layer before it answers once
  const int32_t *node, *index;
};

// How a vector travels: element after element in the bits of one beat after the other.
struct Port {
  int32_t elements, element_bits, code_width, is_signed;
  int32_t width, beats;  // bits of a beat, and beats of a vector
  int32_t last_bytes;  // of the last beat: those that tkeep marks
};

struct Shape {
  struct Port input, output;
  int32_t packets, marks;  // whether there is tkeep, and whether tlast ends every vector
  int32_t streams;  // whose vectors tid tells apart
  int32_t layers;
  const struct Layer* layer;
  int32_t answers_once;
  // Layer whose starts give the cycles of a step; -1: the answers that left do; -2: nothing does.
  int32_t slowest;
  int32_t warm_up;  // steps until the pipeline of layers is in its rhythm
  int32_t held_up;  // steps that may wait after the last one of a sequence, or one out of turn
  int32_t word_size;  // 32-bit words of a coefficient
  int32_t cycles, fill, settle, patience;
};

struct Block {
  int32_t sequences;
  int32_t stall;  // bits: 1 the source pauses, 2 the sink is not always ready
  int32_t resets;
  const int32_t *steps, *stream;  // of each sequence: its steps, and whose it is
  const int64_t* codes;  // vectors of one sequence after the other
  const int64_t* const* expected;  // by layer, then answers: words of one sequence after the other
};

struct Report {
  int64_t cycles, compared, mismatches;
  int64_t taken;  // vectors, so far: may be read while the library runs
  int64_t stalls[5];  // as `job.STALLS`
  int64_t resets[4];  // all, within a step, an answer waits, a beat is offered
  int64_t shortest, longest;  // cycles of a step of each stream at full load; 0 if none was seen
  int64_t place, at, got, missing;  // the first word that differs; place -1: none does
  int64_t failed_cycle, failed_answer;
  int32_t stop;  // set by the caller: come to an end
  char failure[256];
};

// Null, and why, if the Verilog ended the simulation at once: a file of a ROM is not as it must be.
EXPORTED void* lmu_hw_open(const struct Shape* shape, uint64_t seed, struct Report* report);
// Each word of `words` is as many 32-bit words as its port has.
EXPORTED void lmu_hw_write(void* bench, int64_t count, const uint32_t* addresses,
                           const uint32_t* words);
EXPORTED void lmu_hw_run(void* bench, const struct Block* block, struct Report* report);
EXPORTED void lmu_hw_close(void* bench);
}
