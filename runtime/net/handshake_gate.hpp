// Admits TLS handshakes before any cryptography is spent on them: one rate for each address, and one for all
// addresses together that have not finished a handshake lately. An address that has finished one lately is
// held to its own rate alone, so a flood from many addresses does not keep known ones out.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>

namespace millrace {

class HandshakeGate {
 public:
  using Clock = std::chrono::steady_clock;
  // An address of IPv6, or of IPv4 mapped into it; a network of 64 bits counts as one.
  using Source = std::array<std::uint8_t, 16>;
  static constexpr double kPerS = 100, kAtOnce = 512;                     // of one source
  static constexpr double kStrangersPerS = 400, kStrangersAtOnce = 1024;  // of all unknown sources together
  static constexpr std::size_t kMaxSources = 4096;
  static constexpr auto kKnownFor = std::chrono::minutes(10);

  // Whether the source may begin a handshake. Instants must not decrease.
  bool admit(const Source& source, Clock::time_point now);
  // The source has proved its identity: its handshake does not count against the rates.
  void succeeded(const Source& source, Clock::time_point now);
  std::size_t sources() const { return entries_.size(); }

 private:
  class Bucket {
   public:
    Bucket(double per_s, double most) : per_s_(per_s), most_(most), tokens_(most) {}
    void fill(Clock::time_point now);
    bool full() const { return tokens_ >= most_; }
    bool any() const { return tokens_ >= 1; }
    void take() { tokens_ -= 1; }
    void give() { tokens_ = tokens_ + 1 < most_ ? tokens_ + 1 : most_; }

   private:
    double per_s_, most_, tokens_;
    Clock::time_point at_{};
  };
  struct Entry {
    Bucket bucket{kPerS, kAtOnce};
    Clock::time_point known_until{};
  };
  // The entry of a source; null if there is no room for another one.
  Entry* entry(const Source& source, Clock::time_point now);

  std::map<Source, Entry> entries_;
  Bucket strangers_{kStrangersPerS, kStrangersAtOnce};
  Clock::time_point swept_{};
};

}  // namespace millrace
