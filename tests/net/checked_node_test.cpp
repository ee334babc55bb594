#include "runtime/node/checked_node.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <vector>

namespace millrace {
namespace {

class Deaf final : public Node {
 public:
  explicit Deaf(int& heard) : heard_(heard) {}
  Result<void> on_start(Time, Outbox&) override { return {}; }
  Result<void> on_message(Time, NodeId, Message, Outbox&) override { return ++heard_, Result<void>{}; }
  Result<void> on_computed(Time, JobId, Outcome, Outbox&) override { return {}; }
  Result<void> on_timer(Time, TimerId, Outbox&) override { return {}; }

 private:
  int& heard_;
};

class Silent final : public Outbox {
 public:
  void send(NodeId, Message) override {}
  void compute(JobId, Work) override {}
  void wake_at(Time, TimerId) override {}
  void record(Record) override {}
  void finish() override {}
};

TEST(ACheckedNode, HearsOnlyWhatBelongsToTheRun) {
  int heard = 0;
  CheckedNode node(std::make_unique<Deaf>(heard), {.images = 22, .microbatch = 4});
  Silent out;
  const Activation last{.microbatch = {5},
                        .first_image = 20,
                        .images = 2,
                        .created = Time::at_ns(5),
                        .values = 7,
                        .payload = {}};
  EXPECT_TRUE(node.on_message({}, {0}, last, out).ok());
  EXPECT_TRUE(node.on_message({}, {2}, Feedback{{}, 1}, out).ok());
  EXPECT_EQ(heard, 2);
  for (const auto& change : std::vector<std::function<void(Activation&)>>{
           [](auto& a) { a.microbatch = {6}; }, [](auto& a) { a.microbatch = {~std::uint64_t{0}}; },
           [](auto& a) { a.images = 4; }, [](auto& a) { a.images = 0; }, [](auto& a) { a.first_image = 16; },
           [](auto& a) { a.values = ~std::uint64_t{0}; }, [](auto& a) { a.created = Time::at_ns(-1); },
           [](auto& a) { a.created = Time::at_ns(std::numeric_limits<std::int64_t>::max()); }}) {
    auto changed = last;
    change(changed);
    EXPECT_FALSE(node.on_message({}, {0}, changed, out).ok());
  }
  EXPECT_EQ(heard, 2);
}

}  // namespace
}  // namespace millrace
