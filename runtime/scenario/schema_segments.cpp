// The keys of a segment: several devices on one medium, or around one hub.
#include "runtime/base/limits.hpp"
#include "runtime/scenario/tables.hpp"

namespace millrace {
namespace {

bool is_star(const SegmentSection& segment) { return segment.kind == SegmentKind::star; }
bool is_csma(const SegmentSection& segment) { return segment.kind == SegmentKind::csma; }
bool is_wifi(const SegmentSection& segment) { return segment.kind == SegmentKind::wifi; }

// --- star

// The link of every member in one direction.
Row<SegmentSection::Access> access_row(LinkSection SegmentSection::Access::*link, bool downwards, Key key) {
  key.kind = ValueKind::map;
  key.required = true;
  Row<SegmentSection::Access> row{.key = std::move(key)};
  link_table().add_to(row.below, row.key.path);
  row.fill = [=](const Fields& in, const std::string& at, SegmentSection::Access& access) {
    access.*link = link_at(in, at, downwards);
  };
  row.write = [link, name = row.key.path](Writer& out, const SegmentSection::Access& access, Extent extent) {
    out.map(name, [&] { link_table().write(out, access.*link, extent); });
  };
  row.paths = [link](const SegmentSection::Access& access, const std::string& at, const PathVisitor& visit) {
    link_table().for_each_path(access.*link, at, visit);
  };
  return row;
}

const Table<SegmentSection::Access>& access_table() {
  using Access = SegmentSection::Access;
  static const Table<Access> table = [] {
    Table<Access> made;
    made.texts(&Access::members,
               {.path = "members", .doc = "Devices.", .required = true, .min_items = 1, .max_items = 1'024},
               {.doc = "A device."});
    made.row(access_row(&Access::up, false, {.path = "up", .doc = "Each member's link to the hub."}));
    made.row(access_row(&Access::down, true, {.path = "down", .doc = "The hub's link to each member."}));
    return made;
  }();
  return table;
}

// --- wifi

const Table<SegmentSection::Distance>& distance_table() {
  using Distance = SegmentSection::Distance;
  static const Table<Distance> table = [] {
    Table<Distance> made;
    made.key(&Distance::member, {.path = "member", .doc = "A device.", .required = true});
    made.key(&Distance::metres, {.path = "distance",
                                 .unit = Unit::length,
                                 .doc = "Its distance.",
                                 .required = true,
                                 .high = 10'000,
                                 .low_open = true});
    return made;
  }();
  return table;
}

void add_wifi(Table<SegmentSection>& table) {
  table.key(
      &SegmentSection::access_point,
      {.path = "access_point", .doc = "wifi: the member that is the access point. Default: none, ad hoc."},
      is_wifi);
  table.key(&SegmentSection::standard,
            {.path = "standard",
             .kind = ValueKind::choice,
             .doc = "wifi: the standard.",
             .choices = words(kWifiStandardNames)},
            is_wifi);
  table.key(&SegmentSection::rate_control,
            {.path = "rate_control",
             .kind = ValueKind::choice,
             .doc = "wifi: the algorithm that chooses the modulation.",
             .choices = words(kRateControlNames)},
            is_wifi);
  table.key(&SegmentSection::distance_m,
            {.path = "distance",
             .unit = Unit::length,
             .doc = "wifi: of every member from the access point; ad hoc: from the centre.",
             .high = 10'000,
             .low_open = true},
            is_wifi);
  table.flow_list(&SegmentSection::distances,
                  {.path = "distances", .doc = "wifi: members whose distance differs.", .max_items = 1'024},
                  "A member.", distance_table());
}

void add_csma(Table<SegmentSection>& table) {
  table.key(&SegmentSection::rate,
            {.path = "rate",
             .doc = "csma: the rate that all members share; frames count with 38 bytes of layer 2.",
             .least = 1,
             .most = kMaxBitPerS},
            is_csma);
  table.key(&SegmentSection::delay,
            {.path = "delay",
             .doc = "csma: propagation; the medium is busy until the last bit has arrived everywhere.",
             .most = 1'000'000'000},
            is_csma);
}

}  // namespace

const Table<SegmentSection>& segment_table() {
  static const Table<SegmentSection> table = [] {
    const auto is_medium = [](const SegmentSection& segment) { return !is_star(segment); };
    Table<SegmentSection> made;
    made.key(&SegmentSection::name, {.path = "name", .doc = "Unique name.", .required = true});
    made.key(&SegmentSection::kind,
             {.path = "kind",
              .doc = "Ethernet with carrier sense on one half-duplex medium; access links around a switch or "
                     "base station; or shared Wi-Fi.",
              .required = true});
    made.key(&SegmentSection::hub,
             {.path = "hub", .doc = "star: a device, or a name of its own for a switch or base station."},
             is_star);
    made.list(&SegmentSection::access,
              {.path = "access",
               .doc = "star: the members and their access links; every member once.",
               .min_items = 1,
               .max_items = 1'024},
              "Members whose access links are alike.", access_table());
    made.texts(
        &SegmentSection::members,
        {.path = "members", .doc = "csma, wifi: the devices on the medium.", .min_items = 2, .max_items = 64},
        {.doc = "A device."});
    made.key(&SegmentSection::queue,
             {.path = "queue",
              .doc = "csma, wifi: how much may wait at each member's device; at least one `mtu`.",
              .least = 1,
              .most = kLargestQueue},
             is_medium);
    add_wifi(made);
    add_csma(made);
    return made;
  }();
  return table;
}

}  // namespace millrace
