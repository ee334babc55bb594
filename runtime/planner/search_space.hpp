// A planning problem as searches see it: devices that are the same in every number are one type, and the cost
// of a stage or a hop is one look-up. Surprising fact: devices are of one type only if exchanging them
// changes no number of the problem, links included, so equal boards on unequal links are many types.
#pragma once

#include <cstddef>
#include <vector>

#include "runtime/planner/planning_problem.hpp"

namespace millrace {

// What a plan is to minimize first, and second among equals. Sums of both are compared exactly, so losses are
// whole numbers.
struct PlanCost {
  double first = 0, second = 0;
  PlanCost operator+(const PlanCost& o) const { return {first + o.first, second + o.second}; }
  bool operator<(const PlanCost& o) const {
    return first < o.first || (first == o.first && second < o.second);
  }
  bool operator==(const PlanCost&) const = default;
};

enum class CostKind : std::uint8_t {
  latency,  // fill latency
  loss,     // of accuracy, then fill latency
};

class SearchSpace {
 public:
  struct Transfer {
    double period_s = 0, latency_s = 0;
    double loss = 0;  // -ln(retained)·kLossPerNat, whole
  };
  struct Choice {  // of a coding
    std::size_t coding = 0;
    PlanCost cost{};
    bool possible = false;
  };
  static constexpr double kLossPerNat = 1e12;

  // `problem` must outlive the space. REQUIRES check_problem(). `merge_types` false: one type per device.
  explicit SearchSpace(const PlanningProblem& problem, bool merge_types = true);

  const PlanningProblem& problem() const { return problem_; }
  int layers() const { return layers_; }
  std::size_t types() const { return types_.size(); }
  // The devices of a type, in the order of the problem.
  const std::vector<std::size_t>& members(std::size_t type) const { return types_[type]; }
  // Stands for the source where a hop begins and for the sink where it ends.
  std::size_t outside() const { return types_.size(); }

  // Seconds of the stage i+1..j on a device of the type; memory is ignored.
  double stage_s(std::size_t type, int i, int j) const {
    return without_encoding_s(type, i, j) + costs_[type].encode[at(j)];
  }
  // The same without encoding the result: never decreases with j, and never exceeds stage_s().
  double without_encoding_s(std::size_t type, int i, int j) const {
    const Costs& c = costs_[type];
    return c.decode[at(i)] + (c.before[at(j)] - c.before[at(i)]);
  }
  // Whether a device of the type has enough memory for the stage.
  bool fits(std::size_t type, int i, int j) const;
  // Calls `call` with every (type, i, j) that fits; for tables.
  template <class Call>
  void each_fitting(Call&& call) const {
    for (int i = 0; i < layers_; ++i) {
      double weights = 0, working = 0;
      for (int j = i + 1; j <= layers_; ++j) {
        const double need = memory_step(i, j, weights, working);
        for (std::size_t t = 0; t < types_.size(); ++t) {
          if (need <= capacity_[t]) call(t, i, j);
        }
      }
    }
  }

  // From a device of one type to another device, of the same or another type; either may be outside(). An
  // infinite period means that no way leads there.
  Transfer transfer(std::size_t from, std::size_t to, int cut, std::size_t coding) const {
    const Pair& p = pairs_[from * (types_.size() + 1) + to];
    const double wire_s = bytes_[coding * at(layers_ + 1) + at(cut)] * p.s_per_byte;
    const double window_s = (wire_s + p.round_trip_s) * per_window_;
    return {window_s > wire_s ? window_s : wire_s, wire_s + p.latency_s,
            loss_[coding * at(layers_ + 1) + at(cut)]};
  }
  // Whether the coding may be used at the cut; at input and result every coding may.
  bool usable(int cut, std::size_t coding) const {
    return cut == 0 || cut == layers_ || is_possible(problem_.codings[coding], cut);
  }
  bool connected(std::size_t from, std::size_t to) const {
    return pairs_[from * (types_.size() + 1) + to].way;
  }
  // Whether some coding crosses the cut within the period.
  bool crosses(std::size_t from, std::size_t to, int cut, double period_s) const;
  // The coding of least cost that crosses within the period.
  Choice best_coding(std::size_t from, std::size_t to, int cut, double period_s, CostKind kind) const;
  PlanCost stage_cost(std::size_t type, int i, int j, CostKind kind) const {
    const double seconds = stage_s(type, i, j);
    return kind == CostKind::latency ? PlanCost{seconds, 0} : PlanCost{0, seconds};
  }

  // No plan has a shorter bottleneck. The larger of two bounds: the work shared ideally, without cuts and
  // transfers (a linear program's dual), and the slowest sub-layer on its fastest device.
  double bottleneck_bound_s() const;

 private:
  struct Costs {
    std::vector<double> decode, encode, before;  // by cut; `before`: compute of the sub-layers up to it
  };
  struct Pair {
    double s_per_byte = 0, latency_s = 0, round_trip_s = 0;
    bool way = false;
  };
  static std::size_t at(int cut) { return static_cast<std::size_t>(cut); }
  void find_types(bool merge);
  bool same(std::size_t a, std::size_t b) const;
  void fill_pairs();
  Pair pair_of(const PlanningHop& hop) const;
  double memory_step(int i, int j, double& weights, double& working) const;

  const PlanningProblem& problem_;
  int layers_;
  double per_window_;  // 1/window; 0: no bound
  std::vector<std::vector<std::size_t>> types_;
  std::vector<double> capacity_;  // memory by type
  std::vector<Costs> costs_;
  std::vector<Pair> pairs_;
  std::vector<double> bytes_, loss_;  // by coding and cut
};

}  // namespace millrace
