#include "runtime/net/inbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace {
namespace {

using testing::HasSubstr;

TEST(AnInbox, HandsFramesOutInOrderAndDropsHeartbeats) {
  Inbox inbox;
  inbox.push(to_frame(FrameType::heartbeat));
  inbox.push(to_frame(FrameType::start));
  inbox.push(to_frame(FrameType::heartbeat));
  inbox.push(to_frame(FrameType::stop));
  EXPECT_EQ(inbox.next(Duration::s(1), "host")->type, FrameType::start);
  EXPECT_EQ(inbox.next(Duration::s(1), "host")->type, FrameType::stop);
}

TEST(AnInbox, SilenceIsATimeOutThatNamesWhoWasSilent) {
  Inbox inbox;
  const auto frame = inbox.next(Duration::ms(10), "host");
  EXPECT_EQ(frame.error().code, ExitCode::timeout);
  EXPECT_EQ(frame.error().message, "host: silent for 0.0 s");
}

TEST(AnInbox, WhatCameBeforeTheEndIsReadFirst) {
  Inbox inbox;
  inbox.push(to_frame(FrameType::stop));
  inbox.push(Error{"gone", ExitCode::peer_lost});
  EXPECT_TRUE(inbox.next(Duration::s(1), "host").ok());
  const auto end = inbox.next(Duration::s(1), "host");
  EXPECT_EQ(end.error().message, "host: gone");
  EXPECT_EQ(end.error().code, ExitCode::peer_lost);
  EXPECT_FALSE(inbox.next(Duration::s(1), "host").ok()) << "and stays gone";
}

TEST(AnInbox, ARefusalIsTheErrorItCarries) {
  Inbox inbox;
  inbox.push(to_frame(Error{"wrong scenario", ExitCode::invalid_input}));
  const auto frame = inbox.expect(FrameType::hello, Duration::s(1), "host");
  EXPECT_EQ(frame.error().message, "host: wrong scenario");
  EXPECT_EQ(frame.error().code, ExitCode::invalid_input);
}

TEST(AnInbox, AnotherFrameThanExpectedIsAnError) {
  Inbox inbox;
  inbox.push(to_frame(FrameType::start));
  EXPECT_THAT(inbox.expect(FrameType::hello, Duration::s(1), "host").error().message,
              HasSubstr("host: sent a frame of type 6 where type 1 was expected"));
}

TEST(AnInbox, AStopBeforeTheStartIsTheEndOfTheRun) {
  Inbox inbox;
  inbox.push(to_frame(FrameType::stop));
  EXPECT_EQ(inbox.expect(FrameType::assign, Duration::s(1), "host").error().message,
            "host: ended the run before it began");
}

TEST(AnInbox, HoldsALimitedNumberOfFrames) {
  Inbox inbox;
  for (std::size_t i = 0; i < Inbox::kLimit + 10; ++i) inbox.push(to_frame(FrameType::start));
  for (std::size_t i = 0; i < Inbox::kLimit; ++i) ASSERT_TRUE(inbox.next(Duration::s(1), "host").ok());
  EXPECT_THAT(inbox.next(Duration::s(1), "host").error().message, HasSubstr("more frames than it is asked"));
}

}  // namespace
}  // namespace millrace
