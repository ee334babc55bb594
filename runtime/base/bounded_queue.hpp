// A first-in-first-out queue with a named limit: the caller decides about an item that does not fit; the
// queue never grows silently.
#pragma once

#include <cstddef>
#include <deque>
#include <utility>

#include "runtime/base/check.hpp"

namespace millrace {

template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t limit) : limit_(limit) { MR_CHECK(limit > 0); }

  // False, and nothing changed, when the queue is full.
  [[nodiscard]] bool try_push(T item) {
    if (full()) return false;
    items_.push_back(std::move(item));
    return true;
  }
  // REQUIRES !empty().
  T pop() {
    MR_CHECK(!empty());
    T item = std::move(items_.front());
    items_.pop_front();
    return item;
  }
  const T& front() const { return MR_CHECK(!empty()), items_.front(); }
  T& front() { return MR_CHECK(!empty()), items_.front(); }
  // From the front. REQUIRES index < size().
  const T& operator[](std::size_t index) const { return MR_CHECK(index < size()), items_[index]; }
  bool empty() const { return items_.empty(); }
  bool full() const { return items_.size() >= limit_; }
  std::size_t size() const { return items_.size(); }
  std::size_t limit() const { return limit_; }

 private:
  std::size_t limit_;
  std::deque<T> items_;
};

}  // namespace millrace
