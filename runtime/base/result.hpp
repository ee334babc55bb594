// Result<T>: a value or an Error, for every failure that is not our own mistake (file, scenario, trace,
// frame, peer). An Error is one sentence: attempt, object, finding; it carries the exit code the process
// would end with.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "runtime/base/check.hpp"
#include "runtime/base/exit_code.hpp"

namespace millrace {

struct Error {
  std::string message;
  ExitCode code = ExitCode::run_failed;

  // The same error with its context in front: "reading weights.safetensors: <message>".
  Error in(const std::string& context) const { return {context + ": " + message, code}; }
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // REQUIRES ok().
  T& value() & { return check(), std::get<0>(state_); }
  const T& value() const& { return check(), std::get<0>(state_); }
  T&& value() && { return check(), std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // REQUIRES !ok().
  const Error& error() const { return MR_CHECK(!ok(), "error() of a good result"), std::get<1>(state_); }

 private:
  void check() const { MR_CHECK(ok(), ok() ? "" : std::get<1>(state_).message); }
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const { return MR_CHECK(!ok(), "error() of a good result"), *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace millrace
