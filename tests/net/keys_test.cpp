// Wrong keys, or keys missing on one side: the message to each side, and the rights of a scraper of metrics.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "runtime/net/security.hpp"
#include "tests/net/fleet.hpp"
#include "tests/net/loopback.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

// board-a listens, with keys.
class AnAgentWithKeys : public testing::Test {
 protected:
  AnAgentWithKeys() {
    listener_->accept([this](const ChannelPointer& channel) {
      seen_.set_value(channel->names());
      channel->receive([](const Result<Frame>&) {});
    });
  }

  Fleet fleet_;
  IoLoop loop_;
  std::unique_ptr<Listener> listener_ = listen_on(loop_, {"127.0.0.1", 0}, fleet_.device("board-a")).value();
  std::promise<std::optional<PeerNames>> seen_;
};

// Whichever side lacks keys, both sides are told which one, and what to do.
TEST_F(AnAgentWithKeys, TellsWhoSpeaksNoTlsSo) {
  const auto channel = connect_channel(loop_, listener_->local(), kPatience);
  ASSERT_TRUE(channel.ok()) << channel.error().message;
  const auto inbox = Inbox::of(**channel);
  (*channel)->send(to_frame(Hello{"host", "1.0", {}, {"board-a"}, {}, {}}));
  const auto heard = inbox->next(kPatience, "the agent");
  ASSERT_TRUE(heard.ok()) << heard.error().message;
  ASSERT_EQ(heard->type, FrameType::refusal);
  const auto refusal = parse_refusal(*heard);
  EXPECT_EQ(
      refusal.message,
      "it was started with keys and speaks TLS only; give --keys DIR here too (`millrace keys` makes them)");
  EXPECT_EQ(refusal.code, ExitCode::authentication);
}

TEST_F(AnAgentWithKeys, IsToldThatTheOtherSideHasNone) {
  std::promise<Error> told;
  auto open_door = listen_on(loop_, {"127.0.0.1", 0}, nullptr).value();
  open_door->accept([&told](const ChannelPointer& channel) {
    channel->receive([&told, channel](const Result<Frame>& frame) {
      if (!frame) told.set_value(frame.error());
    });
  });
  const auto channel = connect_channel(loop_, open_door->local(), kPatience, fleet_.host());
  ASSERT_FALSE(channel.ok());
  EXPECT_THAT(channel.error().message,
              HasSubstr("it speaks no TLS: it was started without keys; start it with --keys"));
  EXPECT_EQ(channel.error().code, ExitCode::authentication);
  const auto error = told.get_future().get();
  EXPECT_THAT(error.message, HasSubstr("the peer speaks TLS, and here no keys were given; give --keys DIR"));
  EXPECT_EQ(error.code, ExitCode::authentication);
}

TEST(KeysOfSomeoneElse, AreRefusedWithTheFolderThatIsWanted) {
  Fleet fleet;
  const auto host = fleet.folder({.host = true, .devices = {}});
  const auto device = fleet.folder({.host = false, .devices = {"board-a"}});
  const auto scraper = fleet.folder({.host = false, .devices = {}, .scraper = true});
  EXPECT_TRUE(Security::load_for_host(host).ok());
  EXPECT_TRUE(Security::load_for_agent(device, {}).ok());
  EXPECT_TRUE(Security::load_for_agent(device, {"board-a"}).ok());
  EXPECT_EQ(Security::load_for_host(device).error().message,
            "--keys " + device +
                ": these are the keys of device board-a, and a host takes the folder host/ that "
                "`millrace keys` made beside it");
  EXPECT_EQ(Security::load_for_agent(host, {}).error().message,
            "--keys " + host +
                ": these are the keys of the host, and an agent takes the folder of its device that "
                "`millrace keys` made");
  EXPECT_THAT(Security::load_for_agent(device, {"board-b"}).error().message,
              HasSubstr("the keys of device board-a, and an agent takes the folder of device board-b"));
  for (const auto& refused : {Security::load_for_host(scraper), Security::load_for_agent(scraper, {})}) {
    EXPECT_THAT(refused.error().message, HasSubstr("these are the keys of a scraper of figures"));
    EXPECT_EQ(refused.error().code, ExitCode::authentication);
  }
}

TEST_F(AnAgentWithKeys, KnowsAScraperForNeitherHostNorDevice) {
  const auto keys = Security::load(fleet_.folder({.host = false, .devices = {}, .scraper = true})).value();
  const auto channel = connect_channel(loop_, listener_->local(), kPatience, keys);
  ASSERT_TRUE(channel.ok()) << channel.error().message;
  const auto seen = seen_.get_future().get();
  ASSERT_TRUE(seen);
  EXPECT_TRUE(may_read_figures(seen).ok());
  EXPECT_THAT(may_be_host(seen).error().message, HasSubstr("that of a scraper of figures, not of the host"));
  EXPECT_EQ(may_be_devices(seen, {"board-a"}).error().code, ExitCode::authentication);
  EXPECT_THAT(may_read_figures((*channel)->names()).error().message,
              HasSubstr("that of device board-a, not of the host or a scraper"));
}

}  // namespace
}  // namespace millrace
