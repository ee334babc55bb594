// Attachment of a node in this process, for `simulate` and the contract tests.
#pragma once

#include <memory>
#include <optional>

#include "sim/coordinator/attachment.hpp"

namespace millrace {

class LocalAttachment final : public Attachment {
 public:
  LocalAttachment(VirtualNode::Parts parts, VirtualNode::Compute compute)
      : node_(std::move(parts), compute) {}
  Result<void> begin(Event event) override;
  Result<Turn> end() override;

 private:
  VirtualNode node_;
  std::optional<Result<Turn>> turn_;
};

}  // namespace millrace
