#!/usr/bin/env bash
# Builds millrace-node and its tests on a later Debian, whose LibTorch is a current 2.x and whose g++, Boost
# and fmt are newer than Debian 12's as well, and runs the tests there. Needs mmdebstrap (root, or user
# namespaces), 4 GB of disk for temporary files and half an hour on two cores. Not a default test: later
# releases change daily.
#
#   tests/system/newer_debian.sh [--suite SUITE] [--mirror URL]
#
#   --suite    sid (default), trixie, …
#   --mirror   Debian's packages; default: where apt gets them here
# Builds HEAD. The root file system is removed at the end.
set -euo pipefail
export LC_ALL=C

repository=$(readlink -f "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../..")
suite=sid mirror=''

say() { printf 'newer_debian: %s\n' "$*" >&2; }
die() { say "$*"; exit 2; }

# In the root file system.
test_here() {
  cd "$repository"
  say "$(dpkg-query -W -f '${Package} ${Version}, ' libtorch-dev libboost-dev libfmt-dev g++)"
  cmake -S . -B build/newer -G Ninja -DCMAKE_BUILD_TYPE=Release -DMILLRACE_HOST=OFF
  ninja -C build/newer
  ctest --test-dir build/newer -LE slow-extra -j "$(nproc)" --output-on-failure --progress
}

while (($#)); do
  case $1 in
    --suite) suite=${2:?--suite needs a name}; shift 2 ;;
    --mirror) mirror=${2:?--mirror needs a URL}; shift 2 ;;
    --inside) test_here; exit ;;
    *) die "unknown argument \"$1\"; see the top of this file" ;;
  esac
done
command -v mmdebstrap >/dev/null || die "needs mmdebstrap: apt-get install mmdebstrap"

if [[ -z $mirror ]]; then
  # shellcheck disable=SC2016
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' \
    'Origin: Debian' | awk '$2 == "bookworm" && $3 == "main" {print $1; exit}')
  [[ -n $mirror ]] || die "no source of apt here has Debian; name one: --mirror"
fi

needed=g++,cmake,ninja-build,git,python3,libtorch-dev,libboost-dev,libyaml-cpp-dev,libcli11-dev
needed+=,protobuf-compiler,libprotobuf-dev,nlohmann-json3-dev,libfmt-dev,libspdlog-dev,libjpeg62-turbo-dev
needed+=,libssl-dev,zlib1g-dev,libhwy-dev,libgtest-dev,libgmock-dev,librapidcheck-dev,libopenblas0-pthread

source=$(mktemp --suffix .tar)
trap 'rm -f "$source"' EXIT
git -c safe.directory='*' -C "$repository" archive --prefix=millrace/ -o "$source" HEAD
inside='env -i PATH=/usr/bin:/bin HOME=/root LANG=C /opt/millrace/tests/system/newer_debian.sh --inside'
# A mirror that is no longer updated is good enough; signatures are checked.
mmdebstrap --quiet --format=null --variant=apt --aptopt='Acquire::Check-Valid-Until "false"' \
  --include="$needed" --customize-hook="tar-in '$source' /opt" --customize-hook="chroot \"\$1\" $inside" \
  "$suite" - "$mirror"
say "passed on $suite"
