// The cost of work in scenario time. `profile`: the imitated device's price, known beforehand, so that runs
// repeat to the bit. `measured`: this machine's time, times the device's slowdown. Source and sink are free:
// a camera delivers its images, and scoring is bookkeeping.
#pragma once

#include "runtime/model/device_profile.hpp"
#include "runtime/node/work.hpp"

namespace millrace {

class FreeCost final : public CostModel {
 public:
  std::optional<WorkCost> planned(const Work&) const override { return WorkCost{}; }
};

class ProfileCost final : public CostModel {
 public:
  ProfileCost(DeviceCost device, ModelConfig model, LayerRange layers);
  std::optional<WorkCost> planned(const Work& work) const override;

 private:
  DeviceCost device_;
  ModelConfig model_;
  LayerRange layers_;
};

class MeasuredCost final : public CostModel {
 public:
  // REQUIRES slowdown > 0.
  explicit MeasuredCost(double slowdown) : slowdown_(slowdown) {}
  std::optional<WorkCost> planned(const Work&) const override { return std::nullopt; }
  WorkCost charged(const WorkCost& measured) const override;

 private:
  double slowdown_;
};

}  // namespace millrace
