// SPDX-License-Identifier: Apache-2.0
// A Verilated design behind its own driver in C: reads x.txt, writes what is in writes.h, prints answers.

#include <cstdint>
#include <cstdio>
#include <vector>

#include "Vdut.h"
#include "digits.h"
#include "verilated.h"
#include "writes.h"

namespace {

Vdut *dut;

void tick() {
  dut->clk = 1;
  dut->eval();
  dut->clk = 0;
  dut->eval();
}

int send(void *, const uint8_t *bytes, int last) {
  for (unsigned beat = 0; beat < DIGITS_INPUT_BEATS; ++beat) {
    bool ends = beat + 1 == DIGITS_INPUT_BEATS;
    dut->s_axis_tdata = 0;
    dut->s_axis_tkeep = 0;
    for (unsigned n = 0; n < DIGITS_INPUT_BEAT_BYTES; ++n) {
      dut->s_axis_tdata |= uint32_t(*bytes++) << 8 * n;
      bool kept = beat * DIGITS_INPUT_BEAT_BYTES + n < DIGITS_INPUT_KEPT_BYTES;
      dut->s_axis_tkeep |= kept << n;
    }
    dut->s_axis_tlast = ends;
    dut->s_axis_tuser = ends && last;
    dut->s_axis_tvalid = 1;
    dut->eval();
    for (unsigned waited = 0; !dut->s_axis_tready; ++waited) {
      if (waited > 1000000) return 1;
      tick();
    }
    tick();
    dut->s_axis_tvalid = 0;
  }
  return 0;
}

int receive(void *, uint8_t *bytes) {
  dut->m_axis_tready = 1;
  for (unsigned beat = 0; beat < DIGITS_ANSWER_BEATS; ++beat) {
    dut->eval();
    for (unsigned waited = 0; !dut->m_axis_tvalid; ++waited) {
      if (waited > 1000000) return 2;
      tick();
    }
    for (unsigned n = 0; n < DIGITS_ANSWER_BEAT_BYTES; ++n)
      *bytes++ = uint8_t(dut->m_axis_tdata >> 8 * n);
    tick();
  }
  dut->m_axis_tready = 0;
  return 0;
}

int read(void *, uint32_t offset, uint32_t *value) {
  dut->s_axi_araddr = offset;
  dut->s_axi_arvalid = 1;
  tick();
  dut->s_axi_arvalid = 0;
  dut->s_axi_rready = 1;
  while (!dut->s_axi_rvalid) tick();
  *value = dut->s_axi_rdata;
  int response = dut->s_axi_rresp;
  tick();
  dut->s_axi_rready = 0;
  return response;
}

int write(void *, uint32_t offset, uint32_t value) {
  dut->s_axi_awaddr = offset;
  dut->s_axi_wdata = value;
  dut->s_axi_wstrb = 15;
  dut->s_axi_awvalid = dut->s_axi_wvalid = 1;
  tick();
  dut->s_axi_awvalid = dut->s_axi_wvalid = 0;
  dut->s_axi_bready = 1;
  while (!dut->s_axi_bvalid) tick();
  int response = dut->s_axi_bresp;
  tick();
  dut->s_axi_bready = 0;
  return response;
}

const digits_port port = {nullptr, send, receive, read, write};

void must(int error, const char *what) {
  if (error) std::printf("failed %s %d\n", what, error);
}

void classify(const std::vector<double> &x, size_t steps) {
  for (size_t first = 0; first < x.size(); first += steps * DIGITS_INPUTS) {
    double y[DIGITS_OUTPUTS];
    must(digits_run(&port, x.data() + first, steps, y), "run");
    std::printf("answer");
    for (double value : y) std::printf(" %.17g", value);
    std::printf("\n");
  }
}

}  // namespace

int main(int argc, char **argv) {
  VerilatedContext context;
  context.commandArgs(argc, argv);
  dut = new Vdut{&context};
  dut->rst = 1;
  tick();
  tick();
  dut->rst = 0;

  size_t steps;
  double value;
  std::vector<double> x;
  std::FILE *file = std::fopen("x.txt", "r");
  if (!file || std::fscanf(file, "%zu", &steps) != 1) return 1;
  while (std::fscanf(file, "%lf", &value) == 1) x.push_back(value);
  std::fclose(file);

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
  must(digits_clear_counters(&port), "clear counters");
  dut->final();
  delete dut;
}
