#include "runtime/net/buffer_pool.hpp"

#include <algorithm>

namespace millrace {

std::shared_ptr<BufferPool::Buffer> BufferPool::take(std::size_t size) {
  std::unique_ptr<Buffer> buffer;
  {
    const std::lock_guard lock(mutex_);
    if (size > budget_ || held_ > budget_ - size) return nullptr;
    held_ += size;
    buffer = fitting(size);
  }
  if (!buffer) buffer = std::make_unique<Buffer>();
  buffer->resize(size);  // clears only new bytes
  return {buffer.release(),
          [pool = shared_from_this()](Buffer* back) { pool->give_back(std::unique_ptr<Buffer>(back)); }};
}

// The smallest free buffer that is large enough, unless it would waste more than `size`. REQUIRES the lock.
std::unique_ptr<BufferPool::Buffer> BufferPool::fitting(std::size_t size) {
  auto best = free_.end();
  for (auto it = free_.begin(); it != free_.end(); ++it) {
    const auto capacity = (*it)->capacity();
    const bool fits = capacity >= size && capacity / 2 <= size;
    if (fits && (best == free_.end() || capacity < (*best)->capacity())) best = it;
  }
  if (best == free_.end()) return nullptr;
  auto buffer = std::move(*best);
  free_.erase(best);
  return buffer;
}

void BufferPool::give_back(std::unique_ptr<Buffer> buffer) {
  const std::lock_guard lock(mutex_);
  held_ -= buffer->size();
  free_.push_back(std::move(buffer));
  std::size_t kept = 0;
  for (const auto& unused : free_) kept += unused->capacity();
  while (!free_.empty() && (free_.size() > kMostKept || held_ + kept > budget_)) {
    kept -= free_.front()->capacity();
    free_.erase(free_.begin());
  }
}

void BufferPool::budget(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  budget_ = bytes;
}

std::size_t BufferPool::held() const {
  const std::lock_guard lock(mutex_);
  return held_;
}

}  // namespace millrace
