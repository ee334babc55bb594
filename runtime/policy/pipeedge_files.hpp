// PipeEdge's own files (models.yml, device_types.yml, devices.yml) as a planning problem.
#pragma once

#include <string>

#include "runtime/policy/planning_problem.hpp"

namespace millrace {

struct PipeEdgeFiles {
  std::string models, device_types, devices;  // paths
};

// The problem as PipeEdge's scheduler sees it: no source, no sink, no latency, fp32 between stages.
Result<PlanningProblem> read_pipeedge_problem(const PipeEdgeFiles& files, const std::string& model,
                                              int microbatch);

}  // namespace millrace
