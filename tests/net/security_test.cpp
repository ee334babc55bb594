// Who gets in and who does not. Attackers are plain sockets or TLS without the right keys; what counts is
// that none of them reaches the handler, that nothing crashes, and that an honest peer is served all the
// while.
#include "runtime/net/security.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "runtime/base/random.hpp"
#include "runtime/net/agent.hpp"
#include "runtime/net/asio_tls.hpp"
#include "runtime/net/inbox.hpp"
#include "tests/net/fleet.hpp"
#include "tests/net/loopback.hpp"
#include "tests/support/seed.hpp"
#include "tests/wire/samples.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

// board-a listens; everybody who is let in is counted, and greeted.
class AGuardedDoor : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = listen_on(loop_, {"127.0.0.1", 0}, fleet_.device("board-a"));
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    listener_ = std::move(*opened);
    listener_->accept([this](const ChannelPointer& channel) {
      ++let_in_;
      seen_ = channel->names();
      channel->receive([](const Result<Frame>&) {});
    });
  }
  Result<ChannelPointer> come_with(const std::string& folder) {
    return connect_channel(loop_, listener_->local(), kPatience, Security::load(folder).value());
  }
  void expect_refused(const std::string& folder) {
    const auto channel = come_with(folder);
    ASSERT_FALSE(channel.ok());
    EXPECT_EQ(channel.error().code, ExitCode::authentication) << channel.error().message;
    EXPECT_EQ(let_in_, 0);
  }
  void expect_honest_peer_is_served() {
    const int before = let_in_;
    const auto channel = connect_channel(loop_, listener_->local(), kPatience, fleet_.host());
    ASSERT_TRUE(channel.ok()) << channel.error().message;
    EXPECT_EQ(let_in_, before + 1);
    (*channel)->close();
  }

  Fleet fleet_;
  IoLoop loop_;
  std::unique_ptr<Listener> listener_;
  std::atomic<int> let_in_ = 0;
  std::optional<PeerNames> seen_;
};

TEST_F(AGuardedDoor, KnowsBothSidesByName) {
  const auto channel = connect_channel(loop_, listener_->local(), kPatience, fleet_.host());
  ASSERT_TRUE(channel.ok()) << channel.error().message;
  ASSERT_TRUE((*channel)->names());
  EXPECT_EQ((*channel)->names()->devices, std::set<std::string>{"board-a"});
  EXPECT_FALSE((*channel)->names()->host);
  ASSERT_TRUE(seen_);
  EXPECT_TRUE(seen_->host);
  EXPECT_TRUE(may_be_host(seen_).ok());
  EXPECT_EQ(may_be_devices(seen_, {"board-a"}).error().code, ExitCode::authentication);
  EXPECT_THAT(may_be_host((*channel)->names()).error().message, HasSubstr("that of device board-a"));
  EXPECT_EQ(may_be_devices((*channel)->names(), {"board-a", "board-b"}).error().code,
            ExitCode::authentication);
}

TEST_F(AGuardedDoor, LetsNobodyInWithoutACertificate) {
  asio::io_context context;
  asio::ssl::context tls(asio::ssl::context::tls_client);
  asio::ssl::stream<tcp::socket> stream(context, tls);
  stream.lowest_layer().connect({asio::ip::address_v4::loopback(), listener_->local().port});
  error_code error;
  stream.handshake(asio::ssl::stream_base::client, error);
  std::array<char, 64> bytes{};
  if (!error) stream.read_some(asio::buffer(bytes), error);  // TLS 1.3: the server's verdict comes now
  EXPECT_EQ(error.category(), asio::error::get_ssl_category()) << error.message();
  EXPECT_EQ(let_in_, 0);
  expect_honest_peer_is_served();
}

TEST_F(AGuardedDoor, LetsNobodyInWhoDoesNotSpeakTls) {
  RawPeer peer(listener_->local());
  peer.say(bytes_of(to_frame(Hello{"host", "1.0", {}, {"board-a"}, {}, {}})));
  (void)peer.hear_all();
  EXPECT_EQ(let_in_, 0);
}

TEST_F(AGuardedDoor, LetsNobodyInFromAnotherFleet) {
  const Fleet other;
  expect_refused(fleet_.folder({.host = true, .devices = {}}, {.until_s = 3600}, &other.authority()));
  expect_honest_peer_is_served();
}

TEST_F(AGuardedDoor, LetsNobodyInWithOldOrFutureKeys) {
  expect_refused(fleet_.folder({.host = true, .devices = {}}, {.from_s = -7200, .until_s = -3600}));
  expect_refused(fleet_.folder({.host = true, .devices = {}}, {.from_s = 3600, .until_s = 7200}));
  expect_honest_peer_is_served();
}

TEST_F(AGuardedDoor, IsNotBelievedEitherWithOldKeys) {
  const auto old = Security::load(
      fleet_.folder({.host = false, .devices = {"board-a"}}, {.from_s = -7200, .until_s = -3600}));
  auto imposter = listen_on(loop_, {"127.0.0.1", 0}, *old).value();
  imposter->accept([this](const ChannelPointer&) { ++let_in_; });
  const auto channel = connect_channel(loop_, imposter->local(), kPatience, fleet_.host());
  ASSERT_FALSE(channel.ok());
  EXPECT_EQ(channel.error().code, ExitCode::authentication) << channel.error().message;
  EXPECT_EQ(let_in_, 0);
}

// Passes bytes on between one client and the server, and keeps what the client said.
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

