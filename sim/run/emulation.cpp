#include "sim/run/emulation.hpp"

#include <sys/prctl.h>

#include <array>

namespace millrace {

void sleep_exactly() { (void)prctl(PR_SET_TIMERSLACK, 1UL); }

EmulationFigures emulation_figures(const LatenessAudit& audit, Duration network_busy) {
  constexpr std::array<const char*, kLatenessKinds> kNames{"network_events", "deliveries", "sends",
                                                           "compute"};
  EmulationFigures figures{.limit = audit.limit(), .kinds = {}, .network_busy = network_busy};
  for (std::size_t i = 0; i < kLatenessKinds; ++i) {
    const LatenessCounts& counts = audit.of(static_cast<Lateness>(i));
    EmulationFigures::Kind kind{
        .name = kNames[i], .count = counts.count(), .p50 = {}, .p95 = {}, .p99 = {}, .max = {}};
    if (counts.count() > 0) {
      kind.p50 = counts.percentile(0.50);
      kind.p95 = counts.percentile(0.95);
      kind.p99 = counts.percentile(0.99);
      kind.max = counts.max();
    }
    figures.kinds.push_back(std::move(kind));
  }
  return figures;
}

}  // namespace millrace
