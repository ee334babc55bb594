#include "runtime/base/interrupt.hpp"

#include <csignal>

namespace millrace {

namespace {

volatile std::sig_atomic_t requested = 0;

extern "C" void on_signal(int number) {
  requested = 1;
  std::signal(number, SIG_DFL);
}

}  // namespace

void catch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::signal(SIGPIPE, SIG_IGN);
}

bool interrupt_requested() { return requested != 0; }

}  // namespace millrace
