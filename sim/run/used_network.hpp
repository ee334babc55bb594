// The parts of a scenario's network that a plan uses: the links that its messages cross, and what its hops
// send. Empty where the run uses other links than the scenario's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/planner/plan.hpp"
#include "runtime/scenario/scenario.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

// One link that the plan's messages cross.
struct UsedLink {
  const LinkSpec* link = nullptr;
  std::string name;   // "a -> b"
  int transfers = 0;  // activations, input and result per microbatch
};

// A hop of the plan: its links, and what one microbatch sends over them.
struct UsedHop {
  std::vector<LinkId> links;
  double bytes = 0, round_trip_s = 0, bit_per_s = 0;
};

class UsedNetwork {
 public:
  // Scenario and plan outlive it. REQUIRES a plan of the scenario. `network`: the scenario's where the caller
  // has it; else it is built.
  UsedNetwork(const Scenario& scenario, const Plan& plan, const NetworkSpec* network);
  UsedNetwork(const UsedNetwork&) = delete;
  UsedNetwork& operator=(const UsedNetwork&) = delete;

  const Scenario& scenario() const { return scenario_; }
  const Plan& plan() const { return plan_; }
  const NetworkSpec& spec() const { return spec_; }
  const std::vector<UsedLink>& links() const { return links_; }
  const std::vector<UsedHop>& hops() const { return hops_; }
  bool fluid() const;
  bool ns3() const;
  bool tcp() const { return spec_.transport == Transport::tcp; }

  // The first used link for which `is` is true, as "link a -> b" and the number of others; empty if none.
  std::string where(const std::function<bool(const UsedLink&)>& is) const;
  // The first medium of the kind that is used; empty where there is none.
  std::string on_medium(SegmentKind kind) const;

 private:
  void find_links();
  void add_hop(std::uint32_t node, const std::vector<LinkId>& there, const std::vector<LinkId>& back);

  const Scenario& scenario_;
  const Plan& plan_;
  NetworkSpec spec_;
  std::vector<UsedLink> links_;
  std::vector<UsedHop> hops_;
};

}  // namespace millrace
