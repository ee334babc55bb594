#include "runtime/node/receiver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/node/recording_outbox.hpp"

namespace millrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ReceiverOf2 : public testing::Test {
 protected:
  Result<void> arrive(std::uint64_t number, Time now = at(1), NodeId from = kUpstream) {
    return receiver_.accept(now, from, microbatch(number));
  }

  Receiver receiver_{kUpstream, 2};
  RecordingOutbox out_;
};

TEST_F(ReceiverOf2, HandsOutInOrderWithTheInstantOfArrival) {
  ASSERT_TRUE(arrive(0, at(3)).ok());
  ASSERT_TRUE(arrive(1, at(5)).ok());
  const auto first = receiver_.take();
  EXPECT_EQ(first.at, at(3));
  EXPECT_EQ(first.activation.microbatch, MicrobatchId{0});
  EXPECT_EQ(receiver_.take().activation.microbatch, MicrobatchId{1});
  EXPECT_TRUE(receiver_.empty());
}

TEST_F(ReceiverOf2, AcknowledgesAtArrivalAndGrantsAtTake) {
  ASSERT_TRUE(arrive(0).ok());
  receiver_.send_feedback(out_);
  EXPECT_THAT(out_.feedback(), ElementsAre("ack 0"));
  receiver_.take();
  receiver_.send_feedback(out_);
  EXPECT_THAT(out_.feedback(), ElementsAre("ack 0", "+1"));
  EXPECT_EQ(out_.sent[1].first, kUpstream);
}

TEST_F(ReceiverOf2, ArrivalAndTakeInOneTurnAreOneMessage) {
  ASSERT_TRUE(arrive(0).ok());
  receiver_.take();
  receiver_.send_feedback(out_);
  EXPECT_THAT(out_.feedback(), ElementsAre("ack 0 +1"));
}

TEST_F(ReceiverOf2, SaysNothingWhenNothingHappened) {
  receiver_.send_feedback(out_);
  EXPECT_THAT(out_.sent, IsEmpty());
  ASSERT_TRUE(arrive(0).ok());
  receiver_.send_feedback(out_);
  receiver_.send_feedback(out_);
  EXPECT_EQ(out_.sent.size(), 1U);
}

TEST_F(ReceiverOf2, WhatComesTwiceIsAnError) {
  ASSERT_TRUE(arrive(0).ok());
  EXPECT_THAT(arrive(0).error().message, HasSubstr("the node before it sent microbatch 0, expected 1"));
}

TEST_F(ReceiverOf2, AGapIsAnError) {
  EXPECT_THAT(arrive(1).error().message, HasSubstr("sent microbatch 1, expected 0"));
}

TEST_F(ReceiverOf2, MoreThanTheWindowIsAnErrorUntilOneIsTaken) {
  ASSERT_TRUE(arrive(0).ok());
  ASSERT_TRUE(arrive(1).ok());
  EXPECT_THAT(arrive(2).error().message, HasSubstr("beyond its window of 2"));
  receiver_.take();
  EXPECT_TRUE(arrive(2).ok()) << "the refused one was not counted";
}

TEST_F(ReceiverOf2, AStrangersActivationIsAnError) {
  EXPECT_THAT(arrive(0, at(1), NodeId{7}).error().message,
              HasSubstr("came from another node than the one before it"));
}

TEST_F(ReceiverOf2, AMicrobatchWithoutImagesIsAnError) {
  EXPECT_FALSE(receiver_.accept(at(1), kUpstream, microbatch(0, 0)).ok());
}

}  // namespace
}  // namespace millrace
