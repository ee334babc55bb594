#include "sim/bridge/mailbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/wire/messages.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

class AMailbox : public testing::Test {
 protected:
  AMailbox() : a_(mailbox_.add("agent a")), b_(mailbox_.add("agent b")) {}
  void say(std::size_t agent, FrameType type) { mailbox_.handler(agent)(to_frame(type)); }
  void lose(std::size_t agent) { mailbox_.handler(agent)(Error{"gone", ExitCode::peer_lost}); }

  Mailbox mailbox_;
  std::size_t a_, b_;
};

TEST_F(AMailbox, HandsOutLettersInOrderWithTheirSender) {
  say(b_, FrameType::start);
  say(a_, FrameType::heartbeat);
  say(a_, FrameType::stop);
  const auto first = mailbox_.next(Duration::s(9));
  EXPECT_EQ(first->agent, b_);
  EXPECT_EQ(first->frame.type, FrameType::start);
  EXPECT_EQ(mailbox_.next(Duration::s(9))->agent, a_);
}

TEST_F(AMailbox, NothingInTimeIsNoError) {
  const auto letter = mailbox_.poll(Duration::s(9), Duration::ms(1));
  ASSERT_TRUE(letter.ok());
  EXPECT_FALSE(letter->has_value());
}

TEST_F(AMailbox, AnyLostAgentIsAnErrorWhoeverIsWaitedFor) {
  lose(b_);
  const auto letter = mailbox_.next(Duration::s(9));
  EXPECT_EQ(letter.error().message, "agent b: gone");
  EXPECT_EQ(letter.error().code, ExitCode::peer_lost);
  EXPECT_EQ(mailbox_.check(Duration::s(9)).error().message, "agent b: gone");
}

TEST_F(AMailbox, WhatWasSaidBeforeTheEndIsReadFirst) {
  say(b_, FrameType::stop);
  lose(b_);
  EXPECT_TRUE(mailbox_.next(Duration::s(9)).ok());
  EXPECT_FALSE(mailbox_.next(Duration::s(9)).ok());
}

TEST_F(AMailbox, SilenceIsMeasuredPerAgent) {
  const auto letter = [this] {
    for (;;) {
      say(a_, FrameType::heartbeat);
      auto got = mailbox_.poll(Duration::ms(20), Duration::ms(1));
      if (!got || *got) return got;
    }
  }();
  EXPECT_EQ(letter.error().code, ExitCode::timeout);
  EXPECT_THAT(letter.error().message, HasSubstr("agent b: silent for 0.0 s"));
}

TEST_F(AMailbox, HoldsALimitedNumberOfLetters) {
  for (std::size_t i = 0; i < Mailbox::kLimit + 1; ++i) say(a_, FrameType::start);
  for (std::size_t i = 0; i < Mailbox::kLimit; ++i) ASSERT_TRUE(mailbox_.next(Duration::s(9)).ok());
  EXPECT_THAT(mailbox_.next(Duration::s(9)).error().message, HasSubstr("agent a: it sends more frames"));
}

TEST_F(AMailbox, FarewellsEndWhenAllAreGone) {
  lose(a_);
  lose(b_);
  mailbox_.wait_for_farewells(Duration::s(1000));  // returns
}

}  // namespace
}  // namespace millrace
