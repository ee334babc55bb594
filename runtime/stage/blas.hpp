// The BLAS that LibTorch computes with. Debian's LibTorch uses whatever `libblas.so.3` is, and two mishaps
// are silent: the reference BLAS (about 50 times slower), and an OpenBLAS that does not know the processor
// and falls back to kernels of 2004 (measured: 34 instead of 150 GFLOP/s). The second is repaired here.
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
// is inside it at the same time, and keeps it for the next thread; if the system refuses, it asks again for
// ever. So if address space is limited (ulimit -v), the constructor first checks that there is enough for all
// threads that hold a BlasCall. Without a limit it only counts. Throws std::bad_alloc.
class BlasCall {
 public:
  BlasCall();
  BlasCall(const BlasCall&) = delete;
  BlasCall& operator=(const BlasCall&) = delete;
  ~BlasCall();
};

// A sentence for the log if `blas` will be slow; empty otherwise.
std::string blas_warning(const Blas& blas);

// A better kernel family for a processor with these features on which OpenBLAS runs `core` kernels; empty:
// leave it. `core` is a name from openblas_get_corename().
std::string_view better_core(std::string_view core, bool has_avx2_fma, bool has_avx512);

}  // namespace millrace
