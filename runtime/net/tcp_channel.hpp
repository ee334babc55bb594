// Between the .cpp files of this folder that make channels.
#pragma once

#include <array>

#include "runtime/net/asio_tls.hpp"
#include "runtime/net/frame_channel.hpp"
#include "runtime/net/handshake_gate.hpp"

namespace millrace {

// A channel on a connected stream whose handshake, if any, is over.
ChannelPointer make_channel(std::unique_ptr<ByteStream> stream);

// All addresses of a name: "localhost" has two where there is IPv6. Blocks. An error, if without keys one of
// them is not this machine's own.
Result<std::vector<tcp::endpoint>> resolve(IoLoop& loop, const Endpoint& endpoint,
                                           const SecurityPointer& keys, std::string_view doing);

// Who is answerable for a connection, for the gate.
HandshakeGate::Source source_of(const tcp::socket& socket);

// What who is busy says before a handshake: TLS's fatal alert `internal_error`, and as the client reads it.
inline constexpr std::array<std::uint8_t, 7> kBusyAlert{21, 3, 3, 0, 2, 2, 80};
inline constexpr int kBusyReason = 1080;  // SSL_R_TLSV1_ALERT_INTERNAL_ERROR

// Open, bound and listening.
Result<tcp::acceptor> open_acceptor(IoLoop& loop, const Endpoint& where, const SecurityPointer& keys);

std::string text_of(const tcp::endpoint& endpoint);

}  // namespace millrace
