#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/bench/bench.hpp"

namespace millrace::bench {

void Report::add(Figure figure) {
  fmt::print("{:<44} {:>12.4g} {:<10} {}\n", figure.name, figure.value, figure.unit, figure.note);
  std::fflush(stdout);
  figures_.push_back(std::move(figure));
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double median_ratio(const std::function<double()>& a, const std::function<double()>& b, int pairs) {
  a();
  b();
  std::vector<double> ratios;
  for (int i = 0; i < pairs; ++i) ratios.push_back(a() / b());
  return median(ratios);
}

namespace {

constexpr std::array kBenchmarks = {
    std::pair<const char*, void (*)(Report&)>{"codec", bench_codec},
    std::pair<const char*, void (*)(Report&)>{"codec-klt", bench_klt},
    std::pair<const char*, void (*)(Report&)>{"plan", bench_plan},
    std::pair<const char*, void (*)(Report&)>{"simulate", bench_simulate},
    std::pair<const char*, void (*)(Report&)>{"quickstart", bench_quickstart},
    std::pair<const char*, void (*)(Report&)>{"bridge", bench_bridge},
    std::pair<const char*, void (*)(Report&)>{"network", bench_network},
    std::pair<const char*, void (*)(Report&)>{"deploy", bench_deploy},
    std::pair<const char*, void (*)(Report&)>{"deploy.veth", bench_veth},
};

// Benchmarks that did not run this time keep their last figures.
void write_json(const std::string& path, const Report& report) {
  nlohmann::ordered_json root = nlohmann::ordered_json::object();
  if (std::ifstream before(path); before) {
    auto read = nlohmann::ordered_json::parse(before, nullptr, false);
    if (read.is_object()) root = std::move(read);
  }
  for (const auto& figure : report.figures())
    root[figure.name] = {{"value", figure.value}, {"unit", figure.unit}};
  std::ofstream(path) << root.dump(2) << "\n";
}

}  // namespace

}  // namespace millrace::bench

int main(int argc, char** argv) {
  using namespace millrace::bench;
  const std::string filter = argc > 1 ? argv[1] : "";
  if (argc > 2 || filter.starts_with("-")) {
    fmt::print(
        stderr,
        "usage: millrace-bench [FILTER]   runs the groups whose name FILTER is part of, or names part of\n");
    return 2;
  }
  Report report;
  for (const auto& [name, run] : kBenchmarks) {
    const std::string group = name;
    if (filter.empty() || group.find(filter) != std::string::npos || filter.starts_with(group)) run(report);
  }
  if (report.figures().empty()) {
    fmt::print(stderr,
               "no benchmark matches \"{}\"; groups: codec plan simulate quickstart bridge network deploy\n",
               filter);
    return 2;
  }
  const std::string path = MILLRACE_BINARY_DIR "/bench.json";
  write_json(path, report);
  fmt::print("written: {}\n", path);
  return 0;
}
