#include "runtime/scenario/link_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace millrace {

bool means_link(const std::string& text, const std::string& from, const std::string& to) {
  return text == from + "->" + to || text == from + "-" + to || text == to + "-" + from ||
         text == from + "<->" + to || text == to + "<->" + from;
}

bool means_any_link(const std::string& text, const std::vector<LinkEnds>& links) {
  return std::any_of(links.begin(), links.end(),
                     [&](const LinkEnds& link) { return means_link(text, link.first, link.second); });
}

std::string two_meanings(const std::string& text, const std::vector<LinkEnds>& links) {
  std::set<LinkEnds> pairs;
  for (const auto& [from, to] : links)
    if (means_link(text, from, to)) pairs.insert(std::minmax(from, to));
  if (pairs.size() < 2) return {};
  const auto& [first, second] = std::pair(*pairs.begin(), *std::next(pairs.begin()));
  return fmt::format(
      "\"{}\" is two links: {} with {}, and {} with {}; write {}<->{} or {}<->{}, or -> for one direction",
      text, first.first, first.second, second.first, second.second, first.first, first.second, second.first,
      second.second);
}

std::vector<LinkEnds> pairs_of(const std::vector<LinkSection>& links) {
  std::vector<LinkEnds> pairs;
  pairs.reserve(links.size());
  for (const auto& link : links) pairs.emplace_back(link.from, link.to);
  return pairs;
}

}  // namespace millrace
