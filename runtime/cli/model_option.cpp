#include "runtime/cli/model_option.hpp"

#include <vector>

namespace millrace {

void add_normalisation_option(CLI::App& command, std::string& normalisation) {
  command
      .add_option("--normalisation", normalisation,
                  "pixel normalisation of the weights (default: imagenet for deit-*, half for vit-*)")
      ->check(
          CLI::IsMember(std::vector<std::string>(kNormalisationNames.begin(), kNormalisationNames.end())));
}

Result<ModelConfig> model_of(const std::string& name, const std::string& normalisation) {
  auto model = model_by_name(name);
  if (!model) return model.error().in("--model");
  if (normalisation.empty()) return model;
  const auto wanted = normalisation_by_name(normalisation);
  if (!wanted) return wanted.error().in("--normalisation");
  model->normalisation = *wanted;
  if (const auto sound = check_model(*model); !sound) return sound.error().in("--normalisation");
  return model;
}

}  // namespace millrace
