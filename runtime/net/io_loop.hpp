// One thread that runs all sockets of a process. Handlers run on it, so they must be short and leave work to
// other threads.
#pragma once

#include <functional>
#include <memory>

#include "runtime/base/time.hpp"

namespace millrace {

class IoLoop {
 public:
  IoLoop();
  // Stops at once: handlers that have not run will not.
  ~IoLoop();
  IoLoop(const IoLoop&) = delete;
  IoLoop& operator=(const IoLoop&) = delete;

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  void run();

  std::unique_ptr<Impl> impl_;
};

}  // namespace millrace
