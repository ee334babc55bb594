// Declarations shared by the .cpp files of this folder that make channels.
#pragma once

#include <array>

#include "runtime/net/asio_tls.hpp"
#include "runtime/net/frame_channel.hpp"
#include "runtime/net/handshake_gate.hpp"

namespace millrace {

// A channel on a connected stream whose handshake, if any, is over.
ChannelPointer make_channel(std::unique_ptr<ByteStream> stream);

// All addresses of a name: "localhost" has two on a machine with IPv6. Blocks. Without keys, an address
// other than loopback is an error.
Result<std::vector<tcp::endpoint>> resolve(IoLoop& loop, const Endpoint& endpoint,
                                           const SecurityPointer& keys, std::string_view doing);

// The source that a connection counts against in the gate.
HandshakeGate::Source source_of(const tcp::socket& socket);

// The answer of a busy listener before a handshake: TLS's fatal alert `internal_error`, and the reason code
// that the client's OpenSSL reports for it.
inline constexpr std::array<std::uint8_t, 7> kBusyAlert{21, 3, 3, 0, 2, 2, 80};
inline constexpr int kBusyReason = 1080;  // SSL_R_TLSV1_ALERT_INTERNAL_ERROR

// Returns an acceptor that is open, bound and listening.
Result<tcp::acceptor> open_acceptor(IoLoop& loop, const Endpoint& where, const SecurityPointer& keys);

std::string text_of(const tcp::endpoint& endpoint);

}  // namespace millrace
