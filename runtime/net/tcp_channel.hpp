// Between the .cpp files of this folder that make channels.
#pragma once

#include "runtime/net/asio_tls.hpp"
#include "runtime/net/frame_channel.hpp"

namespace millrace {

// A channel on a connected stream whose handshake, if any, is over.
ChannelPointer make_channel(std::unique_ptr<ByteStream> stream);

// All addresses of a name: "localhost" has two where there is IPv6. Blocks. An error, if without keys one of
// them is not this machine's own.
Result<std::vector<tcp::endpoint>> resolve(IoLoop& loop, const Endpoint& endpoint,
                                           const SecurityPointer& keys, std::string_view doing);

// Open, bound and listening.
Result<tcp::acceptor> open_acceptor(IoLoop& loop, const Endpoint& where, const SecurityPointer& keys);

std::string text_of(const tcp::endpoint& endpoint);

}  // namespace millrace
