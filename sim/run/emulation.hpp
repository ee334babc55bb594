// Exact sleeps for mode emulate, and its figures afterwards.
#pragma once

#include "sim/net/lateness_audit.hpp"
#include "sim/run/summary.hpp"

namespace millrace {

// Asks the kernel to end this thread's sleeps when they are due; by default they end up to 50 us late.
void sleep_exactly();

EmulationFigures emulation_figures(const LatenessAudit& audit, Duration network_busy);

}  // namespace millrace
