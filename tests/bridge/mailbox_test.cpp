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

// Log lines at any rate neither fill the mailbox nor delay the run.
TEST_F(AMailbox, AFloodOfLogLinesIsDroppedAndCounted) {
  constexpr std::size_t kFlood = 3 * Mailbox::kLimit;
  for (std::size_t i = 0; i < kFlood; ++i) mailbox_.handler(a_)(to_frame(LogLine{LogLevel::note, "flood"}));
  say(b_, FrameType::start);
  EXPECT_EQ(mailbox_.next(Duration::s(9))->agent, b_) << "the run's own frames come first";
  std::size_t kept = 0;
  while (mailbox_.next_log_line()) ++kept;
  EXPECT_GE(kept, 1000U);
  EXPECT_LE(kept, static_cast<std::size_t>(LogGate::kLines));
  EXPECT_EQ(kept + mailbox_.dropped_log_lines(a_), kFlood);
  EXPECT_EQ(mailbox_.dropped_log_lines(b_), 0U);
  EXPECT_TRUE(mailbox_.check(Duration::s(9)).ok());
}

TEST_F(AMailbox, MoreRecordsThanTheRunHasEndTheirSender) {
  Mailbox small(100);
  const auto agent = small.add("agent c");
  small.handler(agent)(Frame{FrameType::report, std::string(101, 'x'), {}});
  EXPECT_THAT(small.next(Duration::s(9)).error().message,
              HasSubstr("agent c: it sent 101 bytes of records at once"));
}

TEST_F(AMailbox, WhoHasSaidFarewellIsNotWaitedFor) {
  say(a_, FrameType::farewell);
  lose(b_);
  mailbox_.wait_for_farewells(Duration::s(1000));  // returns
}

TEST(ALogGate, KeepsSoManyLinesAndBytesAtOnceASecondAndInAll) {
  LogGate::Clock::time_point now{};
  const auto kept_of = [&now](LogGate& gate, int lines, std::size_t bytes) {
    int kept = 0;
    for (int i = 0; i < lines; ++i) kept += gate.admit(now, bytes) ? 1 : 0;
    return kept;
  };
  LogGate lines(now), bytes(now), all(now);
  EXPECT_EQ(kept_of(lines, 5000, 10), 1000);
  EXPECT_EQ(kept_of(bytes, 100, 64 << 10), 8);
  now += std::chrono::seconds(1);
  EXPECT_EQ(kept_of(lines, 5000, 10), 100);
  EXPECT_EQ(kept_of(bytes, 100, 64 << 10), 1);
  EXPECT_EQ(lines.dropped(), 8900U);
  int sum = 0;
  for (int s = 0; s < 1000; ++s, now += std::chrono::seconds(1)) sum += kept_of(all, 1000, 1);
  EXPECT_EQ(sum, 20'000);
}

TEST_F(AMailbox, FarewellsEndWhenAllAreGone) {
  lose(a_);
  lose(b_);
  mailbox_.wait_for_farewells(Duration::s(1000));  // returns
}

}  // namespace
}  // namespace millrace
