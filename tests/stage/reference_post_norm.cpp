#include "tests/stage/reference_post_norm.hpp"

#include <cmath>
#include <functional>
#include <string>

namespace millrace {

namespace {

using Row = std::vector<double>;
using Rows = std::vector<Row>;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

class Reader {
 public:
  explicit Reader(const WeightSource& weights) : weights_(weights) {}
  Row vector(const std::string& name, int size) const { return get(name, {size}); }
  Rows matrix(const std::string& name, int rows, int columns) const {
    return cut(get(name, {rows, columns}), columns);
  }
  // [1, rows, columns]
  Rows table(const std::string& name, int rows, int columns) const {
    return cut(get(name, {1, rows, columns}), columns);
  }

 private:
  Row get(const std::string& name, const std::vector<std::int64_t>& shape) const {
    const auto tensor = weights_.tensor(name, shape);
    return {tensor->values.begin(), tensor->values.end()};
  }
  static Rows cut(const Row& all, int columns) {
    Rows rows;
    for (auto from = all.begin(); from != all.end(); from += columns) rows.emplace_back(from, from + columns);
    return rows;
  }
  const WeightSource& weights_;
};

double dot(const Row& a, const Row& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

struct Linear {
  Rows weight;
  Row bias;  // empty: none
  Row operator()(const Row& x) const {
    Row y;
    for (std::size_t o = 0; o < weight.size(); ++o)
      y.push_back(dot(weight[o], x) + (bias.empty() ? 0 : bias[o]));
    return y;
  }
};

struct Norm {
  Row weight, bias;
  double epsilon = 0;
  Row operator()(const Row& x) const {
    const auto n = static_cast<double>(x.size());
    double mean = 0, square = 0;
    for (const double v : x) mean += v / n;
    for (const double v : x) square += (v - mean) * (v - mean) / n;
    Row y;
    for (std::size_t i = 0; i < x.size(); ++i)
      y.push_back((x[i] - mean) / std::sqrt(square + epsilon) * weight[i] + bias[i]);
    return y;
  }
};

// The sub-layers of one block, independent of its weights' names.
struct Block {
  Linear query, key, value, projection, up, down;
  Norm norm1, norm2;
  std::function<double(double)> gelu;
};

Row plus(Row a, const Row& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}

Row flat(const Rows& rows) {
  Row all;
  for (const Row& row : rows) all.insert(all.end(), row.begin(), row.end());
  return all;
}

// Scores of masked tokens get -10000, as in the authors' code of BERT.
Rows attend(const Rows& x, const Block& block, int heads, const std::vector<int>& mask) {
  const std::size_t width = x[0].size(), dim = width / at(heads);
  Rows context(x.size(), Row(width));
  for (std::size_t head = 0; head < width; head += dim)
    for (std::size_t from = 0; from < x.size(); ++from) {
      const Row q = block.query(x[from]);
      Row share;
      double sum = 0;
      for (std::size_t to = 0; to < x.size(); ++to) {
        const Row k = block.key(x[to]);
        double score = mask[to] == 1 ? 0 : -10000;
        for (std::size_t i = head; i < head + dim; ++i)
          score += q[i] * k[i] / std::sqrt(static_cast<double>(dim));
        share.push_back(std::exp(score));
        sum += share.back();
      }
      for (std::size_t to = 0; to < x.size(); ++to) {
        const Row v = block.value(x[to]);
        for (std::size_t i = head; i < head + dim; ++i) context[from][i] += share[to] / sum * v[i];
      }
    }
  return context;
}

// Appends the four cuts of a block; returns its output.
Rows run_block(const Rows& x, const Block& block, int heads, const std::vector<int>& mask,
               ReferenceCuts& cuts) {
  const Rows context = attend(x, block, heads, mask);
  cuts.push_back({flat(context), flat(x)});
  Rows middle, hidden, out;
  for (std::size_t t = 0; t < x.size(); ++t)
    middle.push_back(block.norm1(plus(x[t], block.projection(context[t]))));
  cuts.push_back({flat(middle)});
  for (const Row& row : middle) {
    hidden.push_back(block.up(row));
    for (double& value : hidden.back()) value = block.gelu(value);
  }
  cuts.push_back({flat(hidden), flat(middle)});
  for (std::size_t t = 0; t < x.size(); ++t)
    out.push_back(block.norm2(plus(middle[t], block.down(hidden[t]))));
  cuts.push_back({flat(out)});
  return out;
}

double gelu_by_tanh(double x) {
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
}
double gelu_by_erf(double x) { return x * 0.5 * std::erfc(-x / std::sqrt(2.0)); }

}  // namespace

ReferenceCuts reference_kwt(const ModelConfig& model, const WeightSource& weights,
                            const std::vector<float>& features) {
  const Reader read(weights);
  const int d = model.width, m = model.mlp_width;
  const auto linear = [&](const std::string& name, int in, int out) {
    return Linear{read.matrix(name + ".weight", out, in), read.vector(name + ".bias", out)};
  };
  const auto norm = [&](const std::string& name) {
    return Norm{read.vector(name + ".weight", d), read.vector(name + ".bias", d), 1e-6};
  };
  const Linear project = linear("patch_proj", model.coefficients, d);
  Rows x = read.table("cls_token", 1, d);
  for (int frame = 0; frame < model.frames; ++frame) {
    const auto from = features.begin() + frame * model.coefficients;
    x.push_back(project({from, from + model.coefficients}));
  }
  const Rows positions = read.table("pos_embed", model.frames + 1, d);
  for (std::size_t t = 0; t < x.size(); ++t) x[t] = plus(x[t], positions[t]);
  ReferenceCuts cuts;
  for (int b = 0; b < model.blocks; ++b) {
    const std::string name = "blocks." + std::to_string(b) + ".";
    const auto without_bias = [&](const std::string& part) {
      return Linear{read.matrix(name + part + ".weight", d, d), {}};
    };
    const Block block{without_bias("attn.q"),
                      without_bias("attn.k"),
                      without_bias("attn.v"),
                      linear(name + "attn.proj", d, d),
                      linear(name + "mlp.fc1", d, m),
                      linear(name + "mlp.fc2", m, d),
                      norm(name + "norm1"),
                      norm(name + "norm2"),
                      gelu_by_tanh};
    x = run_block(x, block, model.heads, std::vector<int>(x.size(), 1), cuts);
  }
  cuts.back() = {linear("head", d, model.classes)(x[0])};
  return cuts;
}

ReferenceCuts reference_bert(const ModelConfig& model, const WeightSource& weights,
                             const ReferenceSequence& sequence) {
  const Reader read(weights);
  const int d = model.width, m = model.mlp_width;
  const auto linear = [&](const std::string& name, int in, int out) {
    return Linear{read.matrix(name + ".weight", out, in), read.vector(name + ".bias", out)};
  };
  const auto norm = [&](const std::string& name) {
    return Norm{read.vector(name + ".LayerNorm.weight", d), read.vector(name + ".LayerNorm.bias", d), 1e-12};
  };
  const std::string embeddings = "bert.embeddings.";
  const Rows words = read.matrix(embeddings + "word_embeddings.weight", model.vocabulary, d);
  const Rows positions = read.matrix(embeddings + "position_embeddings.weight", model.positions, d);
  const Rows types = read.matrix(embeddings + "token_type_embeddings.weight", 2, d);
  const Norm first = norm("bert.embeddings");
  Rows x;
  for (std::size_t t = 0; t < sequence.ids.size(); ++t)
    x.push_back(first(plus(plus(words[at(sequence.ids[t])], positions[t]), types[at(sequence.types[t])])));
  ReferenceCuts cuts;
  for (int b = 0; b < model.blocks; ++b) {
    const std::string name = "bert.encoder.layer." + std::to_string(b) + ".";
    const Block block{linear(name + "attention.self.query", d, d),
                      linear(name + "attention.self.key", d, d),
                      linear(name + "attention.self.value", d, d),
                      linear(name + "attention.output.dense", d, d),
                      linear(name + "intermediate.dense", d, m),
                      linear(name + "output.dense", m, d),
                      norm(name + "attention.output"),
                      norm(name + "output"),
                      gelu_by_erf};
    x = run_block(x, block, model.heads, sequence.mask, cuts);
  }
  Row pooled = linear("bert.pooler.dense", d, d)(x[0]);
  for (double& value : pooled) value = std::tanh(value);
  cuts.back() = {linear("classifier", d, model.classes)(pooled)};
  return cuts;
}

}  // namespace millrace
