// What mode emulate needs of this machine, and what it says of itself afterwards.
#pragma once

#include "sim/net/lateness_audit.hpp"
#include "sim/run/summary.hpp"

namespace millrace {

// Asks the kernel to end this thread's sleeps when they are due and not up to 50 us later, its default.
void sleep_exactly();

EmulationFigures emulation_figures(const LatenessAudit& audit, Duration network_busy);

}  // namespace millrace
