#include "runtime/net/io_loop.hpp"

#include <exception>

#include "runtime/base/caught.hpp"
#include "runtime/base/log.hpp"
#include "runtime/net/asio.hpp"

namespace millrace {

namespace {

void tell_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (...) {
    try {
      log_error("{}", caught("serving connections").message);
    } catch (...) {  // not even memory for this is left
      return;
    }
  }
}

}  // namespace

IoLoop::IoLoop() : impl_(std::make_unique<Impl>()) {
  impl_->thread = std::thread([this] { run(); });
}

// A connection whose handler throws ends itself; an exception that comes as far as this ends only its
// handler.
void IoLoop::run() {
  for (;;) {
    try {
      impl_->context.run();
      return;
    } catch (...) {
      tell_of(std::current_exception());
    }
  }
}

IoLoop::~IoLoop() {
  impl_->context.stop();
  impl_->thread.join();
}

}  // namespace millrace
