#include "runtime/net/frame_channel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/net/loopback.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

using AChannel = Loopback;

Frame with_payload(std::size_t size, std::uint64_t number) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 31 + number);
  Activation activation;
  activation.microbatch = {number};
  activation.payload = Payload::of(std::move(bytes));
  return to_frame(FrameType::message, NodeMessage{{0}, {1}, activation});
}

TEST_F(AChannel, CarriesLargePayloadsBothWaysAtOnceUnharmed) {
  connect();
  client_->open_up();
  server_->open_up();
  constexpr std::size_t kSize = 20'000'000;
  for (std::uint64_t i = 0; i < 2; ++i) {
    client_->send(with_payload(kSize + i, i));
    server_->send(with_payload(kSize + 7 * i, i + 5));
  }
  for (std::uint64_t i = 0; i < 2; ++i) {
    const auto there = at_server();
    ASSERT_TRUE(there.ok()) << there.error().message;
    EXPECT_EQ(*there->payload.bytes, *with_payload(kSize + i, i).payload.bytes);
    const auto here = at_client();
    ASSERT_TRUE(here.ok()) << here.error().message;
    EXPECT_EQ(*here->payload.bytes, *with_payload(kSize + 7 * i, i + 5).payload.bytes);
  }
}

TEST_F(AChannel, ManySmallFramesKeepTheirOrder) {
  connect();
  for (std::uint16_t i = 0; i < 3000; ++i) client_->send(to_frame(Ready{i}));
  for (std::uint16_t i = 0; i < 3000; ++i) {
    const auto frame = at_server();
    ASSERT_TRUE(frame.ok());
    ASSERT_EQ(parse_ready(*frame)->port, i);
  }
}

TEST_F(AChannel, WhatWasSentBeforeClosingStillArrives) {
  connect();
  server_->open_up();
  client_->send(with_payload(5'000'000, 1));
  client_->close();
  EXPECT_TRUE(at_server().ok());
  const auto end = at_server();
  EXPECT_EQ(end.error().code, ExitCode::peer_lost);
  EXPECT_THAT(end.error().message, HasSubstr("closed by the other side"));
}

TEST_F(AChannel, APeerThatDiesIsLostWithItsAddress) {
  listen();
  RawPeer peer(listener_->local());
  await_server();
  peer.say(header_bytes({FrameType::hello, 100, 0}) + "half a he");
  peer.close();
  const auto end = at_server();
  EXPECT_EQ(end.error().code, ExitCode::peer_lost);
  EXPECT_THAT(end.error().message, HasSubstr("127.0.0.1:"));
}

TEST_F(AChannel, AStrangersOversizedFrameIsRefusedAndTheStrangerHearsWhy) {
  for (const FrameHeader header :
       {FrameHeader{FrameType::hello, kMaxStrangerMeta + 1, 0}, FrameHeader{FrameType::message, 10, 1}}) {
    accepted_ = {};
    listen();
    RawPeer peer(listener_->local());
    await_server();
    peer.say(header_bytes(header));
    EXPECT_THAT(at_server().error().message, HasSubstr("an oversized frame came before a greeting"));
    EXPECT_THAT(peer.hear_all(), HasSubstr("an oversized frame came before a greeting"));
  }
}

TEST_F(AChannel, OnceThePeerIsKnownLargeFramesAreTaken) {
  connect();
  server_->open_up();
  auto frame = to_frame(Hello{"agent", std::string(kMaxStrangerMeta, 'x'), {}, {}, {}, {}});
  client_->send(frame);
  EXPECT_EQ(at_server()->meta, frame.meta);
}

TEST_F(AChannel, OtherProtocolsAreRefusedWithASentence) {
  listen();
  RawPeer peer(listener_->local());
  await_server();
  peer.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(at_server().error().message, HasSubstr("does not speak millrace"));
  EXPECT_THAT(peer.hear_all(), HasSubstr("does not speak millrace"));
}

