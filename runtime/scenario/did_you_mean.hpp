// What somebody probably meant who wrote a word that is not known.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace millrace {

// The word of `known` that `word` is a slip of, or "".
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

}  // namespace millrace
