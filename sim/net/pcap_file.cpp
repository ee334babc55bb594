#include "sim/net/pcap_file.hpp"

#include <fmt/core.h>

#include "runtime/base/check.hpp"
#include "runtime/base/log.hpp"

namespace millrace {
namespace {

constexpr std::uint32_t kMagic = 0xA1B2'3C4D;
constexpr std::uint32_t kRawIp = 101;
constexpr std::size_t kFileHeader = 24, kPacketHeader = 16;
constexpr std::byte kExperiments{253};

template <std::size_t n>
void put_u32(std::array<std::byte, n>& into, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) into[at + i] = static_cast<std::byte>(value >> (8 * i));
}

// Writes `value` in network byte order, `width` bytes.
void put_network(BareHeader& into, std::size_t at, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i)
    into[at + i] = static_cast<std::byte>(value >> (8 * (width - 1 - i)));
}

// The checksum of RFC 1071 over the IPv4 header.
std::uint16_t checksum(const BareHeader& header) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < 20; i += 2)
    sum += (std::to_integer<std::uint32_t>(header[i]) << 8U) + std::to_integer<std::uint32_t>(header[i + 1]);
  while (sum >> 16U) sum = (sum & 0xFFFFU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace

Result<PcapFile> PcapFile::create(const std::string& path, std::vector<std::string>& unwritten) {
  auto file = OutputStream::open(path);
  if (!file) return file.error();
  PcapFile pcap(path, std::move(*file), unwritten);
  std::array<std::byte, kFileHeader> header{};
  put_u32(header, 0, kMagic);
  put_u32(header, 4, 2U | (4U << 16U));
  put_u32(header, 16, kLongest);
  put_u32(header, 20, kRawIp);
  pcap.put(header);
  return pcap;
}

PcapFile::~PcapFile() { close(); }

void PcapFile::put(std::span<const std::byte> bytes) {
  buffer_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void PcapFile::flush() {
  if (!file_) return;
  if (auto written = file_->append(buffer_); !written) {
    unwritten_->push_back(
        fmt::format("{}; the capture ends after {} packets", written.error().message, flushed_));
    file_.reset();
  }
  buffer_.clear();
  flushed_ = packets_;
}

void PcapFile::close() {
  flush();
  if (!file_) return;
  if (auto closed = file_->close(); !closed) unwritten_->push_back(closed.error().message);
  file_.reset();
}

void PcapFile::add(Time at, std::span<const std::byte> captured, Bytes original) {
  MR_CHECK(captured.size() <= kLongest && static_cast<std::int64_t>(captured.size()) <= original.count());
  if (!file_) return;
  if (packets_ == kMaxPackets) {
    log_warning("{}: the capture ends after {} packets: a capture holds no more", path_, packets_);
    return close();
  }
  std::array<std::byte, kPacketHeader + kLongest> record{};
  put_u32(record, 0, static_cast<std::uint32_t>(at.count_ns() / 1'000'000'000));
  put_u32(record, 4, static_cast<std::uint32_t>(at.count_ns() % 1'000'000'000));
  put_u32(record, 8, static_cast<std::uint32_t>(captured.size()));
  put_u32(record, 12, static_cast<std::uint32_t>(original.count()));
  std::copy(captured.begin(), captured.end(), record.begin() + kPacketHeader);
  put(std::span(record).first(kPacketHeader + captured.size()));
  ++packets_;
  if (buffer_.size() > kBuffer) flush();
}

BareHeader bare_header(const BarePacket& packet) {
  BareHeader header{};
  header[0] = std::byte{0x45};
  put_network(header, 2, static_cast<std::uint64_t>(packet.size.count()), 2);
  header[8] = std::byte{64};
  header[9] = kExperiments;
  put_network(header, 12, packet.from, 4);
  put_network(header, 16, packet.to, 4);
  put_network(header, 10, checksum(header), 2);
  put_network(header, 20, packet.transfer, 8);
  return header;
}

}  // namespace millrace
