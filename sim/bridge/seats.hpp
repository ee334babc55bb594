// The agents' nodes, as the host uses them: attachments of the coordinator in virtual time (mode cosim),
// nodes on the wall clock (mode emulate).
#pragma once

#include <memory>
#include <vector>

#include "sim/bridge/crew.hpp"
#include "sim/coordinator/attachment.hpp"
#include "sim/coordinator/wall_nodes.hpp"

namespace millrace {

// One per node of the plan. Setup and crew outlive them. REQUIRES that every device has an agent.
std::vector<std::unique_ptr<Attachment>> seats_in_virtual_time(const BridgeSetup& setup, Crew& crew);
std::unique_ptr<WallNodes> seats_on_the_wall_clock(Crew& crew);

}  // namespace millrace
