// The bridge's nodes on the wall clock (mode emulate): messages by way of the host, records as they come.
#include "runtime/wire/messages.hpp"
#include "sim/bridge/bridge.hpp"

namespace millrace {

class Bridge::WallSeats final : public WallNodes {
 public:
  explicit WallSeats(Bridge& bridge) : bridge_(bridge) {}

  void start() override {
    for (const auto& agent : bridge_.agents_) agent.channel->send(to_frame(FrameType::start));
  }

  void deliver(NodeMessage message) override {
    const auto agent = bridge_.agent_at(message.to).value();
    bridge_.agents_[agent].channel->send(to_frame(FrameType::message, message));
  }

  Result<std::optional<Word>> next(Duration patience) override {
    auto letter = bridge_.mailbox_.poll(bridge_.setup_.scenario.run.timeout, patience);
    if (!letter) return letter.error();
    if (*letter) return read(**letter);
    if (patience > Duration{}) {
      if (auto sound = bridge_.watch_(); !sound) return sound.error();
    }
    return std::optional<Word>{};
  }

 private:
  Result<std::optional<Word>> read(const Mailbox::Letter& letter) const {
    const auto& who = bridge_.agents_[letter.agent].who;
    if (letter.frame.type == FrameType::refusal) return parse_refusal(letter.frame).in(who);
    if (letter.frame.type == FrameType::message) {
      auto message = parse_message(letter.frame);
      if (!message) return message.error().in(who);
      if (!bridge_.speaks_for(letter.agent, message->from)) return stranger(who);
      return std::optional<Word>(std::move(*message));
    }
    auto report = parse_report(letter.frame);
    if (!report) return report.error().in(who);
    if (!bridge_.speaks_for(letter.agent, report->node)) return stranger(who);
    return std::optional<Word>(std::move(*report));
  }
  static Error stranger(const std::string& who) {
    return Error{who + " spoke for a node that it does not have"};
  }

  Bridge& bridge_;
};

std::unique_ptr<WallNodes> Bridge::wall_nodes() { return std::make_unique<WallSeats>(*this); }

}  // namespace millrace
