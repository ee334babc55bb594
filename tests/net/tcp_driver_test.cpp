#include "runtime/net/tcp_driver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/net/loopback.hpp"
#include "tests/node/parts.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

// One stage, node 1, between a predecessor and a successor that tests play. Its host is the server's end.
class ATcpDriver : public Loopback {
 protected:
  void build(std::uint32_t id = 1) {
    connect();
    server_->open_up();
    auto node = std::make_unique<ScriptedNode>();
    node->message = [](Time, const Message& message, Outbox& out) -> Result<void> {
      if (std::holds_alternative<Feedback>(message)) return Error{"feedback was not expected"};
      out.record(LinkSample{});
      return {};
    };
    std::map<NodeId, VirtualNode::Parts> parts;
    parts.emplace(NodeId{id},
                  VirtualNode::Parts{std::move(node), std::make_unique<ScriptedExecutor>(nothing_to_do),
                                     std::make_unique<FlatCost>(Duration{})});
    // The sink has no successor to connect to.
    auto driver = TcpDriver::open(loop_, *client_, {"1.0", "abc"}, std::move(parts), NodeId{id});
    ASSERT_TRUE(driver.ok()) << driver.error().message;
    driver_ = std::move(*driver);
  }
  ChannelPointer come(const Hello& hello) {
    auto channel = connect_channel(loop_, {"127.0.0.1", driver_->port()}, kPatience).value();
    neighbour_ = Inbox::of(*channel);
    channel->open_up();
    channel->send(to_frame(hello));
    return channel;
  }
  std::string refused(const Hello& hello) {
    const auto channel = come(hello);
    const auto frame = neighbour_->next(kPatience, "driver");
    if (!frame || frame->type != FrameType::refusal) return "it was not refused";
    return parse_refusal(*frame).message;
  }
  void TearDown() override { driver_.reset(); }

  std::unique_ptr<TcpDriver> driver_;
  std::shared_ptr<Inbox> neighbour_;
};

Hello predecessor() { return {"peer", "1.0", "abc", {}, {0}, {1}}; }

TEST_F(ATcpDriver, TakesItsPredecessorsMessagesAndReportsToTheHost) {
  build();
  const auto channel = come(predecessor());
  ASSERT_TRUE(driver_->connect({}, kPatience).ok());
  channel->send(to_frame(FrameType::message, NodeMessage{{0}, {1}, microbatch(0, 4, 0)}));
  driver_->start();
  const auto report = parse_report(*at_server());
  EXPECT_EQ(report->node, NodeId{1});
  EXPECT_EQ(report->records.size(), 1U);
}

TEST_F(ATcpDriver, RefusesStrangersWithASentence) {
  build();
  auto hello = predecessor();
  hello.release = "2.0";
  EXPECT_THAT(refused(hello), HasSubstr("use one release everywhere"));
  hello = predecessor();
  hello.scenario_sha256 = "def";
  EXPECT_THAT(refused(hello), HasSubstr("another scenario"));
  hello = predecessor();
  hello.sender = "agent";
  EXPECT_THAT(refused(hello), HasSubstr("no connection from node 0 to node 1 is expected here"));
  hello = predecessor();
  hello.to_node = {2};
  EXPECT_THAT(refused(hello), HasSubstr("no connection from node 0 to node 2"));
  hello = predecessor();
  hello.from_node = {2};
  EXPECT_THAT(refused(hello), HasSubstr("no connection from node 2 to node 1"));
  const auto honest = come(predecessor());
  EXPECT_TRUE(driver_->connect({}, kPatience).ok()) << "after all of them";
}

TEST_F(ATcpDriver, APredecessorThatIsThereAlreadyIsNotReplaced) {
  build();
  const auto honest = come(predecessor());
  ASSERT_TRUE(driver_->connect({}, kPatience).ok());
  EXPECT_THAT(refused(predecessor()), HasSubstr("is expected here"));
}

TEST_F(ATcpDriver, NobodyPrecedesTheSource) {
  build(0);
  EXPECT_THAT(refused({"peer", "1.0", "abc", {}, {0xffffffffU}, {0}}), HasSubstr("is expected here"));
}

TEST_F(ATcpDriver, APredecessorThatDoesNotComeIsATimeOutThatNamesIt) {
  build();
  const auto connected = driver_->connect({}, Duration::ms(20));
  EXPECT_EQ(connected.error().code, ExitCode::timeout);
  EXPECT_THAT(connected.error().message, HasSubstr("node 1: no connection from node 0"));
}

TEST_F(ATcpDriver, LosingANeighbourIsToldToTheHostOnce) {
  build();
  auto channel = come(predecessor());
  ASSERT_TRUE(driver_->connect({}, kPatience).ok());
  driver_->start();
  channel->close();
  const auto frame = at_server();
  ASSERT_EQ(frame->type, FrameType::refusal);
  EXPECT_EQ(parse_refusal(*frame).code, ExitCode::peer_lost);
  EXPECT_THAT(parse_refusal(*frame).message, HasSubstr("node 1 lost node 0"));
}

TEST_F(ATcpDriver, AfterStopANeighbourMayLeave) {
  build();
  auto channel = come(predecessor());
  ASSERT_TRUE(driver_->connect({}, kPatience).ok());
  driver_->start();
  driver_->stop();
  channel->close();
  EXPECT_EQ(server_inbox_->next(Duration::ms(50), "driver").error().code, ExitCode::timeout)
      << "nothing is said";
}

TEST_F(ATcpDriver, AMessageUnderAnotherNameIsAFailure) {
  build();
  const auto channel = come(predecessor());
  ASSERT_TRUE(driver_->connect({}, kPatience).ok());
  driver_->start();
  channel->send(to_frame(FrameType::message, NodeMessage{{5}, {1}, microbatch(0, 4, 0)}));
  EXPECT_THAT(parse_refusal(*at_server()).message, HasSubstr("node 0 sent a message under another name"));
}

TEST_F(ATcpDriver, ANodesErrorIsToldToTheHost) {
  build();
  const auto channel = come(predecessor());
  ASSERT_TRUE(driver_->connect({}, kPatience).ok());
  driver_->start();
  channel->send(to_frame(FrameType::message, NodeMessage{{0}, {1}, grant(1)}));
  EXPECT_EQ(parse_refusal(*at_server()).message, "feedback was not expected");
}

TEST_F(ATcpDriver, GoesWhileAStrangerIsStillComing) {
  for (int i = 0; i < 20; ++i) {
    accepted_ = {};
    build();
    const auto channel = come(predecessor());
    driver_.reset();
  }
}

}  // namespace
}  // namespace millrace
