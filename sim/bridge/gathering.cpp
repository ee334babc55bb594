#include "sim/bridge/gathering.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "runtime/base/log.hpp"
#include "runtime/base/unguessable.hpp"
#include "runtime/net/greeting.hpp"
#include "runtime/net/reception.hpp"

namespace millrace {

namespace {

// One attempt to reach an agent.
constexpr Duration kAttempt = Duration::s(2);
constexpr auto kBetweenAttempts = std::chrono::milliseconds(100);
// Pieces that an agent may request on top of every piece of the run's files twice.
constexpr std::uint64_t kSparePieces = 16;

bool is_loopback(const Endpoint& where) {
  return where.address == "localhost" || where.address == "::1" || where.address.starts_with("127.");
}

}  // namespace

std::string Gathering::Address::who() const {
  return fmt::format("agent of {} ({})", fmt::join(devices, ", "), to_string(where));
}

Hello Gathering::hello(std::vector<std::string> devices) const {
  return {"host", setup_.release, setup_.scenario_sha256,       std::move(devices), {},
          {},     run_id_,        setup_.scenario.run.heartbeat};
}

Gathering::Gathering(const BridgeSetup& setup, Crew& crew)
    : setup_(setup), crew_(crew), run_id_(unguessable_name()), lobby_(std::make_shared<Lobby>()) {}

Gathering::~Gathering() { lobby_->close(); }

Result<void> Gathering::load_keys() {
  if (setup_.keys.empty()) return {};
  auto keys = Security::load_for_host(setup_.keys);
  if (!keys) return keys.error();
  keys_ = *keys;
  return {};
}

Result<void> Gathering::listen(const Endpoint& where) {
  auto listener = listen_on(loop_, where, keys_);
  if (!listener) return listener.error();
  listener_ = std::move(*listener);
  listener_->accept([lobby = lobby_, mailbox = &crew_.mailbox()](const ChannelPointer& channel) {
    lobby->enter(*mailbox, channel);
  });
  return {};
}

Result<void> Gathering::gather() {
  if (auto there = listener_ ? await_agents() : connect_agents(); !there) return there;
  lobby_->close();
  return assign();
}

Result<void> Gathering::await_agents() {
  const auto timeout = setup_.scenario.run.timeout;
  const auto give_up = Crew::Clock::now() + std::chrono::nanoseconds(timeout.count_ns());
  while (!crew_.missing_devices().empty()) {
    if (const auto greeted = lobby_->next()) {
      if (auto admitted = admit(*greeted); !admitted) {
        log_warning("{} was refused: {}", greeted->channel->peer(), admitted.error().message);
        turn_away(greeted->channel, admitted.error());
      }
      continue;
    }
    if (auto sound = crew_.look(); !sound) return sound;
    if (auto there = crew_.mailbox().check(timeout); !there) return there;
    if (Crew::Clock::now() > give_up) {
      const auto advice = setup_.local
                              ? std::string("a larger run.timeout gives local agents more time to start")
                              : fmt::format("start one with: millrace-node agent --connect {} --device NAME",
                                            to_string(local()));
      return Error{fmt::format("no agent came for {} in {:.1f} s; {}",
                               fmt::join(crew_.missing_devices(), ", "), timeout.seconds(), advice),
                   ExitCode::timeout};
    }
  }
  return {};
}

Result<void> Gathering::admit(const Lobby::Greeted& greeted) {
  const auto said = parse_hello(greeted.hello);
  if (!said) return said.error();
  if (said->sender != "agent") return Error{"an agent was expected here"};
  if (auto fits = check_hello(*said, setup_.release, setup_.scenario_sha256); !fits) return fits;
  if (auto sound = check_devices(*said); !sound) return sound;
  const auto& channel = greeted.channel;
  if (auto sound = may_be_devices(channel->names(), said->devices); !sound) return sound;
  const std::string who = fmt::format("agent of {} ({})", fmt::join(said->devices, ", "), channel->peer());
  // From here on the agent's frames go to the mailbox; an agent that has gone gets no number.
  const auto number = lobby_->admit(greeted, crew_.mailbox(), who);
  if (!number) return Error{"it went away before it was admitted"};
  crew_.add(channel, *number, who, said->devices);
  channel->send(to_frame(hello({})));
  return {};
}

Result<void> Gathering::check_devices(const Hello& hello) const {
  if (hello.devices.empty()) return Error{"an agent without a device", ExitCode::usage};
  for (const auto& device : hello.devices) {
    const auto& known = setup_.scenario.devices;
    if (std::none_of(known.begin(), known.end(),
                     [&](const auto& section) { return section.name == device; })) {
      return Error{fmt::format("the scenario has no device \"{}\"", device), ExitCode::invalid_input};
    }
    if (crew_.has(device)) return Error{fmt::format("device {} has an agent already", device)};
  }
  return {};
}

// Devices at one address are one agent.
Result<std::vector<Gathering::Address>> Gathering::addresses() const {
  std::vector<Address> found;
  for (const auto& name : crew_.missing_devices()) {
    const auto& devices = setup_.scenario.devices;
    const auto device =
        std::find_if(devices.begin(), devices.end(), [&](const auto& each) { return each.name == name; });
    const auto where = parse_endpoint(device->address);
    if (!where) return where.error().in("the address of " + name);
    const auto known =
        std::find_if(found.begin(), found.end(), [&](const Address& each) { return each.where == *where; });
    if (known == found.end()) {
      found.push_back({*where, {name}});
    } else {
      known->devices.push_back(name);
    }
  }
  const auto near =
      std::count_if(found.begin(), found.end(), [](const Address& each) { return is_loopback(each.where); });
  if (near > 0 && static_cast<std::size_t>(near) < found.size()) {
    return Error{
        "some devices have an address on loopback, others elsewhere, and these could not connect to "
        "those; give every device an address that all machines reach",
        ExitCode::invalid_input};
  }
  return found;
}

Result<void> Gathering::connect_agents() {
  const auto all = addresses();
  if (!all) return all.error();
  const auto give_up = Crew::Clock::now() + std::chrono::nanoseconds(setup_.scenario.run.timeout.count_ns());
  for (const auto& address : *all) {
    if (auto connected = connect_agent(address, give_up); !connected) return connected;
  }
  return {};
}

// Retries an agent that is not there yet, or that serves another run. An agent that was there and went away
// is lost.
Result<void> Gathering::connect_agent(const Address& address, Crew::Clock::time_point give_up) {
  bool told = false;
  std::string why;
  Approach approach;
  for (;;) {
    auto reached = try_agent(address, give_up, approach, why);
    if (!reached) return reached.error();
    if (*reached) {
      const auto number = crew_.mailbox().add(address.who());
      (*reached)->inbox->pass_on(crew_.mailbox().handler(number));
      crew_.add((*reached)->channel, number, address.who(), address.devices);
      return {};
    }
    if (Crew::Clock::now() > give_up) {
      const auto advice =
          why.starts_with(kServesAnother)
              ? std::string("Wait until that run is over, end it, or give a larger run.timeout")
              : fmt::format("Start it with: millrace-node agent --listen {}", to_string(address.where));
      return Error{fmt::format("{}: {}; it was tried for {:.1f} s. {}", address.who(), why,
                               setup_.scenario.run.timeout.seconds(), advice),
                   ExitCode::timeout};
    }
    if (!std::exchange(told, true))
      log_note("{}: {}; trying for {:.0f} s", address.who(), why, setup_.scenario.run.timeout.seconds());
    if (auto sound = crew_.look(); !sound) return sound;
    if (auto there = crew_.mailbox().check(setup_.scenario.run.timeout); !there) return there;
    std::this_thread::sleep_for(kBetweenAttempts);
  }
}

// Returns nothing, with the reason in `why`, where another attempt makes sense.
Result<std::optional<Gathering::Reached>> Gathering::try_agent(const Address& address,
                                                               Crew::Clock::time_point give_up,
                                                               Approach& approach, std::string& why) {
  const auto nothing = std::optional<Reached>{};
  auto connected = connect_channel(loop_, address.where, kAttempt, keys_, approach);
  if (!connected) {
    const auto& error = connected.error();
    if (error.code != ExitCode::timeout && error.code != ExitCode::invalid_input)
      return error.in(address.who());
    why = error.message;
    return nothing;
  }
  const ChannelPointer channel = *connected;
  const auto inbox = Inbox::of(*channel);
  channel->keep_alive(setup_.scenario.run.heartbeat / 2);
  channel->send(to_frame(hello(address.devices)));
  for (;;) {
    auto frame = inbox->next(Duration::ms(100), address.who());
    if (!frame && frame.error().code != ExitCode::timeout) return frame.error();
    if (frame && frame->type == FrameType::refusal) {
      const auto refusal = parse_refusal(*frame);
      channel->close();
      if (refusal.code != ExitCode::timeout) return refusal.in(address.who());
      why = refusal.message;
      return nothing;
    }
    if (frame) {
      if (auto fits = greeted_by(channel, *frame, address); !fits) {
        turn_away(channel, fits.error());
        return fits.error().in(address.who());
      }
      return std::optional(Reached{channel, inbox});
    }
    if (auto sound = crew_.look(); !sound) return sound.error();
    if (auto there = crew_.mailbox().check(setup_.scenario.run.timeout); !there) return there.error();
    if (Crew::Clock::now() > give_up) {
      return Error{fmt::format("{}: did not answer the greeting in {:.1f} s", address.who(),
                               setup_.scenario.run.timeout.seconds()),
                   ExitCode::timeout};
    }
  }
}

Result<void> Gathering::greeted_by(const ChannelPointer& channel, const Frame& frame,
                                   const Address& address) const {
  const auto said = parse_hello(frame);
  if (!said) return said.error();
  if (said->sender != "agent" || said->devices != address.devices)
    return Error{"an agent of this device was expected there"};
  if (auto fits = check_hello(*said, setup_.release, setup_.scenario_sha256); !fits) return fits;
  return may_be_devices(channel->names(), address.devices);
}

Result<void> Gathering::assign() {
  if (auto assigned = crew_.assign_nodes(); !assigned) return assigned;
  for (const auto& agent : crew_.agents()) {
    agent.channel->send(
        to_frame(Assign{setup_.scenario_text, setup_.plan, setup_.mode, agent.nodes, setup_.files}));
  }
  const auto on_ready = [this](const Crew::Agent& agent, const Ready& ready) {
    const auto peer = parse_endpoint(agent.channel->peer());
    for (const auto node : agent.nodes) endpoints_[node] = {peer ? peer->address : std::string(), ready.port};
  };
  return crew_.await_ready(on_ready, [this](const Mailbox::Letter& letter) { return serve_file(letter); });
}

// Reads only files that were announced to the agents.
Result<void> Gathering::serve_file(const Mailbox::Letter& letter) {
  const auto want = parse_want(letter.frame);
  if (!want) return want.error();
  const auto& files = setup_.files;
  std::uint64_t pieces = kSparePieces;
  for (const auto& file : files) pieces += 2 * (file.size / kMaxPiece + 1);
  if (++pieces_[letter.agent] > pieces) return Error{"it asks for the run's files again and again"};
  const auto file =
      std::find_if(files.begin(), files.end(), [&](const auto& each) { return each.sha256 == want->sha256; });
  if (file == files.end() || want->offset >= file->size) return Error{"it asks for what was not announced"};
  std::ifstream stream(file->path, std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(want->offset));
  std::vector<std::byte> bytes(std::min<std::uint64_t>(kMaxPiece, file->size - want->offset));
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!stream) return Error{file->path + ": cannot be read any more, or has become shorter"};
  crew_.agents()[letter.agent].channel->send(
      to_frame(Piece{want->sha256, want->offset, Payload::of(std::move(bytes))}));
  return {};
}

}  // namespace millrace
