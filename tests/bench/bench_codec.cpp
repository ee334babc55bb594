// Codecs against a memcpy of the same tensor in the same run, one core, 8x197x768 fp32.
#include <fmt/format.h>

#include <cstring>

#include "runtime/base/random.hpp"
#include "runtime/codec/codec.hpp"
#include "tests/bench/bench.hpp"

namespace millrace::bench {

namespace {

constexpr TensorShape kShape{8, 197, 768};
constexpr int kPairs = 15;

std::vector<float> activations() {
  Random random(1, "bench");
  std::vector<float> values(static_cast<std::size_t>(kShape.values()));
  for (auto& value : values) value = static_cast<float>(random.normal());
  return values;
}

void bench_one(Report& report, const std::string& name, double bits) {
  const auto codec = make_codec(name);
  const auto values = activations();
  std::vector<float> copy(values.size());
  Buffer encoded;
  (*codec)->encode({values, kShape, TensorRole::residual}, Budget{bits}, encoded);
  const auto encode = [&] {
    encoded.clear();
    return seconds_of([&] {
      (*codec)->encode({values, kShape, TensorRole::residual}, Budget{bits}, encoded);
    });
  };
  const auto decode = [&] {
    return seconds_of([&] {
      if (!decode_tensor(encoded, kShape, copy)) std::abort();
    });
  };
  const auto memory = [&] {
    return seconds_of([&] { std::memcpy(copy.data(), values.data(), values.size() * 4); });
  };
  const auto label = fmt::format("{}.b{}", name, bits);
  report.add(
      {"codec.encode." + label + ".x_memcpy", median_ratio(memory, encode, kPairs), "x", "memcpy / encode"});
  report.add(
      {"codec.decode." + label + ".x_memcpy", median_ratio(memory, decode, kPairs), "x", "memcpy / decode"});
}

}  // namespace

void bench_codec(Report& report) {
  bench_one(report, "fp32", 32);
  bench_one(report, "fp16", 16);
  for (const char* codec : {"naive", "aciq", "aciq-gauss", "ds-aciq"})
    for (const double bits : {2.0, 4.0, 8.0}) bench_one(report, codec, bits);
}

}  // namespace millrace::bench
