// Guesses the known word that was meant by an unknown one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace millrace {

// The word of `known` that `word` is probably a typing error or the beginning of, or "".
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

}  // namespace millrace
