// SPDX-License-Identifier: Apache-2.0
// A Verilated design as the driver in C reaches it: its beats and registers, a cycle after the other.

#pragma once

#include <cstdint>
#include <cstdio>
#include <vector>

#include "Vdut.h"
#include "digits.h"
#include "verilated.h"

namespace {

Vdut *dut;

void tick() {
  dut->clk = 1;
  dut->eval();
  dut->clk = 0;
  dut->eval();
}

#ifdef DIGITS_STREAMS
#define OF_STREAM unsigned stream,
#define ITS_STREAM unsigned *stream,
#else
#define OF_STREAM
#define ITS_STREAM
#endif

int send(void *, OF_STREAM const uint8_t *bytes, int last) {
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
#ifdef DIGITS_STREAMS
    dut->s_axis_tid = stream;
#endif
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

int receive(void *, ITS_STREAM uint8_t *bytes) {
  dut->m_axis_tready = 1;
  for (unsigned beat = 0; beat < DIGITS_ANSWER_BEATS; ++beat) {
    dut->eval();
    for (unsigned waited = 0; !dut->m_axis_tvalid; ++waited) {
      if (waited > 1000000) return 2;
      tick();
    }
    for (unsigned n = 0; n < DIGITS_ANSWER_BEAT_BYTES; ++n)
      *bytes++ = uint8_t(dut->m_axis_tdata >> 8 * n);
#ifdef DIGITS_STREAMS
    *stream = dut->m_axis_tid;
#endif
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

void begin(VerilatedContext &context) {
  dut = new Vdut{&context};
  dut->rst = 1;
  tick();
  tick();
  dut->rst = 0;
}

// What x.txt holds: the steps of a sequence, and then all values. No steps: there is no such file.
std::vector<double> inputs(size_t &steps) {
  std::vector<double> x;
  double value;
  std::FILE *file = std::fopen("x.txt", "r");
  if (!file) return x;
  if (std::fscanf(file, "%zu", &steps) != 1) steps = 0;
  while (std::fscanf(file, "%lf", &value) == 1) x.push_back(value);
  std::fclose(file);
  return x;
}

}  // namespace
