// The keys of `events`.
#include "runtime/base/limits.hpp"
#include "runtime/scenario/tables.hpp"

namespace millrace {
namespace {

// `state: down | up`.
Row<EventSection> state_row() {
  return {.key = {.path = "state",
                  .kind = ValueKind::choice,
                  .doc = "`down`: nothing passes, packets wait; `up`: the link works again. A trace goes on "
                         "while its link is down.",
                  .choices = {"down", "up"}},
          .fill =
              [](const Fields& in, const std::string& at, EventSection& event) {
                if (const auto state = in.text(at)) event.up = *state == "up";
              },
          .text = [](const EventSection& event) -> std::optional<std::string> {
            if (!event.up) return std::nullopt;
            return *event.up ? "up" : "down";
          }};
}

void add_changes(Table<EventSection>& table) {
  table.row(state_row());
  table.key(&EventSection::rate,
            {.path = "rate", .doc = "From now on this bit rate.", .least = 1, .most = kMaxBitPerS});
  table.key(&EventSection::trace, {.path = "trace",
                                   .kind = ValueKind::path,
                                   .doc = "From now on this trace, from its start; its format is detected."});
  table.key(&EventSection::delay,
            {.path = "delay",
             .doc = "From now on this propagation delay; packets do not overtake each other.",
             .most = kHourNs});
  table.key(&EventSection::loss,
            {.path = "loss",
             .doc = "From now on this probability that a packet is lost; 1 only if a later event ends it.",
             .high = 1});
  table.alternative({{"rate"}, {"trace"}}, false);
}

}  // namespace

const Table<EventSection>& event_table() {
  static const Table<EventSection> table = [] {
    Table<EventSection> made;
    made.key(&EventSection::at, {.path = "at",
                                 .doc = "When, since the beginning of the run.",
                                 .required = true,
                                 .most = 1'000 * kHourNs});
    made.row({.key = {.path = "link",
                      .kind = ValueKind::text,
                      .doc = "Two devices with `-` between them: every link that joins them, in both "
                             "directions. `a->b` is one direction; `a<->b` is both, also for names with "
                             "hyphens."}});
    made.key(&EventSection::from, {.path = "from", .doc = "One direction: sending device."});
    made.key(&EventSection::to, {.path = "to", .doc = "One direction: receiving device."});
    made.alternative({{"link"}, {"from", "to"}}, true);
    add_changes(made);
    return made;
  }();
  return table;
}

std::vector<EventSection> events_at(const Fields& in, const std::string& at,
                                    const std::vector<LinkSection>& links) {
  EventSection event;
  event_table().fill(in, at, event);
  std::vector<EventSection> events;
  const auto meant = in.text(at + ".link");
  for (const LinkSection& link : links) {
    if (!meant || !means_link(*meant, link.from, link.to)) continue;
    events.push_back(event);
    events.back().from = link.from;
    events.back().to = link.to;
  }
  if (events.empty()) events.push_back(event);
  return events;
}

}  // namespace millrace
