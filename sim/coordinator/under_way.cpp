#include "sim/coordinator/under_way.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/coordinator/what_it_is.hpp"

namespace millrace {

Transfer UnderWay::add(const Plan& plan, NodeMessage message, Time submitted) {
  const TransferId id{transfers_++};
  const Transfer transfer{id, plan.device_of(message.from), plan.device_of(message.to),
                          message_size(message.message, message.epoch)};
  items_.emplace(id, Item{std::move(message), submitted, transfer.size});
  return transfer;
}

UnderWay::Arrival UnderWay::take(const Delivery& delivery) {
  auto found = items_.extract(delivery.id);
  MR_CHECK(!found.empty(), "a delivery of what was never sent");
  auto& item = found.mapped();
  TransferRecord record{.id = delivery.id,
                        .from = item.message.from,
                        .to = item.message.to,
                        .activation = false,
                        .microbatch = {},
                        .size = item.size,
                        .values = 0,
                        .submitted = item.submitted,
                        .delivered = delivery.at,
                        .queued = delivery.queued,
                        .wire = delivery.wire,
                        .propagation = delivery.propagation};
  if (const auto* activation = std::get_if<Activation>(&item.message.message)) {
    record.activation = true;
    record.microbatch = activation->microbatch;
    record.values = activation->values;
  } else {
    record.microbatch = std::get<Feedback>(item.message.message).acknowledged;
  }
  return {std::move(item.message), record};
}

const UnderWay::Item& UnderWay::oldest() const {
  MR_CHECK(!items_.empty());
  return std::ranges::min_element(
             items_, {},
             [](const auto& entry) { return std::pair(entry.second.submitted, entry.first.value); })
      ->second;
}

std::string what_it_is(const Plan& plan, const UnderWay::Item& item) {
  const auto& [from, to, message, at, epoch] = item.message;
  return fmt::format("{} from {} to {}, under way since {:.3f} s", what_it_is(message), node_name(plan, from),
                     node_name(plan, to), item.submitted.seconds());
}

}  // namespace millrace
