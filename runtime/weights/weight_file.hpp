// Checks a safetensors file of weights against its model by names, shapes and types. Surprising fact: a
// tensor that nothing reads is a fault just as a missing one is, because without that tensor the network is
// another one; README.md lists the harmless ones.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/model/model_config.hpp"
#include "runtime/weights/safetensors.hpp"

namespace millrace {

// The tensors of the file that together are the model's tensor `name`: one, or parts to join along the first
// dimension, by the first way of names_in_files() whose names are all present. Empty: it is not in the file.
std::vector<const StoredTensor*> parts_of(const std::string& name, const SafetensorsIndex& index);

// What is wrong with the parts as a tensor of the model of this shape, as the end of a sentence: "has shape
// [2], the model needs [3]". REQUIRES !parts.empty().
std::optional<std::string> fault_of(const std::vector<const StoredTensor*>& parts,
                                    const std::vector<std::int64_t>& shape);

// An error for blocks that the model does not have, and for tensors that nothing reads. It does not name the
// file.
Result<void> check_tensors_read(const SafetensorsIndex& index, const ModelConfig& model);

// Checks the whole file: the container, all of the model's tensors with their shapes and types, and that
// there are no others. Only the header is read. Errors: "reading weights FILE: …". REQUIRES
// check_model(model).ok().
Result<void> check_weight_file(const std::string& path, const ModelConfig& model);

}  // namespace millrace
