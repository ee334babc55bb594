// A safetensors file of weights, held against the model it is for by names, shapes and types. Surprising
// fact: a tensor that nothing reads is a fault like one that is missing, because a network without it is
// another network; README.md says which are harmless.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/model/model_config.hpp"
#include "runtime/weights/safetensors.hpp"

namespace millrace {

// The tensors of the file that together are the model's tensor `name`: one, or parts to join along the first
// dimension, by the first of names_in_files() that is there as a whole. Empty: it is not in the file.
std::vector<const StoredTensor*> parts_of(const std::string& name, const SafetensorsIndex& index);

// What is wrong with the parts as the model's tensor `name` of this shape, as the end of a sentence: "has
// shape [2], the model needs [3]". REQUIRES parts.
std::optional<std::string> fault_of(const std::vector<const StoredTensor*>& parts,
                                    const std::vector<std::int64_t>& shape);

// Blocks that the model has not, tensors that nothing reads. Errors do not name the file.
Result<void> check_tensors_read(const SafetensorsIndex& index, const ModelConfig& model);

// The file as a whole: the container, all of the model's tensors with their shapes and types, and nothing
// else. Only the header is read. Errors: "reading weights FILE: …". REQUIRES check_model(model).ok().
Result<void> check_weight_file(const std::string& path, const ModelConfig& model);

}  // namespace millrace
