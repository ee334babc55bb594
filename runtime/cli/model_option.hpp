// The model of a command line: by name, and with another normalisation of pixels where its weights need one.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "runtime/base/result.hpp"
#include "runtime/model/model_config.hpp"

namespace millrace {

void add_normalisation_option(CLI::App& command, std::string& normalisation);
// An empty normalisation means the model's own. Errors begin with the option's name.
Result<ModelConfig> model_of(const std::string& name, const std::string& normalisation);

}  // namespace millrace
