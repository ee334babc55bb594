// A capture that Wireshark, tshark and tcpdump open: pcap with nanoseconds, link type RAW (each packet begins
// with its IPv4 header). Surprising fact: only the first bytes of each packet are kept, with its true length;
// simulated payload is all zeros.
//
//   file header, 24 bytes: magic 0xA1B23C4D, version 2.4, 0, 0, longest captured, link type 101 (RAW)
//   per packet, 16 bytes:  seconds, nanoseconds, captured length, original length; then what was captured
//
// All little-endian. Pinned by tests/sim_ns3/pcap_test.cpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/output_file.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"

namespace millrace {

class PcapFile {
 public:
  static constexpr std::size_t kLongest = 128;  // IPv4 and TCP with all options take at most 120
  // About 7 GB; later packets are not captured, with one warning.
  static constexpr std::uint64_t kMaxPackets = 50'000'000;

  // A full disk ends the capture, not the run: `unwritten` then gets a sentence, at the latest when this is
  // destroyed. It outlives this.
  static Result<PcapFile> create(const std::string& path, std::vector<std::string>& unwritten);
  PcapFile(PcapFile&&) = default;
  PcapFile& operator=(PcapFile&&) = delete;
  ~PcapFile();

  // REQUIRES captured <= kLongest and <= original, original < 4 GiB.
  void add(Time at, std::span<const std::byte> captured, Bytes original);

 private:
  static constexpr std::size_t kBuffer = 64 * 1024;
  PcapFile(std::string path, OutputStream file, std::vector<std::string>& unwritten)
      : path_(std::move(path)),
        file_(std::make_unique<OutputStream>(std::move(file))),
        unwritten_(&unwritten) {}
  void put(std::span<const std::byte> bytes);
  void flush();
  void close();

  std::string path_;
  std::unique_ptr<OutputStream> file_;  // null where the capture has ended
  std::vector<std::string>* unwritten_;
  std::string buffer_;  // whole packets
  std::uint64_t packets_ = 0, flushed_ = 0;
};

// An IPv4 header and 20 bytes more, for packets that are only a size: protocol 253 (RFC 3692: experiments);
// the 20 bytes begin with the transfer's number.
struct BarePacket {
  std::uint32_t from, to;  // addresses
  std::uint64_t transfer;
  Bytes size;
};
using BareHeader = std::array<std::byte, 40>;
BareHeader bare_header(const BarePacket& packet);

}  // namespace millrace
