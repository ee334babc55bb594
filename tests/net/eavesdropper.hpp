// A relay that records the bytes a client sends to a server, encrypted or not.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <mutex>
#include <string>
#include <thread>

#include "runtime/base/endpoint.hpp"

namespace millrace {

// Passes bytes on between one client and the server, and keeps the client's bytes.
class Eavesdropper {
 public:
  explicit Eavesdropper(const Endpoint& server) : server_(server) {
    listening_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (bind(listening_, reinterpret_cast<sockaddr*>(&address), length) != 0 || ::listen(listening_, 1) != 0)
      ADD_FAILURE() << "cannot listen";
    getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { relay(); });
  }
  ~Eavesdropper() {
    thread_.join();
    ::close(listening_);
  }
  Eavesdropper(const Eavesdropper&) = delete;
  Eavesdropper& operator=(const Eavesdropper&) = delete;
  Endpoint local() const { return {"127.0.0.1", port_}; }
  std::string heard() {
    const std::lock_guard lock(mutex_);
    return heard_;
  }

 private:
  void relay() {
    const int client = accept(listening_, nullptr, nullptr);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(server_.port);
    const int server = socket(AF_INET, SOCK_STREAM, 0);
    if (::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      ADD_FAILURE() << "cannot connect";
    std::array<pollfd, 2> both{pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
    std::array<char, 4096> piece{};
    for (bool open = true; open && poll(both.data(), both.size(), 20'000) > 0;) {
      for (std::size_t i = 0; i < 2; ++i) {
        if (both[i].revents == 0) continue;
        const auto got = recv(both[i].fd, piece.data(), piece.size(), 0);
        if (got <= 0) open = false;
        if (got <= 0) break;
        if (i == 0) {
          const std::lock_guard lock(mutex_);
          heard_.append(piece.data(), static_cast<std::size_t>(got));
        }
        (void)!send(both[1 - i].fd, piece.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
      }
    }
    ::close(client);
    ::close(server);
  }
  Endpoint server_;
  int listening_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::string heard_;
  std::thread thread_;
};

}  // namespace millrace
