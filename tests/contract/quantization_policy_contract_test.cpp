// The contract of every quantization policy, for any inputs. It runs over the registry's table, so a new
// policy is tested at once.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <cstdlib>

#include "runtime/policy/registry.hpp"
#include "tests/support/seed.hpp"

namespace millrace {
namespace {

// One call of a policy: an acknowledgement, or a question.
struct Happening {
  bool is_question = false;
  LinkSample sample;
  Outgoing outgoing;
  Time now;
};

// Any value that the checks of other processes' records let pass: times and sizes up to 2^60, in any order.
std::int64_t wild(std::int64_t most) {
  const int magnitude = *rc::gen::inRange(0, 61);
  return std::min(most, *rc::gen::inRange<std::int64_t>(0, (std::int64_t{1} << magnitude)));
}

constexpr std::int64_t kMost = (std::int64_t{1} << 60) - 1;

Happening any_happening(Time& now) {
  Happening happening;
  happening.is_question = *rc::gen::arbitrary<bool>();
  now = std::max(now, Time::at_ns(wild(kMost)));
  happening.now = now;
  happening.sample = {.to = {2},
                      .microbatch = {*rc::gen::arbitrary<std::uint64_t>()},
                      .sent = Time::at_ns(wild(kMost)),
                      .acknowledged = Time::at_ns(wild(kMost)),
                      .size = Bytes(wild(kMost)),
                      .values = static_cast<std::uint64_t>(wild(kMost)),
                      .images = *rc::gen::arbitrary<std::uint32_t>()};
  happening.outgoing = {.microbatch = {*rc::gen::arbitrary<std::uint64_t>()},
                        .images = *rc::gen::arbitrary<std::uint32_t>(),
                        .values = static_cast<std::uint64_t>(wild(kMost)),
                        .encode = Duration::ns(wild(kMost)),
                        .waiting = *rc::gen::arbitrary<std::uint32_t>(),
                        .sender = {.in_flight = *rc::gen::arbitrary<std::uint32_t>(),
                                   .in_flight_size = Bytes(wild(kMost)),
                                   .oldest_sent = Time::at_ns(wild(kMost)),
                                   .ready = *rc::gen::arbitrary<std::uint32_t>(),
                                   .ready_size = Bytes(wild(kMost))}};
  return happening;
}

std::vector<Happening> any_history() {
  const int length = *rc::gen::inRange(1, 60);
  Time now;
  std::vector<Happening> history;
  for (int i = 0; i < length; ++i) history.push_back(any_happening(now));
  return history;
}

std::unique_ptr<QuantizationPolicy> make(const std::string& kind, double images_per_s, int window) {
  PolicySection::Quantization section;
  section.kind = kind;
  section.target_images_per_s = images_per_s;
  section.window = window;
  return make_quantization_policy(section).value();
}

std::vector<double> play(const std::vector<Happening>& history, QuantizationPolicy& policy) {
  std::vector<double> bits;
  for (const auto& happening : history) {
    if (happening.is_question) {
      bits.push_back(policy.choose(happening.now, happening.outgoing).bits_per_value);
    } else {
      policy.observe(happening.sample);
    }
  }
  return bits;
}

class AQuantizationPolicy : public testing::TestWithParam<std::string> {
 protected:
  // Before rapidcheck reads its configuration for the first time.
  static void SetUpTestSuite() {
    setenv("RC_PARAMS", ("seed=" + std::to_string(test_seed())).c_str(), 0);  // NOLINT(concurrency-mt-unsafe)
  }
};

TEST_P(AQuantizationPolicy, GivesUsableBudgetsWhateverItSees) {
  EXPECT_TRUE(rc::check("budgets lie between the fewest and the most bits", [] {
    const auto policy = make(GetParam(), std::exp2(*rc::gen::inRange(-30, 30)), *rc::gen::inRange(1, 20));
    for (const double bits : play(any_history(), *policy)) {
      RC_ASSERT(std::isfinite(bits));
      RC_ASSERT(bits >= kFewestBits && bits <= kMostBits);
    }
  }));
}

TEST_P(AQuantizationPolicy, DecidesTheSameWhenToldTheSame) {
  EXPECT_TRUE(rc::check("two of a kind agree", [] {
    const auto history = any_history();
    const auto one = make(GetParam(), 100, 3), other = make(GetParam(), 100, 3);
    RC_ASSERT(play(history, *one) == play(history, *other));
  }));
}

TEST_P(AQuantizationPolicy, RecoversFromWhateverItHasSeen) {
  EXPECT_TRUE(rc::check("after a good while on a fast link the budget is 32 bits", [] {
    const auto policy = make(GetParam(), 100, 5);
    for (int i = 0; i < 30; ++i) {  // outages and bursts, but in order as on a link
      const auto sent = Time::zero() + Duration::s(20 * i);
      policy->observe({.to = {2},
                       .microbatch = {},
                       .sent = sent,
                       .acknowledged = sent + Duration::ms(*rc::gen::inRange(1, 20'000)),
                       .size = Bytes(*rc::gen::inRange(1, 4'000'000)),
                       .values = 1'000'000,
                       .images = 10});
    }
    double bits = 0;
    for (int i = 0; i < 400; ++i) {
      const auto now = Time::zero() + Duration::s(1000) + Duration::ms(100 * i);
      bits = policy
                 ->choose(now, {.microbatch = {},
                                .images = 10,
                                .values = 1'000'000,
                                .encode = {},
                                .waiting = 0,
                                .sender = {}})
                 .bits_per_value;
      policy->observe({.to = {2},
                       .microbatch = {},
                       .sent = now,
                       .acknowledged = now + Duration::us(100),
                       .size = Bytes(static_cast<std::int64_t>(bits * 125'000)),
                       .values = 1'000'000,
                       .images = 10});
    }
    RC_ASSERT(bits == kMostBits);
  }));
}

std::string test_name(const testing::TestParamInfo<std::string>& param) {
  std::string name = param.param;
  std::erase(name, '-');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Every, AQuantizationPolicy, testing::ValuesIn(quantization_policy_names()),
                         test_name);

}  // namespace
}  // namespace millrace
