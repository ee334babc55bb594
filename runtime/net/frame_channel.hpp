// A connection that carries frames both ways. Writes gather header, meta and payload from where they lie;
// payloads are read straight into the buffer that becomes the message's. Until open_up() only small frames
// without payload are taken, so that a stranger cannot make us allocate.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/net/io_loop.hpp"
#include "runtime/wire/messages.hpp"

namespace millrace {

class FrameChannel {
 public:
  // Every frame in order, then once the error that ended the connection. Runs on the loop's thread.
  using Handler = std::function<void(Result<Frame>)>;

  virtual ~FrameChannel() = default;
  // Begins to read. REQUIRES: called once.
  virtual void receive(Handler handler) = 0;
  // Any thread. Frames leave in order; one beyond kMaxQueued unsent ones ends the connection.
  virtual void send(Frame frame) = 0;
  // The peer is known: frames up to the limits of frame.hpp are taken from now on.
  virtual void open_up() = 0;
  // Sends a heartbeat whenever `period` has passed, until the connection ends.
  virtual void keep_alive(Duration period) = 0;
  // Closes after what is queued has been sent; the handler hears of it.
  virtual void close() = 0;
  // "127.0.0.1:4711", for messages.
  virtual std::string peer() const = 0;
  // Under which address this side is reached by its peer.
  virtual std::string local_address() const = 0;
};

using ChannelPointer = std::shared_ptr<FrameChannel>;

// Frames a channel will hold unsent; credits keep well below it.
inline constexpr std::size_t kMaxQueued = 4096;
// Largest meta message before open_up().
inline constexpr std::uint32_t kMaxStrangerMeta = 64U << 10;

// `loop` outlives the channel. An error names the endpoint and what the system said; after `timeout` it gives
// up.
Result<ChannelPointer> connect_channel(IoLoop& loop, const Endpoint& endpoint, Duration timeout);

// "HOST:PORT", "[::1]:PORT".
Result<Endpoint> parse_endpoint(std::string_view text);

class Listener {
 public:
  virtual ~Listener() = default;
  virtual Endpoint local() const = 0;
  // Every connection accepted from now on, on the loop's thread. REQUIRES: called once.
  virtual void accept(std::function<void(ChannelPointer)> handler) = 0;
};

// Port 0 takes any free one. `loop` outlives the listener.
Result<std::unique_ptr<Listener>> listen_on(IoLoop& loop, const Endpoint& endpoint);

}  // namespace millrace
