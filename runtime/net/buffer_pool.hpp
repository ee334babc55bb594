// Buffers that payloads are read into. One comes back when the last that holds its payload lets go, and is
// used again without being cleared; all together never hold more than a budget, which bounds what one peer
// can make us keep.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace millrace {

class BufferPool : public std::enable_shared_from_this<BufferPool> {
 public:
  using Buffer = std::vector<std::byte>;
  // Buffers kept for the next taker.
  static constexpr std::size_t kMostKept = 4;

  // The pool lives as long as any of its buffers.
  static std::shared_ptr<BufferPool> of(std::size_t budget) {
    return std::shared_ptr<BufferPool>(new BufferPool(budget));
  }
  // Of exactly `size` bytes, with any content. Null: what is out already leaves no room for it.
  std::shared_ptr<Buffer> take(std::size_t size);
  // Takes effect for buffers taken from now on.
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
