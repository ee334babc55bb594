#include "runtime/scenario/quantization_checks.hpp"

#include <fmt/format.h>

#include "runtime/scenario/choices.hpp"
#include "runtime/scenario/codec_keys.hpp"

namespace millrace {
namespace {

class QuantizationChecks {
 public:
  QuantizationChecks(const Scenario& scenario, ProblemLog& log) : scenario_(scenario), log_(log) {}

  void run() {
    check_adaptive();
    check_bits();
    check_expectations();
    check_scope();
    check_calibration();
  }

 private:
  bool fixed_bits() const { return scenario_.policy.quantization.kind == "fixed"; }

  void check_adaptive() {
    const std::string at = "policy.quantization";
    if (!log_.good(at + ".kind")) return;
    const auto& quantization = scenario_.policy.quantization;
    const auto no_effect = [&](const std::string& key, const std::string& advice) {
      if (log_.has(at + key) && log_.good(at + key))
        log_.report(at + key,
                    fmt::format("{}{} has no effect with kind: {}; {}", at, key, quantization.kind, advice));
    };
    if (!decides_in_windows(quantization.kind))
      no_effect(".window", "remove it: only heuristic, max-fit and controller decide in windows");
    if (fixed_bits()) return;
    no_effect(".bits", "remove it, or set the kind to fixed");
    if (!log_.has(at + ".target_rate") && log_.good(at + ".target_rate"))
      log_.report(
          at + ".target_rate",
          fmt::format("{0}.target_rate is missing: kind: {1} needs the rate to hold, for example 10 /s", at,
                      quantization.kind));
    if (!log_.good(at + ".codec")) return;
    if (codec_keys(quantization.codec).bits != 0)
      log_.report(at + ".codec",
                  fmt::format("{0}.codec: {1} has one width, so that kind: {2} has nothing to choose; take a "
                              "codec of several widths, such as ds-aciq",
                              at, quantization.codec, quantization.kind));
  }

  // An expectation that is measured by the target needs a target.
  void check_expectations() {
    const std::string at = "expect.share_meeting_target";
    if (!log_.has(at) || !log_.good(at) || !log_.good("policy")) return;
    if (scenario_.policy.quantization.target_images_per_s == 0)
      log_.report(at, fmt::format("{} needs policy.quantization.target_rate, for example 10 /s", at));
  }

  void check_bits() {
    const std::string at = "policy.quantization.bits";
    if (!log_.good(at) || !log_.good("policy.quantization.codec")) return;
    if (!log_.good("policy.quantization.kind") || !fixed_bits()) return;
    if (scenario_.policy.partition.kind == "joint") return;  // the plan has the bits
    const std::string& codec = scenario_.policy.quantization.codec;
    const double bits = scenario_.policy.quantization.bits;
    if (const double only = codec_keys(codec).bits; only != 0) {
      if (bits != only)
        log_.report(at,
                    fmt::format("{} must be {} for codec {}, got {}; remove the key", at, only, codec, bits));
    } else if (const CodecKeys keys = codec_keys(codec); keys.is_real()) {
      if (!log_.has(at))
        log_.report(at, fmt::format("{} is missing: codec {} needs it, {} to {}", at, codec, keys.real_least,
                                    keys.real_most));
      else if (bits < keys.real_least || bits > keys.real_most)
        log_.report(at, fmt::format("{} must be {} to {} for codec {}, got {}", at, keys.real_least,
                                    keys.real_most, codec, bits));
    } else if (!log_.has(at)) {
      log_.report(at, fmt::format("{} is missing: codec {} needs it, 2 to 8, or 16", at, codec));
    } else if (bits < 2 || (bits > 8 && bits != 16)) {
      log_.report(at, fmt::format("{} must be 2 to 8, or 16, for codec {}, got {}", at, codec, bits));
    }
  }

  void check_scope() {
    const std::string at = "policy.quantization.scope";
    if (!log_.good(at) || !log_.good("policy.quantization.codec")) return;
    const auto& quantization = scenario_.policy.quantization;
    if (quantization.scope != "image" && !codec_keys(quantization.codec).has_scope)
      log_.report(at, fmt::format("{} must be image for codec {}, which has nothing to share; remove the key",
                                  at, quantization.codec));
  }

  void check_calibration() {
    const std::string at = "policy.quantization.calibration";
    const auto& quantization = scenario_.policy.quantization;
    if (quantization.calibration.empty() || !log_.good("policy.quantization.codec")) return;
    if (!codec_keys(quantization.codec).is_real())
      log_.report(at, fmt::format("{} is for codec klt, and {} has no use for it; remove the key", at,
                                  quantization.codec));
  }

  const Scenario& scenario_;
  ProblemLog& log_;
};

}  // namespace

void check_quantization(const Scenario& scenario, ProblemLog& log) {
  QuantizationChecks(scenario, log).run();
}

}  // namespace millrace
