#include "sim/sweep/sweep_progress.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

constexpr std::size_t kBarWidth = 24;

}  // namespace

std::string progress_text(const SweepCounts& counts, std::chrono::duration<double> elapsed) {
  const std::size_t finished = counts.kept + counts.done;
  const std::size_t filled = counts.cells == 0 ? kBarWidth : kBarWidth * finished / counts.cells;
  std::string text = fmt::format("[{}{}] {} of {} cells", std::string(filled, '#'),
                                 std::string(kBarWidth - filled, '-'), finished, counts.cells);
  if (counts.failed > 0) text += fmt::format(", {} failed", counts.failed);
  if (counts.running > 0) text += fmt::format(", {} running", counts.running);
  text += "; " + span_text(elapsed);
  const std::size_t left = counts.cells - finished;
  if (counts.done > 0 && left > 0)
    text += fmt::format(", about {} to go",
                        span_text(elapsed / static_cast<double>(counts.done) * static_cast<double>(left)));
  return text;
}

void SweepProgress::show(const SweepCounts& counts) {
  const bool last = counts.kept + counts.done == counts.cells;
  if (line_.due() || (last && line_.terminal())) line_.show(progress_text(counts, line_.elapsed()));
}

}  // namespace millrace
