#include "sim/run/inputs.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

using Files = std::set<std::string>;

Scenario with_files() {
  Scenario scenario;
  scenario.model.config = model_by_name("vit-tiny").value();
  scenario.model.weights = "/w.safetensors";
  scenario.workload.dataset = "image-folder:/i/labels.csv";
  scenario.devices.emplace_back().profile = "/p.yaml";
  scenario.network.links.emplace_back().trace = "/t.csv";
  scenario.events.emplace_back().trace = "/e.csv";
  return scenario;
}

Files files_in(Mode mode, LinksKind links = LinksKind::given) {
  Scenario scenario = with_files();
  scenario.run.mode = mode;
  scenario.run.links = links;
  return input_files(scenario);
}

TEST(InputFiles, AreThoseThatTheModeReads) {
  EXPECT_EQ(files_in(Mode::simulate), (Files{"/p.yaml", "/t.csv", "/e.csv"}));
  const Files all{"/p.yaml", "/t.csv", "/e.csv", "/w.safetensors", "/i/labels.csv"};
  EXPECT_EQ(files_in(Mode::cosim), all);
  EXPECT_EQ(files_in(Mode::deploy), (Files{"/p.yaml", "/w.safetensors", "/i/labels.csv"}));
  EXPECT_EQ(files_in(Mode::deploy, LinksKind::netns), all);  // links made here replay their traces
}

TEST(InputFiles, WordsThatStandForNoFileAreNone) {
  Scenario scenario = with_files();
  scenario.run.mode = Mode::cosim;
  scenario.model.weights = "random";
  scenario.workload.dataset = "shapes";
  EXPECT_EQ(input_files(scenario), (Files{"/p.yaml", "/t.csv", "/e.csv"}));
}

}  // namespace
}  // namespace millrace
