// Texts that name links: `a-b` and `a<->b` for both directions, `a->b` for one (means_link() in
// scenario.hpp). Surprising fact: names may contain '-', so `a-b-c` can mean two pairs of devices. If both
// pairs have a link, the text is refused. Names never contain '<' or '>'.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/scenario/scenario.hpp"

namespace millrace {

using LinkEnds = std::pair<std::string, std::string>;  // from, to

bool means_any_link(const std::string& text, const std::vector<LinkEnds>& links);
// If the text means the links of two pairs: why, as a predicate, and what to write instead; else "".
std::string two_meanings(const std::string& text, const std::vector<LinkEnds>& links);
std::vector<LinkEnds> pairs_of(const std::vector<LinkSection>& links);

}  // namespace millrace
