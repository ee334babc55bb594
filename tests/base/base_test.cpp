#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>

#include "runtime/base/bounded_queue.hpp"
#include "runtime/base/random.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/sha256.hpp"
#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"
#include "runtime/base/version.hpp"

namespace millrace {
namespace {

TEST(Time, InstantsAndDurationsAreIntegerNanoseconds) {
  const Time t = Time::zero() + Duration::ms(3);
  EXPECT_EQ(t.count_ns(), 3'000'000);
  EXPECT_EQ((t + Duration::ns(1)) - t, Duration::ns(1));
  EXPECT_EQ(Duration::s(2) - Duration::us(1), Duration::ns(1'999'999'000));
  EXPECT_LT(t, Time::never());
}

TEST(Time, SecondsRoundToTheNearestNanosecondOnBothSidesOfZero) {
  EXPECT_EQ(Duration::from_seconds(0.1).count_ns(), 100'000'000);
  EXPECT_EQ(Duration::from_seconds(1e-9 * 0.6).count_ns(), 1);
  EXPECT_EQ(Duration::from_seconds(-1e-9 * 0.6).count_ns(), -1);
}

TEST(Units, BitsAreNotBytes) {
  EXPECT_EQ(Bytes::kib(1).bits(), 8192);
  EXPECT_EQ(BitRate::mbit(20).bit_per_s(), 20'000'000);
  static_assert(!std::is_convertible_v<NodeId, DeviceId>);
}

// xoshiro256** over SplitMix64 and FNV-1a, computed with an independent implementation (Python integers).
TEST(Random, TheFirstNumbersOfAStreamArePinned) {
  Random random(1, "stream name");
  EXPECT_EQ(random.next(), 3792461998035292630ULL);
  EXPECT_EQ(random.next(), 11481706786651818165ULL);
  EXPECT_EQ(random.next(), 14902140260828363391ULL);
}

TEST(Random, StreamsDifferByNameAndBySeed) {
  std::set<std::uint64_t> first;
  for (const auto* name : {"a", "b", "weights/x"}) {
    for (const std::uint64_t seed : {0U, 1U, 2U}) first.insert(Random(seed, name).next());
  }
  EXPECT_EQ(first.size(), 9U);
}

TEST(Random, MomentsAreThoseOfTheDistributions) {
  Random random(7, "moments");
  constexpr int kDraws = 200'000;
  double uniform = 0, normal = 0, square = 0, exponential = 0;
  for (int i = 0; i < kDraws; ++i) {
    uniform += random.uniform();
    const double z = random.normal();
    normal += z;
    square += z * z;
    exponential += random.exponential();
  }
  // Five standard errors: sigma / sqrt(n) with sigma 0.289, 1, 1.414 and 1.
  const double error = 5 / std::sqrt(kDraws);
  EXPECT_NEAR(uniform / kDraws, 0.5, 0.289 * error);
  EXPECT_NEAR(normal / kDraws, 0, error);
  EXPECT_NEAR(square / kDraws, 1, 1.415 * error);
  EXPECT_NEAR(exponential / kDraws, 1, error);
}

TEST(Random, BelowReachesEveryValueAndNoOther) {
  Random random(3, "below");
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.below(7));
  EXPECT_EQ(seen.size(), 7U);
  EXPECT_EQ(*seen.rbegin(), 6U);
}

TEST(Sha256, KnownAnswersOfFips180) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256, AFileHashesLikeItsBytesAndAMissingOneIsNamed) {
  const auto path = std::filesystem::temp_directory_path() / "millrace-sha256-test";
  const std::string content(300'000, 'x');  // more than one piece
  std::ofstream(path) << content;
  EXPECT_EQ(*sha256_of_file(path), sha256_hex(content));
  std::filesystem::remove(path);
  const auto missing = sha256_of_file(path);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("millrace-sha256-test"), std::string::npos);
}

TEST(BoundedQueue, IsFirstInFirstOutAndRefusesBeyondItsLimit) {
  BoundedQueue<int> queue(2);
  EXPECT_TRUE(queue.try_push(1));
  EXPECT_TRUE(queue.try_push(2));
  EXPECT_FALSE(queue.try_push(3));
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_TRUE(queue.try_push(3));
  EXPECT_EQ(queue.pop(), 2);
  EXPECT_EQ(queue.pop(), 3);
  EXPECT_TRUE(queue.empty());
}

TEST(Result, CarriesAValueOrAnErrorWithItsContextAndExitCode) {
  const Result<int> good = 3;
  EXPECT_EQ(*good, 3);
  const Result<int> bad = Error{"no such file", ExitCode::invalid_input}.in("trace.csv");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message, "trace.csv: no such file");
  EXPECT_EQ(bad.error().code, ExitCode::invalid_input);
}

TEST(ResultDeathTest, TakingTheValueOfAnErrorEndsTheProcessWithTheErrorsWords) {
  const Result<int> bad = Error{"the reason"};
  EXPECT_DEATH((void)bad.value(), "the reason");
}

TEST(Release, IsThreeNumbers) {
  int major = -1, minor = -1, patch = -1;
  EXPECT_EQ(std::sscanf(kRelease, "%d.%d.%d", &major, &minor, &patch), 3);
}

}  // namespace
}  // namespace millrace
