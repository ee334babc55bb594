#include "runtime/stage/calibrate.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "runtime/base/output_file.hpp"
#include "runtime/base/sha256.hpp"
#include "runtime/codec/klt_fit.hpp"
#include "runtime/dataset/dataset.hpp"
#include "runtime/stage/inputs.hpp"
#include "runtime/stage/stage.hpp"

namespace millrace {

namespace {

Error invalid(const std::string& finding) { return {"calibrating: " + finding, ExitCode::invalid_input}; }

// One cut to calibrate: the stage that ends there, and the statistics gathered at the cut.
struct Station {
  Stage stage;
  int cut = 0;
  std::vector<TensorFit> fits;

  Result<CutTensors> take(const CutTensors& input) {
    auto output = stage.forward(input);
    if (!output) return output;
    for (std::size_t t = 0; t < output->size(); ++t) {
      const CutTensor& tensor = (*output)[t];
      const auto of_image = static_cast<std::size_t>(tensor.shape.rows * tensor.shape.width);
      for (std::size_t at = 0; at < tensor.values.size(); at += of_image)
        fits[t].add(std::span(tensor.values).subspan(at, of_image));
    }
    return output;
  }
};

Result<std::vector<Station>> build_stations(const CalibrateRequest& request) {
  std::vector<int> cuts = request.cuts;
  std::ranges::sort(cuts);
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  const auto weights = make_weights(request.weights, request.model, request.seed);
  if (!weights) return weights.error();
  std::vector<Station> stations;
  for (int before = 0; const int cut : cuts) {
    auto stage = Stage::create(request.model, {before + 1, cut}, **weights, request.threads);
    if (!stage) return stage.error();
    Station station{*std::move(stage), cut, {}};
    for (const auto& spec : tensors_at_cut(request.model, cut))
      station.fits.emplace_back(spec, static_cast<std::size_t>(request.images));
    stations.push_back(std::move(station));
    before = cut;
  }
  return stations;
}

Result<void> check(const CalibrateRequest& request, const Dataset& dataset) {
  if (request.cuts.empty()) return invalid("no cuts were given");
  for (const int cut : request.cuts)
    if (cut < 1 || cut >= request.model.sub_layers())
      return invalid(fmt::format("cut {} is not within 1 to {}, after the sub-layers of {}", cut,
                                 request.model.sub_layers() - 1, request.model.name));
  if (request.images < 1 || request.images > kMaxCalibrationImages)
    return invalid(fmt::format("1 to {} images, got {}", kMaxCalibrationImages, request.images));
  if (const auto held = dataset.size();
      held && (*held < request.images || *held - request.images < request.first_image))
    return invalid(fmt::format("{} holds {} images, and {} from number {} on are asked for", request.dataset,
                               *held, request.images, request.first_image));
  return {};
}

}  // namespace

Result<std::vector<CutCalibration>> calibrate(const CalibrateRequest& request,
                                              const std::function<bool(std::uint64_t images)>& progress) {
  if (const auto checked = check_model(request.model); !checked) return checked.error();
  const auto dataset = open_dataset(request.dataset, request.model, request.seed);
  if (!dataset) return dataset.error();
  if (const auto checked = check(request, **dataset); !checked) return checked.error();
  std::string sha256;
  if (request.weights != "random") {
    auto hash = sha256_of_file(request.weights);
    if (!hash) return hash.error();
    sha256 = *std::move(hash);
  }
  auto stations = build_stations(request);
  if (!stations) return stations.error();
  const auto batch = static_cast<std::uint64_t>(std::max(1, request.threads));
  for (std::uint64_t done = 0; done < request.images;) {
    const std::uint64_t count = std::min(batch, request.images - done);
    auto tensors =
        read_inputs(**dataset, request.model, request.first_image + done, static_cast<std::uint32_t>(count));
    for (std::size_t s = 0; tensors && s < stations->size(); ++s) tensors = (*stations)[s].take(*tensors);
    if (!tensors) return tensors.error();
    done += count;
    if (!progress(done))
      return Error{fmt::format("calibrating: interrupted after {} of {} images; nothing was written", done,
                               request.images)};
  }
  std::vector<CutCalibration> made;
  for (const Station& station : *stations) {
    CutCalibration calibration;
    calibration.model = request.model;
    calibration.cut = station.cut;
    calibration.images = static_cast<std::uint32_t>(request.images);
    calibration.weights_sha256 = sha256;
    for (const TensorFit& fit : station.fits) calibration.tensors.push_back(fit.finish());
    auto parsed = parse_calibration(serialize(calibration));
    if (!parsed) return parsed.error().in(fmt::format("calibrating cut {}", station.cut));
    made.push_back(*std::move(parsed));
  }
  return made;
}

Result<std::string> write_calibration(const std::string& folder, const CutCalibration& calibration) {
  const auto path = (std::filesystem::path(folder) / calibration_file_name(calibration.cut)).string();
  const Buffer bytes = serialize(calibration);
  const auto written = write_output(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!written) return written.error();
  return path;
}

}  // namespace millrace
