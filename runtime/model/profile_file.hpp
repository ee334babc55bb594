// A device profile file as plain values; the format is documented at device_profile.hpp, which users include.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"

namespace millrace {

struct ProfileFile {
  struct Model {
    std::string name;
    int microbatch = 1;           // images the seconds are for
    std::vector<double> seconds;  // one per sub-layer; empty: the means below
    std::array<double, 4> mean_seconds{};
    double first_seconds = 0;

    // Of every sub-layer of a model with so many blocks; `seconds` as it stands where the file lists it.
    std::vector<double> seconds_per_image(int blocks) const;
  };
  std::string device, source;
  double encode_ns_per_value = 0, decode_ns_per_value = 0;
  std::vector<Model> models;
};

// A model that model_by_name knows must list as many numbers as it has sub-layers.
Result<ProfileFile> read_profile_file(const std::string& path);
Result<ProfileFile> parse_profile(const std::string& text, const std::string& name_in_errors);

}  // namespace millrace
