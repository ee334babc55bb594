#include "sim/doctor/report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace millrace {
namespace {

using Json = nlohmann::ordered_json;

const char* name_of(Transport transport) { return transport == Transport::raw ? "raw" : "tcp"; }

const char* name_of(Fitness fitness) {
  switch (fitness) {
    case Fitness::yes:
      return "yes";
    case Fitness::perhaps:
      return "perhaps";
    case Fitness::no:
      break;
  }
  return "no";
}

std::string blas_text(const Machine& machine) {
  if (machine.blas.empty()) return "none found: real tensors cannot be computed here";
  return machine.blas + (machine.fast_blas ? "" : "  (slow: install libopenblas0-pthread)");
}

std::string sleeps_text(const LatenessCounts& sleeps) {
  if (sleeps.count() == 0) return "not measured";
  return fmt::format("p50 {:.3f}, p99 {:.3f}, at most {:.3f} ms late", sleeps.percentile(0.5).milliseconds(),
                     sleeps.percentile(0.99).milliseconds(), sleeps.max().milliseconds());
}

// One line, or two where some links work and others do not.
std::string links_text(const LinkRights& rights) {
  if (!rights.namespaces.empty()) return "not possible: " + rights.namespaces;
  std::string text = rights.shaped.empty() ? "rates" : "no rates (" + rights.shaped + ")";
  text +=
      rights.emulated.empty() ? ", delays and losses" : ", no delays and losses (" + rights.emulated + ")";
  return fmt::format("{}; network.tcp: {}", text, fmt::join(rights.congestion_controls, ", "));
}

Json links_json(const LinkRights& rights) {
  const auto reason = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
  return {{"namespaces_error", reason(rights.namespaces)},
          {"rates_error", reason(rights.shaped)},
          {"delays_and_losses_error", reason(rights.emulated)},
          {"congestion_controls", rights.congestion_controls}};
}

Json verdict_json(const std::string& scenario, const Verdict& verdict) {
  Json links = Json::array();
  for (const auto& link : verdict.links)
    links.push_back({{"from", link.from},
                     {"to", link.to},
                     {"mean_mbps", link.mean_mbit_per_s},
                     {"max_mbps", link.max_mbit_per_s},
                     {"mean_share", link.mean_share},
                     {"max_share", link.max_share}});
  return {{"name", scenario},
          {"emulate", name_of(verdict.fitness)},
          {"share_of_all_links", verdict.share_of_all},
          {"links", links},
          {"sentences", verdict.sentences}};
}

}  // namespace

std::string doctor_table(const Findings& findings) {
  const Machine& machine = findings.machine;
  std::string text =
      fmt::format("{:<16} {}\n{:<16} {}, load {:.2f}\n{:<16} {}\n{:<16} {}\n{:<16} {}\n{:<16} {}\n",
                  "processor", machine.processor, "processors", machine.processors, machine.load_1min,
                  "kernel", machine.kernel, "BLAS", blas_text(machine), "real links",
                  links_text(machine.real_links), "sleeps of 1 ms", sleeps_text(machine.sleeps));
  text += fmt::format("\nns-3 carries in real time, one saturated link\n{:<10} {:>8} {:>12} {:>12}\n",
                      "transport", "mtu B", "Mbit/s", "events/s");
  for (const Carried& carried : findings.carried)
    text += fmt::format("{:<10} {:>8} {:>12.1f} {:>12.0f}\n", name_of(carried.transport), carried.mtu.count(),
                        carried.mbit_per_s, carried.events_per_s);
  if (!findings.verdict) return text;
  text += fmt::format("\nemulate {}: {}\n", findings.scenario, name_of(findings.verdict->fitness));
  for (const auto& sentence : findings.verdict->sentences) text += "  " + sentence + "\n";
  if (findings.verdict->links.empty()) return text;
  text += fmt::format("\n{:<33} {:>12} {:>12} {:>10} {:>10}\n", "link", "mean Mbit/s", "max Mbit/s",
                      "of mean", "of max");
  for (const auto& link : findings.verdict->links)
    text += fmt::format("{:<33} {:>12.3f} {:>12.3f} {:>8.1f} % {:>8.1f} %\n",
                        fmt::format("{} -> {}", link.from, link.to), link.mean_mbit_per_s,
                        link.max_mbit_per_s, 100 * link.mean_share, 100 * link.max_share);
  return text;
}

std::string doctor_json(const Findings& findings) {
  const Machine& machine = findings.machine;
  Json sleeps = nullptr;
  if (machine.sleeps.count() > 0)
    sleeps = {{"count", machine.sleeps.count()},
              {"p50", machine.sleeps.percentile(0.5).milliseconds()},
              {"p99", machine.sleeps.percentile(0.99).milliseconds()},
              {"max", machine.sleeps.max().milliseconds()}};
  Json carried = Json::array();
  for (const Carried& row : findings.carried)
    carried.push_back({{"transport", name_of(row.transport)},
                       {"mtu", row.mtu.count()},
                       {"mbps", row.mbit_per_s},
                       {"events_per_s", row.events_per_s}});
  Json root = {{"processor", machine.processor},
               {"processors", machine.processors},
               {"load_1min", machine.load_1min},
               {"kernel", machine.kernel},
               {"blas", {{"library", machine.blas}, {"fast", machine.fast_blas}}},
               {"real_links", links_json(machine.real_links)},
               {"sleep_lateness_ms", sleeps},
               {"ns3", carried}};
  if (findings.verdict) root["scenario"] = verdict_json(findings.scenario, *findings.verdict);
  return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace millrace
