// The agents' logs and figures in the run directory: agents/DEVICES.log has the agent's log while it served
// the run, and agents/DEVICES.prom its figures at the end in Prometheus' text format. The devices of one
// agent are joined by "+".
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "runtime/base/result.hpp"
#include "runtime/wire/messages.hpp"

namespace millrace {

class AgentFiles {
 public:
  // Bytes of one agent's log; later lines are dropped, and a last line says so.
  static constexpr std::size_t kMaxLog = 4 << 20;

  // Writes nothing before an agent logs something. `echo`: warnings and errors also go to this program's log.
  AgentFiles(const std::string& run_directory, bool echo);
  void on_log(const std::string& devices, const LogLine& line);
  void on_farewell(const std::string& devices, const Farewell& farewell);
  // The first file, or part of one, that could not be written. It ends no run: its figures are elsewhere.
  const Result<void>& check() const { return state_; }

 private:
  void note(const Result<void>& written);
  std::string folder_;
  bool echo_;
  std::map<std::string, std::size_t> written_;
  Result<void> state_;
};

}  // namespace millrace
