#include "runtime/node/compute_thread.hpp"

#include <gtest/gtest.h>

#include <future>

#include "tests/node/parts.hpp"

namespace millrace {
namespace {

TEST(AComputeThread, WorksOnOneThreadOfItsOwn) {
  std::vector<std::thread::id> on;
  ScriptedExecutor executor([&on](const Work&) -> Result<Outcome> {
    on.push_back(std::this_thread::get_id());
    return Outcome{};
  });
  ComputeThread thread(executor);
  for (int i = 0; i < 2; ++i) {
    thread.begin(Work{});
    EXPECT_TRUE(thread.wait().ok());
  }
  ASSERT_EQ(on.size(), 2U);
  EXPECT_EQ(on[0], on[1]);
  EXPECT_NE(on[0], std::this_thread::get_id());
}

TEST(AComputeThread, HandsTheOutcomeToWhoeverWaits) {
  ScriptedExecutor executor(
      [](const Work& work) -> Result<Outcome> { return outcome(static_cast<std::int64_t>(work.images)); });
  ComputeThread thread(executor);
  thread.begin(work_of(0, 12));
  EXPECT_EQ(thread.wait()->output.size, Bytes(12));
}

TEST(AComputeThread, ThenMayBeginTheNextPieceFromAnotherThread) {
  ScriptedExecutor executor(nothing_to_do);
  ComputeThread thread(executor);
  std::promise<void> first, second;
  thread.begin(Work{}, [&first](const Result<Outcome>&) { first.set_value(); });
  first.get_future().wait();
  thread.begin(Work{}, [&second](const Result<Outcome>&) { second.set_value(); });
  second.get_future().wait();
}

TEST(AComputeThread, FinishesTheWorkBegunBeforeItEnds) {
  int done = 0;
  ScriptedExecutor executor([&done](const Work&) -> Result<Outcome> {
    ++done;
    return Outcome{};
  });
  for (int i = 0; i < 100; ++i) {
    ComputeThread thread(executor);
    thread.begin(Work{});
  }
  EXPECT_EQ(done, 100);
}

TEST(AComputeThread, AnExceptionWithoutATextIsAnErrorToo) {
  ScriptedExecutor executor([](const Work&) -> Result<Outcome> { throw 3; });
  EXPECT_EQ(run_guarded(executor, work_of(9)).error().message,
            "computing microbatch 9: an exception without a text");
}

}  // namespace
}  // namespace millrace
