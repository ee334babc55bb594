// The bridge's nodes on the wall clock (mode emulate): messages by way of the host, records as they come.
#include <fmt/format.h>

#include "runtime/wire/messages.hpp"
#include "sim/bridge/bridge.hpp"

namespace millrace {

class Bridge::WallSeats final : public WallNodes {
 public:
  explicit WallSeats(Bridge& bridge) : bridge_(bridge) {}

  void start() override {
    bridge_.begin_clock();
    for (const auto& agent : bridge_.agents_) agent.channel->send(to_frame(FrameType::start));
  }

  void deliver(NodeMessage message) override {
    const auto agent = bridge_.agent_at(message.to).value();
    bridge_.agents_[agent].channel->send(to_frame(FrameType::message, message));
  }

  Result<std::optional<Word>> next(Duration patience) override {
    auto letter = bridge_.hear(patience);
    if (!letter) return letter.error();
    if (*letter) {
      auto word = read(**letter);
      return word ? std::optional<Word>(std::move(*word))
                  : Result<std::optional<Word>>(word.error().in(bridge_.agents_[(*letter)->agent].who));
    }
    if (patience > Duration{}) {
      if (auto sound = bridge_.watch_(); !sound) return sound.error();
    }
    return std::optional<Word>{};
  }

 private:
  Result<Word> read(const Mailbox::Letter& letter) const {
    if (letter.frame.type == FrameType::message) {
      auto message = parse_message(letter.frame);
      if (!message) return message.error();
      if (!bridge_.speaks_for(letter.agent, message->from))
        return Error{"it spoke for a node that it does not have"};
      const auto latest = bridge_.latest();
      if (auto sound = bridge_.check_.check(*message, latest); !sound) return sound.error();
      if (message->at && *message->at > latest) return Error{"it sent a message later than it is"};
      return Word(std::move(*message));
    }
    if (letter.frame.type != FrameType::report) {
      return Error{fmt::format("it sent a frame of type {} in the middle of the run",
                               static_cast<int>(letter.frame.type))};
    }
    auto report = bridge_.sound_report(letter);
    if (!report) return report.error();
    return Word(std::move(*report));
  }

  Bridge& bridge_;
};

std::unique_ptr<WallNodes> Bridge::wall_nodes() { return std::make_unique<WallSeats>(*this); }

}  // namespace millrace
