// Takes in strangers: accepts connections, reads the first frame of each, and hands both over. A stranger
// that sends nothing is dropped after kGreeting, and the oldest is dropped when too many wait, so that idle
// strangers keep nobody out.
#pragma once

#include <functional>
#include <memory>

#include "runtime/net/frame_channel.hpp"

namespace millrace {

class Reception {
 public:
  static constexpr Duration kGreeting = Duration::s(5);
  static constexpr std::size_t kMaxStrangers = 256;
  // On the loop's thread. Later frames of the channel are lost unless the handler calls receive().
  using Handler = std::function<void(const ChannelPointer&, const Frame& first)>;

  // `loop` must outlive the reception.
  static Result<std::unique_ptr<Reception>> open(IoLoop& loop, const Endpoint& where,
                                                 const SecurityPointer& keys, Handler handler);
  // The handler is not called any more once this returns.
  ~Reception();
  Reception(const Reception&) = delete;
  Reception& operator=(const Reception&) = delete;

  Endpoint local() const;

 private:
  struct State;
  Reception() = default;
  std::shared_ptr<State> state_;
  std::unique_ptr<Listener> listener_;
};

// Sends the error and closes.
void turn_away(const ChannelPointer& channel, const Error& error);

}  // namespace millrace
