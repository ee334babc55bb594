// The keys of `network`; those of a link are in schema_links.cpp, those of a segment in schema_segments.cpp.
#include "runtime/base/limits.hpp"
#include "runtime/scenario/tables.hpp"

namespace millrace {
namespace {

// --- links

// The ends of an item: a pair for both directions, or one direction.
void add_ends(Schema& below, const std::string& item) {
  below.keys.push_back({.path = item + ".between",
                        .kind = ValueKind::list,
                        .doc = "Two device names: the link is the same in both directions.",
                        .min_items = 2,
                        .max_items = 2});
  below.keys.push_back({.path = item + ".between[]", .doc = "A device."});
  below.keys.push_back({.path = item + ".from", .doc = "Sending device of a link in one direction."});
  below.keys.push_back({.path = item + ".to", .doc = "Receiving device of a link in one direction."});
  below.alternatives.push_back({item, {{"between"}, {"from", "to"}}, true});
}

// Two equal directions in a row are written as one pair, so that `network.links[i]` means the same in the
// scenario and in the resolved text.
bool is_pair(const LinkSection& there, LinkSection back) {
  std::swap(back.from, back.to);
  return there == back;
}

void write_link(Writer& out, const LinkSection& link, bool both_directions, Extent extent) {
  if (both_directions) {
    out.line("between: {}", flow_list_text({name_text(link.from), name_text(link.to)}));
  } else {
    out.line("from: {}", name_text(link.from));
    out.line("to: {}", name_text(link.to));
  }
  link_table().write(out, link, extent);
}

void write_links(Writer& out, const NetworkSection& network, Extent extent) {
  const auto& links = network.links;
  out.line("links:{}", links.empty() ? " []" : "");
  for (std::size_t i = 0; i < links.size(); ++i) {
    const bool pair = i + 1 < links.size() && is_pair(links[i], links[i + 1]);
    out.item([&] { write_link(out, links[i], pair, extent); });
    if (pair) ++i;
  }
}

// Filled by scenario_fill.cpp, which records the item that each link comes from.
Row<NetworkSection> links_row() {
  Row<NetworkSection> row{.key = {.path = "links",
                                  .kind = ValueKind::list,
                                  .doc = "The links; may be empty if one device does everything.",
                                  .max_items = 65'536}};
  const Key item = item_of(row.key, "A link, at most one per direction between two devices.");
  row.below.keys.push_back(item);
  add_ends(row.below, item.path);
  link_table().add_to(row.below, item.path);
  row.write = write_links;
  row.paths = [](const NetworkSection& network, const std::string& links, const PathVisitor& visit) {
    for (const LinkSection& link : network.links) link_table().for_each_path(link, links + "[]", visit);
  };
  return row;
}

// --- cross traffic

const Table<CrossTrafficSection>& cross_traffic_table() {
  using Cross = CrossTrafficSection;
  static const Table<Cross> table = [] {
    const auto on_off = [](const Cross& cross) { return cross.kind == CrossTrafficKind::on_off; };
    Table<Cross> made;
    made.key(&Cross::from, {.path = "from", .doc = "Sending device or switch.", .required = true});
    made.key(&Cross::to, {.path = "to", .doc = "Receiving device or switch.", .required = true});
    made.key(&Cross::kind,
             {.path = "kind",
              .doc = "Datagrams at `rate` that come and go and never back off, or one TCP connection that "
                     "always has something to send.",
              .required = true});
    made.key(
        &Cross::rate,
        {.path = "rate", .doc = "on-off: while on, IP headers included.", .least = 1, .most = kMaxBitPerS},
        on_off);
    made.key(
        &Cross::on,
        {.path = "on_time", .doc = "on-off: how long it sends.", .least = 1'000'000, .most = 1'000 * kHourNs},
        on_off);
    made.key(&Cross::off,
             {.path = "off_time", .doc = "on-off: how long it then pauses.", .most = 1'000 * kHourNs},
             on_off);
    made.key(
        &Cross::periods,
        {.path = "periods",
         .doc = "on-off: `on_time` and `off_time` are durations, or means of exponential ones drawn with the "
                "run's seed."},
        on_off);
    made.key(&Cross::start, {.path = "start", .doc = "When it begins.", .most = 1'000 * kHourNs});
    made.key(&Cross::stop,
             {.path = "stop", .doc = "When it ends. Default: never.", .least = 1, .most = 1'000 * kHourNs});
    return made;
  }();
  return table;
}

}  // namespace

std::vector<LinkSection> links_at(const Fields& in, const std::string& at) {
  LinkSection link = link_at(in, at, false);
  const auto ends = texts_at(in, at + ".between");
  if (ends.size() != 2) {
    link.from = in.text(at + ".from").value_or("");
    link.to = in.text(at + ".to").value_or("");
    return {link};
  }
  LinkSection back = link_at(in, at, true);
  link.from = back.to = ends[0];
  link.to = back.from = ends[1];
  return {link, back};
}

const Table<NetworkSection>& network_table() {
  static const Table<NetworkSection> table = [] {
    Table<NetworkSection> made;
    // If absent, the mode decides.
    made.key(&NetworkSection::kind,
             {.path = "kind",
              .doc = "Exact fluid model or ns-3 packets. Default: fluid in simulate, ns3 in cosim and "
                     "emulate."});
    made.key(&NetworkSection::transport,
             {.path = "transport", .doc = "ns-3: simulated TCP on persistent connections, or bare packets."});
    made.key(&NetworkSection::tcp,
             {.path = "tcp",
              .kind = ValueKind::choice,
              .doc = "Congestion control of TCP, simulated and on real links (netns). cubic, "
                     "bbr and reno behave as Linux's; links that lose packets need one of them.",
              .choices = words(kTcpNames)});
    made.key(&NetworkSection::mtu,
             {.path = "mtu", .doc = "IP packet on the wire.", .least = 128, .most = 65'535});
    made.texts(&NetworkSection::switches,
               {.path = "switches",
                .doc = "Names of switches and routers: they run nothing and forward.",
                .max_items = 1'024},
               {.doc = "A switch."});
    made.row(links_row());
    made.list(&NetworkSection::segments,
              {.path = "segments",
               .doc = "Devices on one medium or around one hub; beside `links`.",
               .max_items = 1'024},
              "A segment.", segment_table());
    made.list(&NetworkSection::cross_traffic,
              {.path = "cross_traffic",
               .doc = "Traffic on the links beside the pipeline's transfers.",
               .max_items = 1'024},
              "One flow.", cross_traffic_table());
    return made;
  }();
  return table;
}

}  // namespace millrace
