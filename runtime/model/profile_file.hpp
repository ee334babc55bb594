// A device profile file as plain values, for code that reads or writes whole files. device_profile.hpp
// documents the format and computes costs.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"

namespace millrace {

struct ProfileFile {
  // One model at one microbatch size.
  struct Measurement {
    int microbatch = 1;           // images the seconds are for
    std::vector<double> seconds;  // one per sub-layer; empty: the means below
    std::array<double, 4> mean_seconds{};
    double first_seconds = 0;
    std::vector<double> working_bytes;  // one per sub-layer, or empty: not measured

    // Seconds per image of every sub-layer of a model with `blocks` blocks, from `seconds` if the file lists
    // them, else from the means.
    std::vector<double> seconds_per_image(int blocks) const;
  };
  struct Model {
    std::string name;
    std::string derived_from;           // the model these numbers were scaled from; empty: measured
    std::vector<Measurement> measured;  // not empty, microbatch ascending
    std::vector<double> weight_bytes;   // one per sub-layer, or empty: not measured
  };
  struct CodecCost {
    double encode_ns_per_value = 0, decode_ns_per_value = 0;
  };
  std::string device, source;
  CodecCost codec;                          // of a codec that is not in `codecs`
  std::map<std::string, CodecCost> codecs;  // by a codec's name
  std::vector<Model> models;
};

// A model that model_by_name knows must list as many numbers as it has sub-layers.
Result<ProfileFile> read_profile_file(const std::string& path);
Result<ProfileFile> parse_profile(const std::string& text, const std::string& name_in_errors);

// A text that parse_profile reads back to the same values, bit for bit.
std::string profile_text(const ProfileFile& file);

}  // namespace millrace
