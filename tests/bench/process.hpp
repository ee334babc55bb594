// Runs a program of ours as a user would, whole process, output thrown away.
#pragma once

#include <string>
#include <vector>

namespace millrace::bench {

struct ProcessCost {
  double wall_s = 0;  // from start to end
  double cpu_s = 0;   // processor time, which other processes hardly change
};

// Ends the benchmark with a message if the program fails.
ProcessCost process_cost(const std::vector<std::string>& command);
inline double process_seconds(const std::vector<std::string>& command) {
  return process_cost(command).wall_s;
}

// A fresh folder that is removed with this object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string program(const std::string& name);  // in this program's folder
void write_file(const std::string& path, const std::string& text);
double json_number(const std::string& path, const std::string& key);

}  // namespace millrace::bench
