#include "runtime/wire/messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/wire/samples.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();

TEST(AMessage, HelloComesBackAsSent) {
  const auto hello =
      parse_hello(to_frame(Hello{"agent", "1.2", "0123abcd", {"board-a", "board-b"}, {3}, {4}}));
  ASSERT_TRUE(hello.ok());
  EXPECT_EQ(hello->sender, "agent");
  EXPECT_EQ(hello->release, "1.2");
  EXPECT_EQ(hello->scenario_sha256, "0123abcd");
  EXPECT_EQ(hello->devices, (std::vector<std::string>{"board-a", "board-b"}));
  EXPECT_EQ(hello->from_node, NodeId{3});
  EXPECT_EQ(hello->to_node, NodeId{4});
}

TEST(AMessage, ARefusalKeepsItsSentenceAndExitCode) {
  for (int code = 1; code <= static_cast<int>(ExitCode::authentication); ++code) {
    const auto refusal = parse_refusal(to_frame(Error{"too late", static_cast<ExitCode>(code)}));
    EXPECT_EQ(refusal.message, "too late");
    EXPECT_EQ(static_cast<int>(refusal.code), code);
  }
}

TEST(AMessage, ARefusalWithAnUnknownExitCodeIsAFailedRun) {
  EXPECT_EQ(parse_refusal(to_frame(Error{"x", ExitCode::ok})).code, ExitCode::run_failed);
  EXPECT_EQ(parse_refusal(to_frame(Error{"x", static_cast<ExitCode>(99)})).code, ExitCode::run_failed);
}

TEST(AMessage, AssignComesBackAsSent) {
  const auto assign =
      parse_assign(to_frame(Assign{"millrace: 1\n", sample_plan(), Mode::deploy, {{0}, {3}}}));
  ASSERT_TRUE(assign.ok());
  EXPECT_EQ(assign->scenario, "millrace: 1\n");
  EXPECT_EQ(assign->plan, sample_plan());
  EXPECT_EQ(assign->mode, Mode::deploy);
  EXPECT_EQ(assign->nodes, (std::vector<NodeId>{{0}, {3}}));
}

TEST(AMessage, ThePlansBitsComeBackToTheLastDigitAndTheirAbsenceToo) {
  Plan plan = sample_plan();
  plan.stages[0].bits = 3.1;
  const auto assign = parse_assign(to_frame(Assign{"", plan, Mode::cosim, {}}));
  ASSERT_TRUE(assign.ok());
  EXPECT_EQ(assign->plan, plan);
  EXPECT_FALSE(assign->plan.stages.back().bits);
}

TEST(AMessage, AnAssignedNodeBeyondThePlanIsRefused) {
  EXPECT_FALSE(parse_assign(to_frame(Assign{"", sample_plan(), Mode::cosim, {{4}}})).ok());
}

TEST(AMessage, AModeThatDoesNotExistIsRefused) {
  EXPECT_FALSE(parse_assign(to_frame(Assign{"", sample_plan(), static_cast<Mode>(4), {}})).ok());
}

TEST(AMessage, ReadyAndPeersComeBackAsSent) {
  EXPECT_EQ(parse_ready(to_frame(Ready{65535}))->port, 65535);
  const auto peers = parse_peers(to_frame(Peers{{{"127.0.0.1", 1}, {"::1", 65535}}}));
  ASSERT_EQ(peers->endpoints.size(), 2U);
  EXPECT_EQ(peers->endpoints[1].address, "::1");
  EXPECT_EQ(peers->endpoints[1].port, 65535);
}

void expect_same(const Activation& got, const Activation& sent) {
  EXPECT_EQ(got.microbatch, sent.microbatch);
  EXPECT_EQ(got.first_image, sent.first_image);
  EXPECT_EQ(got.images, sent.images);
  EXPECT_EQ(got.created, sent.created);
  EXPECT_EQ(got.values, sent.values);
  EXPECT_EQ(got.payload.size, sent.payload.size);
  EXPECT_EQ(got.payload.bytes, sent.payload.bytes) << "the very same bytes: no copy through the message";
}

