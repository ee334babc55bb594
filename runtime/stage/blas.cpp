#include "runtime/stage/blas.hpp"

#include <dlfcn.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <new>

namespace millrace {

namespace {

template <class Function>
Function* symbol(void* library, const char* name) {
  return reinterpret_cast<Function*>(::dlsym(library, name));
}

bool has_avx2_fma() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return false;
#endif
}

bool has_avx512() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
#else
  return false;
#endif
}

// OpenBLAS reads OPENBLAS_CORETYPE when it is loaded, before main(); these two symbols of its shared library
// make it choose again. Without them (a build for one processor) nothing changes.
void choose_kernels(void* library) {
  auto* core_name = symbol<char*()>(library, "openblas_get_corename");
  auto* quit = symbol<void()>(library, "gotoblas_dynamic_quit");
  auto* init = symbol<void()>(library, "gotoblas_dynamic_init");
  if (core_name == nullptr || quit == nullptr || init == nullptr) return;
  if (std::getenv("OPENBLAS_CORETYPE") != nullptr) return;
  const std::string_view better = better_core(core_name(), has_avx2_fma(), has_avx512());
  if (better.empty()) return;
  // Stays set, so that child processes choose the same kernels.
  ::setenv("OPENBLAS_CORETYPE", std::string(better).c_str(), 1);
  quit();
  init();
}

Blas find_and_prepare() {
  Blas blas;
  void* sgemm = ::dlsym(RTLD_DEFAULT, "sgemm_");
  Dl_info where{};
  if (sgemm == nullptr || ::dladdr(sgemm, &where) == 0 || where.dli_fname == nullptr) {
    blas.name = "no BLAS found in the process";
    return blas;
  }
  std::error_code ignored;
  const auto path = std::filesystem::canonical(where.dli_fname, ignored);
  blas.library = path.empty() ? where.dli_fname : path.string();
  // Looks up symbols in the library of sgemm_: another OpenBLAS may be loaded beside it, for LAPACK.
  void* library = ::dlopen(where.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
  auto* config = library != nullptr ? symbol<char*()>(library, "openblas_get_config") : nullptr;
  if (config == nullptr) {
    blas.name = blas.library;
    return blas;
  }
  blas.is_openblas = true;
  choose_kernels(library);
  if (auto* set_threads = symbol<void(int)>(library, "openblas_set_num_threads")) set_threads(1);
  auto* core_name = symbol<char*()>(library, "openblas_get_corename");
  std::string words = config();  // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH …"
  if (const auto space = words.find(' '); space != std::string::npos)
    words.resize(words.find(' ', space + 1));
  blas.name = fmt::format("{}, {} kernels", words, core_name != nullptr ? core_name() : "unknown");
  return blas;
}

// The most that OpenBLAS 0.3 takes per thread (BUFFER_SIZE: 128 MiB on x86-64, less elsewhere), and a page.
constexpr std::size_t kBuffer = (std::size_t{128} << 20) + (64 << 10);

std::atomic<std::size_t> inside = 0;   // threads that hold a BlasCall
std::atomic<bool> has_buffer = false;  // a call has ended, so OpenBLAS keeps a buffer

bool address_space_is_limited() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

bool there_are(std::size_t bytes) {
  void* place = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return place != MAP_FAILED && ::munmap(place, bytes) == 0;
}

}  // namespace

BlasCall::BlasCall() {
  const std::size_t callers = ++inside, kept = has_buffer ? 1 : 0;
  if (callers == kept || !address_space_is_limited() || there_are((callers - kept) * kBuffer)) return;
  --inside;
  throw std::bad_alloc();
}

BlasCall::~BlasCall() {
  has_buffer = true;
  --inside;
}

std::string_view better_core(std::string_view core, bool avx2_fma, bool avx512) {
  constexpr std::array<std::string_view, 16> kWithoutAvx2{
      "Prescott", "Core2",      "Penryn",    "Dunnington",   "Nehalem", "Sandybridge",
      "Atom",     "Nano",       "Opteron",   "Barcelona",    "Bobcat",  "Bulldozer",
      "Katmai",   "Coppermine", "Northwood", "Opteron(SSE3)"};
  if (std::find(kWithoutAvx2.begin(), kWithoutAvx2.end(), core) == kWithoutAvx2.end()) return {};
  if (avx512) return "SKYLAKEX";
  return avx2_fma ? "HASWELL" : "";
}

const Blas& prepare_blas() {
  static const Blas blas = find_and_prepare();
  return blas;
}

std::string blas_warning(const Blas& blas) {
  if (blas.is_openblas) return {};
  return fmt::format(
      "LibTorch computes with {}, which is not OpenBLAS: the reference BLAS is about 50 times slower; "
      "apt-get install libopenblas0-pthread",
      blas.name);
}

}  // namespace millrace
