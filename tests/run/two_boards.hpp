// A small scenario, its plan, and a folder of the test's own.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "sim/run/run_directory.hpp"

namespace millrace {

inline Scenario two_boards() {
  Scenario scenario;
  scenario.name = "two-boards";
  scenario.model.config = model_by_name("vit-tiny").value();
  for (const char* name : {"camera", "board-a", "board-b"}) {
    DeviceSection device;
    device.name = name;
    scenario.devices.push_back(device);
  }
  return scenario;
}
inline Plan two_stages() { return {{0}, {0}, {{{1}, {1, 24}}, {{2}, {25, 48}}}}; }

class InAFolder : public testing::Test {
 protected:
  InAFolder() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(testing::TempDir()) /
              (std::string(test->test_suite_name()) + "." + test->name() + "." + std::to_string(getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~InAFolder() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string read(const std::string& name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }

  std::filesystem::path folder_;
};

}  // namespace millrace
