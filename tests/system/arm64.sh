#!/usr/bin/env bash
# Builds millrace-node and its tests for 64-bit ARM on this machine, against Debian 12's own arm64 packages,
# and runs the tests under qemu-user, a stage's forward pass with LibTorch included. `./dev arm64` installs
# the needed packages and calls this script. It is not a default test: its first run downloads 300 MB, and
# emulation is slow.
#
#   tests/system/arm64.sh [--only PATTERN] [--slow]
#
#   --only PATTERN   test programs whose names match an extended regular expression
#   --slow           also the tests that take minutes each; hours in all
#
# Properties (rapidcheck) are tried on 10 cases each instead of 100, and agents with 2,000 damaged frames
# instead of 20,000; RC_PARAMS and MILLRACE_MUTATED_FRAMES in the environment override this.
# Leaves build/arm64-root (the packages, unpacked without running their scripts) and build/arm64 (binaries),
# and reuses both; remove build/arm64-root to get newer packages.
set -euo pipefail
export LC_ALL=C

repository=$(readlink -f "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../..")
packages=$repository/build/arm64-root
binaries=$repository/build/arm64
only=. slow=0

# Minutes each under emulation: whole datasets, training, forward passes of models at full size.
slow_programs='^(accuracy|klt_accuracy|pretrained_slow|stage_concurrency)_test$'
slow_tests=(
  Pretrained.ClassifiesAsManyRightAsTheReference
  Pretrained.LogitsAreThoseOfTheReference
  PretrainedKwt.AnyPartitionGivesTheBitsOfTheWholeModel
  Profiler.WorkingMemoryHoldsTheOutputAndGrowsWithTheMicrobatch
  RandomWeights.KeepActivationsSaneAndImagesApart
  ShippedModel.ClassifiesHeldOutShapesAndIsHurtByNaiveTwoBits
  ShippedModel.LogitsAreThoseOfTheTrainer
  Stage.AnyPartitionOfVitTinyGivesTheBitsOfTheWholeModel
  Stage.MicrobatchAndThreadsDoNotChangeTheBits
  VitTrainer.LearnsWhatItIsShown
  VitTrainer.WeightsDoNotDependOnTheNumberOfThreads
)
# These would test the emulator: resident memory is the emulator's, and a program that starts itself would
# need a kernel on which the emulator is registered.
left_out=(Blas.ReferenceBlasIsRecognised ResidentMemory.WidenedWeightsDoNotKeepTheFileResident)

say() { printf 'arm64: %s\n' "$*" >&2; }
die() { say "$*"; exit 2; }

while (($#)); do
  case $1 in
    --only) only=${2:?--only needs a pattern}; shift 2 ;;
    --slow) slow=1; shift ;;
    *) die "unknown argument \"$1\"; see the top of this file" ;;
  esac
done
for tool in mmdebstrap aarch64-linux-gnu-g++ qemu-aarch64-static protoc cmake ninja; do
  command -v "$tool" >/dev/null || die "needs $tool; ./dev arm64 installs it"
done

# The packages with the headers and libraries of millrace-node and its tests.
needed=libc6-dev,libstdc++-12-dev,libtorch-dev,libboost-dev,libyaml-cpp-dev,libcli11-dev,libprotobuf-dev
needed+=,nlohmann-json3-dev,libfmt-dev,libspdlog-dev,libjpeg62-turbo-dev,libssl-dev,zlib1g-dev,libhwy-dev
needed+=,libgtest-dev,libgmock-dev,librapidcheck-dev,libopenblas0-pthread

unpack_packages() {
  local source
  # shellcheck disable=SC2016
  source=$(apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' \
    'Origin: Debian' | awk '$3 == "bookworm" && $4 == "main"' | head -n 1)
  [[ -n $source ]] || die "no source of apt here has Debian 12 (bookworm); apt-get update may help"
  say "unpacking arm64 packages into build/arm64-root …"
  rm -rf "$packages.part"
  mmdebstrap --quiet --variant=extract --architectures=arm64 --include="$needed" \
    --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr bookworm "$packages.part" "$source"
  # The alternatives that the packages' scripts would have set.
  local name
  for name in libblas.so.3 liblapack.so.3 libopenblas.so.0; do
    ln -s "openblas-pthread/$name" "$packages.part/usr/lib/aarch64-linux-gnu/$name"
  done
  mv "$packages.part" "$packages"
}

started=$SECONDS
[[ -d $packages ]] || unpack_packages
[[ -f $binaries/build.ninja ]] ||
  cmake -S "$repository" -B "$binaries" -G Ninja -DCMAKE_BUILD_TYPE=Release -DMILLRACE_HOST=OFF \
    -DCMAKE_TOOLCHAIN_FILE="$repository/tests/system/aarch64-linux-gnu.cmake" \
    -DMILLRACE_ARM64_ROOT="$packages" \
    -DProtobuf_PROTOC_EXECUTABLE="$(command -v protoc)" >&2
ninja -C "$binaries" -j "${MILLRACE_JOBS:-$(nproc)}" >&2
say "built after $((SECONDS - started)) s"

emulate() { qemu-aarch64-static -L "$packages" "$@"; }

emulate "$binaries/bin/millrace-node" --version
export RC_PARAMS=${RC_PARAMS:-max_success=10} MILLRACE_MUTATED_FRAMES=${MILLRACE_MUTATED_FRAMES:-2000}
((slow)) || left_out+=("${slow_tests[@]}")
filter=-$(IFS=:; printf '%s' "${left_out[*]}")
failed=() ran=0
for program in "$binaries"/bin/*_test; do
  name=$(basename "$program")
  [[ $name =~ $only ]] || continue
  if ((!slow)) && [[ $name =~ $slow_programs ]]; then
    left_out+=("$name")
    continue
  fi
  ran=$((ran + 1))
  begun=$SECONDS
  log=$binaries/$name.log
  if emulate "$program" --gtest_brief=1 --gtest_filter="$filter" >"$log" 2>&1; then
    say "$name: $(grep -a '^\[  PASSED' "$log" | cut -c 14-) $((SECONDS - begun)) s"
  else
    failed+=("$name")
    grep -aE ': Failure$|^\[  FAILED' -A 8 "$log" || tail -n 25 "$log"
    say "$name: FAILED, $((SECONDS - begun)) s; all it said is in $log"
  fi
done
((ran)) || die "no test program's name matches \"$only\", or those that do are slow: --slow"
say "left out: ${left_out[*]}"
say "took $((SECONDS - started)) s"
((!${#failed[@]})) || { say "FAILED: ${failed[*]}"; exit 1; }
say "passed: $ran test programs under qemu-user"
