#include "sim/run/decision_log.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>

#include "runtime/base/read_file.hpp"

namespace millrace {

namespace {

constexpr std::size_t kMaxLogBytes = std::size_t{1} << 31;
constexpr std::int64_t kMaxNs = std::int64_t{1} << 60;  // the limit for records from other processes

std::string seen_text(const std::vector<LinkSample>& seen) {
  std::string text;
  for (const auto& sample : seen) {
    fmt::format_to(std::back_inserter(text), "{}{}/{}/{}/{}/{}/{}", text.empty() ? "" : " ",
                   sample.microbatch.value, sample.sent.count_ns(), sample.acknowledged.count_ns(),
                   sample.size.count(), sample.values, sample.images);
  }
  return text;
}

// Parses a row field by field; the first field that cannot be read is the error.
class Row {
 public:
  Row(std::string_view text, char separator) : rest_(text), separator_(separator) {}

  std::string_view text() {
    if (done_) return bad_ = true, std::string_view{};
    const auto end = rest_.find(separator_);
    const auto field = rest_.substr(0, end);
    done_ = end == std::string_view::npos;
    rest_.remove_prefix(done_ ? rest_.size() : end + 1);
    return field;
  }
  std::string name() {
    const auto field = text();
    bad_ = bad_ || field.empty() || field.size() > 64;
    return std::string(field);
  }
  template <class Number>
  Number number() {
    const auto field = text();
    Number value{};
    const auto [stopped, problem] = std::from_chars(field.data(), field.data() + field.size(), value);
    bad_ = bad_ || field.empty() || problem != std::errc{} || stopped != field.data() + field.size();
    return value;
  }
  double real() {
    const auto value = number<double>();
    bad_ = bad_ || !std::isfinite(value);
    return value;
  }
  std::int64_t amount() {
    const auto value = number<std::int64_t>();
    bad_ = bad_ || value < 0 || value >= kMaxNs;
    return value;
  }
  bool good() const { return !bad_; }
  bool complete() const { return done_ && !bad_; }

 private:
  std::string_view rest_;
  char separator_;
  bool done_ = false, bad_ = false;
};

bool read_seen(std::string_view text, NodeId to, std::vector<LinkSample>& seen) {
  while (!text.empty()) {
    const auto end = text.find(' ');
    Row row(text.substr(0, end), '/');
    LinkSample sample{.to = to,
                      .microbatch = {row.number<std::uint64_t>()},
                      .sent = Time::at_ns(row.amount()),
                      .acknowledged = Time::at_ns(row.amount()),
                      .size = Bytes(row.amount()),
                      .values = row.number<std::uint64_t>(),
                      .images = row.number<std::uint32_t>()};
    if (!row.complete() || seen.size() >= DecisionRecord::kMaxSeen) return false;
    seen.push_back(sample);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (end != std::string_view::npos && text.empty()) return false;
  }
  return true;
}

std::optional<LoggedDecision> read_row(std::string_view line) {
  Row row(line, ',');
  LoggedDecision decision;
  auto& record = decision.record;
  auto& outgoing = record.outgoing;
  decision.at = Time::at_ns(row.amount());
  decision.from = row.name();
  decision.to = row.name();
  outgoing.microbatch = {row.number<std::uint64_t>()};
  record.policy = row.name();
  record.bits_per_value = row.real();
  record.observed_mbit_per_s = row.real();
  decision.stage = {row.number<std::uint32_t>()};
  record.to = {decision.stage.value + 1};
  outgoing.images = row.number<std::uint32_t>();
  outgoing.values = row.number<std::uint64_t>();
  outgoing.encode = Duration::ns(row.amount());
  outgoing.waiting = row.number<std::uint32_t>();
  outgoing.sender.in_flight = row.number<std::uint32_t>();
  outgoing.sender.in_flight_size = Bytes(row.amount());
  outgoing.sender.oldest_sent = Time::at_ns(row.amount());
  outgoing.sender.ready = row.number<std::uint32_t>();
  outgoing.sender.ready_size = Bytes(row.amount());
  const auto seen = row.text();
  if (!row.complete() || !read_seen(seen, record.to, record.seen)) return std::nullopt;
  return decision;
}

}  // namespace

std::string decision_row(const LoggedDecision& decision) {
  const auto& record = decision.record;
  const auto& outgoing = record.outgoing;
  const auto& sender = outgoing.sender;
  return fmt::format("{},{},{},{},{},{},{:.6f},{},{},{},{},{},{},{},{},{},{},{}", decision.at.count_ns(),
                     decision.from, decision.to, outgoing.microbatch.value, record.policy,
                     record.bits_per_value, record.observed_mbit_per_s, decision.stage.value, outgoing.images,
                     outgoing.values, outgoing.encode.count_ns(), outgoing.waiting, sender.in_flight,
                     sender.in_flight_size.count(), sender.oldest_sent.count_ns(), sender.ready,
                     sender.ready_size.count(), seen_text(record.seen));
}

Result<std::vector<LoggedDecision>> parse_decisions(std::string_view text, const std::string& name) {
  std::vector<LoggedDecision> decisions;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) break;
    const auto line = text.substr(0, end);
    text.remove_prefix(end + 1);
    const auto error = [&](std::string_view finding) {
      return Error{fmt::format("{}:{}: {}", name, number, finding), ExitCode::invalid_input};
    };
    if (number == 1) {
      if (line != kDecisionColumns) return error("the columns are not those that this release writes");
      continue;
    }
    auto row = read_row(line);
    if (!row) return error("not a decision: a field is missing, malformed or out of range");
    decisions.push_back(std::move(*row));
  }
  return decisions;
}

Result<std::vector<LoggedDecision>> read_decisions(const std::string& path) {
  const auto text = read_file(path, kMaxLogBytes);
  if (!text) return text.error().in(path);
  return parse_decisions(*text, path);
}

std::vector<Budget> replay(std::span<const LoggedDecision> decisions, QuantizationPolicy& policy) {
  std::vector<Budget> budgets;
  budgets.reserve(decisions.size());
  for (const auto& decision : decisions) {
    for (const auto& sample : decision.record.seen) policy.observe(sample);
    budgets.push_back(policy.choose(decision.at, decision.record.outgoing));
  }
  return budgets;
}

}  // namespace millrace
