// What limits the truth of a run's figures, in one list: the headline, summary.json, manifest.json, the
// report picture and `millrace compare` all show it. Surprising fact: some caveats follow from the plan,
// before anything runs, others from the results, at the end; users of the list need not know which.
//
// To add one: in caveats.cpp a function that returns its sentence, or nothing where it does not apply, and a
// row in kBefore or kAfter. An id is snake_case and stays: scripts rely on it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/planner/plan.hpp"
#include "runtime/scenario/scenario.hpp"
#include "sim/net/network_spec.hpp"
#include "sim/run/summary.hpp"

namespace millrace {

// The source of compute times. profile: computed from speeds and profiles, in virtual time. measured: the
// time that real tensors took. imitated: on the wall clock, but stretched to a speed, profile or slowdown.
enum class ComputeIs : std::uint8_t { profile, measured, imitated };
// The links that activations crossed. given: the network of devices that are elsewhere. not_applied: the
// scenario describes links, but its local devices talked over loopback.
enum class LinksAre : std::uint8_t { simulated, shaped, given, not_applied };
// Where agents run: started by the host on its own machine, or elsewhere.
enum class AgentsAre : std::uint8_t { local, elsewhere };

std::string_view name_of(ComputeIs compute);
std::string_view name_of(LinksAre links);

struct Caveat {
  std::string id;
  std::string text;  // one sentence, without a full stop
};

// The conditions of a run; `caveats` has those that are known before it begins.
struct RunConditions {
  ComputeIs compute = ComputeIs::profile;
  LinksAre links = LinksAre::simulated;
  std::vector<Caveat> caveats{};
};

// REQUIRES a plan of that scenario. `network`: the scenario's where the caller has it; else it is built
// where the run goes over it.
RunConditions conditions_of(const Scenario& scenario, const Plan& plan, AgentsAre agents,
                            const NetworkSpec* network = nullptr);

// The end of a run. `summary` has been closed; `failure`: why the run ended early, if it did.
struct RunEnd {
  const Scenario& scenario;
  const Plan& plan;
  const Summary& summary;
  const std::optional<Error>& failure;
};

inline constexpr std::string_view kIncomplete = "incomplete";  // the id of the first caveat at the end

// Caveats that only the end of a run shows.
std::vector<Caveat> caveats_at_end(const RunEnd& end);

}  // namespace millrace
