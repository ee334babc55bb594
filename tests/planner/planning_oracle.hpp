// All plans of a small problem by enumeration: the planner's oracle, which shares only the problem's numbers
// with it. And random problems of patterns in which planners make mistakes.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/random.hpp"
#include "runtime/planner/planning_problem.hpp"

namespace millrace::oracle {

struct Figures {
  double bottleneck_s = 0, latency_s = 0, accuracy = 0;
  // By link: the seconds for which messages occupy it, and how many hops cross it.
  std::vector<double> link_s{};
  std::vector<int> crossings{};
};

// The figures of every plan that memory and links permit: all sequences of different devices, all cuts, all
// codings.
std::vector<Figures> all_plans(const PlanningProblem& problem);

enum class Pattern { types, distinct, asymmetric_links, tight_memory, unequal_cuts, codings, everything };
inline constexpr Pattern kPatterns[] = {
    Pattern::types,        Pattern::distinct, Pattern::asymmetric_links, Pattern::tight_memory,
    Pattern::unequal_cuts, Pattern::codings,  Pattern::everything};
std::string pattern_name(Pattern pattern);

// At most 4 devices and 7 sub-layers, check_problem() holds.
PlanningProblem random_problem(Pattern pattern, Random& random);

}  // namespace millrace::oracle
