#include "sim/net/lateness_audit.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "runtime/base/check.hpp"

namespace millrace {
namespace {

// Values below 128 have a bucket each; above, the leading 7 bits and their place choose one.
std::size_t bucket_of(std::uint64_t ns) {
  if (ns < 128) return ns;
  const auto shift = static_cast<std::size_t>(std::bit_width(ns)) - 7;
  return shift * 64 + (ns >> shift);
}

std::uint64_t upper_end(std::size_t bucket) {
  if (bucket < 128) return bucket;
  const std::size_t shift = bucket / 64 - 1;
  return ((std::uint64_t{bucket % 64} + 65) << shift) - 1;
}

}  // namespace

void LatenessCounts::add(Duration late) {
  ++buckets_[bucket_of(static_cast<std::uint64_t>(late.count_ns()))];
  ++count_;
  max_ = std::max(max_, late);
}

Duration LatenessCounts::percentile(double share) const {
  MR_CHECK(count_ > 0 && share > 0 && share <= 1);
  const auto rank =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= rank) return std::min(max_, Duration::ns(static_cast<std::int64_t>(upper_end(i))));
  }
  return max_;
}

bool LatenessAudit::note(Lateness kind, Time due, Time now) {
  const Duration late = std::max(Duration{}, now - due);
  counts_[static_cast<std::size_t>(kind)].add(late);
  if (late <= limit_) return true;
  if (!violation_) violation_ = Violation{kind, now, late};
  return false;
}

}  // namespace millrace
