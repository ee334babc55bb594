#include "sim/coordinator/local_attachment.hpp"

namespace millrace {

Result<void> LocalAttachment::begin(Event event) {
  MR_CHECK(!turn_, "two events at once");
  turn_ = node_.take(std::move(event));
  return {};
}

Result<Turn> LocalAttachment::end() {
  MR_CHECK(turn_.has_value(), "no event was begun");
  auto turn = std::move(*turn_);
  turn_.reset();
  return turn;
}

}  // namespace millrace
