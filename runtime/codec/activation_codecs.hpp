// Which codecs a link may use for activations. Not among them are those that hold nothing but a model's input
// (u8, u24): of an activation they would leave only its whole numbers.
#pragma once

#include <string>
#include <vector>

namespace millrace {

// Without aliases, in the order of codec_names().
std::vector<std::string> activation_codec_names();

}  // namespace millrace
