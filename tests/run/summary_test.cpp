#include "sim/run/summary.hpp"

#include <gtest/gtest.h>

#include "runtime/base/random.hpp"
#include "tests/support/seed.hpp"

namespace millrace {
namespace {

Time ms(std::int64_t n) { return Time::zero() + Duration::ms(n); }

StageRecord stage_record(std::int64_t arrived, std::int64_t started, std::int64_t decode,
                         std::int64_t compute, std::int64_t encode) {
  StageRecord record;
  record.arrived = ms(arrived);
  record.started = ms(started);
  record.computed = ms(started + decode + compute);
  record.encoded = ms(started + decode + compute + encode);
  record.sent = record.encoded;
  record.cost = {Duration::ms(decode), Duration::ms(compute), Duration::ms(encode)};
  return record;
}

CompletionRecord completion(std::int64_t created, std::int64_t completed, std::uint32_t images = 4) {
  CompletionRecord record;
  record.images = images;
  record.created = ms(created);
  record.completed = ms(completed);
  return record;
}

void expect_whole(const Summary& summary, std::size_t stage) {
  const auto& f = summary.stage(stage);
  EXPECT_EQ(f.decode + f.compute + f.encode + f.blocked + f.idle, summary.duration());
}

TEST(Attribution, SumsToTheDurationAndQueueOverlaps) {
  Summary summary(2);
  summary.add({1}, stage_record(2, 2, 1, 5, 1));    // 2 .. 9
  summary.add({1}, stage_record(4, 9, 1, 5, 1));    // 9 .. 16, waited 5 behind the first
  summary.add({1}, stage_record(20, 23, 1, 5, 1));  // arrived to an idle stage, 3 ms without room
  summary.add({1}, stage_record(24, 33, 1, 5, 1));  // waited 6 behind the third, then 3 without room
  summary.close(ms(50));
  const auto& figures = summary.stage(0);
  EXPECT_EQ(figures.decode, Duration::ms(4));
  EXPECT_EQ(figures.compute, Duration::ms(20));
  EXPECT_EQ(figures.encode, Duration::ms(4));
  EXPECT_EQ(figures.queue, Duration::ms(0 + 5 + 3 + 9));
  EXPECT_EQ(figures.blocked, Duration::ms(3 + 3));
  EXPECT_EQ(figures.idle, Duration::ms(50 - 28 - 6));
  expect_whole(summary, 0);
  EXPECT_EQ(summary.stage(1).idle, Duration::ms(50)) << "a stage that did nothing was idle";
  expect_whole(summary, 1);
}

TEST(Attribution, SumsToTheDurationForAnyBusyStage) {
  Random random(test_seed(), "attribution");
  SCOPED_TRACE(testing::Message() << "MILLRACE_TEST_SEED=" << test_seed());
  for (int run = 0; run < 100; ++run) {
    Summary summary(1);
    std::int64_t arrived = 0, free = 0;
    for (int i = 0; i < 50; ++i) {
      arrived += static_cast<std::int64_t>(random.below(20));
      const auto started =
          std::max(arrived, free) + static_cast<std::int64_t>(random.below(2) * random.below(9));
      const auto decode = static_cast<std::int64_t>(random.below(3));
      const auto compute = static_cast<std::int64_t>(random.below(15));
      const auto encode = static_cast<std::int64_t>(random.below(3));
      free = started + decode + compute + encode;
      summary.add({1}, stage_record(arrived, started, decode, compute, encode));
    }
    summary.close(ms(free + static_cast<std::int64_t>(random.below(5))));
    expect_whole(summary, 0);
    EXPECT_GE(summary.stage(0).queue, summary.stage(0).blocked);
  }
}

// The share's definition is tested in tests/policy/target_share_test.cpp.
TEST(TheTarget, IsWhatTheRunIsMeasuredBy) {
  Summary summary(2, 40);
  EXPECT_EQ(summary.target().share(), std::nullopt);
  for (const std::int64_t completed : {100, 200, 300, 700, 1000}) summary.add(completion(0, completed));
  // The microbatch of 700 was due at 600, that of 1000 at 800; a period is 100 ms.
  EXPECT_EQ(summary.target().judged(), 2U);
  EXPECT_EQ(summary.target().share(), 0.0);
  EXPECT_EQ(summary.target_images_per_s(), 40);
  EXPECT_EQ(Summary(2).target_images_per_s(), std::nullopt);
}

TEST(TheTarget, BitsAreThoseOfAllThatIsQuantizedWithItsSideInformation) {
  Summary summary(3);
  EXPECT_EQ(summary.bits_per_value_mean(), std::nullopt);
  auto record = stage_record(0, 0, 1, 1, 1);
  record.values = 1000;
  record.payload = Bytes(500);
  summary.add({1}, record);  // 4 bits
  record.values = 3000;
  record.payload = Bytes(3000);
  summary.add({2}, record);  // 8
  summary.add({3}, record);  // the last stage's logits do not count
  EXPECT_EQ(summary.bits_per_value_mean(), 7);
}

TEST(Latency, IsByNearestRank) {
  Summary summary(1);
  for (std::int64_t i = 100; i >= 1; --i) summary.add(completion(1000, 1000 + i));
  summary.close(ms(2000));
  EXPECT_EQ(summary.latency(0.50), Duration::ms(50));
  EXPECT_EQ(summary.latency(0.95), Duration::ms(95));
  EXPECT_EQ(summary.latency(0.99), Duration::ms(99));
  EXPECT_EQ(summary.latency(1), Duration::ms(100));
}

TEST(Latency, OfFewIsOneOfThem) {
  Summary summary(1);
  EXPECT_EQ(summary.latency(0.5), std::nullopt);
  summary.add(completion(0, 7));
  summary.add(completion(0, 9));
  summary.add(completion(0, 8));
  summary.close(ms(9));
  EXPECT_EQ(summary.latency(0.50), Duration::ms(8));
  EXPECT_EQ(summary.latency(0.95), Duration::ms(9));
  EXPECT_EQ(summary.latency(0.01), Duration::ms(7));
}

TEST(Throughput, CountsFillAndDrainAndAPartialMicrobatch) {
  Summary summary(1);
  summary.add(completion(0, 500, 4));
  summary.add(completion(100, 2000, 2));
  summary.close(ms(2000));
  EXPECT_EQ(summary.microbatches(), 2U);
  EXPECT_EQ(summary.images(), 6U);
  EXPECT_DOUBLE_EQ(summary.throughput_images_per_s(), 3);
}

TEST(Throughput, OfARunWithoutDurationIsZero) {
  Summary summary(1);
  summary.close(Time::zero());
  EXPECT_EQ(summary.throughput_images_per_s(), 0);
}

TEST(Accuracy, OfLogitsThatAreNotFiniteIsNoneAndTheyAreCounted) {
  Summary summary(1);
  auto record = completion(0, 1);
  // Right; a NaN, which has a hash and no class; the same without a label; no tensors at all.
  record.outputs = {{0, 3U, 3U, "aa", 0U}, {1, {}, 3U, "bb", 4U}, {2, {}, {}, "cc"}, {3, {}, 3U, ""}};
  summary.add(record);
  EXPECT_EQ(summary.not_finite(), 2U);
  ASSERT_TRUE(summary.top1().has_value());
  EXPECT_EQ(summary.top1()->count, 2U);
  EXPECT_EQ(summary.top1()->hits, 1U);
  EXPECT_EQ(summary.top5()->hits, 1U) << "the last of few classes is not among the five largest";
}

TEST(Accuracy, CountsLabelledImagesOnly) {
  Summary summary(1);
  auto record = completion(0, 1);
  record.outputs = {{0, 3U, 3U, ""}, {1, 3U, 4U, ""}, {2, 3U, {}, ""}, {3, {}, 3U, ""}, {4, 0U, 0U, ""}};
  summary.add(record);
  ASSERT_TRUE(summary.top1().has_value());
  EXPECT_EQ(summary.top1()->count, 3U);
  EXPECT_EQ(summary.top1()->hits, 2U);
}

TEST(Accuracy, TopFiveIsALabelAmongTheFiveLargestLogits) {
  Summary summary(1);
  auto record = completion(0, 1);
  record.outputs = {{0, 3U, 3U, "", 0}, {1, 3U, 4U, "", 4}, {2, 3U, 4U, "", 5}, {3, 3U, 4U, "", {}}};
  summary.add(record);
  ASSERT_TRUE(summary.top5().has_value());
  EXPECT_EQ(summary.top5()->count, 4U);
  EXPECT_EQ(summary.top5()->hits, 2U);
}

TEST(Accuracy, WithoutLabelsThereIsNone) {
  Summary summary(1);
  summary.add(completion(0, 1));
  EXPECT_FALSE(summary.top1().has_value());
  EXPECT_FALSE(summary.top5().has_value());
}

TransferRecord transfer(bool activation, std::int64_t bytes, std::uint64_t values) {
  TransferRecord record;
  record.activation = activation;
  record.size = Bytes(bytes);
  record.values = values;
  record.queued = Duration::ms(1);
  record.wire = Duration::ms(2);
  record.propagation = Duration::ms(3);
  return record;
}

TEST(ALinksFigures, CountAllBytesButBitsPerValueOfActivationsAlone) {
  Summary summary(1);
  summary.add(DeviceId{0}, DeviceId{1}, transfer(true, 1000, 500));
  summary.add(DeviceId{0}, DeviceId{1}, transfer(true, 500, 100));
  summary.add(DeviceId{0}, DeviceId{1}, transfer(false, 33, 0));
  summary.add(DeviceId{1}, DeviceId{0}, transfer(false, 42, 0));
  const auto& there = summary.links().at({DeviceId{0}, DeviceId{1}});
  EXPECT_EQ(there.bytes, Bytes(1533));
  EXPECT_EQ(there.transfers, 3U);
  EXPECT_DOUBLE_EQ(there.bits_per_value().value(), 1500 * 8 / 600.0);
  EXPECT_EQ(there.wire, Duration::ms(4)) << "of activations";
  const auto& back = summary.links().at({DeviceId{1}, DeviceId{0}});
  EXPECT_EQ(back.bytes, Bytes(42));
  EXPECT_EQ(back.bits_per_value(), std::nullopt);
}

}  // namespace
}  // namespace millrace