TEST_F(AChannel, AnotherFrameVersionIsRefusedAndBothSidesHearWhy) {
  listen();
  RawPeer peer(listener_->local());
  await_server();
  auto bytes = header_bytes({FrameType::hello, 0, 0});
  bytes[4] = 3;
  peer.say(bytes);
  EXPECT_THAT(at_server().error().message, HasSubstr("frame version 3, this is version 2"));
  EXPECT_THAT(peer.hear_all(), HasSubstr("frame version 3, this is version 2"));
}

TEST_F(AChannel, AFrameThatIsTooLargeEndsTheConnectionNotTheProcess) {
  connect();
  client_->send(Frame{FrameType::hello, std::string(kMaxMeta + 1, 'x'), {}});
  EXPECT_THAT(at_client().error().message, HasSubstr("larger than a frame may be"));
  EXPECT_FALSE(at_server().ok());
}

TEST_F(AChannel, APeerThatTakesNothingIsGivenUp) {
  listen();
  RawPeer peer(listener_->local());  // never reads
  await_server();
  server_->open_up();
  // More than loopback's socket buffers hold, so that the rest waits here.
  for (std::size_t i = 0; i < 200 + kMaxQueued; ++i) server_->send(with_payload(100'000, 0));
  EXPECT_THAT(at_server().error().message, HasSubstr("does not take what is sent to it: 4096 frames wait"));
}

TEST_F(AChannel, HeartbeatsKeepASilentPeerAlive) {
  connect();
  client_->keep_alive(Duration::ms(2));
  client_->send(to_frame(FrameType::start));
  EXPECT_EQ(at_server()->type, FrameType::start);
  std::promise<void> later;
  // Only heartbeats come for longer than the silence allowed, then a frame.
  std::thread speaker([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    client_->send(to_frame(FrameType::stop));
  });
  const auto frame = server_inbox_->next(Duration::ms(200), "the client");
  speaker.join();
  ASSERT_TRUE(frame.ok()) << frame.error().message;
  EXPECT_EQ(frame->type, FrameType::stop);
}

TEST_F(AChannel, NobodyListeningIsAnErrorThatNamesTheAddress) {
  listen();
  const auto where = listener_->local();
  listener_.reset();
  // The port is free again once the loop has closed it.
  Result<ChannelPointer> channel = Error{""};
  for (int i = 0; i < 200; ++i) {
    channel = connect_channel(loop_, where, kPatience);
    if (!channel) break;
  }
  ASSERT_FALSE(channel.ok());
  EXPECT_EQ(channel.error().code, ExitCode::timeout);
  EXPECT_THAT(channel.error().message, HasSubstr("127.0.0.1:" + std::to_string(where.port)));
}

TEST_F(AChannel, NamesAreResolvedAndEveryAddressTried) {
  listen();  // IPv4 only
  const auto channel = connect_channel(loop_, {"localhost", listener_->local().port}, kPatience);
  EXPECT_TRUE(channel.ok()) << channel.error().message;
}

// RFC 2606: no host ever has this name.
TEST_F(AChannel, ANameWithoutAnAddressIsAnErrorThatNamesIt) {
  const auto channel = connect_channel(loop_, {"no-such-host.invalid", 7000}, kPatience);
  ASSERT_FALSE(channel.ok());
  EXPECT_EQ(channel.error().code, ExitCode::invalid_input);
  EXPECT_THAT(channel.error().message, HasSubstr("no-such-host.invalid:7000: this name has no address"));
}

TEST_F(AChannel, APortTakenTwiceIsAnErrorThatNamesIt) {
  listen();
  const auto again = listen_on(loop_, listener_->local());
  EXPECT_THAT(again.error().message, HasSubstr("listening on 127.0.0.1:"));
}

TEST_F(AChannel, AChannelMayOutliveItsFrames) {
  connect();
  for (int i = 0; i < 100; ++i) client_->send(to_frame(FrameType::start));
  client_.reset();  // frames under way keep what they need alive
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(at_server().ok());
}

}  // namespace
}  // namespace millrace
