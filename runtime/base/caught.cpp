#include "runtime/base/caught.hpp"

#include <fmt/format.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <system_error>

namespace millrace {

namespace {

constexpr std::size_t kReserve = 2 << 20;

std::atomic<void*>& reserve() {
  static std::atomic<void*> held = nullptr;
  return held;
}

void use_up_reserve() {
  void* const held = reserve().exchange(nullptr);
  if (held == nullptr) throw std::bad_alloc();
  std::free(held);
}

Error out_of_memory(const std::string& attempt, const std::string& detail) {
  return {
      fmt::format("{}: memory has run out{}; give this process more (ulimit -v, the limit of its cgroup), "
                  "or less to do: smaller stages, a smaller microbatch, fewer threads",
                  attempt, detail)};
}

// LibTorch appends a stack trace, one line per frame.
std::string first_line(const char* text) {
  const std::string_view all = text;
  return std::string(all.substr(0, all.find('\n')));
}

}  // namespace

Error caught(const std::string& attempt) {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return out_of_memory(attempt, "");
  } catch (const std::length_error&) {
    return out_of_memory(attempt, ": more was asked for than any memory has");
  } catch (const std::system_error& thrown) {
    if (thrown.code() != std::errc::resource_unavailable_try_again)
      return {fmt::format("{}: {}", attempt, first_line(thrown.what()))};
    return {
        fmt::format("{}: the system gives this process no further thread (ulimit -u, the pids limit of its "
                    "cgroup, or memory for its stack); give it more, or ask for fewer: `threads` of the "
                    "device",
                    attempt)};
  } catch (const std::exception& thrown) {
    const auto text = first_line(thrown.what());
    const auto found = text.find("you tried to allocate ");
    if (found != std::string::npos) {
      const auto bytes = text.substr(found + 22, text.find(' ', found + 22) - found - 22);
      return out_of_memory(attempt, fmt::format(" where {} bytes were needed", bytes));
    }
    return {fmt::format("{}: {}", attempt, text)};
  } catch (...) {
    return {attempt + ": an exception without a text"};
  }
}

void keep_memory_reserve() {
  std::set_new_handler(use_up_reserve);
  if (reserve() != nullptr) return;
  if (void* const fresh = std::malloc(kReserve); fresh != nullptr) {
    void* none = nullptr;
    if (!reserve().compare_exchange_strong(none, fresh)) std::free(fresh);
  }
}

}  // namespace millrace
