// The files of a run directory under arbitrary bytes, as `millrace compare` and `millrace sweep --import`
// read them: manifest, resolved scenario, summary and wall clock in one input, separated by lines of dashes.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/check.hpp"
#include "sim/compare/comparison.hpp"
#include "sim/sweep/finished_run.hpp"

namespace {

std::string take(std::string_view& rest) {
  constexpr std::string_view kBetween = "\n----\n";
  const auto end = rest.find(kBetween);
  std::string text(rest.substr(0, end));
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + kBetween.size());
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace millrace;
  std::string_view rest(reinterpret_cast<const char*>(bytes), size);
  const auto manifest = take(rest), scenario = take(rest), summary = take(rest), wall = take(rest);
  const auto finished = parse_finished_run("run", {manifest, scenario, summary, wall});
  if (finished) {
    MR_CHECK(finished->key.size() == 64, "a key is a SHA-256");
    MR_CHECK(parse_summary(finished->summary.json).ok(), "what is kept of a summary can be read again");
  } else {
    MR_CHECK(finished.error().message.starts_with("run/"), "an error names the file");
  }
  const auto run =
      parse_compared_run("run", {.manifest = manifest, .summary = summary, .scenario = scenario});
  if (!run) {
    MR_CHECK(!run.error().message.empty() && run.error().code == ExitCode::invalid_input);
    return 0;
  }
  for (const char c : run->world()) MR_CHECK(c >= ' ' && c <= '~', "it is printed on a terminal");
  // Compared with itself, with its copy in another mode, and with another experiment.
  auto deployed = *run, other = *run;
  deployed.mode = "deploy";
  other.experiment += "more: yes\n";
  for (const auto& comparison : {compare_runs({*run, deployed, other}), compare_runs({*run, other})}) {
    MR_CHECK(comparison.errors.size() == comparison.runs.size());
    MR_CHECK(!comparison_table(comparison).empty() && comparison_json(comparison).starts_with("{"));
  }
  return 0;
}
