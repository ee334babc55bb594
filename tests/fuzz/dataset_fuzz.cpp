// libFuzzer target: any bytes as a dataset's safetensors file, for the families that read one. An accepted
// file must give inputs that a stage accepts, and labels that are classes.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/check.hpp"
#include "runtime/stage/inputs.hpp"

namespace {

using namespace millrace;

ModelConfig tiny(ModelFamily family) {
  ModelConfig model{
      .name = "tiny", .family = family, .blocks = 1, .width = 4, .heads = 1, .mlp_width = 4, .channels = 0};
  model.classes = 3;
  if (family == ModelFamily::kwt) model.frames = model.coefficients = 2;
  if (family == ModelFamily::bert) model.sequence = model.positions = 3;
  if (family == ModelFamily::bert) model.vocabulary = 9;
  return model;
}

// A file in memory, in no folder.
class MemoryFile {
 public:
  MemoryFile(const std::uint8_t* bytes, std::size_t size) : file_(::memfd_create("dataset", MFD_CLOEXEC)) {
    MR_CHECK(file_ >= 0 && ::write(file_, bytes, size) == static_cast<ssize_t>(size));
  }
  ~MemoryFile() { ::close(file_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }

 private:
  int file_;
};

// Checks what the format's description requires; a stage checks the same.
void check_sequence(const std::vector<float>& values) {
  const float tokens = values[3], first_segment = values[4];
  MR_CHECK(tokens >= 1 && tokens <= 3 && first_segment >= 0 && first_segment <= tokens);
  for (std::size_t i = 0; i < 3; ++i) {
    MR_CHECK(values[i] >= 0 && values[i] < 9);
    MR_CHECK(static_cast<float>(i) < tokens || values[i] == 0);
  }
}

void read_all(const std::string& dataset, const ModelConfig& model) {
  const auto opened = open_dataset(dataset, model, 1);
  if (!opened) return;
  const std::uint64_t images = *(*opened)->size();
  MR_CHECK(images >= 1);
  std::vector<float> values(static_cast<std::size_t>(model.input_values()));
  for (std::uint64_t image = 0; image < images; ++image) {
    MR_CHECK((*opened)->read(image, values).ok());
    if (model.family == ModelFamily::bert) check_sequence(values);
    const auto label = (*opened)->label(image);
    MR_CHECK(!label || *label < 3);
  }
  MR_CHECK(!(*opened)->read(images, values).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const MemoryFile file(bytes, size);
  read_all("features:" + file.path(), tiny(ModelFamily::kwt));
  read_all("tokens:" + file.path(), tiny(ModelFamily::bert));
  return 0;
}