TEST_F(AGuardedDoor, DoesNotTakeARecordingForItsOriginal) {
  std::string recorded;
  {
    Eavesdropper between(listener_->local());
    const auto channel = connect_channel(loop_, between.local(), kPatience, fleet_.host());
    ASSERT_TRUE(channel.ok()) << channel.error().message;
    (*channel)->send(to_frame(Hello{"host", "1.0", {}, {"board-a"}, {}, {}}));
    (*channel)->close();
    const auto inbox = Inbox::of(**channel);
    (void)inbox->next(kPatience, "door");
    recorded = between.heard();
  }
  ASSERT_EQ(let_in_, 1);
  ASSERT_GT(recorded.size(), 500U);
  for (int i = 0; i < 3; ++i) {
    RawPeer again(listener_->local());
    again.say(recorded);
    (void)again.hear_all();  // until it is turned away
  }
  EXPECT_EQ(let_in_, 1);
  expect_honest_peer_is_served();
}

TEST_F(AGuardedDoor, StaysOpenWhileManySitInFrontOfIt) {
  std::vector<std::unique_ptr<RawPeer>> sitting;
  for (std::size_t i = 0; i < 3 * Listener::kMaxHandshakes; ++i) {
    sitting.push_back(std::make_unique<RawPeer>(listener_->local()));
    sitting.back()->say("\x16");  // the first byte of a handshake, and no more
    if (i % Listener::kMaxHandshakes == 0) expect_honest_peer_is_served();
  }
  expect_honest_peer_is_served();
}

TEST_F(AGuardedDoor, AFloodFromOneAddressPushesOutNobodyElse) {
  RawPeer slow(listener_->local(), "127.0.0.2");
  slow.say("\x16");
  std::vector<std::unique_ptr<RawPeer>> flood;
  for (std::size_t i = 0; i < Listener::kMaxHandshakes + 8; ++i)
    flood.push_back(std::make_unique<RawPeer>(listener_->local()));
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(flood[i]->hear_all(), "") << i << " was pushed out";
  EXPECT_TRUE(slow.hears_nothing_yet()) << "has its time";
}

// Open sockets are bounded: two to each of those who may read why, one (the stranger's own) to each of the
// others, and one that may be about to close.
TEST_F(AGuardedDoor, DoesNotWaitForMoreThanSomeOfThoseItTurnedAway) {
  const auto open_files = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  };
  const auto before = open_files();
  constexpr std::size_t kMany = 4 * Listener::kMaxHandshakes;
  std::vector<std::unique_ptr<RawPeer>> rude;
  for (std::size_t i = 0; i < kMany; ++i) {
    rude.push_back(std::make_unique<RawPeer>(listener_->local()));
    rude.back()->say("GET / HTTP/1.1\r\n\r\n");
    (void)rude.back()->hear_all();
  }
  EXPECT_LE(open_files() - before, static_cast<std::ptrdiff_t>(kMany + Listener::kMaxHandshakes + 1));
  expect_honest_peer_is_served();
}

TEST(Security, WithoutKeysOnlyThisMachineIsSpokenTo) {
  IoLoop loop;
  for (const auto& error : {listen_on(loop, {"0.0.0.0", 0}).error(),
                            connect_channel(loop, {"192.0.2.1", 7000}, kPatience).error()}) {
    EXPECT_EQ(error.code, ExitCode::authentication);
    EXPECT_THAT(error.message, HasSubstr("give --keys DIR"));
  }
}

TEST(Security, KeysThatAreNotThereAreNamed) {
  const auto loaded = Security::load("/nowhere");
  EXPECT_EQ(loaded.error().code, ExitCode::authentication);
  EXPECT_THAT(loaded.error().message,
              HasSubstr("/nowhere/ca.crt: No such file or directory; `millrace keys`"));
  Fleet fleet;
  const auto folder = fleet.folder({.host = true, .devices = {}});
  std::ofstream(folder + "/node.crt") << "rubbish";
  EXPECT_THAT(Security::load(folder).error().message, HasSubstr("/node.crt: it cannot be used: "));
}

// --- an agent under fire

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
  // Whether a host with these keys is greeted, within the time that an earlier run may still take.
  std::string answer_to(const SecurityPointer& keys, const Hello& hello) {
    IoLoop loop;
    for (int i = 0; i < 200; ++i) {
      auto channel = connect_channel(loop, server_->local(), kPatience, keys);
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

// Like a real socket, but leaves nothing behind in the kernel when it goes.
void throw_at(const Endpoint& where, const std::string& bytes) {
  const int peer = socket(AF_INET, SOCK_STREAM, 0);
  const linger at_once{1, 0};
  setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(where.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(peer, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    std::string rest = bytes;
    (void)!send(peer, rest.data(), rest.size(), MSG_NOSIGNAL);
    char answer[256];
    // Every other one listens a moment, so that the agent gets as far as it will.
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

TEST_F(AGuardedAgent, SurvivesMutatedFramesAndServesTheNextHost) {
  const auto seed = test_seed();
  SCOPED_TRACE(testing::Message() << "MILLRACE_TEST_SEED=" << seed);
  Random random(seed, "frames at a guarded agent");
  std::string flight;
  {
    Eavesdropper between(server_->local());
    IoLoop loop;
    const auto channel = connect_channel(loop, between.local(), kPatience, fleet_.host());
    ASSERT_TRUE(channel.ok()) << channel.error().message;
    flight = between.heard();
    (*channel)->close();
    (void)Inbox::of(**channel)->next(kPatience, "agent");
  }
  for (std::uint64_t i = 0; i < mutated_frames() / 10; ++i)
    throw_at(server_->local(), mutated(flight, random));
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
