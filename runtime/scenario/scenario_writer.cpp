#include "runtime/scenario/scenario_writer.hpp"

#include "runtime/base/sha256.hpp"
#include "runtime/scenario/tables.hpp"

namespace millrace {
namespace {

std::string text_of(const Scenario& scenario, Extent extent) {
  Writer out;
  scenario_table().write(out, scenario, extent);
  return out.take();
}

}  // namespace

std::string resolved_yaml(const Scenario& scenario) { return text_of(scenario, Extent::whole); }

std::string scenario_hash(const Scenario& scenario) {
  return sha256_hex(text_of(scenario, Extent::identity));
}

}  // namespace millrace
