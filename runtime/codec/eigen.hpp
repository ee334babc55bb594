// Eigenvectors of small symmetric matrices, by Jacobi's rotations: slow beside LAPACK's, short, and accurate
// to the last bits. 192 x 192 takes a quarter of a second.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace millrace {

struct Eigenvectors {
  std::vector<double> values;   // n, largest first
  std::vector<double> vectors;  // n · n, row k belongs to value k; orthonormal
};
// REQUIRES matrix.size() == n · n, symmetric, finite.
Eigenvectors eigenvectors(std::span<const double> matrix, std::size_t n);

}  // namespace millrace
