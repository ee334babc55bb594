#include "sim/bridge/bridge.hpp"

#include "sim/bridge/deployment.hpp"
#include "sim/bridge/seats.hpp"

namespace millrace {

Bridge::Bridge(Setup setup) : setup_(std::move(setup)), crew_(setup_), gathering_(setup_, crew_) {}

Bridge::~Bridge() { stop(); }

Result<std::unique_ptr<Bridge>> Bridge::listen(Setup setup, const Endpoint& where) {
  auto bridge = connecting(std::move(setup));
  if (!bridge) return bridge;
  if (auto listening = (*bridge)->gathering_.listen(where); !listening) return listening.error();
  return bridge;
}

Result<std::unique_ptr<Bridge>> Bridge::connecting(Setup setup) {
  std::unique_ptr<Bridge> bridge(new Bridge(std::move(setup)));
  if (auto loaded = bridge->gathering_.load_keys(); !loaded) return loaded.error();
  return bridge;
}

Result<void> Bridge::check_keys(const std::string& folder) {
  if (folder.empty()) return {};
  const auto keys = Security::load_for_host(folder);
  return keys ? Result<void>{} : keys.error();
}

Endpoint Bridge::local() const { return gathering_.local(); }

Result<void> Bridge::gather(const Watch& watch) {
  crew_.watch(watch);
  return gathering_.gather();
}

std::vector<std::unique_ptr<Attachment>> Bridge::attachments() {
  return seats_in_virtual_time(setup_, crew_);
}

Result<Time> Bridge::run(RunObserver& observer) {
  return Deployment(setup_, crew_, gathering_.endpoints()).run(observer);
}

std::unique_ptr<WallNodes> Bridge::wall_nodes() { return seats_on_the_wall_clock(crew_); }

void Bridge::stop(const std::optional<Error>& failure) { crew_.stop(failure); }

}  // namespace millrace