TEST(AMessage, AnActivationComesBackWithItsBytesUncopied) {
  const auto sent = sample_activation();
  const auto got = parse_message(to_frame(FrameType::message, NodeMessage{{1}, {2}, sent}));
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(got->from, NodeId{1});
  EXPECT_EQ(got->to, NodeId{2});
  expect_same(std::get<Activation>(got->message), sent);
}

TEST(AMessage, FeedbackComesBackWithOrWithoutAcknowledgement) {
  for (const Feedback& sent : {Feedback{MicrobatchId{5}, 0}, Feedback{std::nullopt, 2},
                               Feedback{MicrobatchId{0}, 0xffffffffU}, Feedback{}}) {
    const auto got = parse_message(to_frame(FrameType::send, NodeMessage{{2}, {1}, sent}));
    ASSERT_TRUE(got.ok());
    EXPECT_EQ(std::get<Feedback>(got->message).acknowledged, sent.acknowledged);
    EXPECT_EQ(std::get<Feedback>(got->message).credits, sent.credits);
  }
}

TEST(AMessage, SaysItsEpochAndTheFirstOneCostsNothing) {
  for (const std::uint32_t epoch : {0U, 1U, 300U}) {
    const auto got =
        parse_message(to_frame(FrameType::send, NodeMessage{{2}, {1}, Feedback{{}, 1}, {}, {epoch}}));
    ASSERT_TRUE(got.ok());
    EXPECT_EQ(got->epoch, Epoch{epoch});
  }
  EXPECT_EQ(message_size(Feedback{}, {0}), message_size(Feedback{}));
  EXPECT_EQ(message_size(Feedback{}, {1}), message_size(Feedback{}) + Bytes(2));
}

TEST(AMessage, FeedbackWithAPayloadIsRefused) {
  auto frame = to_frame(FrameType::message, NodeMessage{{2}, {1}, Feedback{}});
  frame.payload = sample_payload();
  EXPECT_FALSE(parse_message(frame).ok());
}

TEST(AMessage, WithoutABodyIsRefused) {
  EXPECT_THAT(parse_message(Frame{FrameType::message, {}, {}}).error().message, HasSubstr("malformed"));
}

TEST(AMessage, EventsComeBackAsSent) {
  const auto sent = sample_activation();
  const auto message =
      parse_event(to_frame(NodeEvent{{2}, {Event::Kind::message, Time::at_ns(5), {1}, sent}}));
  ASSERT_TRUE(message.ok());
  EXPECT_EQ(message->node, NodeId{2});
  EXPECT_EQ(message->event.kind, Event::Kind::message);
  EXPECT_EQ(message->event.now, Time::at_ns(5));
  EXPECT_EQ(message->event.from, NodeId{1});
  expect_same(std::get<Activation>(message->event.message), sent);
  const auto wake =
      parse_event(to_frame(NodeEvent{{2}, {Event::Kind::wake, Time::at_ns(6), {}, Feedback{}}}));
  EXPECT_EQ(wake->event.kind, Event::Kind::wake);
  EXPECT_EQ(wake->event.now, Time::at_ns(6));
}

