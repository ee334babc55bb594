// Which BLAS LibTorch computes with. Debian's uses whatever `libblas.so.3` is, and two mishaps are silent:
// the reference BLAS (about 50 times slower), and an OpenBLAS that does not know the processor and falls back
// to kernels of 2004 (measured: 34 instead of 150 GFLOP/s). The second is mended here.
#pragma once

#include <string>
#include <string_view>

namespace millrace {

struct Blas {
  std::string library;  // path of the library in use
  std::string name;     // e.g. "OpenBLAS 0.3.21, SkylakeX kernels"
  bool is_openblas = false;
};

// Puts OpenBLAS in the state every stage relies on: one thread per call (stages bring their own threads, see
// stage.hpp; OpenBLAS's own serialise callers behind one lock) and, where it fell back to kernels without
// AVX2 on a processor that has it, the kernels that fit; OPENBLAS_CORETYPE in the environment is respected.
// The first call does the work, before any stage computes; later ones only report. Thread-safe.
const Blas& prepare_blas();

// Held by a thread while it computes with BLAS. OpenBLAS takes a buffer of address space for each thread that
// is inside it at once, keeps it for the next, and where the system gives none asks again for ever. So where
// address space is limited (ulimit -v) it is looked for first, for all threads that hold one of these.
// Without a limit it costs a counter. Throws std::bad_alloc.
class BlasCall {
 public:
  BlasCall();
  BlasCall(const BlasCall&) = delete;
  BlasCall& operator=(const BlasCall&) = delete;
  ~BlasCall();
};

// A sentence for the log where `blas` will be slow; empty otherwise.
std::string blas_warning(const Blas& blas);

// The kernel family for a processor with these features that OpenBLAS runs with `core` kernels; empty: leave
// it. `core` as openblas_get_corename() says it.
std::string_view better_core(std::string_view core, bool has_avx2_fma, bool has_avx512);

}  // namespace millrace
