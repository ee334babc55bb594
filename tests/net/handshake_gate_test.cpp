#include "runtime/net/handshake_gate.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

HandshakeGate::Source source(std::uint32_t number) {
  HandshakeGate::Source made{};
  for (std::size_t i = 0; i < 4; ++i) made[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return made;
}

class AHandshakeGate : public testing::Test {
 protected:
  int admitted(std::uint32_t from, int attempts) {
    int let_in = 0;
    for (int i = 0; i < attempts; ++i) let_in += gate_.admit(source(from), now_) ? 1 : 0;
    return let_in;
  }

  HandshakeGate gate_;
  HandshakeGate::Clock::time_point now_{hours(1)};
};

TEST_F(AHandshakeGate, GivesOneAddressItsShareAndNotMore) {
  EXPECT_EQ(admitted(1, 5000), 512);
  now_ += seconds(1);
  EXPECT_EQ(admitted(1, 5000), 100);
  now_ += milliseconds(10);
  EXPECT_EQ(admitted(1, 5000), 1);
}

TEST_F(AHandshakeGate, AFloodFromOneAddressCostsAnotherNothing) {
  for (int i = 0; i < 1000; ++i, now_ += milliseconds(1)) {
    admitted(1, 5);
    EXPECT_EQ(admitted(2, i % 20 == 0 ? 1 : 0), i % 20 == 0 ? 1 : 0) << "after " << i << " ms";
  }
}

TEST_F(AHandshakeGate, AFloodFromManyAddressesKeepsOutNoneThatIsKnown) {
  ASSERT_EQ(admitted(7, 1), 1);
  gate_.succeeded(source(7), now_);
  int strangers = 0;
  for (std::uint32_t i = 100; i < 20'000; ++i) strangers += admitted(i, 1);
  EXPECT_LE(strangers, 1024);
  EXPECT_EQ(admitted(8, 1), 0) << "not an address known before";
  EXPECT_EQ(admitted(7, 100), 100);
  now_ += minutes(11);
  admitted(1, 5000), admitted(2, 5000);
  EXPECT_EQ(admitted(7, 1), 0) << "an address is forgotten in time";
}

TEST_F(AHandshakeGate, WhoAlwaysShowsWhoItIsIsNeverTurnedAway) {
  for (int i = 0; i < 5000; ++i) {
    ASSERT_EQ(admitted(3, 1), 1) << i;
    gate_.succeeded(source(3), now_);
  }
}

TEST_F(AHandshakeGate, RemembersALimitedNumberAndForgetsWhoIsQuiet) {
  for (std::uint32_t i = 0; i < 3 * HandshakeGate::kMaxSources; ++i) admitted(i, 1);
  EXPECT_EQ(gate_.sources(), HandshakeGate::kMaxSources);
  now_ += seconds(10);
  EXPECT_EQ(admitted(1'000'000, 1), 1);
  EXPECT_EQ(gate_.sources(), 1U);
}

}  // namespace
}  // namespace millrace
