// A connection that carries frames both ways. Writes gather header and payload without copying the payload;
// payloads are read straight into pooled buffers, which then belong to the messages. Until open_up() only
// small frames without payload are accepted, so that a stranger cannot make us allocate memory. With keys
// the connection is TLS 1.3 and both ends are known by name; without keys it stays on loopback.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/net/io_loop.hpp"
#include "runtime/net/security.hpp"
#include "runtime/wire/messages.hpp"

namespace millrace {

// The most memory held for one peer's payloads, unless open_up() says otherwise.
inline constexpr std::size_t kPeerMemory = std::size_t{1} << 30;

class FrameChannel {
 public:
  // Gets every frame in order, then once the error that ended the connection. Runs on the loop's thread.
  using Handler = std::function<void(Result<Frame>)>;
  struct Traffic {
    std::uint64_t bytes_in = 0, bytes_out = 0;  // of frames, without the overhead of TLS and TCP
  };

  virtual ~FrameChannel() = default;
  // Begins to read. Another call sends later frames to its handler; within a handler it takes effect at once.
  virtual void receive(Handler handler) = 0;
  // Any thread. Frames leave in order; one beyond kMaxQueued or kMaxQueuedBytes ends the connection.
  virtual void send(Frame frame) = 0;
  // The peer is known: from now on frames up to the limits of frame.hpp are accepted, with at most `memory`
  // bytes of payloads held at a time; more ends the connection.
  virtual void open_up(std::size_t memory = kPeerMemory) = 0;
  // Sends a heartbeat every `period` in which no frame is being sent, until the connection ends; a later call
  // changes the period.
  virtual void keep_alive(Duration period) = 0;
  // From now on a peer that sends no byte for `silence` is lost, with an error that says so.
  virtual void expect_life(Duration silence) = 0;
  // Closes after all queued frames have been sent; the handler is told.
  virtual void close() = 0;
  // "127.0.0.1:4711", for messages.
  virtual std::string peer() const = 0;
  // The address of this side, at which the peer reaches it.
  virtual std::string local_address() const = 0;
  // The names in the peer's certificate; nothing if the connection is plain.
  virtual const std::optional<PeerNames>& names() const = 0;
  // The traffic so far. Any thread.
  virtual Traffic traffic() const = 0;
};

using ChannelPointer = std::shared_ptr<FrameChannel>;

// The most unsent frames of a channel, and the most bytes of them if there are several; credits keep both far
// below.
inline constexpr std::size_t kMaxQueued = 4096;
inline constexpr std::int64_t kMaxQueuedBytes = std::int64_t{1} << 30;
// Largest meta message before open_up().
inline constexpr std::uint32_t kMaxStrangerMeta = 64U << 10;

// The state of repeated attempts to reach one endpoint.
struct Approach {
  // A peer listened there once, so if none listens any more it has gone.
  bool met = false;
  // The number of connections that were closed in their handshake.
  int closed = 0;
  // Called on the waiting thread while an attempt lasts: true ends the attempt.
  std::function<bool()> stop{};
};

// `loop` must outlive the channel. An error names the endpoint and the system's reason; the attempt ends
// after `timeout`. Without keys only loopback may be connected to (authentication); with keys, when this
// returns, the peer has shown a certificate of the fleet and accepted ours. Codes: invalid_input: a name
// without an address (perhaps not yet); authentication: keys that do not fit; timeout: no answer, no peer
// there yet, or a peer that is too busy, so that another attempt makes sense; peer_lost: a peer was there
// and has gone.
Result<ChannelPointer> connect_channel(IoLoop& loop, const Endpoint& endpoint, Duration timeout,
                                       const SecurityPointer& keys, Approach& approach);
Result<ChannelPointer> connect_channel(IoLoop& loop, const Endpoint& endpoint, Duration timeout,
                                       const SecurityPointer& keys = {});

class Listener {
 public:
  // The time for a stranger to prove its identity, and the most handshakes under way; one more ends the
  // oldest handshake of the address (for IPv6: network of 64 bits) that has the most.
  static constexpr Duration kHandshake = Duration::s(5);
  static constexpr std::size_t kMaxHandshakes = 64;

  virtual ~Listener() = default;
  virtual Endpoint local() const = 0;
  // Passes every connection accepted from now on to `handler`, on the loop's thread; with keys, once the
  // peer is known. REQUIRES: called once.
  virtual void accept(std::function<void(ChannelPointer)> handler) = 0;
};

// Port 0 takes any free port. `loop` must outlive the listener. Without keys any address but loopback is an
// error (authentication).
Result<std::unique_ptr<Listener>> listen_on(IoLoop& loop, const Endpoint& endpoint,
                                            const SecurityPointer& keys = {});

}  // namespace millrace
