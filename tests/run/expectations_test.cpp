#include "sim/run/expectations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// 4 images in 2 s; latencies 1 s and 2 s; 1 of 2 labelled right.
Summary good_run() {
  Summary summary(1);
  CompletionRecord record;
  record.images = 2;
  record.completed = Time::zero() + Duration::s(1);
  record.outputs = {{0, 1U, 1U, ""}, {1, 1U, 2U, ""}};
  summary.add(record);
  record.completed = Time::zero() + Duration::s(2);
  record.outputs.clear();
  summary.add(record);
  summary.close(Time::zero() + Duration::s(2));
  return summary;
}

std::vector<std::string> unmet(const std::string& metric, bool at_least, double bound,
                               const Summary& summary = good_run()) {
  Scenario scenario;
  scenario.expect = {{metric, at_least, bound}};
  return unmet_expectations(scenario, summary);
}

TEST(AnExpectation, IsMetAtItsBound) {
  for (const bool at_least : {true, false}) {
    EXPECT_THAT(unmet("throughput", at_least, 2), IsEmpty());
    EXPECT_THAT(unmet("latency_p50", at_least, 1), IsEmpty());
    EXPECT_THAT(unmet("latency_p95", at_least, 2), IsEmpty());
    EXPECT_THAT(unmet("latency_p99", at_least, 2), IsEmpty());
    EXPECT_THAT(unmet("accuracy", at_least, 0.5), IsEmpty());
  }
}

TEST(AnExpectation, UnmetSaysWhatWasExpectedAndWhatCame) {
  EXPECT_THAT(unmet("throughput", true, 2.5), ElementsAre("expected throughput >= 2.5, got 2"));
  EXPECT_THAT(unmet("latency_p50", false, 0.25), ElementsAre("expected latency_p50 <= 0.25, got 1"));
}

TEST(AnExpectation, OfAFigureTheRunDoesNotHaveIsUnmet) {
  Summary empty(1);
  empty.close(Time::zero());
  for (const bool at_least : {true, false}) {
    EXPECT_THAT(unmet("accuracy", at_least, 0.5, empty), ElementsAre(testing::HasSubstr("got nothing")));
    EXPECT_THAT(unmet("latency_p99", at_least, 1, empty), ElementsAre(testing::HasSubstr("got nothing")));
    EXPECT_THAT(unmet("beauty", at_least, 1), ElementsAre(testing::HasSubstr("got nothing")));
  }
}

TEST(Expectations, AreAllLookedAt) {
  Scenario scenario;
  scenario.expect = {{"throughput", true, 9}, {"throughput", true, 1}, {"accuracy", true, 1}};
  EXPECT_EQ(unmet_expectations(scenario, good_run()).size(), 2U);
}

}  // namespace
}  // namespace millrace
