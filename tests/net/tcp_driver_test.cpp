#include "runtime/net/tcp_driver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/net/reception.hpp"
#include "tests/net/loopback.hpp"
#include "tests/node/parts.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

// Node 1 of two, on device d1; the test plays node 0 on d0 and the host.
class ATcpDriver : public Loopback {
 protected:
  void build(std::uint32_t id = 1) {
    connect();
    server_->open_up();
    auto node = std::make_unique<ScriptedNode>();
    node->message = [](Time, const Message& message, Outbox& out) -> Result<void> {
      if (std::holds_alternative<Feedback>(message)) return Error{"feedback was not expected"};
      out.send({0}, Feedback{{}, 1});
      out.record(LinkSample{});
      return {};
    };
    std::map<NodeId, VirtualNode::Parts> parts;
    parts.emplace(NodeId{id},
                  VirtualNode::Parts{std::move(node), std::make_unique<ScriptedExecutor>(nothing_to_do),
                                     std::make_unique<FlatCost>(Duration{})});
    TcpDriver::Run run{.release = "1.0", .scenario_sha256 = "abc", .id = "run-1", .devices = {"d0", "d1"}};
    driver_ = std::make_unique<TcpDriver>(loop_, *client_, std::move(run), std::move(parts));
    door_ = Reception::open(loop_, {"127.0.0.1", 0}, {}, [this](const auto& channel, const Frame& first) {
              driver_->greet(channel, first);
            }).value();
    neighbour_door_ =
        Reception::open(loop_, {"127.0.0.1", 0}, {}, [this](const auto& channel, const Frame& first) {
          back_ = channel;
          back_inbox_ = Inbox::of(*channel);
          channel->open_up();
          back_hello_.set_value(parse_hello(first).value());
        }).value();
  }
  Result<void> connect_driver(Duration patience = kPatience, bool stopped = false) {
    return driver_->connect({{neighbour_door_->local(), door_->local()}}, patience, [=] { return stopped; });
  }
  ChannelPointer come(const Hello& hello) {
    auto channel = connect_channel(loop_, door_->local(), kPatience).value();
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
  void TearDown() override {
    door_.reset();
    neighbour_door_.reset();
    driver_.reset();
  }

  std::unique_ptr<TcpDriver> driver_;
  std::unique_ptr<Reception> door_, neighbour_door_;
  ChannelPointer back_;
  std::shared_ptr<Inbox> neighbour_, back_inbox_;
  std::promise<Hello> back_hello_;
};

Hello predecessor() { return {"peer", "1.0", "abc", {}, {0}, {1}, "run-1", {}}; }

TEST_F(ATcpDriver, TakesItsPredecessorsMessagesAndReportsToTheHost) {
  build();
  const auto channel = come(predecessor());
  ASSERT_TRUE(connect_driver().ok());
  channel->send(to_frame(FrameType::message, NodeMessage{{0}, {1}, microbatch(0, 4, 0)}));
  driver_->start();
  const auto report = parse_report(*at_server());
  EXPECT_EQ(report->node, NodeId{1});
  EXPECT_EQ(report->records.size(), 1U);
  const auto hello = back_hello_.get_future().get();
  EXPECT_EQ(hello.from_node, NodeId{1});
  EXPECT_EQ(hello.to_node, NodeId{0});
  const auto answer = parse_message(*back_inbox_->next(kPatience, "driver"));
  EXPECT_TRUE(std::holds_alternative<Feedback>(answer->message))
      << "it comes on the connection of the other direction";
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
  hello.run = "run-0";
  EXPECT_THAT(refused(hello), HasSubstr("another run of this scenario"));
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
  EXPECT_TRUE(connect_driver().ok()) << "after all of them";
}

TEST_F(ATcpDriver, APredecessorThatIsThereAlreadyIsNotReplaced) {
  build();
  const auto honest = come(predecessor());
  ASSERT_TRUE(connect_driver().ok());
  EXPECT_THAT(refused(predecessor()), HasSubstr("is expected here"));
}

TEST_F(ATcpDriver, NobodyPrecedesTheSource) {
  build(0);
  EXPECT_THAT(refused({"peer", "1.0", "abc", {}, {0xffffffffU}, {0}, "run-1", {}}),
              HasSubstr("is expected here"));
}

TEST_F(ATcpDriver, APredecessorThatDoesNotComeIsATimeOutThatNamesIt) {
  build();
  const auto connected = connect_driver(Duration::ms(20));
  EXPECT_EQ(connected.error().code, ExitCode::timeout);
  EXPECT_THAT(connected.error().message, HasSubstr("sink (d1): no connection from source (d0)"));
}

TEST_F(ATcpDriver, LosingANeighbourIsToldToTheHostOnce) {
  build();
  auto channel = come(predecessor());
  ASSERT_TRUE(connect_driver().ok());
  driver_->start();
  channel->close();
  const auto frame = at_server();
  ASSERT_EQ(frame->type, FrameType::refusal);
  EXPECT_EQ(parse_refusal(*frame).code, ExitCode::peer_lost);
  EXPECT_THAT(parse_refusal(*frame).message, HasSubstr("sink (d1) lost source (d0)"));
}

TEST_F(ATcpDriver, AfterStopANeighbourMayLeave) {
  build();
  auto channel = come(predecessor());
  ASSERT_TRUE(connect_driver().ok());
  driver_->start();
  driver_->stop();
  channel->close();
  EXPECT_EQ(server_inbox_->next(Duration::ms(50), "driver").error().code, ExitCode::timeout)
      << "nothing is sent";
}

TEST_F(ATcpDriver, AMessageUnderAnotherNameIsAFailure) {
  build();
  const auto channel = come(predecessor());
  ASSERT_TRUE(connect_driver().ok());
  driver_->start();
  channel->send(to_frame(FrameType::message, NodeMessage{{5}, {1}, microbatch(0, 4, 0)}));
  EXPECT_THAT(parse_refusal(*at_server()).message,
              HasSubstr("source (d0) sent a message under another name"));
}

TEST_F(ATcpDriver, ANodesErrorIsToldToTheHost) {
  build();
  const auto channel = come(predecessor());
  ASSERT_TRUE(connect_driver().ok());
  driver_->start();
  channel->send(to_frame(FrameType::message, NodeMessage{{0}, {1}, grant(1)}));
  EXPECT_EQ(parse_refusal(*at_server()).message, "sink (d1): feedback was not expected");
}

TEST_F(ATcpDriver, ThatIsToldToStopDoesNotWaitForNeighbours) {
  build();
  EXPECT_THAT(connect_driver(kPatience, true).error().message, HasSubstr("the run ended"));
}

TEST_F(ATcpDriver, GoesWhileAStrangerIsStillComing) {
  for (int i = 0; i < 20; ++i) {
    accepted_ = {};
    build();
    const auto channel = come(predecessor());
    TearDown();
  }
}

}  // namespace
}  // namespace millrace
