#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <thread>

#include "runtime/base/log.hpp"
#include "runtime/net/agent_metrics.hpp"
#include "runtime/net/metrics_server.hpp"
#include "tests/net/loopback.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

const AgentMetrics::Clock::time_point kNow = AgentMetrics::Clock::time_point() + std::chrono::hours(1);

TEST(AgentFigures, CountWhatNodesDo) {
  AgentMetrics metrics;
  metrics.run_begins();
  const AgentMetrics::Place stage{"stage-1", "board-a"}, next{"stage-2", "board-b"};
  for (int i = 0; i < 3; ++i) metrics.arrived(stage);
  StageRecord record;
  record.images = 8;
  record.bit_width = 6;
  record.cost.compute = Duration::ms(500);
  metrics.recorded(stage, record, {}, kNow - std::chrono::seconds(11));
  metrics.recorded(stage, record, {}, kNow);
  LinkSample sample;
  sample.sent = Time::at_ns(0);
  sample.acknowledged = Time::at_ns(8'000'000);
  sample.size = Bytes(20'000);
  metrics.recorded(stage, sample, next, kNow);
  metrics.sent(stage, next, 123);
  const auto text = metrics.text(kNow);
  const std::string at = "{device=\"board-a\",node=\"stage-1\"} ";
  EXPECT_THAT(text, HasSubstr("millrace_microbatches_total" + at + "2\n"));
  EXPECT_THAT(text, HasSubstr("millrace_images_total" + at + "16\n"));
  EXPECT_THAT(text, HasSubstr("millrace_throughput_images_per_second" + at + "0.8\n")) << "of the last 10 s";
  EXPECT_THAT(text, HasSubstr("millrace_queue_depth" + at + "1\n"));
  EXPECT_THAT(text, HasSubstr("millrace_bits_per_value" + at + "6\n"));
  EXPECT_THAT(text, HasSubstr("millrace_compute_seconds_total" + at + "1\n"));
  const std::string link = "{device=\"board-a\",node=\"stage-1\",to_device=\"board-b\",to_node=\"stage-2\"} ";
  EXPECT_THAT(text, HasSubstr("millrace_link_goodput_mbit_per_second" + link + "20\n"));
  EXPECT_THAT(text, HasSubstr("millrace_link_sent_bytes_total" + link + "123\n"));
  EXPECT_THAT(text, HasSubstr("millrace_run_in_progress 1\n"));
  metrics.run_ends(true);
  EXPECT_THAT(metrics.text(kNow), HasSubstr("millrace_runs_total{result=\"ok\"} 1\n"));
}

TEST(AgentFigures, KnowTheProcessesMemory) { EXPECT_GT(resident_memory_bytes(), 1U << 20); }

class AMetricsPage : public testing::Test {
 protected:
  std::string ask(const std::string& request) {
    RawPeer peer(server_->local());
    peer.say(request);
    return peer.hear_all();
  }
  IoLoop loop_;
  std::unique_ptr<MetricsServer> server_ =
      MetricsServer::open(loop_, {"127.0.0.1", 0}, {}, [] { return std::string("up 1\n"); }).value();
};

TEST_F(AMetricsPage, IsServedOverHttp) {
  const auto answer = ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\nup 1\n"));
}

TEST_F(AMetricsPage, IsTheOnlyOne) {
  EXPECT_THAT(ask("GET / HTTP/1.1\r\n\r\n"), HasSubstr("404"));
  EXPECT_THAT(ask("POST /metrics HTTP/1.1\r\n\r\n"), HasSubstr("405"));
}

TEST_F(AMetricsPage, TakesWhatIsHttpAlone) {
  EXPECT_EQ(ask("GET /metrics\r\n\r\n"), "");
  EXPECT_EQ(ask("\x16\x03\x01\x02\r\n\r\n"), "");
  EXPECT_THAT(ask("HEAD /metrics HTTP/1.1\r\n\r\n"), HasSubstr("405"));
}

TEST_F(AMetricsPage, TakesNoEndlessRequests) {
  EXPECT_EQ(ask(std::string(MetricsServer::kMaxRequest + 1, 'x')), "");
  EXPECT_THAT(ask("GET /metrics HTTP/1.1\r\n\r\n"), HasSubstr("200 OK"));
}

double processor_seconds() {
  timespec spent{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

// A peer that takes all descriptors must not also cost a processor. Nothing else runs in this process: an
// acceptor that does not rest uses all of the 300 ms.
TEST_F(AMetricsPage, RestsWhileNoConnectionCanBeTaken) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const int last = dup(STDIN_FILENO);
  ::close(last);
  const rlimit one_more{static_cast<rlim_t>(last) + 1, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &one_more), 0);
  {
    RawPeer knocking(server_->local());  // its own end takes the last descriptor
    const double begin = processor_seconds();
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    EXPECT_LT(processor_seconds() - begin, 0.1);
  }
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_THAT(ask("GET /metrics HTTP/1.1\r\n\r\n"), HasSubstr("200 OK"));
}

TEST(LogLines, AsJsonAreOneObjectEach) {
  EXPECT_EQ(json_log_line(LogLevel::warning, "a \"b\" \\ \n\xff", "2026-01-02T03:04:05.678Z"),
            "{\"time\":\"2026-01-02T03:04:05.678Z\",\"level\":\"warning\",\"message\":\"a \\\"b\\\" \\\\ "
            "\\u000a\\u00ff\"}");
}

TEST(LogLines, AreHeardByAListener) {
  std::string heard;
  log_listener([&heard](LogLevel, std::string_view text) { heard += text; });
  log_note("{} words", 2);
  log_listener({});
  log_note("not this");
  EXPECT_EQ(heard, "2 words");
}

}  // namespace
}  // namespace millrace
