#include "runtime/net/reception.hpp"

#include <list>
#include <mutex>

#include "runtime/base/log.hpp"
#include "runtime/net/asio.hpp"

namespace millrace {

// `strangers`, `sweep` and `closed` belong to the loop's thread.
struct Reception::State : std::enable_shared_from_this<State> {
  using Clock = std::chrono::steady_clock;
  struct Stranger {
    ChannelPointer channel;
    Clock::time_point since;
  };

  explicit State(asio::io_context& context) : sweep(context) {}

  void enter(const ChannelPointer& channel) {
    if (closed) return channel->close();  // accepted while the reception closed
    if (strangers.size() >= kMaxStrangers) {
      turn_away(strangers.front().channel, Error{"too many wait here", ExitCode::timeout});
      strangers.pop_front();
    }
    strangers.push_back({channel, Clock::now()});
    // Both pointers are weak, as this state holds the channel, and the channel holds its handler.
    channel->receive([state = weak_from_this(), weak = std::weak_ptr(channel)](const Result<Frame>& frame) {
      const auto self = state.lock();
      const auto here = weak.lock();
      if (!self || !here) return;
      std::erase_if(self->strangers, [&](const Stranger& stranger) { return stranger.channel == here; });
      if (!frame && frame.error().code == ExitCode::authentication)
        log_warning("{}", frame.error().in("a connection was not let in").message);
      if (!frame) return;
      here->receive([](const Result<Frame>&) {});
      const std::lock_guard lock(self->mutex);
      if (self->handler) self->handler(here, *frame);
    });
  }

  void let_the_silent_go() {
    sweep.expires_after(std::chrono::milliseconds(250));
    sweep.async_wait([self = shared_from_this()](error_code stopped) {
      if (stopped) return;
      const auto limit = Clock::now() - std::chrono::nanoseconds(kGreeting.count_ns());
      while (!self->strangers.empty() && self->strangers.front().since < limit) {
        turn_away(self->strangers.front().channel, Error{"no greeting came", ExitCode::timeout});
        self->strangers.pop_front();
      }
      self->let_the_silent_go();
    });
  }

  std::list<Stranger> strangers;  // oldest first
  asio::steady_timer sweep;
  bool closed = false;
  std::mutex mutex;  // held while the handler runs
  Handler handler;
};

void turn_away(const ChannelPointer& channel, const Error& error) {
  channel->send(to_frame(error));
  channel->close();
}

Result<std::unique_ptr<Reception>> Reception::open(IoLoop& loop, const Endpoint& where,
                                                   const SecurityPointer& keys, Handler handler) {
  auto listener = listen_on(loop, where, keys);
  if (!listener) return listener.error();
  std::unique_ptr<Reception> made(new Reception());
  made->listener_ = std::move(*listener);
  made->state_ = std::make_shared<State>(loop.impl().context);
  made->state_->handler = std::move(handler);
  asio::post(loop.impl().context, [state = made->state_] { state->let_the_silent_go(); });
  made->listener_->accept([state = made->state_](const ChannelPointer& channel) { state->enter(channel); });
  return made;
}

Reception::~Reception() {
  listener_.reset();
  if (!state_) return;
  {
    const std::lock_guard lock(state_->mutex);
    state_->handler = {};
  }
  asio::post(state_->sweep.get_executor(), [state = state_] {
    state->closed = true;
    state->sweep.cancel();
    for (const auto& stranger : state->strangers) stranger.channel->close();
    state->strangers.clear();
  });
}

Endpoint Reception::local() const { return listener_->local(); }

}  // namespace millrace