TEST(AMessage, ATurnComesBackWithEveryRecord) {
  const auto turn = parse_turn(to_frame(NodeTurn{{2}, sample_turn()}));
  ASSERT_TRUE(turn.ok());
  EXPECT_EQ(turn->node, NodeId{2});
  EXPECT_EQ(turn->turn.promise, Time::at_ns(77));
  EXPECT_TRUE(turn->turn.finished);
  // Records have no ==; they are equal if they are encoded equally.
  EXPECT_EQ(to_frame(*turn).meta, to_frame(NodeTurn{{2}, sample_turn()}).meta);
  ASSERT_EQ(turn->turn.records.size(), 4U);
  const auto& stage = std::get<StageRecord>(turn->turn.records[0]);
  EXPECT_EQ(stage.computed, Time::at_ns(30));
  EXPECT_EQ(stage.cost.compute, Duration::ns(5));
  EXPECT_EQ(stage.payload, Bytes(1234));
  const auto& completion = std::get<CompletionRecord>(turn->turn.records[1]);
  EXPECT_EQ(completion.created, Time::at_ns(5));
  EXPECT_EQ(completion.outputs[0].label, std::optional(0U)) << "a label 0 is a label";
  EXPECT_EQ(completion.outputs[0].label_rank, std::optional(2U));
  EXPECT_FALSE(completion.outputs[1].predicted.has_value());
  EXPECT_FALSE(completion.outputs[1].label_rank.has_value());
  EXPECT_EQ(std::get<LinkSample>(turn->turn.records[2]).acknowledged, Time::at_ns(80));
  const auto& decision = std::get<DecisionRecord>(turn->turn.records[3]);
  EXPECT_EQ(decision.bits_per_value, 3.25);
  EXPECT_EQ(decision.outgoing, std::get<DecisionRecord>(sample_records()[3]).outgoing);
  EXPECT_EQ(decision.seen, std::get<DecisionRecord>(sample_records()[3]).seen);
}

TEST(AMessage, APromiseOfNeverSurvives) {
  EXPECT_EQ(parse_turn(to_frame(NodeTurn{{0}, {}}))->turn.promise, Time::never());
}

TEST(AMessage, AReportComesBackAsSent) {
  const Report sent{{2}, Time::at_ns(90), sample_records(), true};
  const auto got = parse_report(to_frame(sent));
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(got->node, NodeId{2});
  EXPECT_EQ(got->now, Time::at_ns(90));
  EXPECT_TRUE(got->finished);
  EXPECT_EQ(to_frame(*got).meta, to_frame(sent).meta);
}

bool taken(const Record& record) {
  return parse_report(to_frame(Report{{2}, Time::at_ns(90), {record}, false})).ok();
}

TEST(AMessage, RecordsThatWouldHarmWhoAddsOrPrintsThemAreRefused) {
  auto stage = std::get<StageRecord>(sample_records()[0]);
  ASSERT_TRUE(taken(stage));
  stage.encoded = Time::never();
  EXPECT_FALSE(taken(stage)) << "an instant whose sums overflow";
  stage = std::get<StageRecord>(sample_records()[0]);
  stage.cost.decode = Duration::ns(-1);
  EXPECT_FALSE(taken(stage));
  stage = std::get<StageRecord>(sample_records()[0]);
  stage.payload = Bytes(-1);
  EXPECT_FALSE(taken(stage));
  auto completion = std::get<CompletionRecord>(sample_records()[1]);
  completion.created = Time::at_ns(-1);
  EXPECT_FALSE(taken(completion));
  completion = std::get<CompletionRecord>(sample_records()[1]);
  completion.outputs[0].logits_sha256 = "a,b\nc";
  EXPECT_FALSE(taken(completion)) << "a row of a table";
  auto sample = std::get<LinkSample>(sample_records()[2]);
  sample.size = Bytes(-1);
  EXPECT_FALSE(taken(sample));
  auto decision = std::get<DecisionRecord>(sample_records()[3]);
  decision.policy = "fixed,3";
  EXPECT_FALSE(taken(decision));
  decision = std::get<DecisionRecord>(sample_records()[3]);
  decision.outgoing.sender.ready_size = Bytes(-1);
  EXPECT_FALSE(taken(decision));
  decision = std::get<DecisionRecord>(sample_records()[3]);
  decision.seen[1].sent = Time::never();
  EXPECT_FALSE(taken(decision));
  decision = std::get<DecisionRecord>(sample_records()[3]);
  decision.seen.resize(DecisionRecord::kMaxSeen + 1);
  EXPECT_FALSE(taken(decision)) << "more than can have been acknowledged between two decisions";
}

