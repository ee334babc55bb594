#include "sim/net/link_rate.hpp"

namespace millrace {

std::shared_ptr<const RateTrace> rate_trace_of(const LinkRate& rate) {
  if (const auto* constant = std::get_if<BitRate>(&rate))
    return std::make_shared<const RateTrace>(RateTrace::constant(*constant));
  if (const auto* trace = std::get_if<std::shared_ptr<const RateTrace>>(&rate)) return *trace;
  return std::get<std::shared_ptr<const DeliverySchedule>>(rate)->rate_trace();
}

}  // namespace millrace
