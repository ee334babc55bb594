// Captures read by a parser of this test's own, which follows the format's description and shares nothing
// with the writer; and by tshark where it is installed.
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "sim/net/framing.hpp"
#include "sim/net/link_meter.hpp"
#include "sim/ns3/ns3_network.hpp"

namespace millrace {
namespace {

struct Captured {
  std::int64_t at_ns;
  std::string bytes;
  std::uint32_t original;
};

class Pcap : public testing::Test {
 protected:
  Pcap() {
    spec_.devices = {"a", "b"};
    for (std::uint32_t i = 0; i < 2; ++i)
      spec_.links.push_back({DeviceId{i}, DeviceId{1 - i}, BitRate::mbit(10), Duration::ms(5)});
    path_ =
        std::filesystem::path(testing::TempDir()) /
        fmt::format("{}.{}.pcap", testing::UnitTest::GetInstance()->current_test_info()->name(), getpid());
  }
  ~Pcap() override { std::filesystem::remove(path_); }

  // Three messages from a to b, captured on that link.
  void run(Bytes size) {
    meter_.emplace(spec_, Duration::ms(100));
    const auto network =
        make_ns3_network(
            spec_, {.meter = &*meter_, .captures = {{LinkId{0}, path_.string()}}, .unwritten = &unwritten_})
            .value();
    for (std::uint64_t i = 0; i < 3; ++i)
      network->submit(Time::zero(), {TransferId{i}, DeviceId{0}, DeviceId{1}, size});
    while (network->run_until(Time::zero() + Duration::s(20))) {
    }
  }

  static std::uint32_t u32(const std::string& text, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 4; i-- > 0;) value = value << 8U | static_cast<std::uint8_t>(text.at(at + i));
    return value;
  }
  std::vector<Captured> parse() const {
    std::ifstream file(path_, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(u32(text, 0), 0xA1B23C4DU);
    EXPECT_EQ(u32(text, 4), 0x00040002U);
    EXPECT_EQ(u32(text, 20), 101U);  // LINKTYPE_RAW
    std::vector<Captured> packets;
    std::size_t at = 24;
    while (at < text.size()) {
      const std::uint32_t kept = u32(text, at + 8);
      EXPECT_LE(kept, u32(text, 16));
      EXPECT_LT(u32(text, at + 4), 1'000'000'000U);
      packets.push_back({std::int64_t{u32(text, at)} * 1'000'000'000 + u32(text, at + 4),
                         text.substr(at + 16, kept), u32(text, at + 12)});
      at += 16 + kept;
    }
    EXPECT_EQ(at, text.size());
    return packets;
  }

  // One line per packet with its fields, separated by tabs. Empty without tshark.
  std::optional<std::vector<std::string>> tshark(const std::string& fields) const {
    if (std::system("command -v tshark >/dev/null 2>&1") != 0) return std::nullopt;
    const auto command = fmt::format("tshark -r '{}' -T fields {} 2>/dev/null", path_.string(), fields);
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command.c_str(), "r"), &pclose);
    std::vector<std::string> lines;
    char line[512];
    while (std::fgets(line, sizeof line, pipe.get()) != nullptr)
      lines.emplace_back(line, std::strcspn(line, "\n"));
    return lines;
  }

  NetworkSpec spec_;
  std::optional<LinkMeter> meter_;
  std::filesystem::path path_;
  std::vector<std::string> unwritten_;
};

std::uint32_t network_order(const std::string& text, std::size_t at, std::size_t width) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < width; ++i) value = value << 8U | static_cast<std::uint8_t>(text.at(at + i));
  return value;
}

// Ones' complement sum of a good IPv4 header is 0xFFFF.
std::uint32_t header_sum(const std::string& packet) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < 20; i += 2) sum += network_order(packet, i, 2);
  return (sum & 0xFFFFU) + (sum >> 16U);
}

