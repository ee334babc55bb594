#include "tests/stage/reference_vit.hpp"

#include <array>
#include <cmath>

namespace millrace {

namespace {

using Matrix = std::vector<double>;  // rows one after the other

class Reference {
 public:
  Reference(const ModelConfig& model, const WeightSource& weights) : model_(model), weights_(weights) {}

  Matrix embed(const std::vector<float>& pixels) const {
    const int size = model_.image_size, p = model_.patch, side = size / p, d = model_.width,
              c = model_.channels;
    const Matrix w = get("patch_embed.proj.weight", {d, c, p, p}), b = get("patch_embed.proj.bias", {d});
    const Matrix cls = get("cls_token", {1, 1, d}), position = get("pos_embed", {1, model_.tokens(), d});
    Matrix x = cls;
    for (int py = 0; py < side; ++py)
      for (int px = 0; px < side; ++px)
        for (int out = 0; out < d; ++out) {
          double sum = b[at(out)];
          for (int k = 0; k < c; ++k)
            for (int i = 0; i < p; ++i)
              for (int j = 0; j < p; ++j) {
                const double pixel = pixels[at((k * size + py * p + i) * size + px * p + j)];
                sum += w[at(((out * c + k) * p + i) * p + j)] * normalised(pixel / 255, k);
              }
          x.push_back(sum);
        }
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += position[i];
    return x;
  }

  double normalised(double share, int channel) const {
    const std::array mean{0.485, 0.456, 0.406}, deviation{0.229, 0.224, 0.225};  // ImageNet's, as published
    const bool imagenet = model_.normalisation == Normalisation::imagenet;
    return imagenet ? (share - mean[at(channel)]) / deviation[at(channel)] : 2 * share - 1;
  }

  Matrix norm(const Matrix& x, const std::string& name) const {
    const std::size_t d = at(model_.width);
    const Matrix w = get(name + ".weight", {model_.width}), b = get(name + ".bias", {model_.width});
    Matrix y(x.size());
    for (std::size_t row = 0; row < x.size(); row += d) {
      double mean = 0, variance = 0;
      for (std::size_t i = 0; i < d; ++i) mean += x[row + i] / static_cast<double>(d);
      for (std::size_t i = 0; i < d; ++i) variance += std::pow(x[row + i] - mean, 2) / static_cast<double>(d);
      for (std::size_t i = 0; i < d; ++i)
        y[row + i] = (x[row + i] - mean) / std::sqrt(variance + 1e-6) * w[i] + b[i];
    }
    return y;
  }

  Matrix linear(const Matrix& x, const std::string& name, int in, int out) const {
    const Matrix w = get(name + ".weight", {out, in}), b = get(name + ".bias", {out});
    const std::size_t n = at(in), m = at(out);
    Matrix y;
    for (std::size_t row = 0; row < x.size(); row += n)
      for (std::size_t o = 0; o < m; ++o) {
        double sum = b[o];
        for (std::size_t i = 0; i < n; ++i) sum += x[row + i] * w[o * n + i];
        y.push_back(sum);
      }
    return y;
  }

  Matrix attention(const Matrix& x, const std::string& block) const {
    const std::size_t d = at(model_.width), tokens = at(model_.tokens()), dim = d / at(model_.heads);
    const Matrix qkv = linear(norm(x, block + "norm1"), block + "attn.qkv", model_.width, 3 * model_.width);
    Matrix context(tokens * d);
    for (std::size_t head = 0; head < d; head += dim)
      for (std::size_t from = 0; from < tokens; ++from) {
        Matrix share(tokens);
        double sum = 0;
        for (std::size_t to = 0; to < tokens; ++to) {
          double score = 0;
          for (std::size_t i = 0; i < dim; ++i)
            score += qkv[from * 3 * d + head + i] * qkv[to * 3 * d + d + head + i];
          sum += share[to] = std::exp(score / std::sqrt(static_cast<double>(dim)));
        }
        for (std::size_t to = 0; to < tokens; ++to)
          for (std::size_t i = 0; i < dim; ++i)
            context[from * d + head + i] += share[to] / sum * qkv[to * 3 * d + 2 * d + head + i];
      }
    return context;
  }

 private:
  static std::size_t at(int i) { return static_cast<std::size_t>(i); }
  Matrix get(const std::string& name, const std::vector<std::int64_t>& shape) const {
    const auto tensor = weights_.tensor(name, shape);
    return {tensor->values.begin(), tensor->values.end()};
  }
  const ModelConfig& model_;
  const WeightSource& weights_;
};

Matrix plus(Matrix a, const Matrix& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}

}  // namespace

std::vector<std::vector<std::vector<double>>> reference_cuts(const ModelConfig& model,
                                                             const WeightSource& weights,
                                                             const std::vector<float>& pixels) {
  const Reference vit(model, weights);
  const int d = model.width, m = model.mlp_width;
  std::vector<std::vector<Matrix>> cuts{{Matrix(pixels.begin(), pixels.end())}};
  Matrix x = vit.embed(pixels);
  for (int b = 0; b < model.blocks; ++b) {
    const std::string block = "blocks." + std::to_string(b) + ".";
    const Matrix context = vit.attention(x, block);
    cuts.push_back({context, x});
    x = plus(vit.linear(context, block + "attn.proj", d, d), x);
    cuts.push_back({x});
    Matrix hidden = vit.linear(vit.norm(x, block + "norm2"), block + "mlp.fc1", d, m);
    for (double& h : hidden) h = h / 2 * (1 + std::erf(h / std::sqrt(2.0)));
    cuts.push_back({hidden, x});
    x = plus(vit.linear(hidden, block + "mlp.fc2", m, d), x);
    cuts.push_back({x});
  }
  x = vit.norm(x, "norm");
  x.resize(static_cast<std::size_t>(d));
  cuts.back() = {vit.linear(x, "head", d, model.classes)};
  return cuts;
}

}  // namespace millrace
