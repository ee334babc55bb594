#include "runtime/dataset/image_folder.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <vector>

#include "runtime/base/read_file.hpp"
#include "runtime/dataset/jpeg.hpp"

namespace millrace {

namespace {

constexpr std::size_t kMaxLines = 10'000'000;
constexpr std::size_t kMaxLineBytes = 4096;

struct Entry {
  std::string path;
  std::uint32_t label = 0;
};

class ImageFolder final : public ImageDataset {
 public:
  ImageFolder(std::string csv, int image_size, std::vector<Entry> entries)
      : csv_(std::move(csv)), image_size_(image_size), entries_(std::move(entries)) {}

  Result<void> read_pixels(std::uint64_t image, std::span<std::uint8_t> out) const override {
    if (image >= entries_.size())
      return Error{fmt::format("reading image {}: {} lists {} images", image, csv_, entries_.size()),
                   ExitCode::invalid_input};
    return read_image(entries_[image].path, image_size_, out);
  }
  std::optional<std::uint32_t> label(std::uint64_t image) const override {
    if (image >= entries_.size()) return std::nullopt;
    return entries_[image].label;
  }
  std::optional<std::uint64_t> size() const override { return entries_.size(); }

 private:
  std::string csv_;
  int image_size_;
  std::vector<Entry> entries_;
};

Result<Entry> parse_line(std::string_view line, int classes) {
  const auto comma = line.rfind(',');
  if (comma == std::string_view::npos || comma == 0)
    return Error{"a line is file,label", ExitCode::invalid_input};
  Entry entry{std::string(line.substr(0, comma)), 0};
  const std::string_view number = line.substr(comma + 1);
  const auto [end, fault] = std::from_chars(number.data(), number.data() + number.size(), entry.label);
  if (fault != std::errc{} || end != number.data() + number.size() ||
      entry.label >= static_cast<std::uint32_t>(classes))
    return Error{fmt::format("label must be a class 0 to {}, got \"{}\"", classes - 1, number),
                 ExitCode::invalid_input};
  return entry;
}

// The length that the image's shorter side is scaled to, or 0 if the image is cropped without scaling.
int scaled_side(int shorter, int size) {
  if (shorter >= size && 7 * std::int64_t{shorter} <= 8 * std::int64_t{size}) return 0;
  return static_cast<int>(std::lround(size * 8.0 / 7));
}

}  // namespace

Result<std::unique_ptr<Dataset>> open_image_folder(const std::string& labels_csv, const ModelConfig& model) {
  if (model.channels != 3)
    return Error{
        fmt::format("{}: JPEG images have 3 channels, the model takes {}", labels_csv, model.channels),
        ExitCode::invalid_input};
  std::ifstream file(labels_csv);
  if (!file)
    return Error{fmt::format("reading labels {}: cannot open the file", labels_csv), ExitCode::invalid_input};
  const auto folder = std::filesystem::path(labels_csv).parent_path();
  std::vector<Entry> entries;
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    const auto at = fmt::format("{}:{}", labels_csv, number);
    if (line.ends_with('\r')) line.pop_back();
    if (line.size() > kMaxLineBytes || number > kMaxLines)
      return Error{at + ": the line has more than 4096 bytes, or the file more than 10 million lines",
                   ExitCode::invalid_input};
    if (number == 1) {
      if (line != "file,label")
        return Error{at + ": the first line must be \"file,label\"", ExitCode::invalid_input};
      continue;
    }
    auto entry = parse_line(line, model.classes);
    if (!entry) return entry.error().in(at);
    entry->path = (folder / entry->path).string();
    entries.push_back(std::move(*entry));
  }
  if (entries.empty()) return Error{labels_csv + ": no images are listed", ExitCode::invalid_input};
  return std::unique_ptr<Dataset>(
      std::make_unique<ImageFolder>(labels_csv, model.image_size, std::move(entries)));
}

Result<void> read_image(const std::string& path, int size, std::span<std::uint8_t> out) {
  const auto side = static_cast<std::size_t>(size);
  MR_CHECK(out.size() == 3 * side * side);
  const std::string context = "reading image " + path;
  const auto content = read_file(path, kMaxJpegBytes);
  if (!content) return content.error().in(context);
  auto image = decode_jpeg({reinterpret_cast<const std::uint8_t*>(content->data()), content->size()});
  if (!image) return Error{context + ": " + image.error().message, ExitCode::invalid_input};

  const int shorter = std::min(image->width, image->height);
  if (const int scaled = scaled_side(shorter, size); scaled != 0) {
    const double scale = static_cast<double>(scaled) / shorter;
    if (static_cast<double>(std::max(image->width, image->height)) * scale * scaled >
        static_cast<double>(kMaxJpegPixels))
      return Error{context + ": too long and narrow to be scaled", ExitCode::invalid_input};
    *image = resample(*image, {.width = static_cast<int>(std::lround(image->width * scale)),
                               .height = static_cast<int>(std::lround(image->height * scale))});
  }
  const auto left = static_cast<std::size_t>((image->width - size) / 2);
  const auto top = static_cast<std::size_t>((image->height - size) / 2);
  const auto width = static_cast<std::size_t>(image->width);
  for (std::size_t channel = 0; channel < 3; ++channel) {
    for (std::size_t y = 0; y < side; ++y) {
      const std::uint8_t* row = image->pixels.data() + ((top + y) * width + left) * 3 + channel;
      for (std::size_t x = 0; x < side; ++x) out[(channel * side + y) * side + x] = row[3 * x];
    }
  }
  return {};
}

}  // namespace millrace
