// PipeEdge's own files (models.yml, device_types.yml, devices.yml) as a planning problem, and plans as its
// schedule format. Surprising fact: where the files say "Mbps" and "MB", PipeEdge means 1024² bits and bytes;
// so do we, unless told that the profiles meant 10⁶.
//
//   models.yml        NAME: {layers: N, mem_MB: [N], parameters_in: P, parameters_out: [N]}
//   device_types.yml  TYPE: {bw_Mbps: B, mem_MB: M,
//                            model_profiles: {NAME: [{batch_size, dtype, time_s: [N]}]}}
//   devices.yml       TYPE: [HOST, …]
//   schedule          - HOST: [first, last]       one per stage; sub-layers from 1, both included
#pragma once

#include <string>
#include <vector>

#include "runtime/planner/planning_problem.hpp"
#include "runtime/planner/planning_result.hpp"

namespace millrace {

inline constexpr std::size_t kMaxPipeEdgeLayers = 4096;

struct PipeEdgeFiles {
  std::string models, device_types, devices;  // paths; in parse_pipeedge_problem the texts themselves
};

// What "M" means in bw_Mbps and mem_MB.
enum class PipeEdgeMega : std::int32_t { binary = 1024 * 1024, decimal = 1'000'000 };

// The problem as PipeEdge's scheduler sees it: no source, no sink, no latency, no window, fp32 between stages
// (4 bytes per parameter), a hop's rate the smaller one of both ends; memory is the sub-layers' mem_MB, two
// buffers on either side but none inbound for the first stage, and one input and one output activation.
// `model` is a name in models.yml, or one of ours (vit-base) for the one PipeEdge calls by its Hugging Face
// name. Hosts of a type without a profile of the model at this microbatch (batch_size, torch.float32) run no
// stage; if no host has one, the error lists the profiles there are. Unknown, missing and duplicate keys,
// lists of the wrong length and numbers that are negative or not finite are errors with file:line:column.
Result<PlanningProblem> read_pipeedge_problem(const PipeEdgeFiles& files, const std::string& model,
                                              int microbatch, PipeEdgeMega mega = PipeEdgeMega::binary);
// The same from texts; errors name models.yml, device_types.yml and devices.yml.
Result<PlanningProblem> parse_pipeedge_problem(const PipeEdgeFiles& texts, const std::string& model,
                                               int microbatch, PipeEdgeMega mega = PipeEdgeMega::binary);

// What PipeEdge's scheduler prints and its runtime reads.
std::string pipeedge_schedule(const PlanningProblem& problem, const std::vector<PlannedStage>& stages);
// A schedule made elsewhere, e.g. by PipeEdge itself, as stages for predict(). An unknown host, a host named
// twice, and ranges that are not contiguous from 1 to `layers` are errors.
Result<std::vector<PlannedStage>> parse_pipeedge_schedule(const std::string& text, const std::string& name,
                                                          const PlanningProblem& problem);

}  // namespace millrace
