// A stage's resident memory grows with its own share of the weights, not with the file.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <optional>

#include "tests/stage/small_vit.hpp"
#include "tests/weights/safetensors_file.hpp"

namespace millrace {
namespace {

std::int64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::int64_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

// Runs `measure` in a child process, so that its memory does not count elsewhere; returns its result.
template <class Measure>
std::int64_t in_child(const Measure& measure) {
  int ends[2];
  MR_CHECK(::pipe(ends) == 0);
  const pid_t child = ::fork();
  MR_CHECK(child >= 0);
  if (child == 0) {
    const std::int64_t value = measure();
    const bool written = ::write(ends[1], &value, sizeof value) == sizeof value;
    ::_exit(written ? 0 : 1);
  }
  std::int64_t value = -1;
  MR_CHECK(::read(ends[0], &value, sizeof value) == sizeof value);
  int status = 0;
  MR_CHECK(::waitpid(child, &status, 0) == child && status == 0);
  ::close(ends[0]);
  ::close(ends[1]);
  return value;
}

// 100 MiB of blocks, so that a page more or less does not matter; embedding and head are small.
ModelConfig heavy() {
  return {.name = "heavy",
          .blocks = 8,
          .width = 512,
          .heads = 8,
          .mlp_width = 2048,
          .image_size = 32,
          .patch = 16,
          .classes = 10};
}

class ResidentMemory : public testing::Test {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the sanitizer's own memory would be counted";
#endif
  }

  // The model's weights under timm's names as a file, all of `dtype`; the values do not matter.
  void write(const std::string& dtype) {
    SafetensorsWriter writer;
    const std::int64_t d = model_.width, m = model_.mlp_width, value_bytes = dtype == "F32" ? 4 : 2;
    for (int b = 0; b < model_.blocks; ++b) {
      const std::string block = "blocks." + std::to_string(b) + ".";
      const auto add = [&](const std::string& name, const std::vector<std::int64_t>& shape) {
        std::int64_t count = value_bytes;
        for (const std::int64_t size : shape) count *= size;
        writer.add(block + name, dtype, shape, std::string(static_cast<std::size_t>(count), '\1'));
      };
      for (const char* norm : {"norm1.", "norm2."})
        for (const char* part : {"weight", "bias"}) add(norm + std::string(part), {d});
      add("attn.qkv.weight", {3 * d, d}), add("attn.qkv.bias", {3 * d});
      add("attn.proj.weight", {d, d}), add("attn.proj.bias", {d});
      add("mlp.fc1.weight", {m, d}), add("mlp.fc1.bias", {m});
      add("mlp.fc2.weight", {d, m}), add("mlp.fc2.bias", {d});
    }
    file_.emplace("w.safetensors", writer.file());
  }

  // Growth while blocks first..last (0-based, within 1..6: no embedding, no head) are loaded.
  std::int64_t growth(int first, int last) const {
    return in_child([&] {
      (void)stage_of(small_vit(), {1, 12});  // LibTorch and BLAS allocate memory once
      const std::int64_t before = resident_bytes();
      const auto weights = open_weights(file_->path(), model_);
      const auto stage = Stage::create(model_, {4 * first + 1, 4 * last + 4}, **weights);
      return stage.ok() ? resident_bytes() - before : -1;
    });
  }

  void expect_share(int first, int last) {
    const auto own = static_cast<double>(weight_bytes(model_, {4 * first + 1, 4 * last + 4}).count());
    const auto grown = static_cast<double>(growth(first, last));
    std::cout << "own weights " << own / (1 << 20) << " MiB, resident memory grew by " << grown / (1 << 20)
              << " MiB\n";
    EXPECT_GE(grown, 0.98 * own);
    // Besides the weights: the index; and where the header, the first and the last page are touched, the
    // kernel maps the whole folio they lie in (1 MiB seen, up to 2 MiB).
    EXPECT_LE(grown, 1.02 * own + (8 << 20));
  }

  const ModelConfig model_ = heavy();
  std::optional<TemporaryFile> file_;
};

TEST_F(ResidentMemory, QuarterOfTheLayersTakesAQuarterOfTheWeights) {
  write("F32");
  expect_share(2, 3);
  expect_share(1, 1);
  expect_share(1, 6);
}

// Widened weights are in memory of their own; the pages they were read from are released.
TEST_F(ResidentMemory, WidenedWeightsDoNotKeepTheFileResident) {
  write("BF16");
  expect_share(2, 3);
}

}  // namespace
}  // namespace millrace
