#include "runtime/node/sender.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/node/recording_outbox.hpp"

namespace millrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SenderOf2 : public testing::Test {
 protected:
  void push(Time now, std::uint64_t number) { sender_.push(now, microbatch(number), {}, out_); }
  Result<void> hear(Time now, const Feedback& feedback) { return sender_.on_feedback(now, feedback, out_); }

  Sender sender_{kDownstream, 2};
  RecordingOutbox out_;
};

TEST_F(SenderOf2, SendsAtOnceWhileThereIsCredit) {
  push(at(1), 0);
  push(at(1), 1);
  EXPECT_THAT(out_.activations(), ElementsAre(0, 1));
  EXPECT_EQ(out_.sent[0].first, kDownstream);
}

TEST_F(SenderOf2, KeepsAWindowReadyWithoutCreditAndIsThenFull) {
  for (std::uint64_t i = 0; i < 3; ++i) push(at(1), i);
  EXPECT_FALSE(sender_.full());
  push(at(1), 3);
  EXPECT_TRUE(sender_.full());
  EXPECT_THAT(out_.activations(), ElementsAre(0, 1));
}

TEST_F(SenderOf2, SendsWhatWaitsInOrderAsCreditComes) {
  for (std::uint64_t i = 0; i < 4; ++i) push(at(1), i);
  ASSERT_TRUE(hear(at(2), acknowledge(0, 1)).ok());
  EXPECT_THAT(out_.activations(), ElementsAre(0, 1, 2));
  ASSERT_TRUE(hear(at(3), acknowledge(1, 1)).ok());
  EXPECT_THAT(out_.activations(), ElementsAre(0, 1, 2, 3));
}

TEST_F(SenderOf2, OneFeedbackMayGrantTheWholeWindow) {
  for (std::uint64_t i = 0; i < 4; ++i) push(at(1), i);
  ASSERT_TRUE(hear(at(2), acknowledge(0)).ok());
  ASSERT_TRUE(hear(at(2), acknowledge(1)).ok());
  EXPECT_THAT(out_.activations(), ElementsAre(0, 1));
  ASSERT_TRUE(hear(at(3), grant(2)).ok());
  EXPECT_THAT(out_.activations(), ElementsAre(0, 1, 2, 3));
}

TEST_F(SenderOf2, AnAcknowledgementBecomesASampleWithBothInstants) {
  push(at(3), 0);
  ASSERT_TRUE(hear(at(8), acknowledge(0)).ok());
  const auto samples = out_.records_of<LinkSample>();
  ASSERT_EQ(samples.size(), 1U);
  EXPECT_EQ(samples[0].to, kDownstream);
  EXPECT_EQ(samples[0].microbatch, MicrobatchId{0});
  EXPECT_EQ(samples[0].sent, at(3));
  EXPECT_EQ(samples[0].acknowledged, at(8));
  EXPECT_EQ(samples[0].size, Bytes(100));
  EXPECT_EQ(samples[0].values, 25U);
}

TEST_F(SenderOf2, ASampleIsTakenOnce) {
  push(at(1), 0);
  ASSERT_TRUE(hear(at(2), acknowledge(0)).ok());
  EXPECT_TRUE(sender_.take_sample().has_value());
  EXPECT_FALSE(sender_.take_sample().has_value());
}

TEST_F(SenderOf2, SentIsWhenCreditCameNotWhenPushed) {
  for (std::uint64_t i = 0; i < 3; ++i) push(at(1), i);
  ASSERT_TRUE(hear(at(5), acknowledge(0, 1)).ok());
  ASSERT_TRUE(hear(at(6), acknowledge(1)).ok());
  ASSERT_TRUE(hear(at(9), acknowledge(2)).ok());
  EXPECT_EQ(out_.records_of<LinkSample>().back().sent, at(5));
}

TEST_F(SenderOf2, TheSentHookRunsAtTheInstantOfLeavingAndMayChangeTheActivation) {
  for (std::uint64_t i = 0; i < 2; ++i) push(at(1), i);
  const auto stamp = [](Time now, Activation& leaving, Outbox&) { leaving.created = now; };
  sender_.push(at(1), microbatch(2), stamp, out_);
  ASSERT_TRUE(hear(at(7), acknowledge(0, 1)).ok());
  EXPECT_EQ(out_.activation(2).created, at(7));
}

TEST_F(SenderOf2, AnAcknowledgementOutOfOrderIsAnError) {
  push(at(1), 0);
  push(at(1), 1);
  EXPECT_THAT(hear(at(2), acknowledge(1)).error().message,
              HasSubstr("the node after it acknowledged microbatch 1, which was not the next one"));
}

TEST_F(SenderOf2, AnAcknowledgementOfNothingOrTwiceIsAnError) {
  EXPECT_FALSE(hear(at(1), acknowledge(0)).ok());
  push(at(1), 0);
  ASSERT_TRUE(hear(at(2), acknowledge(0)).ok());
  EXPECT_FALSE(hear(at(3), acknowledge(0)).ok());
}

TEST_F(SenderOf2, CreditBeyondTheWindowIsAnError) {
  EXPECT_THAT(hear(at(1), grant(1)).error().message, HasSubstr("the node after it granted 1 credits"));
  push(at(1), 0);
  EXPECT_FALSE(hear(at(2), acknowledge(0, 2)).ok());
}

TEST_F(SenderOf2, HugeCreditDoesNotWrapAround) {
  push(at(1), 0);
  EXPECT_FALSE(hear(at(2), acknowledge(0, 0xffffffffU)).ok());
  EXPECT_FALSE(hear(at(2), grant(0x80000001U)).ok());
}

TEST_F(SenderOf2, CreditForWhatWasNeverAcknowledgedIsAnError) {
  push(at(1), 0);
  push(at(1), 1);
  EXPECT_FALSE(hear(at(2), grant(1)).ok());
  ASSERT_TRUE(hear(at(2), acknowledge(0)).ok());
  EXPECT_FALSE(hear(at(3), grant(2)).ok());
  EXPECT_TRUE(hear(at(3), grant(1)).ok());
}

TEST_F(SenderOf2, NothingIsSentByAWrongFeedback) {
  for (std::uint64_t i = 0; i < 4; ++i) push(at(1), i);
  out_.forget();
  ASSERT_FALSE(hear(at(2), acknowledge(0, 5)).ok());
  EXPECT_THAT(out_.activations(), IsEmpty());
}

TEST(SenderOf1, PushToAFullSenderIsOurMistake) {
  Sender sender(kDownstream, 1);
  RecordingOutbox out;
  sender.push(at(0), microbatch(0), {}, out);
  sender.push(at(0), microbatch(1), {}, out);
  EXPECT_DEATH(sender.push(at(0), microbatch(2), {}, out), "full sender");
}

}  // namespace
}  // namespace millrace
