// SPDX-License-Identifier: Apache-2.0
// Several streams of a Verilated design behind its driver in C: reads x.txt, prints answers and a state.

#include <cstdio>
#include <vector>

#include "driver_port.h"

namespace {

void print(const char *what, unsigned stream, const double *y) {
  std::printf("%s %u", what, stream);
  for (unsigned n = 0; n < DIGITS_OUTPUTS; ++n) std::printf(" %.17g", y[n]);
  std::printf("\n");
}

// A step of every stream, the last one first; then all answers.
void step(const std::vector<double> &x, size_t steps, size_t at) {
  for (unsigned stream = DIGITS_STREAMS; stream-- > 0;) {
    const double *vector = x.data() + (stream * steps + at) * DIGITS_INPUTS;
    must(digits_send(&port, stream, vector, at + 1 == steps), "send");
  }
  for (unsigned answers = 0; answers < DIGITS_STREAMS; ++answers) {
    unsigned stream;
    double y[DIGITS_OUTPUTS];
    must(digits_receive(&port, &stream, y), "receive");
    print("answer", stream, y);
  }
}

}  // namespace

int main(int argc, char **argv) {
  VerilatedContext context;
  context.commandArgs(argc, argv);
  begin(context);
  size_t steps = 0;
  const std::vector<double> x = inputs(steps);
  if (!steps) return 1;

  const unsigned from = 1, to = 2;  // a state of one stream is gone on from as another one
  const size_t half = steps / 2;
  int32_t codes[DIGITS_STATES];
  uint32_t next = 0;
  must(digits_identify(&port), "identify");
  for (size_t at = 0; at < half; ++at) step(x, steps, at);
  must(digits_stop(&port, 100000), "stop");
  must(digits_save_state(&port, from, codes, &next), "save");
  std::printf("state %u", next);
  for (int32_t code : codes) std::printf(" %d", code);
  std::printf("\nno stream %d\n", digits_save_state(&port, DIGITS_STREAMS, codes, &next));
  must(digits_start(&port), "start");
  for (size_t at = half; at < steps; ++at) step(x, steps, at);

  must(digits_stop(&port, 100000), "stop again");
  must(digits_load_state(&port, to, codes, next), "load");
  must(digits_start(&port), "start again");
  std::vector<double> y((steps - half) * DIGITS_OUTPUTS);
  const double *rest = x.data() + (from * steps + half) * DIGITS_INPUTS;
  must(digits_run(&port, to, rest, steps - half, y.data()), "run");
  for (size_t at = half; at < steps; ++at)
    print("moved", to, y.data() + (at - half) * DIGITS_OUTPUTS);
  dut->final();
  delete dut;
}
