// The rows of `events` in the table of keys.
#include "runtime/base/limits.hpp"
#include "runtime/scenario/names.hpp"
#include "runtime/scenario/schema_rows.hpp"

namespace millrace {

void add_events(std::vector<Key>& keys) {
  using Kind = ValueKind;
  keys.push_back({.path = "events",
                  .kind = Kind::list,
                  .doc = "What happens to links during the run, alike in every network; in any order.",
                  .max_items = 65'536});
  const std::string event = "events[]";
  keys.push_back({.path = event,
                  .kind = Kind::map,
                  .doc = "One change, of one link or of both directions; at least one of `state`, `rate`, "
                         "`trace`, `delay`, `loss`."});
  keys.push_back({.path = event + ".at",
                  .kind = Kind::exact,
                  .unit = Unit::duration,
                  .doc = "When, since the beginning of the run.",
                  .required = true,
                  .most = std::int64_t{1'000} * 3'600 * 1'000'000'000});
  keys.push_back(
      {.path = event + ".link",
       .kind = Kind::text,
       .doc =
           "Two devices with `-` between them: every link that joins them, in both directions. `a->b` is one "
           "direction; `a<->b` are both, whatever hyphens the names have."});
  keys.push_back({.path = event + ".from", .kind = Kind::name, .doc = "One direction: sending device."});
  keys.push_back({.path = event + ".to", .kind = Kind::name, .doc = "One direction: receiving device."});
  keys.push_back({.path = event + ".state",
                  .kind = Kind::choice,
                  .doc = "`down`: nothing passes, packets wait; `up`: what the link then is. A trace goes on "
                         "while its link is down.",
                  .choices = {"down", "up"}});
  keys.push_back({.path = event + ".rate",
                  .kind = Kind::exact,
                  .unit = Unit::rate,
                  .doc = "From now on this bit rate.",
                  .least = 1,
                  .most = kMaxBitPerS});
  keys.push_back({.path = event + ".trace",
                  .kind = Kind::path,
                  .doc = "From now on this trace, from its start; its format is seen from the file."});
  keys.push_back({.path = event + ".delay",
                  .kind = Kind::exact,
                  .unit = Unit::duration,
                  .doc = "From now on this propagation delay; packets do not overtake each other.",
                  .most = std::int64_t{3'600} * 1'000'000'000});
  keys.push_back({.path = event + ".loss",
                  .kind = Kind::real,
                  .doc = "From now on this probability that a packet is lost; 1 until a later event only.",
                  .high = 1});
}

}  // namespace millrace
