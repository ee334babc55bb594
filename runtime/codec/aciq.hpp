// ACIQ (Banner, Nahshan, Soudry: Post-training 4-bit quantization of convolution networks for rapid
// deployment, NeurIPS 2019): the range is clipped to the ±alpha at which the sum of clipping and rounding
// errors of an assumed density is smallest. The rest is range_codec.hpp: even levels between
//     lo = the smallest value clamped to ±alpha   and   hi = the largest value clamped to ±alpha.
// All moments are over the N finite values of the group, around 0, in double.
//
//   aciq         Laplace(0, b): alpha = F(M)·b, b = mean|x|, the maximum-likelihood estimate
//   aciq-gauss   Normal(0, s): alpha = G(M)·s, s = √(Σx²/N)
// at M bits. After GELU (TensorRole::gelu: known from the model's structure, never guessed from the data)
// x is taken as the positive half of such a density, with the other half at 0; half the interval doubles the
// density of levels, so M+1 replaces M:
//   aciq         alpha = F(M+1)·b, b = √(Σx²/N), as half of a Laplace density has Σx²/N = b²
//   aciq-gauss   alpha = G(M+1)·s, s = √(2·Σx²/N)
//
// Errors: as in range_codec.hpp for values within ±alpha; a value beyond is decoded as lo or hi, so its
// error is its distance from there plus at most one step.
#pragma once

#include "runtime/codec/range_codec.hpp"

namespace millrace {

// alpha/b minimising the mean squared error 2 b² e^(-alpha/b) + alpha²/(3·4^bits): Lambert's W(3·4^bits).
double laplace_clip_factor(int bits);
// alpha/sigma minimising (alpha²+sigma²)(1-erf(alpha/(√2 sigma))) - √(2/π) alpha sigma e^(-alpha²/2sigma²)
// + alpha²/(3·4^bits).
double gauss_clip_factor(int bits);
// Both REQUIRE 1 <= bits <= 17.

// Both ends clamped to ±alpha. REQUIRES alpha >= 0.
Range clipped(const Range& range, double alpha);
// mean|x| and Σx²/N over the finite values; 0 if there are none.
double mean_magnitude(std::span<const float> values, const FiniteRange& finite);
double mean_square(std::span<const float> values, const FiniteRange& finite);

Range aciq_range(const RangeRequest& request);
Range aciq_gauss_range(const RangeRequest& request);

}  // namespace millrace
