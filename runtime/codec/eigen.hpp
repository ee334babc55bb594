// Eigenvectors of small symmetric matrices, by Jacobi's rotations. The result has the same bits on every
// machine and from every compiler: only sums, products, quotients and square roots, in a fixed order.
//
// This is why no library is used. A klt side file is identified by its hash, so a rotation that differs in
// one bit makes another side file. Eigen 3.4 (SelfAdjointEigenSolver) sums in an order that depends on the
// width of vectors: compiled for SSE2, for AVX2 and for AVX2 with fused multiply-adds it gave three
// different rotations of a covariance of 192 x 192 in fp32; this code gave one from compilers that do not
// fuse. Eigen is as accurate (|VV' - 1| is 3e-14, here 1e-14) and 30 to 40 times faster: 10 ms for 192 x 192
// instead of 0.4 s. A calibration needs one such matrix for each 192 channels of a cut, besides a forward
// pass of all its images.
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