TEST_F(Pcap, RawPacketsAreIpv4WithTheirInstantsAndTransfers) {
  spec_.transport = Transport::raw;
  run(Bytes(3000));  // 1460 + 1460 + 80
  const auto packets = parse();
  ASSERT_EQ(packets.size(), 9U);
  std::int64_t at_ns = 0;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const auto& packet = packets[i];
    const std::uint32_t size = i % 3 == 2 ? 120 : 1500;
    at_ns += std::int64_t{size} * 800;  // 10 Mbit/s
    EXPECT_EQ(packet.at_ns, at_ns);
    EXPECT_EQ(packet.original, size);
    EXPECT_EQ(network_order(packet.bytes, 0, 1), 0x45U);
    EXPECT_EQ(network_order(packet.bytes, 2, 2), size);
    EXPECT_EQ(network_order(packet.bytes, 9, 1), 253U);
    EXPECT_EQ(network_order(packet.bytes, 12, 4), 0x0A000001U);
    EXPECT_EQ(network_order(packet.bytes, 16, 4), 0x0A000002U);
    EXPECT_EQ(network_order(packet.bytes, 24, 4), i / 3);
    EXPECT_EQ(header_sum(packet.bytes), 0xFFFFU);
  }
}

TEST_F(Pcap, TcpsSegmentsAreAllThereAndAddUpToWhatTheLinkCarried) {
  run(Bytes(100'000));
  const auto packets = parse();
  std::int64_t captured = 0, payload = 0;
  for (const auto& packet : packets) {
    const std::uint32_t tcp_header = network_order(packet.bytes, 32, 1) / 16 * 4;
    EXPECT_EQ(network_order(packet.bytes, 0, 1), 0x45U);
    EXPECT_EQ(network_order(packet.bytes, 9, 1), 6U);
    EXPECT_EQ(network_order(packet.bytes, 2, 2), packet.original);
    captured += packet.original;
    payload += packet.original - 20 - tcp_header;
  }
  std::int64_t delivered = 0;
  for (const auto& row : meter_->intervals(LinkId{0}, Time::zero() + Duration::s(20)))
    delivered += row.delivered.count();
  EXPECT_EQ(captured, delivered);
  EXPECT_EQ(payload, 300'000);
}

TEST_F(Pcap, ALostPacketIsCapturedOncePerAttempt) {
  spec_.transport = Transport::raw;
  spec_.links[0].loss = 0.3;
  run(Bytes(29'200));  // 20 full packets each
  const auto packets = parse();
  Nanobits carried = 0;
  Bytes delivered;
  for (const auto& row : meter_->intervals(LinkId{0}, Time::zero() + Duration::s(20))) {
    carried += row.carried;
    delivered += row.delivered;
  }
  EXPECT_GT(packets.size(), 60U);
  EXPECT_EQ(carried, nanobits(Bytes(1500) * static_cast<std::int64_t>(packets.size())));
  EXPECT_EQ(delivered, Bytes(60 * 1500));
}

TEST_F(Pcap, TsharkReadsBothKinds) {
  for (const auto transport : {Transport::raw, Transport::tcp}) {
    spec_.transport = transport;
    run(Bytes(3000));
    const auto lines = tshark("-e frame.protocols -e ip.src -e ip.dst -e frame.len -e _ws.malformed");
    if (!lines) GTEST_SKIP() << "tshark is not installed";
    ASSERT_EQ(lines->size(), parse().size());
    for (const std::string& line : *lines) {
      EXPECT_TRUE(line.starts_with(transport == Transport::tcp ? "raw:ip:tcp" : "raw:ip:")) << line;
      EXPECT_NE(line.find("\t10.0.0.1\t10.0.0.2\t"), std::string::npos) << line;
      EXPECT_TRUE(line.ends_with('\t')) << "malformed: " << line;
    }
  }
}

TEST_F(Pcap, AFullDiskEndsTheCaptureAndIsSaidOnce) {
  path_ = "/dev/full";
  run(Bytes(100'000));
  EXPECT_EQ(unwritten_, std::vector<std::string>{"/dev/full: cannot be written: No space left on device; the "
                                                 "capture ends after 0 packets"});
  path_.clear();
}

TEST_F(Pcap, AFolderThatIsNotThereIsAnErrorWithItsPath) {
  const auto made =
      make_ns3_network(spec_, {.captures = {{LinkId{0}, "no-such-folder/x.pcap"}}, .unwritten = &unwritten_});
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.error().message.find("no-such-folder/x.pcap: cannot be written"), std::string::npos);
  EXPECT_TRUE(make_ns3_network(spec_).ok()) << "the simulator is free again";
}

}  // namespace
}  // namespace millrace
