// Which packets a link loses: independent losses, or a channel of two states (GilbertElliott) until the loss
// first changes. Asked once for every packet, in the order in which their last bits leave; so the packets
// that are lost depend on the seed and on nothing else.
#pragma once

#include <optional>
#include <utility>

#include "runtime/base/random.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

class PacketLoss {
 public:
  PacketLoss(Scheduled<double> loss, std::optional<GilbertElliott> model, Random random)
      : loss_(std::move(loss)), model_(model), random_(random) {}

  // Whether the packet whose last bit leaves now is lost. The channel is stepped first, then asked.
  bool loses(Time now) {
    double loss = 0;
    const auto& steps = loss_.steps();
    if (model_ && (steps.size() == 1 || now < steps[1].first)) {
      const double leaves = bad_ ? model_->r : model_->p;
      if (random_.uniform() < leaves) bad_ = !bad_;
      loss = bad_ ? model_->bad_loss : model_->good_loss;
    } else {
      loss = loss_.at(now);
    }
    return loss > 0 && random_.uniform() < loss;
  }

 private:
  Scheduled<double> loss_;
  std::optional<GilbertElliott> model_;
  Random random_;
  bool bad_ = false;  // the channel's state
};

}  // namespace millrace
