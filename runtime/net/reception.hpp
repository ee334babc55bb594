// Where strangers come: takes connections, hears the first frame of each, and hands both over. Whoever says
// nothing is let go after a while, and when too many wait the oldest goes, so that nobody is kept out by
// those who only sit there.
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

  // `loop` outlives the reception.
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

// Says why, and closes.
void turn_away(const ChannelPointer& channel, const Error& error);

}  // namespace millrace
