#include "runtime/codec/eigen.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "runtime/base/check.hpp"

namespace millrace {

namespace {

constexpr int kSweeps = 30;  // some 8 are enough

struct Turn {
  double cosine = 1, sine = 0;
};

// Makes element (p, q) zero (Golub, Van Loan: Matrix Computations, 8.5).
Turn turn_of(double pp, double pq, double qq) {
  const double theta = (qq - pp) / (2 * pq);
  const double tangent = (theta >= 0 ? 1 : -1) / (std::abs(theta) + std::sqrt(1 + theta * theta));
  const double cosine = 1 / std::sqrt(1 + tangent * tangent);
  return {cosine, cosine * tangent};
}

void turn_rows(double* p, double* q, std::size_t n, const Turn& turn) {
  for (std::size_t k = 0; k < n; ++k) {
    const double a = p[k], b = q[k];
    p[k] = turn.cosine * a - turn.sine * b;
    q[k] = turn.sine * a + turn.cosine * b;
  }
}

}  // namespace

Eigenvectors eigenvectors(std::span<const double> matrix, std::size_t n) {
  MR_CHECK(matrix.size() == n * n);
  std::vector<double> a(matrix.begin(), matrix.end()), v(n * n);
  for (std::size_t i = 0; i < n; ++i) v[i * n + i] = 1;
  const double whole = std::inner_product(a.begin(), a.end(), a.begin(), 0.0);
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    double beside = 0;
    for (std::size_t p = 0; p < n; ++p)
      for (std::size_t q = p + 1; q < n; ++q) beside += a[p * n + q] * a[p * n + q];
    if (beside <= 1e-24 * whole) break;
    for (std::size_t p = 0; p < n; ++p)
      for (std::size_t q = p + 1; q < n; ++q) {
        if (a[p * n + q] == 0) continue;
        const Turn turn = turn_of(a[p * n + p], a[p * n + q], a[q * n + q]);
        for (std::size_t k = 0; k < n; ++k) {
          const double kp = a[k * n + p], kq = a[k * n + q];
          a[k * n + p] = turn.cosine * kp - turn.sine * kq;
          a[k * n + q] = turn.sine * kp + turn.cosine * kq;
        }
        turn_rows(&a[p * n], &a[q * n], n, turn);
        turn_rows(&v[p * n], &v[q * n], n, turn);
      }
  }
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater{}, [&](std::size_t i) { return a[i * n + i]; });
  Eigenvectors made{std::vector<double>(n), std::vector<double>(n * n)};
  for (std::size_t i = 0; i < n; ++i) {
    made.values[i] = a[order[i] * n + order[i]];
    std::copy_n(&v[order[i] * n], n, &made.vectors[i * n]);
  }
  return made;
}

}  // namespace millrace
