// Two ends of a connection over loopback, and a raw socket for peers that do not speak our protocol.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <memory>
#include <string>

#include "runtime/net/frame_channel.hpp"
#include "runtime/net/inbox.hpp"

namespace millrace {

inline constexpr Duration kPatience = Duration::s(20);

class Loopback : public testing::Test {
 protected:
  void listen() {
    auto listener = listen_on(loop_, {"127.0.0.1", 0});
    ASSERT_TRUE(listener.ok()) << listener.error().message;
    listener_ = std::move(*listener);
    listener_->accept([this](const ChannelPointer& channel) { accepted_.set_value(channel); });
  }
  // Waits for the accepting side.
  void await_server() {
    server_ = accepted_.get_future().get();
    server_inbox_ = Inbox::of(*server_);
  }
  void connect() {
    listen();
    auto channel = connect_channel(loop_, listener_->local(), kPatience);
    ASSERT_TRUE(channel.ok()) << channel.error().message;
    client_ = std::move(*channel);
    client_inbox_ = Inbox::of(*client_);
    await_server();
  }
  Result<Frame> at_server() { return server_inbox_->next(kPatience, "the client"); }
  Result<Frame> at_client() { return client_inbox_->next(kPatience, "the server"); }

  IoLoop loop_;
  std::unique_ptr<Listener> listener_;
  std::promise<ChannelPointer> accepted_;
  ChannelPointer client_, server_;
  std::shared_ptr<Inbox> client_inbox_, server_inbox_;
};

// A plain socket.
class RawPeer {
 public:
  // `from`: another loopback address, to appear as a different peer.
  explicit RawPeer(const Endpoint& where, const std::string& from = "127.0.0.1")
      : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    inet_pton(AF_INET, from.c_str(), &address.sin_addr);
    if (::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      ADD_FAILURE() << "cannot bind";
    address.sin_port = htons(where.port);
    inet_pton(AF_INET, where.address.c_str(), &address.sin_addr);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      ADD_FAILURE() << "cannot connect";
  }
  ~RawPeer() { close(); }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  void say(const std::string& bytes) { (void)!::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  // All bytes until the other side closes.
  std::string hear_all() {
    std::string all;
    char piece[4096];
    for (;;) {
      const auto got = ::recv(socket_, piece, sizeof piece, 0);
      if (got <= 0) return all;
      all.append(piece, static_cast<std::size_t>(got));
    }
  }
  // The other side has neither closed nor sent anything.
  bool hears_nothing_yet() const {
    char byte = 0;
    return ::recv(socket_, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
  }
  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

 private:
  int socket_;
};

inline std::string header_bytes(const FrameHeader& header) {
  const auto bytes = encode_header(header);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace millrace
