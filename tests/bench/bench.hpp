// Speed is measured, not asserted: each benchmark reports ratios inside one run (medians of alternating
// pairs), because machines differ and are shared. `./dev bench [FILTER]` prints the table and writes
// build/release/bench.json.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace millrace::bench {

struct Figure {
  std::string name;
  double value = 0;
  std::string unit;
  std::string note;  // the reference of the value, for the table
};

class Report {
 public:
  void add(Figure figure);
  const std::vector<Figure>& figures() const { return figures_; }

 private:
  std::vector<Figure> figures_;
};

// The groups of benchmarks; bench_main.cpp lists them in a table.
void bench_bridge(Report& report);
void bench_deploy(Report& report);
void bench_simulate(Report& report);
void bench_quickstart(Report& report);
void bench_codec(Report& report);
void bench_klt(Report& report);
void bench_plan(Report& report);
void bench_network(Report& report);
void bench_veth(Report& report);

double median(std::vector<double> values);

template <class Work>
double seconds_of(Work&& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Median of a/b over `pairs` alternating pairs, after one warm-up of each. Both return seconds.
double median_ratio(const std::function<double()>& a, const std::function<double()>& b, int pairs);

}  // namespace millrace::bench
