#include "runtime/policy/pipeedge_files.hpp"

namespace millrace {

Result<PlanningProblem> read_pipeedge_problem(const PipeEdgeFiles& files, const std::string&, int) {
  return Error{"reading " + files.models + ": PipeEdge's files cannot be read by this build yet"};
}

}  // namespace millrace
