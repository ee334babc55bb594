// Texts that name links: `a-b` and `a<->b` for both directions, `a->b` for one (means_link() in
// scenario.hpp). Surprising fact: names may hold '-' themselves, so that `a-b-c` can be two pairs of devices.
// Where both have a link, the text is refused; '<' and '>' are in no name.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/scenario/scenario.hpp"

namespace millrace {

using LinkEnds = std::pair<std::string, std::string>;  // from, to

bool means_any_link(const std::string& text, const std::vector<LinkEnds>& links);
// "" unless the text means the links of two pairs; else why, as a predicate, and what to write.
std::string two_meanings(const std::string& text, const std::vector<LinkEnds>& links);
std::vector<LinkEnds> pairs_of(const std::vector<LinkSection>& links);

}  // namespace millrace
