// The same bits for every activation, whatever the link does.
#pragma once

#include "runtime/policy/quantization_policy.hpp"

namespace millrace {

class FixedQuantization final : public QuantizationPolicy {
 public:
  explicit FixedQuantization(Budget budget) : budget_(budget) {}
  std::string_view name() const override { return "fixed"; }
  void observe(const LinkSample&) override {}
  Budget choose(Time, const Outgoing&) override { return budget_; }

 private:
  Budget budget_;
};

}  // namespace millrace
