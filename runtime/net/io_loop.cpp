#include "runtime/net/io_loop.hpp"

#include "runtime/net/asio.hpp"

namespace millrace {

IoLoop::IoLoop() : impl_(std::make_unique<Impl>()) {
  impl_->thread = std::thread([this] { impl_->context.run(); });
}

IoLoop::~IoLoop() {
  impl_->context.stop();
  impl_->thread.join();
}

}  // namespace millrace
