#include "runtime/net/handshake_gate.hpp"

#include <algorithm>

namespace millrace {

namespace {

// The least time between two sweeps for idle sources: a sweep over all of them costs as much as a handshake.
constexpr auto kBetweenSweeps = std::chrono::milliseconds(250);

}  // namespace

void HandshakeGate::Bucket::fill(Clock::time_point now) {
  if (at_ != Clock::time_point{} && now > at_)
    tokens_ = std::min(most_, tokens_ + per_s_ * std::chrono::duration<double>(now - at_).count());
  at_ = std::max(at_, now);
}

HandshakeGate::Entry* HandshakeGate::entry(const Source& source, Clock::time_point now) {
  if (const auto found = entries_.find(source); found != entries_.end()) return &found->second;
  if (entries_.size() >= kMaxSources && now - swept_ >= kBetweenSweeps) {
    swept_ = now;
    for (auto each = entries_.begin(); each != entries_.end();) {
      each->second.bucket.fill(now);
      const bool idle = each->second.bucket.full() && each->second.known_until <= now;
      each = idle ? entries_.erase(each) : std::next(each);
    }
  }
  if (entries_.size() >= kMaxSources) return nullptr;
  return &entries_[source];
}

bool HandshakeGate::admit(const Source& source, Clock::time_point now) {
  strangers_.fill(now);
  Entry* const own = entry(source, now);
  if (own != nullptr) own->bucket.fill(now);
  const bool known = own != nullptr && own->known_until > now;
  if (own != nullptr && !own->bucket.any()) return false;
  if (!known && !strangers_.any()) return false;
  if (own != nullptr) own->bucket.take();
  if (!known) strangers_.take();
  return true;
}

void HandshakeGate::succeeded(const Source& source, Clock::time_point now) {
  Entry* const own = entry(source, now);
  if (own == nullptr) return;
  if (own->known_until <= now) strangers_.give();
  own->known_until = now + kKnownFor;
  own->bucket.give();
}

}  // namespace millrace
