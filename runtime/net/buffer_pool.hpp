// Buffers that payloads are read into. A buffer returns when the last holder of its payload releases it, and
// is reused without being cleared. All buffers together never exceed a budget, which bounds the memory that
// one peer can make us hold.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace millrace {

class BufferPool : public std::enable_shared_from_this<BufferPool> {
 public:
  using Buffer = std::vector<std::byte>;
  // The most free buffers that are kept.
  static constexpr std::size_t kMostKept = 4;

  // The pool lives as long as any of its buffers.
  static std::shared_ptr<BufferPool> of(std::size_t budget) {
    return std::shared_ptr<BufferPool>(new BufferPool(budget));
  }
  // A buffer of exactly `size` bytes, with any content. Null if buffers in use leave no room for it.
  std::shared_ptr<Buffer> take(std::size_t size);
  // Sets the budget for buffers taken from now on.
  void budget(std::size_t bytes);
  // Bytes in use.
  std::size_t held() const;

 private:
  explicit BufferPool(std::size_t budget) : budget_(budget) {}
  std::unique_ptr<Buffer> fitting(std::size_t size);
  void give_back(std::unique_ptr<Buffer> buffer);

  mutable std::mutex mutex_;
  std::size_t budget_;
  std::size_t held_ = 0;
  std::vector<std::unique_ptr<Buffer>> free_;
};

}  // namespace millrace
