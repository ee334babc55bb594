// Which peers are admitted. Attackers are plain sockets or TLS without the right keys; none of them may reach
// the handler or cause a crash, and an honest peer must be served all the while.
#include "runtime/net/security.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "runtime/net/asio_tls.hpp"
#include "runtime/net/inbox.hpp"
#include "tests/net/eavesdropper.hpp"
#include "tests/net/fleet.hpp"
#include "tests/net/loopback.hpp"
#include "tests/wire/samples.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

// board-a listens; admitted peers are counted and greeted.
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
  if (!error) stream.read_some(asio::buffer(bytes), error);  // TLS 1.3: the server's verdict comes only now
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
    (void)again.hear_all();  // until it is rejected
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
  EXPECT_TRUE(slow.hears_nothing_yet()) << "a slow peer keeps its time";
}

// Open sockets are bounded: two for each peer that may still read the reason, one (the peer's own) for each
// of the others, and one that may be about to close.
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

}  // namespace
}  // namespace millrace
