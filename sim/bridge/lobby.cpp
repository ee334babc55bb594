#include "sim/bridge/lobby.hpp"

#include <algorithm>

#include "runtime/base/log.hpp"
#include "runtime/net/reception.hpp"

namespace millrace {

namespace {

// A new connection has this long to greet.
constexpr auto kGreeting = std::chrono::seconds(5);
// Connections that may wait at once; one more turns the oldest away.
constexpr std::size_t kMaxStrangers = 256;

}  // namespace

// A connection that is not admitted yet. Its channel is kept elsewhere, because the channel's handler owns
// this.
struct Lobby::Candidate {
  std::chrono::steady_clock::time_point since;
  std::optional<std::size_t> agent;  // once admitted
  std::optional<Frame> hello;
  std::optional<Error> lost;
};

void Lobby::enter(Mailbox& mailbox, const ChannelPointer& channel) {
  auto candidate = std::make_shared<Candidate>();
  candidate->since = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return turn_away(channel, Error{"the run has all its agents"});
    if (waiting_.size() >= kMaxStrangers) {
      turn_away(waiting_.front().channel, Error{"too many wait here"});
      waiting_.erase(waiting_.begin());
    }
    waiting_.push_back({channel, candidate});
  }
  channel->receive([self = shared_from_this(), &mailbox, candidate](Result<Frame> frame) {
    std::unique_lock lock(self->mutex_);
    if (candidate->agent) {
      const auto agent = *candidate->agent;
      lock.unlock();
      return mailbox.handler(agent)(std::move(frame));
    }
    if (frame && !candidate->hello) candidate->hello = std::move(*frame);
    if (!frame) candidate->lost = frame.error();
    self->changed_.notify_all();
  });
}

void Lobby::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (const auto& late : waiting_) turn_away(late.channel, Error{"the run has all its agents"});
  waiting_.clear();
}

std::optional<Lobby::Greeted> Lobby::next() {
  std::unique_lock lock(mutex_);
  const auto greeted = [this] {
    return std::find_if(waiting_.begin(), waiting_.end(),
                        [](const auto& entry) { return entry.candidate->hello.has_value(); });
  };
  changed_.wait_for(lock, std::chrono::milliseconds(50), [&] { return greeted() != waiting_.end(); });
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(waiting_, [&](const auto& entry) {
    const auto& candidate = *entry.candidate;
    if (candidate.hello) return false;
    if (candidate.lost)
      log_warning("a connection that was no agent yet has ended: {}", candidate.lost->message);
    const bool silent = !candidate.lost && now - candidate.since > kGreeting;
    if (silent) turn_away(entry.channel, Error{"no greeting came", ExitCode::timeout});
    return silent || candidate.lost.has_value();
  });
  const auto found = greeted();
  if (found == waiting_.end()) return std::nullopt;
  Greeted ready{found->channel, found->candidate, *found->candidate->hello};
  waiting_.erase(found);
  return ready;
}

std::optional<std::size_t> Lobby::admit(const Greeted& greeted, Mailbox& mailbox, const std::string& who) {
  const std::lock_guard lock(mutex_);
  if (greeted.candidate->lost) return std::nullopt;
  greeted.candidate->agent = mailbox.add(who);
  return greeted.candidate->agent;
}

}  // namespace millrace
