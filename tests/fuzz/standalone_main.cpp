// Runs a fuzz target without libFuzzer: over the files given, or over N seeded inputs (default 20,000), which
// are random bytes and mutations of earlier inputs. Prints its seed: MILLRACE_TEST_SEED repeats it.
//   frame_fuzz FILE...      frame_fuzz --runs N
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "runtime/base/random.hpp"
#include "tests/support/seed.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kLongest = 4096;
constexpr std::size_t kKept = 256;

void run(const Bytes& input) { (void)LLVMFuzzerTestOneInput(input.data(), input.size()); }

Bytes fresh(millrace::Random& random) {
  Bytes input(random.below(200));
  for (auto& byte : input) byte = static_cast<std::uint8_t>(random.below(256));
  return input;
}

Bytes mutated(millrace::Random& random, Bytes input) {
  for (auto n = 1 + random.below(6); n > 0; --n) {
    const auto at = static_cast<std::ptrdiff_t>(random.below(input.size() + 1));
    // Half of the new bytes are the input's own, so that texts stay texts.
    const bool own = !input.empty() && random.below(2) == 0;
    const auto byte = own ? input[random.below(input.size())] : static_cast<std::uint8_t>(random.below(256));
    if (random.below(3) == 0 && input.size() < kLongest) {
      input.insert(input.begin() + at, 1 + random.below(16), byte);
    } else if (at < static_cast<std::ptrdiff_t>(input.size())) {
      if (random.below(2) == 0)
        input.erase(input.begin() + at);
      else
        input[static_cast<std::size_t>(at)] = byte;
    }
  }
  return input;
}

std::vector<Bytes> seeds_of(int count, char** names) {
  std::vector<Bytes> seeds;
  for (int i = 0; i < count; ++i) {
    std::ifstream file(names[i], std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "error: %s: cannot be read\n", names[i]);
      std::exit(2);
    }
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return seeds;
}

}  // namespace

int main(int argc, char** argv) {
  const bool counted = argc >= 3 && std::string(argv[1]) == "--runs";
  const long runs = counted ? std::strtol(argv[2], nullptr, 10) : 20'000;
  auto pool = counted ? seeds_of(argc - 3, argv + 3) : seeds_of(argc - 1, argv + 1);
  for (const auto& input : pool) run(input);
  if (!counted && argc > 1) return 0;
  const auto seed = millrace::test_seed();
  std::printf("%ld inputs, MILLRACE_TEST_SEED=%llu\n", runs, static_cast<unsigned long long>(seed));
  millrace::Random random(seed, "fuzz");
  const auto given = pool.size();
  for (long i = 0; i < runs; ++i) {
    Bytes input;
    if (given > 0 && random.below(2) == 0) {
      input = mutated(random, pool[random.below(given)]);
    } else {
      input = pool.empty() || random.below(8) == 0 ? fresh(random)
                                                   : mutated(random, pool[random.below(pool.size())]);
    }
    run(input);
    if (pool.size() < given + kKept) {
      pool.push_back(std::move(input));
    } else {
      pool[given + random.below(kKept)] = std::move(input);
    }
  }
  return 0;
}
