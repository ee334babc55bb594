#include "runtime/node/cost.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

ModelConfig tiny() { return model_by_name("vit-tiny").value(); }

// 1 GFLOP/s: one nanosecond per operation.
ProfileCost cost_of(LayerRange layers) { return {DeviceCost::by_speed(tiny(), 1e9), tiny(), layers}; }
Work work(WorkKind kind, std::uint32_t images) {
  Work made;
  made.kind = kind;
  made.images = images;
  return made;
}

TEST(AProfilesCost, ForwardIsDecodingTheInputAndComputingTheLayers) {
  const auto cost = cost_of({5, 8}).planned(work(WorkKind::forward, 2));
  ASSERT_TRUE(cost.has_value());
  // One residual of 197·192 values crosses cut 4; 10 operations per value.
  EXPECT_EQ(cost->decode, Duration::ns(2 * 197 * 192 * 10));
  EXPECT_EQ(cost->compute, Duration::from_seconds(2 * flops_per_image(tiny(), {5, 8}) * 1e-9));
  EXPECT_EQ(cost->encode, Duration{});
}

TEST(AProfilesCost, EncodingCostsWhatCrossesTheLastCut) {
  const auto cost = cost_of({1, 3}).planned(work(WorkKind::encode, 3));
  ASSERT_TRUE(cost.has_value());
  EXPECT_EQ(cost->total(), cost->encode);
  // Cut 3: GELU output (197·768) and residual (197·192).
  EXPECT_EQ(cost->encode, Duration::ns(std::int64_t{3} * (197 * 768 + 197 * 192) * 10));
}

TEST(AProfilesCost, APartialMicrobatchCostsItsShare) {
  const auto cost = cost_of({1, 4});
  EXPECT_EQ(cost.planned(work(WorkKind::encode, 8))->encode,
            cost.planned(work(WorkKind::encode, 2))->encode * 4);
}

TEST(AMeasuredCost, IsNotKnownBeforehandAndScalesEveryPart) {
  const MeasuredCost cost(2.5);
  EXPECT_FALSE(cost.planned(Work{}).has_value());
  const auto charged = cost.charged({Duration::ms(2), Duration::ms(4), Duration::ms(6)});
  EXPECT_EQ(charged.decode, Duration::ms(5));
  EXPECT_EQ(charged.compute, Duration::ms(10));
  EXPECT_EQ(charged.encode, Duration::ms(15));
}

TEST(SourceAndSink, AreFree) {
  const FreeCost cost;
  ASSERT_TRUE(cost.planned(Work{}).has_value());
  EXPECT_EQ(cost.planned(Work{})->total(), Duration{});
}

}  // namespace
}  // namespace millrace
