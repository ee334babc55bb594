#include "sim/run/agent_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace millrace {
namespace {

namespace fs = std::filesystem;
using testing::EndsWith;

class AgentLogs : public testing::Test {
 protected:
  AgentLogs() : folder_(fs::temp_directory_path() / ("agent-logs-" + std::to_string(getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~AgentLogs() override { fs::remove_all(folder_); }

  std::string text_of(const std::string& name) const {
    std::ifstream file(folder_ / "agents" / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  bool exists(const std::string& name) const { return fs::exists(folder_ / "agents" / name); }

  fs::path folder_;
};

TEST_F(AgentLogs, EveryLineIsKeptInOrderWithItsLevel) {
  AgentFiles files(folder_.string(), false);
  EXPECT_FALSE(fs::exists(folder_ / "agents")) << "nothing is written before somebody says something";
  files.on_log("a+b", {LogLevel::note, "begins"});
  files.on_log("c", {LogLevel::error, "of another agent"});
  files.on_log("a+b", {LogLevel::warning, "is slow"});
  files.on_log("a+b", {LogLevel::error, "is gone"});
  EXPECT_EQ(text_of("a+b.log"), "note: begins\nwarning: is slow\nerror: is gone\n");
  EXPECT_EQ(text_of("c.log"), "error: of another agent\n");
}

// A line that reaches the limit exactly is kept whole; the first line beyond it ends the log.
TEST_F(AgentLogs, ALogEndsAtItsLimitAndSaysSoOnce) {
  AgentFiles files(folder_.string(), false);
  const std::string first(AgentFiles::kMaxLog - std::string("note: \n").size(), 'x');
  files.on_log("a", {LogLevel::note, first});
  ASSERT_EQ(text_of("a.log").size(), AgentFiles::kMaxLog);
  EXPECT_THAT(text_of("a.log"), EndsWith("xxx\n"));
  files.on_log("a", {LogLevel::note, "one more"});
  const auto cut = text_of("a.log");
  EXPECT_THAT(cut, EndsWith("x\nnote: one more\nnote: this log is cut here\n"));
  for (int i = 0; i < 1000; ++i) files.on_log("a", {LogLevel::error, "much more"});
  EXPECT_TRUE(text_of("a.log") == cut) << "it is " << text_of("a.log").size() << " bytes long";
}

TEST_F(AgentLogs, AnAgentThatSaysTooMuchSilencesNoOther) {
  AgentFiles files(folder_.string(), false);
  for (int i = 0; i < 3; ++i) files.on_log("loud", {LogLevel::note, std::string(AgentFiles::kMaxLog, 'x')});
  files.on_log("quiet", {LogLevel::warning, "is heard"});
  EXPECT_EQ(text_of("quiet.log"), "warning: is heard\n");
}

TEST_F(AgentLogs, WhatAnEarlierRunLeftIsRemovedFirst) {
  {
    AgentFiles earlier(folder_.string(), false);
    earlier.on_log("a", {LogLevel::note, "earlier"});
    earlier.on_farewell("a", {"earlier 1\n"});
  }
  AgentFiles files(folder_.string(), false);
  EXPECT_FALSE(exists("a.log"));
  EXPECT_FALSE(exists("a.prom"));
  files.on_farewell("a", {"images 8\n"});
  EXPECT_EQ(text_of("a.prom"), "images 8\n");
}

TEST_F(AgentLogs, OfAgentsElsewhereWarningsAndErrorsAreEchoedToo) {
  testing::internal::CaptureStderr();
  AgentFiles here(folder_.string(), false);
  here.on_log("local", {LogLevel::warning, "has said it itself"});
  AgentFiles elsewhere(folder_.string(), true);
  elsewhere.on_log("far", {LogLevel::note, "a note"});
  elsewhere.on_log("far", {LogLevel::warning, "a warning"});
  const auto said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(said.find("local"), std::string::npos) << said;
  EXPECT_EQ(said.find("a note"), std::string::npos) << said;
  EXPECT_NE(said.find("far: a warning"), std::string::npos) << said;
}

}  // namespace
}  // namespace millrace
