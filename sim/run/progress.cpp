#include "sim/run/progress.hpp"

#include <fmt/format.h>

namespace millrace {

Progress::Progress(RunObserver& next, std::uint64_t microbatches) : next_(next), all_(microbatches) {}

Progress::~Progress() { line_.replace(text()); }

void Progress::on_record(Time now, NodeId node, const Record& record) {
  now_ = now;
  if (const auto* completion = std::get_if<CompletionRecord>(&record)) {
    ++done_;
    images_ += completion->images;
  }
  next_.on_record(now, node, record);
}

// Reads the clock only at every 64th event: `simulate` has hundreds of thousands a second.
bool Progress::interrupted() {
  if ((asked_++ & 63U) == 0 && line_.due()) line_.show(text());
  return next_.interrupted();
}

std::string Progress::text() const {
  const double seconds = now_.seconds();
  return fmt::format("{}/{} microbatches, {:.2f} s of scenario time, {:.2f} images/s, {:.0f} s elapsed",
                     done_, all_, seconds, seconds > 0 ? static_cast<double>(images_) / seconds : 0,
                     line_.elapsed().count());
}

}  // namespace millrace
