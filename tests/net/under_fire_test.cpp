// An agent under attack keeps running and serves the next host.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "runtime/base/random.hpp"
#include "runtime/net/agent_server.hpp"
#include "runtime/net/inbox.hpp"
#include "tests/net/eavesdropper.hpp"
#include "tests/net/fleet.hpp"
#include "tests/net/loopback.hpp"
#include "tests/support/seed.hpp"
#include "tests/wire/samples.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

Result<VirtualNode::Parts> no_parts(const Scenario&, const Plan&, NodeId) { return Error{"no parts here"}; }

class AnAgentUnderFire : public testing::Test {
 protected:
  explicit AnAgentUnderFire(bool guarded = false) {
    AgentConfig config;
    config.release = "1.0";
    if (guarded) config.keys = fleet_.device("board-a");
    server_ = AgentServer::listen(std::move(config), {"127.0.0.1", 0}, factory_).value();
    thread_ = std::thread([this] { server_->run(); });
  }
  ~AnAgentUnderFire() override {
    server_->stop();
    thread_.join();
  }
  // The agent's answer to a host with these keys, awaited as long as an earlier run may still take.
  std::string answer_to(const SecurityPointer& keys, const Hello& hello) {
    IoLoop loop;
    for (int i = 0; i < 200; ++i) {
      auto channel = connect_channel(loop, server_->local(), kPatience, keys);
      if (!channel && channel.error().code == ExitCode::timeout) continue;  // busy with other peers
      if (!channel) return channel.error().message;
      const auto inbox = Inbox::of(**channel);
      (*channel)->send(to_frame(hello));
      const auto frame = inbox->next(kPatience, "agent");
      (*channel)->close();
      (void)inbox->next(kPatience, "agent");
      if (!frame) return frame.error().message;
      if (frame->type == FrameType::hello) return "hello";
      const auto refusal = parse_refusal(*frame);
      if (refusal.code != ExitCode::timeout) return refusal.message;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return "it stays busy";
  }
  static Hello hello() { return {"host", "1.0", "abc", {"board-a"}, {}, {}, "run-1", Duration::s(1)}; }

  Fleet fleet_;
  PartsFactory factory_ = no_parts;
  std::unique_ptr<AgentServer> server_;
  std::thread thread_;
};

class AGuardedAgent : public AnAgentUnderFire {
 protected:
  AGuardedAgent() : AnAgentUnderFire(true) {}
  // What an honest host sends first in a handshake.
  std::string first_flight() {
    Eavesdropper between(server_->local());
    IoLoop loop;
    const auto channel = connect_channel(loop, between.local(), kPatience, fleet_.host());
    if (!channel) {
      ADD_FAILURE() << channel.error().message;
      return {};
    }
    auto flight = between.heard();
    (*channel)->close();
    (void)Inbox::of(**channel)->next(kPatience, "agent");
    return flight;
  }
};

TEST_F(AGuardedAgent, TakesNoDeviceForTheHostAndIsNoOtherDevice) {
  EXPECT_EQ(answer_to(fleet_.host(), hello()), "hello");
  EXPECT_THAT(answer_to(fleet_.device("board-b"), hello()), HasSubstr("device board-b, not of the host"));
  auto other = hello();
  other.devices = {"board-b"};
  EXPECT_THAT(answer_to(fleet_.host(), other), HasSubstr("cannot be who the scenario says"));
}

std::uint64_t mutated_frames() {
  const char* wanted = std::getenv("MILLRACE_MUTATED_FRAMES");
  return wanted == nullptr ? 20'000 : std::strtoull(wanted, nullptr, 10);
}

// Like a real peer, but leaves no state in the kernel when it closes.
void throw_at(const Endpoint& where, const std::string& bytes, const std::string& from = "127.0.0.1") {
  const int peer = socket(AF_INET, SOCK_STREAM, 0);
  const linger at_once{1, 0};
  setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  inet_pton(AF_INET, from.c_str(), &address.sin_addr);
  (void)!::bind(peer, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  address.sin_port = htons(where.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(peer, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    std::string rest = bytes;
    (void)!send(peer, rest.data(), rest.size(), MSG_NOSIGNAL);
    char answer[256];
    // Every other peer waits a moment for an answer, so that the agent gets as far as it can.
    pollfd waiting{peer, POLLIN, 0};
    if (bytes.size() % 2 == 0 && poll(&waiting, 1, 1) > 0) (void)!recv(peer, answer, sizeof answer, 0);
  }
  ::close(peer);
}

std::string mutated(std::string bytes, Random& random) {
  for (auto n = 1 + random.below(6); n > 0 && !bytes.empty(); --n) {
    const auto where = random.below(bytes.size());
    if (random.below(3) == 0) bytes.resize(where);
    if (where < bytes.size()) bytes[where] = static_cast<char>(random.below(256));
  }
  return bytes;
}

TEST_F(AnAgentUnderFire, SurvivesMutatedFramesAndServesTheNextHost) {
  const auto seed = test_seed();
  SCOPED_TRACE(testing::Message() << "MILLRACE_TEST_SEED=" << seed);
  Random random(seed, "frames at an agent");
  const auto frames = sample_frames();
  const auto good_hello = bytes_of(to_frame(hello()));
  for (std::uint64_t i = 0; i < mutated_frames(); ++i) {
    const auto frame = mutated(bytes_of(frames[random.below(frames.size())].second), random);
    throw_at(server_->local(), random.below(20) == 0 ? good_hello + frame : frame);
  }
  EXPECT_EQ(answer_to({}, hello()), "hello");
}

// Real first messages of handshakes from one address, as fast as possible: an honest host at another address
// is admitted at its first attempt each time.
TEST_F(AGuardedAgent, AFloodOfHandshakesFromOneAddressLeavesOthersUntouched) {
  const auto flight = first_flight();
  std::atomic<bool> over = false;
  std::atomic<int> thrown = 0;
  std::thread flood([&] {
    for (; !over && thrown < 50'000; ++thrown) {
      throw_at(server_->local(), flight, "127.0.0.2");
      std::this_thread::sleep_for(std::chrono::microseconds(150));  // some 5,000 a second
    }
  });
  while (thrown < 1000) std::this_thread::yield();  // its share of concurrent handshakes is used up
  IoLoop loop;
  for (int i = 0; i < 20; ++i) {
    const auto channel = connect_channel(loop, server_->local(), kPatience, fleet_.host());
    EXPECT_TRUE(channel.ok()) << i << ": " << channel.error().message;
    if (channel) (*channel)->close();
  }
  EXPECT_EQ(answer_to(fleet_.host(), hello()), "hello");
  over = true;
  flood.join();
}

TEST_F(AGuardedAgent, SurvivesMutatedFramesAndServesTheNextHost) {
  const auto seed = test_seed();
  SCOPED_TRACE(testing::Message() << "MILLRACE_TEST_SEED=" << seed);
  Random random(seed, "frames at a guarded agent");
  const auto flight = first_flight();
  // As many as one address may send at once, then at the rate that it may.
  for (std::uint64_t i = 0; i < mutated_frames() / 50; ++i) {
    throw_at(server_->local(), mutated(flight, random));
    if (i >= 400) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(answer_to(fleet_.host(), hello()), "hello");
  EXPECT_EQ(answer_to(fleet_.device("board-b"), hello()).substr(0, 15), "the certificate");
}

TEST_F(AnAgentUnderFire, SitsOutThoseWhoSayNothing) {
  std::vector<std::unique_ptr<RawPeer>> sitting;
  for (int i = 0; i < 300; ++i) sitting.push_back(std::make_unique<RawPeer>(server_->local()));
  EXPECT_EQ(answer_to({}, hello()), "hello");
}

}  // namespace
}  // namespace millrace