TEST(AMessage, ARefusalsSentenceCannotDriveATerminal) {
  EXPECT_EQ(parse_refusal(to_frame(Error{"red \x1b[31m\nalert"})).message, "red  [31m alert");
  EXPECT_EQ(parse_refusal(to_frame(Error{std::string(100'000, 'x')})).message.size(), 2000U);
  const auto said = [](const std::string& text) { return parse_refusal(to_frame(Error{text})).message; };
  EXPECT_EQ(said("\xc2\x9b"
                 "31m"),
            "  31m")
      << "CSI as one character";
  EXPECT_EQ(said("\x9b"
                 "31m \xff \xe2\x82"),
            " 31m     ")
      << "bytes that are not UTF-8";
  EXPECT_EQ(said("d\xc3\xa9j\xc3\xa0 \xe2\x82\xac \xf0\x9f\x98\x80"),
            "d\xc3\xa9j\xc3\xa0 \xe2\x82\xac \xf0\x9f\x98\x80");
  const auto cut = said(std::string(1999, 'x') + "\xc3\xa9");
  EXPECT_EQ(cut, std::string(1999, 'x') + " ") << "cut within a character";
}

TEST(AMessage, AFarewellHasLinesButCannotDriveATerminal) {
  const auto figures = parse_farewell(to_frame(Farewell{"a 1\nb\x1b[2J \xc3\xa9\r\n"}));
  ASSERT_TRUE(figures);
  EXPECT_EQ(figures->figures, "a 1\nb [2J \xc3\xa9 \n");
}

TEST(AMessage, AFrameOfAnotherTypeIsRefusedByEveryParser) {
  const auto wrong = to_frame(FrameType::stop);
  EXPECT_FALSE(parse_hello(wrong).ok());
  EXPECT_FALSE(parse_assign(wrong).ok());
  EXPECT_FALSE(parse_ready(wrong).ok());
  EXPECT_FALSE(parse_peers(wrong).ok());
  EXPECT_FALSE(parse_event(wrong).ok());
  EXPECT_FALSE(parse_turn(wrong).ok());
  EXPECT_FALSE(parse_report(wrong).ok());
  EXPECT_FALSE(parse_message(wrong).ok());
  EXPECT_THAT(parse_refusal(wrong).message, HasSubstr("malformed"));
}

// A message's size must not depend on its values, or the same events at a later time would take different
// times.
TEST(AMessagesSize, DoesNotDependOnItsValues) {
  const Activation large{.microbatch = {kMost},
                         .first_image = kMost,
                         .images = 0xffffffffU,
                         .created = Time::never(),
                         .values = kMost,
                         .payload = {}};
  EXPECT_EQ(message_size(Activation{}), message_size(large));
  EXPECT_EQ(message_size(Feedback{std::nullopt, 0}), message_size(Feedback{std::nullopt, 0xffffffffU}));
  EXPECT_EQ(message_size(Feedback{MicrobatchId{0}, 0}), message_size(Feedback{MicrobatchId{kMost}, 1}));
}

TEST(AMessagesSize, IsThatOfTheFrameThatCarriesItBetweenAnyNodes) {
  for (const Message& message : {Message(sample_activation()), Message(Activation{}), Message(Feedback{}),
                                 Message(Feedback{MicrobatchId{kMost}, 7})}) {
    for (const auto& [from, to] : {std::pair(0U, 1U), std::pair(0xffffffffU, 0U)}) {
      EXPECT_EQ(message_size(message),
                to_frame(FrameType::message, NodeMessage{{from}, {to}, message}).size());
    }
  }
}

TEST(AMessagesSize, CountsAPayloadWithoutBytesTheSame) {
  auto message = sample_activation();
  const auto whole = message_size(message);
  message.payload.bytes = nullptr;
  EXPECT_EQ(message_size(message), whole);
}

TEST(AMessagesSize, IsPinned) {
  EXPECT_EQ(message_size(Activation{}), Bytes(69));
  EXPECT_EQ(message_size(Feedback{MicrobatchId{1}, 1}), Bytes(42));
  EXPECT_EQ(message_size(Feedback{std::nullopt, 1}), Bytes(33));
}

}  // namespace
}  // namespace millrace
