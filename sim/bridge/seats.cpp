#include "sim/bridge/seats.hpp"

#include <fmt/format.h>

#include <deque>
#include <map>
#include <variant>

namespace millrace {

namespace {

// Answers of one node that may wait while another node's turn is awaited; an honest node has at most one turn
// waiting.
constexpr std::size_t kMaxAnswers = 1 << 16;

// A node answers an event with its sends, in order, and then the turn. Each answer is parsed once, when it
// comes; answers of other nodes than the awaited one are kept here.
class Answers {
 public:
  using Answer = std::variant<NodeMessage, NodeTurn>;

  Answers(const BridgeSetup& setup, Crew& crew) : setup_(setup), crew_(crew) {}

  Result<Answer> next_of(NodeId node) {
    auto& mine = answers_[node];
    const auto patience = std::chrono::nanoseconds(setup_.scenario.run.timeout.count_ns());
    auto give_up = Crew::Clock::now() + patience;
    while (mine.empty()) {
      const auto letter = crew_.next_letter(give_up);
      if (!letter && letter.error().code == ExitCode::timeout) {
        return Error{
            fmt::format("{}: {} has not ended its turn for {:.1f} s, though the agent is there; if one "
                        "microbatch may take that long, give a larger run.timeout",
                        crew_.agent_of(node).who, node_name(setup_.plan, node),
                        setup_.scenario.run.timeout.seconds()),
            ExitCode::timeout};
      }
      if (!letter) return letter.error();
      give_up = Crew::Clock::now() + patience;
      if (auto taken = take(*letter); !taken) return taken.error();
    }
    auto answer = std::move(mine.front());
    mine.pop_front();
    return answer;
  }

 private:
  static Result<Answer> parse(const Frame& frame) {
    if (frame.type == FrameType::send) {
      auto message = parse_message(frame);
      return message ? Result<Answer>(std::move(*message)) : Result<Answer>(message.error());
    }
    auto turn = parse_turn(frame);
    return turn ? Result<Answer>(std::move(*turn)) : Result<Answer>(turn.error());
  }

  Result<void> take(const Mailbox::Letter& letter) {
    const auto& who = crew_.agents()[letter.agent].who;
    auto answer = parse(letter.frame);
    if (!answer) return answer.error().in(who);
    const auto* message = std::get_if<NodeMessage>(&*answer);
    const NodeId owner = message != nullptr ? message->from : std::get<NodeTurn>(*answer).node;
    if (!crew_.speaks_for(letter.agent, owner)) return Error{who + " spoke for a node that it does not have"};
    auto& answers = answers_[owner];
    if (answers.size() >= kMaxAnswers) return Error{who + " sends more than a turn can hold"};
    answers.push_back(std::move(*answer));
    return {};
  }

  const BridgeSetup& setup_;
  Crew& crew_;
  std::map<NodeId, std::deque<Answer>> answers_;
};

class Seat final : public Attachment {
 public:
  Seat(const BridgeSetup& setup, Crew& crew, std::shared_ptr<Answers> answers, NodeId node)
      : setup_(setup),
        crew_(crew),
        answers_(std::move(answers)),
        node_(node),
        channel_(crew.agent_of(node).channel) {}

  Result<void> begin(Event event) override {
    now_ = event.now;
    channel_->send(to_frame(NodeEvent{node_, std::move(event)}));
    return {};
  }

  Result<Turn> end() override {
    std::vector<Turn::Send> sends;
    for (;;) {
      auto answer = answers_->next_of(node_);
      if (!answer) return answer.error();
      if (auto* turn = std::get_if<NodeTurn>(&*answer)) return ended(std::move(turn->turn), std::move(sends));
      auto& message = std::get<NodeMessage>(*answer);
      if (auto sound = check(message); !sound) return sound.error();
      sends.push_back({message.to, std::move(message.message)});
    }
  }

 private:
  Result<void> check(const NodeMessage& message) {
    const bool neighbour = message.to.value + 1 == node_.value || message.to.value == node_.value + 1;
    if (message.to.value >= setup_.plan.node_count() || !neighbour) {
      return Error{
          fmt::format("a message from {} to a node that is not a neighbour", node_name(setup_.plan, node_))};
    }
    if (auto sound = crew_.check().check(message, now_); !sound) return in_context(sound.error());
    return {};
  }

  Result<Turn> ended(Turn turn, std::vector<Turn::Send> sends) {
    const auto taken = crew_.check().take(
        {.node = node_, .now = now_, .latest = now_, .records = turn.records, .finished = turn.finished});
    if (!taken) return in_context(taken.error());
    turn.sends = std::move(sends);
    return turn;
  }

  Error in_context(const Error& error) { return error.in(crew_.agent_of(node_).who); }

  const BridgeSetup& setup_;
  Crew& crew_;
  std::shared_ptr<Answers> answers_;
  NodeId node_;
  ChannelPointer channel_;
  Time now_;  // of the last event
};

// Messages pass the host; records are handed on as they come.
class WallSeats final : public WallNodes {
 public:
  explicit WallSeats(Crew& crew) : crew_(crew) {}

  void start() override {
    crew_.begin_clock();
    crew_.tell_all([] { return to_frame(FrameType::start); });
  }

  void deliver(NodeMessage message) override {
    crew_.agent_of(message.to).channel->send(to_frame(FrameType::message, message));
  }

  Result<std::optional<Word>> next(Duration patience) override {
    auto letter = crew_.hear(patience);
    if (!letter) return letter.error();
    if (*letter) {
      auto word = read(**letter);
      return word ? std::optional<Word>(std::move(*word))
                  : Result<std::optional<Word>>(word.error().in(crew_.agents()[(*letter)->agent].who));
    }
    if (patience > Duration{}) {
      if (auto sound = crew_.look(); !sound) return sound.error();
    }
    return std::optional<Word>{};
  }

 private:
  Result<Word> read(const Mailbox::Letter& letter) const {
    if (letter.frame.type == FrameType::message) {
      auto message = parse_message(letter.frame);
      if (!message) return message.error();
      if (!crew_.speaks_for(letter.agent, message->from))
        return Error{"it spoke for a node that it does not have"};
      const auto latest = crew_.latest();
      if (auto sound = crew_.check().check(*message, latest); !sound) return sound.error();
      if (message->at && *message->at > latest) return Error{"it sent a message later than it is"};
      return Word(std::move(*message));
    }
    if (letter.frame.type != FrameType::report) {
      return Error{fmt::format("it sent a frame of type {} in the middle of the run",
                               static_cast<int>(letter.frame.type))};
    }
    auto report = crew_.sound_report(letter);
    if (!report) return report.error();
    return Word(std::move(*report));
  }

  Crew& crew_;
};

}  // namespace

std::vector<std::unique_ptr<Attachment>> seats_in_virtual_time(const BridgeSetup& setup, Crew& crew) {
  const auto answers = std::make_shared<Answers>(setup, crew);
  std::vector<std::unique_ptr<Attachment>> seats;
  for (std::uint32_t i = 0; i < setup.plan.node_count(); ++i)
    seats.push_back(std::make_unique<Seat>(setup, crew, answers, NodeId{i}));
  return seats;
}

std::unique_ptr<WallNodes> seats_on_the_wall_clock(Crew& crew) { return std::make_unique<WallSeats>(crew); }

}  // namespace millrace
