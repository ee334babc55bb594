// The exit code of a process. The numbers never change: scripts rely on them.
#pragma once

namespace millrace {

enum class ExitCode : int {
  ok = 0,
  run_failed = 1,
  usage = 2,
  invalid_input = 3,  // scenario or trace
  fidelity = 4,       // late, misshaped
  expectation = 5,    // `expect` not met
  peer_lost = 6,
  timeout = 7,
  authentication = 8,
};

}  // namespace millrace
