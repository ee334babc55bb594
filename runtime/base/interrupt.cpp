#include "runtime/base/interrupt.hpp"

#include <csignal>
#include <cstdio>

namespace millrace {

namespace {

volatile std::sig_atomic_t requested = 0;  // which signal

extern "C" void on_signal(int number) {
  requested = number;
  std::signal(number, SIG_DFL);
}

}  // namespace

void catch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::signal(SIGPIPE, SIG_IGN);
}

bool interrupt_requested() { return requested != 0; }

void end_as_interrupted() {
  if (requested != SIGINT) return;
  std::fflush(nullptr);
  std::signal(SIGINT, SIG_DFL);
  std::raise(SIGINT);
}

}  // namespace millrace
