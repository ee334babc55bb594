// Measures this machine as a device: seconds, weights and working memory of every sub-layer of a model at
// each microbatch size, and the cost of codecs per value, as a profile that scenarios use. Sub-layers are
// measured one by one, on the activations that the sub-layers before them made of synthetic input.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/model/model_config.hpp"
#include "runtime/model/profile_file.hpp"

namespace millrace {

struct ProfilingProgress {
  std::string what;  // "sub-layer 12 of 48"
  double share = 0;  // of all work, 0..1; by operations
};

struct ProfilingRequest {
  ModelConfig model;
  std::string weights = "random";  // see make_weights()
  std::uint64_t seed = 1;          // of random weights and synthetic input
  std::vector<int> microbatches{1, 4, 8};
  int repeats = 5;  // their median is reported; one more run before them warms up
  int threads = 1;
  std::vector<std::string> codecs{};  // empty: all that activations may use
  std::string device{}, source{};     // as the profile has them
  // Called between measurements; returning false ends them with the error "profile: interrupted …". May be
  // empty.
  std::function<bool(const ProfilingProgress&)> watch{};
};

// Working memory is the peak of one forward pass beyond weights and input, its output included; it is left
// out if the system does not report it. Codec costs are those at 8 bits, the mean over the four kinds of cuts
// of the middle block; `codec_ns_per_value` is the highest of them in each direction. An error names the
// option that is out of bounds: microbatches 1..4096 (each once), repeats 1..1000, threads 1..1024.
Result<ProfileFile> measure_profile(const ProfilingRequest& request);

}  // namespace millrace
