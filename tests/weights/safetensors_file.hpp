// Writes safetensors files for tests, well-formed or not.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

namespace millrace {

// A file with this header and data, valid or not.
inline std::string container(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  std::string file(sizeof length, '\0');
  std::memcpy(file.data(), &length, sizeof length);
  return file + header + data;
}

inline std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

class SafetensorsWriter {
 public:
  void add(const std::string& name, const std::string& dtype, const std::vector<std::int64_t>& shape,
           const std::string& bytes) {
    std::string sizes;
    for (const std::int64_t size : shape) sizes += (sizes.empty() ? "" : ", ") + std::to_string(size);
    header_ +=
        (header_.empty() ? "" : ", ") +
        ("\"" + name + "\": {\"dtype\": \"" + dtype + "\", \"shape\": [" + sizes + "], \"data_offsets\": [" +
         std::to_string(data_.size()) + ", " + std::to_string(data_.size() + bytes.size()) + "]}");
    data_ += bytes;
  }
  void add_floats(const std::string& name, const std::vector<std::int64_t>& shape,
                  std::span<const float> values) {
    add(name, "F32", shape, {reinterpret_cast<const char*>(values.data()), values.size_bytes()});
  }
  // `padding` spaces end the header; data stays aligned to 8 bytes apart from them.
  std::string file(std::size_t padding = 0) const {
    std::string header = "{" + header_ + "}";
    header.append((8 - header.size() % 8) % 8 + padding, ' ');
    return container(header, data_);
  }

 private:
  std::string header_, data_;
};

// A file that is removed with this object.
class TemporaryFile {
 public:
  TemporaryFile(const std::string& name, const std::string& content)
      : path_(testing::TempDir() + "millrace_" +
              testing::UnitTest::GetInstance()->current_test_info()->name() + "_" + name) {
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace millrace
