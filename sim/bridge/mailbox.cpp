#include "sim/bridge/mailbox.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace millrace {

std::size_t Mailbox::add(const std::string& who) {
  const std::lock_guard lock(mutex_);
  agents_.push_back({who, Clock::now(), std::nullopt, LogGate(Clock::now())});
  return agents_.size() - 1;
}

FrameChannel::Handler Mailbox::handler(std::size_t agent) {
  return [this, agent](Result<Frame> frame) { push(agent, std::move(frame)); };
}

void Mailbox::push(std::size_t agent, Result<Frame> frame) {
  {
    const std::lock_guard lock(mutex_);
    auto& sender = agents_[agent];
    sender.heard = Clock::now();
    if (frame) {
      sort_in(agent, std::move(*frame));
    } else if (!sender.lost) {
      sender.lost = frame.error();
    }
  }
  changed_.notify_all();
}

// REQUIRES the lock.
void Mailbox::sort_in(std::size_t agent, Frame frame) {
  auto& sender = agents_[agent];
  const auto size = frame.size().count();
  if (frame.type == FrameType::heartbeat || sender.lost) return;
  if (frame.type == FrameType::log) {
    if (sender.log.admit(Clock::now(), frame.meta.size())) log_lines_.push_back({agent, std::move(frame)});
    return;
  }
  const bool records = frame.type == FrameType::report || frame.type == FrameType::turn;
  if (records && frame.meta.size() > largest_report_) {
    sender.lost =
        Error{fmt::format("it sent {} bytes of records at once; nothing that this run can have it "
                          "report is larger than {}",
                          frame.meta.size(), largest_report_)};
  } else if (letters_.size() >= kLimit || unread_bytes_ + size > kLimitBytes) {
    sender.lost = Error{"it sends more frames than it is asked for", ExitCode::peer_lost};
  } else {
    sender.farewell = sender.farewell || frame.type == FrameType::farewell;
    unread_bytes_ += size;
    letters_.push_back({agent, std::move(frame)});
  }
}

std::optional<Error> Mailbox::fault(Duration silence) const {
  for (const auto& agent : agents_) {
    if (agent.excused) continue;
    if (agent.lost) return agent.lost->in(agent.who);
    if (Clock::now() - agent.heard > std::chrono::nanoseconds(silence.count_ns())) {
      return Error{fmt::format("{}: silent for {:.1f} s", agent.who, silence.seconds()), ExitCode::timeout};
    }
  }
  return std::nullopt;
}

Result<std::optional<Mailbox::Letter>> Mailbox::poll(Duration silence, Duration patience) {
  std::unique_lock lock(mutex_);
  const auto give_up = Clock::now() + std::chrono::nanoseconds(patience.count_ns());
  while (letters_.empty()) {
    if (auto found = fault(silence)) return *found;
    if (changed_.wait_until(lock, give_up) == std::cv_status::timeout) break;
  }
  if (letters_.empty()) return std::optional<Letter>{};
  auto letter = std::move(letters_.front());
  letters_.pop_front();
  unread_bytes_ -= letter.frame.size().count();
  return std::optional<Letter>(std::move(letter));
}

Result<void> Mailbox::check(Duration silence) const {
  const std::lock_guard lock(mutex_);
  if (auto found = fault(silence)) return *found;
  return {};
}

void Mailbox::excuse(std::size_t agent) {
  const std::lock_guard lock(mutex_);
  agents_[agent].excused = true;
}

void Mailbox::wait_for_farewells(Duration patience) {
  std::unique_lock lock(mutex_);
  (void)changed_.wait_for(lock, std::chrono::nanoseconds(patience.count_ns()), [this] {
    return std::all_of(agents_.begin(), agents_.end(),
                       [](const Agent& agent) { return agent.lost.has_value() || agent.farewell; });
  });
}

std::optional<Mailbox::Letter> Mailbox::next_log_line() {
  const std::lock_guard lock(mutex_);
  if (log_lines_.empty()) return std::nullopt;
  auto line = std::move(log_lines_.front());
  log_lines_.pop_front();
  return line;
}

std::uint64_t Mailbox::dropped_log_lines(std::size_t agent) const {
  const std::lock_guard lock(mutex_);
  return agents_[agent].log.dropped();
}

Result<Mailbox::Letter> Mailbox::next(Duration silence) {
  for (;;) {
    auto letter = poll(silence, Duration::ms(200));
    if (!letter) return letter.error();
    if (*letter) return std::move(**letter);
  }
}

}  // namespace millrace
