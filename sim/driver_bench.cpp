// SPDX-License-Identifier: Apache-2.0
// A Verilated design behind its own driver in C: reads x.txt, writes what is in writes.h, prints answers.

#include <cstdio>
#include <vector>

#include "driver_port.h"
#include "places.h"
#include "writes.h"

namespace {

void classify(const std::vector<double> &x, size_t steps) {
  for (size_t first = 0; first < x.size(); first += steps * DIGITS_INPUTS) {
    double y[DIGITS_OUTPUTS];
    must(digits_run(&port, x.data() + first, steps, y), "run");
    std::printf("answer");
    for (double value : y) std::printf(" %.17g", value);
    std::printf("\n");
  }
}

// Run a part of the first sequence, which ends without a mark where its length says so.
void send(const std::vector<double> &x, size_t from, size_t to) {
  for (size_t step = from; step < to; ++step)
    must(digits_send(&port, x.data() + step * DIGITS_INPUTS, 0), "send");
}

void answer(const char *what) {
  double y[DIGITS_OUTPUTS];
  must(digits_receive(&port, y), what);
  std::printf("%s", what);
  for (double value : y) std::printf(" %.17g", value);
  std::printf("\n");
}

// Save the state in the midst of a sequence, go on, run another one, and go on from what was saved.
void save_and_restore(const std::vector<double> &x, size_t steps) {
  int32_t codes[DIGITS_STATES], same[DIGITS_STATES];
  double values[DIGITS_STATES];
  uint32_t step = 0;
  must(digits_sequence_length(&port, uint32_t(steps)), "sequence length");
  send(x, 0, steps / 2);
  must(digits_stop(&port, 100000), "stop to save");
  must(digits_save_state(&port, codes, &step), "save");
  std::printf("state %u", step);
  for (int32_t code : codes) std::printf(" %d", code);
  std::printf("\n");
  must(digits_start(&port), "start");
  send(x, steps / 2, steps);
  answer("gone_on");
  send(x, steps, steps + steps / 3);
  must(digits_stop(&port, 100000), "stop to restore");
  digits_state_values(codes, values);
  digits_state_codes(values, same);
  must(digits_load_state(&port, same, step), "restore");
  must(digits_start(&port), "start again");
  send(x, steps / 2, steps);
  answer("restored");
}

}  // namespace

int main(int argc, char **argv) {
  VerilatedContext context;
  context.commandArgs(argc, argv);
  begin(context);

  size_t steps = 0;
  const std::vector<double> x = inputs(steps);
  if (!steps) return 1;

  must(digits_identify(&port), "identify");
  classify(x, steps);
  std::printf("saturations");
  for (uint32_t offset : {SATURATIONS}) {
    uint32_t count = 0;
    must(read(nullptr, offset, &count), "saturations");
    std::printf(" %u", count);
  }
  std::printf("\n");
  int refused = digits_load(&port, writes_addresses, writes_words, 1);
  std::printf("refused %d\n", refused);
  must(digits_send(&port, x.data(), 0), "send");  // a sequence that is not to go on
  must(digits_clear(&port, 100000), "clear");
  must(digits_stop(&port, 100000), "stop");
  must(digits_load(&port, writes_addresses, writes_words, WRITES_COUNT), "load");
  must(digits_start(&port), "start");
  classify(x, steps);
  uint32_t counts[2];
  must(read(nullptr, DIGITS_STEPS, counts), "steps");
  must(read(nullptr, DIGITS_SEQUENCES, counts + 1), "sequences");
  std::printf("counts %u %u\n", counts[0], counts[1]);
  save_and_restore(x, steps);
  must(digits_clear_counters(&port), "clear counters");
  dut->final();
  delete dut;
}
