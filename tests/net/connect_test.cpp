// The error of a failed connection: the caller has to know whether to try again, whether the peer has gone,
// or whether keys do not match.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

#include "runtime/net/agent.hpp"
#include "tests/net/fleet.hpp"
#include "tests/net/loopback.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

// Accepts, sends a text, and closes.
class RudeServer {
 public:
  explicit RudeServer(std::string word) : word_(std::move(word)), socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (::bind(socket_, reinterpret_cast<const sockaddr*>(&address), length) != 0 ||
        ::listen(socket_, 16) != 0 ||
        getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length) != 0)
      ADD_FAILURE() << "cannot listen";
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] {
      for (int peer = 0; (peer = ::accept(socket_, nullptr, nullptr)) >= 0; ::close(peer)) {
        if (!word_.empty()) (void)!::send(peer, word_.data(), word_.size(), MSG_NOSIGNAL);
      }
    });
  }
  ~RudeServer() { close(); }
  RudeServer(const RudeServer&) = delete;
  RudeServer& operator=(const RudeServer&) = delete;
  void close() {
    if (socket_ < 0) return;
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
    socket_ = -1;
  }
  Endpoint where() const { return {"127.0.0.1", port_}; }

 private:
  std::string word_;
  int socket_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

class Connecting : public testing::Test {
 protected:
  Error attempt(const Endpoint& where, const SecurityPointer& keys) {
    const auto channel = connect_channel(loop_, where, kPatience, keys, approach_);
    return channel ? Error{"connected"} : channel.error();
  }

  Fleet fleet_;
  IoLoop loop_;
  Approach approach_;
};

TEST_F(Connecting, WhereNobodyListensAnotherAttemptMakesSense) {
  RudeServer gone("");
  gone.close();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(attempt(gone.where(), {}).code, ExitCode::timeout);
}

// Several attempts, because a flooded listener closes connections of unknown peers too.
TEST_F(Connecting, WhoClosesEveryConnectionInItsHandshakeHasGone) {
  const RudeServer rude("");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(attempt(rude.where(), fleet_.host()).code, ExitCode::timeout);
  const auto last = attempt(rude.where(), fleet_.host());
  EXPECT_EQ(last.code, ExitCode::peer_lost);
  EXPECT_THAT(last.message, HasSubstr("closed before it was agreed who talks to whom"));
}

TEST_F(Connecting, WhoWasThereAndDoesNotListenAnyMoreHasGone) {
  RudeServer rude("");
  EXPECT_EQ(attempt(rude.where(), fleet_.host()).code, ExitCode::timeout);
  rude.close();
  EXPECT_EQ(attempt(rude.where(), fleet_.host()).code, ExitCode::peer_lost);
}

TEST_F(Connecting, WhoIsBusySaysSoAndIsTriedAgain) {
  const RudeServer busy(std::string("\x15\x03\x03\x00\x02\x02\x50", 7));
  for (int i = 0; i < 8; ++i) {
    const auto error = attempt(busy.where(), fleet_.host());
    EXPECT_EQ(error.code, ExitCode::timeout);
    EXPECT_THAT(error.message, HasSubstr("busy with too many handshakes"));
  }
}

TEST_F(Connecting, WhoSpeaksNoTlsIsAMatterOfKeys) {
  const RudeServer plain("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_EQ(attempt(plain.where(), fleet_.host()).code, ExitCode::authentication);
}

TEST_F(Connecting, EndsWhenItMakesNoSenseAnyMore) {
  const auto listening = listen_on(loop_, {"127.0.0.1", 0}, fleet_.device("board-a"));  // never accepts
  approach_.stop = [] { return true; };
  const auto began = std::chrono::steady_clock::now();
  EXPECT_THAT(attempt((*listening)->local(), fleet_.host()).message, HasSubstr("not needed any more"));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
}

// An agent does not wait for a host that is killed during the handshake.
TEST_F(Connecting, AnAgentWhoseHostGoesInTheHandshakeHasLostIt) {
  const RudeServer rude("");
  AgentConfig config{.host = rude.where(), .devices = {"board-a"}, .scenario_sha256 = {}, .release = "1"};
  config.keys = fleet_.device("board-a");
  const PartsFactory none = [](const Scenario&, const Plan&, NodeId) -> Result<VirtualNode::Parts> {
    return Error{"none"};
  };
  EXPECT_EQ(run_agent(config, none).error().code, ExitCode::peer_lost);
}

}  // namespace
}  // namespace millrace
