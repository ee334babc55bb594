#!/usr/bin/env bash
# Installs build/package/*.deb in a bare Debian 12 made with debootstrap, does in it what containers of these
# images would do, removes them again, and looks at what is left. Needs root, debootstrap and 3 GB of disk.
# The root file system is that of the images (debian:bookworm-slim is a debootstrap --variant=minbase too); no
# container engine is needed, and none is tested.
#
#   ./dev package && docker/test_packages.sh [--keep] [--reuse ROOT]
set -euo pipefail
export LC_ALL=C

repository=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
packages=$repository/build/package
keep=0 machine=''
say() { printf 'test_packages: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
while (($#)); do
  case $1 in
    --keep) keep=1; shift ;;
    --reuse) machine=$(readlink -f "${2:?--reuse needs a folder}"); keep=1; shift 2 ;;
    *) die "unknown argument \"$1\"; see the top of this file" ;;
  esac
done
((EUID == 0)) || die "needs root: it makes a root file system"
command -v debootstrap >/dev/null || die "needs debootstrap: apt-get install debootstrap"
[[ -f $packages/millrace.deb && -f $packages/millrace-node.deb ]] || die "no packages yet: ./dev package"

sources() {
  # shellcheck disable=SC2016
  apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' \
    'Origin: Debian' |
    awk '$3 ~ /^bookworm(-updates|-security)?$/' | sort -u -k 3,3 -k 2
}
unmount() {
  local point
  while read -r point; do umount "$point" || umount -l "$point"; done < <(
    awk -v root="$machine/" 'index($2, root) == 1 {print $2}' /proc/mounts | sort -r)
}
clean_up() {
  unmount
  if ((keep)); then say "the root is kept in $machine"
  else rm -rf --one-file-system "$machine"; fi
}
make_machine() {
  local from proxy=''
  machine=$(mktemp -d "${TMPDIR:-/tmp}/millrace-packages.XXXXXX")
  chmod 755 "$machine"
  from=$(sources | awk '$3 == "bookworm" {print $2; exit}')
  [[ -n $from ]] || die "no source of apt here has Debian 12 (bookworm); apt-get update may help"
  eval "$(apt-config shell proxy Acquire::http::Proxy)"
  [[ -z $proxy ]] || export http_proxy=$proxy
  debootstrap --variant=minbase bookworm "$machine" "$from" >"$machine.log" 2>&1 ||
    die "debootstrap failed; all it said is in $machine.log"
  rm -f "$machine.log"
  sources >"$machine/etc/apt/sources.list"
  apt-config dump | grep -E '^Acquire::(https?::Proxy|Check-)' >"$machine/etc/apt/apt.conf.d/90host" || true
}
inside() { chroot "$machine" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C \
  DEBIAN_FRONTEND=noninteractive ${http_proxy:+http_proxy="$http_proxy"} \
  ${https_proxy:+https_proxy="$https_proxy"} "$@" </dev/null; }
as_nobody() { chroot --userspec=65534:65534 "$machine" env -i PATH=/usr/bin:/bin HOME=/tmp LC_ALL=C "$@"; }
installs() { inside apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 install "$@" >/dev/null; }
# Everything of ours but what the package manager itself keeps.
files() {
  (cd "$machine" && find . -xdev \( -path ./proc -o -path ./dev -o -path ./var/lib/dpkg \
    -o -path ./var/lib/apt -o -path ./var/cache -o -path ./var/log -o -path ./tmp \) -prune \
    -o -path '*millrace*' -print)
}

trap clean_up EXIT
[[ -n $machine ]] || make_machine
cp -L /etc/resolv.conf "$machine/etc/resolv.conf"
mount -t proc proc "$machine/proc"
mount -t tmpfs -o mode=0755 tmpfs "$machine/dev"
for device in null zero full random urandom; do
  touch "$machine/dev/$device"
  mount --bind "/dev/$device" "$machine/dev/$device"
done
ln -s /proc/self/fd "$machine/dev/fd"
mkdir -m 1777 "$machine/dev/shm"
printf '#!/bin/sh\nexit 101\n' >"$machine/usr/sbin/policy-rc.d"  # a root is no machine: start nothing
chmod +x "$machine/usr/sbin/policy-rc.d"
cp "$packages"/*.deb "$machine/tmp/"
inside apt-get -qq update >/dev/null
inside apt-get -qq -y --purge autoremove >/dev/null 2>&1  # what an earlier test in this root brought along

say "node: installs, runs unprivileged, has no ns-3 and no Python"
installs /tmp/millrace-node.deb
as_nobody millrace-node --version
# shellcheck disable=SC2016
[[ -z $(inside dpkg-query -W -f '${Package}\n' 'libns3*' 2>/dev/null) ]] || die "millrace-node brought ns-3"
inside sh -c '! command -v python3' >/dev/null || die "millrace-node brought Python"
for file in /usr/share/man/man1/millrace-node.1.gz /etc/default/millrace-node \
  /usr/share/bash-completion/completions/millrace-node /usr/lib/systemd/system/millrace-node.service; do
  [[ -s $machine$file ]] || die "millrace-node has no $file"
done

say "host: installs beside it, simulates, and deploys to agents as a compose file would start them"
installs /tmp/millrace.deb
quickstart=/usr/share/millrace/scenarios/quickstart.yaml
as_nobody millrace validate "$quickstart"
as_nobody millrace run "$quickstart" --mode simulate --set workload.images=256 --quiet --out /tmp/simulate
as_nobody millrace run "$quickstart" --mode deploy --set workload.images=64 --quiet --out /tmp/deploy \
  --agents 127.0.0.1:7000 &
host=$!
agents=()
for devices in "--device board-a --device camera" "--device board-b" "--device board-c"; do
  # shellcheck disable=SC2086
  as_nobody millrace-node agent --connect 127.0.0.1:7000 $devices &
  agents+=($!)
done
wait "$host"
wait "${agents[@]}"
as_nobody millrace run "$quickstart" --mode cosim --set workload.images=64 --quiet --out /tmp/cosim >/dev/null
cmp "$machine/tmp/deploy/outputs.csv" "$machine/tmp/cosim/outputs.csv" || die "deploy and cosim differ"
as_nobody millrace compare /tmp/deploy /tmp/cosim --picture /tmp/error.png >/dev/null
[[ -s $machine/tmp/error.png ]] || die "no picture was drawn"

say "both are removed without a trace"
inside apt-get -qq -y -o Dpkg::Use-Pty=0 purge millrace millrace-node >/dev/null
rm -rf "$machine/tmp/"*
left=$(files)
[[ -z $left ]] || die "this is left: $left"
say "all is well"
