// A connection that carries frames both ways. Writes gather header and payload from where they lie; payloads
// are read straight into pooled buffers, which become the messages'. Until open_up() only small frames
// without payload are taken, so that a stranger cannot make us allocate. With keys the connection is TLS 1.3
// and both ends are known by name; without, it stays on loopback.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/net/io_loop.hpp"
#include "runtime/net/security.hpp"
#include "runtime/wire/messages.hpp"

namespace millrace {

// What one peer may have us hold of its payloads, unless open_up() says otherwise.
inline constexpr std::size_t kPeerMemory = std::size_t{1} << 30;

class FrameChannel {
 public:
  // Every frame in order, then once the error that ended the connection. Runs on the loop's thread.
  using Handler = std::function<void(Result<Frame>)>;
  struct Traffic {
    std::uint64_t bytes_in = 0, bytes_out = 0;  // frames, without what TLS and TCP add
  };

  virtual ~FrameChannel() = default;
  // Begins to read. Called again, later frames go to the new handler; from a handler this is at once.
  virtual void receive(Handler handler) = 0;
  // Any thread. Frames leave in order; one beyond kMaxQueued unsent ones ends the connection.
  virtual void send(Frame frame) = 0;
  // The peer is known: frames up to the limits of frame.hpp are taken from now on, payloads as far as those
  // that are not yet used up leave room in `memory` bytes; more ends the connection.
  virtual void open_up(std::size_t memory = kPeerMemory) = 0;
  // Sends a heartbeat whenever `period` has passed, until the connection ends; a later call changes it.
  virtual void keep_alive(Duration period) = 0;
  // From now on a peer from which not a byte comes for `silence` is lost: an error that says so.
  virtual void expect_life(Duration silence) = 0;
  // Closes after what is queued has been sent; the handler hears of it.
  virtual void close() = 0;
  // "127.0.0.1:4711", for messages.
  virtual std::string peer() const = 0;
  // Under which address this side is reached by its peer.
  virtual std::string local_address() const = 0;
  // Who the peer is by its certificate; nothing where the connection is plain.
  virtual const std::optional<PeerNames>& names() const = 0;
  // So far. Any thread.
  virtual Traffic traffic() const = 0;
};

using ChannelPointer = std::shared_ptr<FrameChannel>;

// Frames a channel will hold unsent, and bytes of theirs beside the one that is being sent; credits keep well
// below it.
inline constexpr std::size_t kMaxQueued = 4096;
inline constexpr std::int64_t kMaxQueuedBytes = std::int64_t{1} << 30;
// Largest meta message before open_up().
inline constexpr std::uint32_t kMaxStrangerMeta = 64U << 10;

// What attempts to reach one endpoint have learnt of it.
struct Approach {
  // Somebody listened there once: who does not any more has gone.
  bool met = false;
  // So often a connection was closed before it was agreed who talks to whom.
  int closed = 0;
  // Asked while an attempt lasts, on the thread that waits: whether it makes no sense any more.
  std::function<bool()> stop{};
};

// `loop` outlives the channel. An error names the endpoint and what the system said; after `timeout` it gives
// up. Without keys only loopback is connected to (authentication); with keys the peer has shown a certificate
// of the fleet and taken ours when this returns. Codes: invalid_input: a name that has no address (not yet,
// perhaps); authentication: keys that do not fit; timeout: no answer, nobody there yet, or somebody who has
// no time for us now, so that another attempt makes sense; peer_lost: somebody was there, and has gone.
Result<ChannelPointer> connect_channel(IoLoop& loop, const Endpoint& endpoint, Duration timeout,
                                       const SecurityPointer& keys, Approach& approach);
Result<ChannelPointer> connect_channel(IoLoop& loop, const Endpoint& endpoint, Duration timeout,
                                       const SecurityPointer& keys = {});

class Listener {
 public:
  // How long a stranger may take to prove who it is, and how many may be at it; one more makes the oldest of
  // those go whose address (of IPv6: network of 64 bits) has most.
  static constexpr Duration kHandshake = Duration::s(5);
  static constexpr std::size_t kMaxHandshakes = 64;

  virtual ~Listener() = default;
  virtual Endpoint local() const = 0;
  // Every connection accepted from now on, on the loop's thread; with keys, once the peer is known.
  // REQUIRES: called once.
  virtual void accept(std::function<void(ChannelPointer)> handler) = 0;
};

// Port 0 takes any free one. `loop` outlives the listener. Without keys only loopback is listened on
// (authentication).
Result<std::unique_ptr<Listener>> listen_on(IoLoop& loop, const Endpoint& endpoint,
                                            const SecurityPointer& keys = {});

}  // namespace millrace
