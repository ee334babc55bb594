#include "sim/bridge/agent_processes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

namespace millrace {
namespace {

using testing::HasSubstr;

// An "agent" is a shell script here.
class AgentProcess : public testing::Test {
 protected:
  AgentProcess()
      : folder_(std::filesystem::path(testing::TempDir()) / ("agent." + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string script(const std::string& body) {
    const auto path = folder_ / "agent.sh";
    std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
    chmod(path.c_str(), 0755);
    return path.string();
  }
  Result<void> start(AgentProcesses& processes, const std::string& program) {
    return processes.start(program, {"d0", "d1"}, {"127.0.0.1", 7000}, "abc");
  }
  // Waits until it has ended, at most 20 s.
  static Result<void> watch(AgentProcesses& processes) {
    for (int i = 0; i < 20'000; ++i) {
      if (auto there = processes.watch(); !there) return there;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return {};
  }
  std::string read(const std::string& name) {
    std::ifstream file(folder_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::filesystem::path folder_;
};

TEST_F(AgentProcess, AProgramThatIsNotThereCannotBeStarted) {
  AgentProcesses processes;
  const auto started = start(processes, (folder_ / "nowhere").string());
  EXPECT_THAT(started.error().message, HasSubstr("nowhere: No such file or directory"));
  EXPECT_TRUE(processes.watch().ok()) << "it is not watched";
}

TEST_F(AgentProcess, IsToldHostScenarioAndDevices) {
  AgentProcesses processes;
  ASSERT_TRUE(start(processes, script("echo \"$@\" > " + (folder_ / "said").string())).ok());
  (void)watch(processes);
  EXPECT_EQ(read("said"),
            "agent --connect 127.0.0.1:7000 --local --scenario-sha256 abc --device d0 --device d1\n");
}

TEST_F(AgentProcess, EndingEarlyIsAnErrorWithItsExitCode) {
  AgentProcesses processes;
  ASSERT_TRUE(start(processes, script("exit 3")).ok());
  const auto watched = watch(processes);
  EXPECT_EQ(watched.error().code, ExitCode::invalid_input);
  EXPECT_EQ(watched.error().message, "the agent of d0, d1 ended with exit code 3");
  EXPECT_TRUE(processes.watch().ok()) << "the end is reported once";
}

TEST_F(AgentProcess, AnExitCodeThatIsNotOursIsALostPeer) {
  for (const char* body : {"exit 0", "exit 77"}) {
    AgentProcesses processes;
    ASSERT_TRUE(start(processes, script(body)).ok());
    EXPECT_EQ(watch(processes).error().code, ExitCode::peer_lost) << body;
  }
}

TEST_F(AgentProcess, EndedByASignalSaysWhich) {
  AgentProcesses processes;
  ASSERT_TRUE(start(processes, script("kill -9 $$")).ok());
  EXPECT_EQ(watch(processes).error().message, "the agent of d0, d1 was ended by signal 9");
}

TEST_F(AgentProcess, InheritsNoneOfOurFiles) {
  AgentProcesses processes;
  const int ours = dup(STDERR_FILENO);
  ASSERT_GT(ours, 2);
  ASSERT_TRUE(start(processes, script("test ! -e /proc/$$/fd/" + std::to_string(ours) + " && exit 3")).ok());
  const auto watched = watch(processes);
  close(ours);
  EXPECT_EQ(watched.error().code, ExitCode::invalid_input) << "3: the descriptor was not inherited";
}

TEST_F(AgentProcess, OneThatDoesNotLeaveIsEnded) {
  const auto begin = std::chrono::steady_clock::now();
  {
    AgentProcesses processes;
    ASSERT_TRUE(start(processes, script("trap '' TERM; exec sleep 600")).ok());
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
}

}  // namespace
}  // namespace millrace
