// Sizes, rates and identifiers as types: bytes are not bits, and a device is not a node.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace millrace {

class Bytes {
 public:
  constexpr Bytes() = default;
  explicit constexpr Bytes(std::int64_t n) : n_(n) {}
  static constexpr Bytes kib(std::int64_t n) { return Bytes(n * 1024); }
  static constexpr Bytes mib(std::int64_t n) { return Bytes(n * 1024 * 1024); }

  constexpr std::int64_t count() const { return n_; }
  constexpr std::int64_t bits() const { return n_ * 8; }

  constexpr auto operator<=>(const Bytes&) const = default;
  constexpr Bytes operator+(Bytes o) const { return Bytes(n_ + o.n_); }
  constexpr Bytes operator-(Bytes o) const { return Bytes(n_ - o.n_); }
  constexpr Bytes operator*(std::int64_t k) const { return Bytes(n_ * k); }
  constexpr Bytes& operator+=(Bytes o) { return n_ += o.n_, *this; }
  constexpr Bytes& operator-=(Bytes o) { return n_ -= o.n_, *this; }

 private:
  std::int64_t n_ = 0;
};

// Integer bits per second; 0 is an outage (hold, do not divide).
class BitRate {
 public:
  constexpr BitRate() = default;
  explicit constexpr BitRate(std::int64_t bit_per_s) : bit_per_s_(bit_per_s) {}
  static constexpr BitRate kbit(std::int64_t n) { return BitRate(n * 1'000); }
  static constexpr BitRate mbit(std::int64_t n) { return BitRate(n * 1'000'000); }

  constexpr std::int64_t bit_per_s() const { return bit_per_s_; }
  constexpr double mbit_per_s() const { return static_cast<double>(bit_per_s_) / 1e6; }
  constexpr auto operator<=>(const BitRate&) const = default;

 private:
  std::int64_t bit_per_s_ = 0;
};

// A number that identifies one kind of thing. `Tag` only keeps the kinds apart.
template <class Tag, class Number = std::uint32_t>
struct Id {
  Number value = 0;
  constexpr auto operator<=>(const Id&) const = default;
};

using DeviceId = Id<struct DeviceTag>;                         // index in the scenario's `devices`
using NodeId = Id<struct NodeTag>;                             // index in the plan's nodes
using LinkId = Id<struct LinkTag>;                             // index of a directed link in a NetworkSpec
using JobId = Id<struct JobTag, std::uint64_t>;                // one piece of work of one node
using TimerId = Id<struct TimerTag, std::uint64_t>;            // one wake-up of one node
using TransferId = Id<struct TransferTag, std::uint64_t>;      // one message on its way through a network
using MicrobatchId = Id<struct MicrobatchTag, std::uint64_t>;  // 0, 1, 2, … in the order of the source

}  // namespace millrace

template <class Tag, class Number>
struct std::hash<millrace::Id<Tag, Number>> {
  std::size_t operator()(const millrace::Id<Tag, Number>& id) const { return std::hash<Number>()(id.value); }
};
