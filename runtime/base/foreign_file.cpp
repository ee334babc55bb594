#include "runtime/base/foreign_file.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace millrace {
namespace {

constexpr std::size_t kLooked = 4096;

struct Format {
  std::string_view magic;
  std::size_t at;
  std::string_view what;
};

constexpr std::string_view kConvert =
    "; convert it where PyTorch is: python3 -c 'import torch, safetensors.torch as s; "
    "s.save_file({k: v.contiguous() for k, v in torch.load(\"IN\", map_location=\"cpu\").items()}, "
    "\"OUT.safetensors\")' "
    "(the model's state_dict, if IN holds more than that)";

// The first match counts; PyTorch's and Git's files are recognised below.
constexpr std::array<Format, 15> kFormats{{
    {"\x89HDF\r\n\x1a\n", 0,
     "an HDF5 file (Keras weights, say); load it with its framework and save the tensors as safetensors"},
    {"GGUF", 0, "a GGUF file (llama.cpp), whose tensors are quantized; use the model's original safetensors"},
    {"TFL3", 4, "a TensorFlow Lite model; save the original model's tensors as safetensors"},
    {"\x93NUMPY", 0, "an array of NumPy (.npy); save it with safetensors.numpy.save_file"},
    {"\x1f\x8b", 0, "compressed with gzip; unpack it first (gunzip, or tar -xzf)"},
    {"\x28\xb5\x2f\xfd", 0, "compressed with zstd; unpack it first (zstd -d)"},
    {{"\xfd\x37zXZ\0", 6}, 0, "compressed with xz; unpack it first (unxz, or tar -xJf)"},
    {"BZh", 0, "compressed with bzip2; unpack it first (bunzip2, or tar -xjf)"},
    {"7z\xbc\xaf\x27\x1c", 0, "a 7z archive; unpack it first"},
    {"ustar", 257, "a tar archive; unpack it first (tar -xf)"},
    {"<!DOCTYPE", 0, "a web page, not the file: the download was answered with it; fetch the file itself"},
    {"<!doctype", 0, "a web page, not the file: the download was answered with it; fetch the file itself"},
    {"<html", 0, "a web page, not the file: the download was answered with it; fetch the file itself"},
    {"\x7f"
     "ELF",
     0, "a program"},
    {"\xff\xd8\xff", 0, "a JPEG picture"},
}};

// The pointer states the size of the file that it stands for: "size 12345".
std::string lfs_pointer(std::string_view text) {
  std::string size;
  if (const auto found = text.find("\nsize "); found != std::string_view::npos)
    for (std::size_t i = found + 6; i < text.size() && std::isdigit(static_cast<unsigned char>(text[i])) != 0;
         ++i)
      size += text[i];
  return "it is a Git LFS pointer, which stands for a file" + (size.empty() ? "" : " of " + size + " bytes") +
         " that is not here; fetch it: git lfs pull, in its repository";
}

std::string archive(std::string_view text) {
  if (text.find("data.pkl") != std::string_view::npos || text.find("constants.pkl") != std::string_view::npos)
    return "it is a PyTorch checkpoint (.pt, .pth, .bin)" + std::string(kConvert);
  if (text.find(".npy") != std::string_view::npos)
    return "it is an archive of NumPy (.npz); save its arrays with safetensors.numpy.save_file";
  return "it is a zip archive; unpack it first (unzip)";
}

// Protocol Buffers have no magic: an ONNX file begins with ir_version, then the producer's name or the
// version of its opset.
bool is_onnx(std::string_view text) {
  return text.size() > 3 && text[0] == 0x08 && text[1] > 0 && text[1] < 0x20 &&
         (text[2] == 0x12 || text[2] == 0x3a || text[2] == 0x42);
}

// A pickle's protocol, then the opcode that PyTorch or Python writes first: an object, a frame, a number, a
// module's name.
bool is_pickle(std::string_view text) {
  return text.size() > 2 && text[0] == '\x80' && text[1] >= 2 && text[1] <= 5 &&
         std::string_view("\x8a\x95}(]ccX\x8c").find(text[2]) != std::string_view::npos;
}

}  // namespace

std::optional<std::string> foreign_file(std::span<const std::byte> begin) {
  const std::string_view text(reinterpret_cast<const char*>(begin.data()), std::min(begin.size(), kLooked));
  if (text.starts_with("version https://git-lfs")) return lfs_pointer(text);
  if (text.starts_with("PK\x03\x04") || text.starts_with("PK\x05\x06")) return archive(text);
  for (const Format& format : kFormats)
    if (text.size() > format.at && text.substr(format.at).starts_with(format.magic))
      return "it is " + std::string(format.what);
  if (is_pickle(text)) return "it is a pickle of Python (an old PyTorch checkpoint)" + std::string(kConvert);
  if (is_onnx(text)) return "it is an ONNX model; save the original model's tensors as safetensors";
  if (text.starts_with('{') && text.find("\"weight_map\"") != std::string_view::npos)
    return "it is the index of weights in several files; load them and save one file with "
           "safetensors.torch.save_file";
  if (text.starts_with('{')) return "it is text (JSON); give the .safetensors file that it belongs to";
  return std::nullopt;
}

}  // namespace millrace
