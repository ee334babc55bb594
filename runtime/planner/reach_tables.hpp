// What one bottleneck value permits, as bit masks: for each cut at which a stage begins, the cuts at which it
// may end; and the cuts at which one device may hand over to another.
#pragma once

#include <cstddef>
#include <vector>

#include "runtime/planner/cut_set.hpp"
#include "runtime/planner/search_space.hpp"

namespace millrace {

template <std::size_t W>
class ReachTables {
 public:
  using Cuts = CutSet<W>;

  // `space` must outlive the tables. REQUIRES layers < Cuts::kCapacity.
  explicit ReachTables(const SearchSpace& space)
      : space_(space), cuts_(static_cast<std::size_t>(space.layers()) + 1) {
    fitting_.resize(space.types() * cuts_);
    space.each_fitting([&](std::size_t t, int i, int j) { fitting_[t * cuts_ + at(i)].insert(j); });
  }

  void set_period(double period_s) {
    period_s_ = period_s;
    fill_hops();
    fill_stages();
    has_backward_ = false;
  }
  // Makes ready what extend_back() needs, which not every search does.
  void prepare_backward() {
    if (!has_backward_) fill_backward();
    has_backward_ = true;
  }

  // The cuts at which a stage on `type` that begins at i may end; at the result only if the type can send it.
  const Cuts& ends(std::size_t type, int i) const { return ends_[type * cuts_ + at(i)]; }
  // The cuts at which `from` may hand over to `to`.
  const Cuts& handover(std::size_t from, std::size_t to) const { return hops_[from * space_.types() + to]; }
  // Whether the input may go to the type.
  bool begins(std::size_t type) const { return begins_[type]; }

  // The cuts at which stages on `type` that begin at any of `starts` may end, and those at which stages that
  // end at any of `ends` may begin (REQUIRES prepare_backward() for this period).
  Cuts extend(std::size_t type, const Cuts& starts) const { return joined(forward_, type, starts); }
  Cuts extend_back(std::size_t type, const Cuts& ends) const { return joined(backward_, type, ends); }

 private:
  static constexpr std::size_t kNibbles = 16 * W, kPatterns = 16;
  static std::size_t at(int cut) { return static_cast<std::size_t>(cut); }

  void fill_hops() {
    const std::size_t types = space_.types();
    hops_.assign(types * types, {});
    begins_.assign(types, false);
    ends_at_result_.assign(types, false);
    for (std::size_t t = 0; t < types; ++t) {
      begins_[t] = space_.crosses(space_.outside(), t, 0, period_s_);
      ends_at_result_[t] = space_.crosses(t, space_.outside(), space_.layers(), period_s_);
      for (std::size_t to = 0; to < types; ++to) {
        if (t == to && space_.members(t).size() < 2) continue;
        for (int cut = 1; cut < space_.layers(); ++cut) {
          if (space_.crosses(t, to, cut, period_s_)) hops_[t * types + to].insert(cut);
        }
      }
    }
  }

  void fill_stages() {
    const std::size_t types = space_.types();
    ends_.assign(types * cuts_, {});
    for (std::size_t t = 0; t < types; ++t) {
      for (int i = 0; i < space_.layers(); ++i) {
        Cuts& ends = ends_[t * cuts_ + at(i)];
        fitting_[t * cuts_ + at(i)].each_while([&](int j) {
          if (space_.without_encoding_s(t, i, j) > period_s_) return false;  // and so is every longer stage
          if (space_.stage_s(t, i, j) > period_s_ || (j == space_.layers() && !ends_at_result_[t]))
            return true;
          ends.insert(j);
          return true;
        });
      }
    }
    fill_patterns(ends_, forward_);
  }

  void fill_backward() {
    const std::size_t types = space_.types();
    starts_.assign(types * cuts_, {});
    for (std::size_t t = 0; t < types; ++t) {
      for (int i = 0; i < space_.layers(); ++i)
        ends(t, i).each([&](int j) { starts_[t * cuts_ + at(j)].insert(i); });
    }
    fill_patterns(starts_, backward_);
  }

  // For every four neighbouring cuts and each of their 16 subsets: the cuts reached from the subset.
  void fill_patterns(const std::vector<Cuts>& single, std::vector<Cuts>& patterns) {
    const std::size_t types = space_.types();
    patterns.assign(types * kNibbles * kPatterns, {});
    for (std::size_t t = 0; t < types; ++t) {
      for (std::size_t cut = 0; cut < cuts_; ++cut) {
        Cuts* row = &patterns[(t * kNibbles + cut / 4) * kPatterns];
        const std::size_t member = std::size_t{1} << (cut % 4);
        for (std::size_t p = 0; p < kPatterns; ++p) {
          if ((p & member) != 0) row[p] |= single[t * cuts_ + cut];
        }
      }
    }
  }

  Cuts joined(const std::vector<Cuts>& patterns, std::size_t type, const Cuts& members) const {
    Cuts all;
    const Cuts* row = &patterns[type * kNibbles * kPatterns];
    for (std::size_t w = 0; w < W; ++w) {
      const Cuts* word = row + w * 16 * kPatterns;
      for (std::uint64_t left = members.words[w]; left != 0; left >>= 4, word += kPatterns)
        all |= word[left & 15];
    }
    return all;
  }

  const SearchSpace& space_;
  std::size_t cuts_;
  double period_s_ = 0;
  bool has_backward_ = false;  // for this period
  std::vector<Cuts> fitting_, ends_, starts_, hops_, forward_, backward_;
  std::vector<bool> begins_, ends_at_result_;
};

}  // namespace millrace
