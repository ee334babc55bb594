#!/usr/bin/env bash
# Installs build/package/*.deb in a bare Debian 12 made with debootstrap, does in it what the Dockerfiles
# and the compose file do, each service in a network namespace of its own, removes the packages again, and
# checks that nothing is left. Needs root, debootstrap, iproute2, python3-yaml and 3 GB of disk. The root file
# system is that of the images (debian:bookworm-slim is a debootstrap --variant=minbase too); no container
# engine is needed, and none is tested.
#
#   ./dev package && docker/test_packages.sh [--keep] [--reuse ROOT]
set -euo pipefail
export LC_ALL=C

repository=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
packages=$repository/build/package
keep=0 machine='' services=() namespaces=()
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

# shellcheck disable=SC1091
. "$repository/tests/support/bare_debian.sh"
clean_up() {
  local each
  for each in "${services[@]}"; do kill "$each" 2>/dev/null || true; done
  for each in "${namespaces[@]}"; do ip netns del "$each" 2>/dev/null || true; done
  if ((keep)); then
    unmount_debian
    say "the root is kept in $machine"
  else
    remove_debian
  fi
}
make_machine() {
  machine=$(mktemp -d "${TMPDIR:-/tmp}/millrace-packages.XXXXXX")
  make_debian
  # The root has no terminals, and as it is thrown away it need not survive power cuts.
  printf 'Dpkg::Use-Pty "0";\nDPkg::Options {"--force-unsafe-io";};\n' >"$machine/etc/apt/apt.conf.d/91root"
}
inside() { chroot "$machine" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C \
  DEBIAN_FRONTEND=noninteractive ${http_proxy:+http_proxy="$http_proxy"} \
  ${https_proxy:+https_proxy="$https_proxy"} "$@" </dev/null; }
as_nobody() { chroot --userspec=65534:65534 "$machine" env -i PATH=/usr/bin:/bin HOME=/tmp LC_ALL=C "$@"; }
installs() { inside apt-get -qq -y --no-install-recommends install "$@" >/dev/null; }
purges() { inside apt-get -qq -y purge "$@" >/dev/null; }
knows_user() { inside getent passwd millrace >/dev/null; }
# The RUN command of a Dockerfile, as one line.
run_of() { sed -n '/^RUN/,/[^\\]$/p' "$1" | sed 's/^RUN//; s/\\$//' | tr '\n' ' '; }

# A bridge, and on it a namespace per service that finds the others by name.
join_services() {
  local service number=1 prefix=mr-$$
  namespaces+=("$prefix-bridge")
  ip netns add "$prefix-bridge"
  ip -n "$prefix-bridge" link add bridge type bridge
  ip -n "$prefix-bridge" link set bridge up
  printf '127.0.0.1 localhost\n' >"$machine/etc/hosts"
  for service in "$@"; do
    number=$((number + 1))
    namespaces+=("$prefix-$service")
    ip netns add "$prefix-$service"
    ip -n "$prefix-bridge" link add "to$number" type veth peer name eth0 netns "$prefix-$service"
    ip -n "$prefix-bridge" link set "to$number" master bridge up
    ip -n "$prefix-$service" address add "10.111.0.$number/24" dev eth0
    ip -n "$prefix-$service" link set eth0 up
    ip -n "$prefix-$service" link set lo up
    printf '10.111.0.%s %s\n' "$number" "$service" >>"$machine/etc/hosts"
  done
}
# start_service NAME COMMAND: runs it in its namespace as the images' user, as a child of this shell. SIGTERM
# ends it.
start_service() {
  ip netns exec "mr-$$-$1" chroot --userspec=millrace:millrace "$machine" env -i PATH=/usr/bin:/bin \
    HOME=/var/lib/millrace LC_ALL=C sh -c "cd && exec $2" </dev/null &
  services+=($!)
}
# All files of ours except those that the package manager itself keeps.
files() {
  (cd "$machine" && find . -xdev \( -path ./proc -o -path ./dev -o -path ./var/lib/dpkg \
    -o -path ./var/lib/apt -o -path ./var/cache -o -path ./var/log -o -path ./tmp \) -prune \
    -o -path '*millrace*' -print)
}

trap clean_up EXIT
[[ -n $machine ]] || make_machine
mount_debian
cp "$packages"/*.deb "$machine/tmp/"
inside apt-get -qq update >/dev/null
inside apt-get -qq -y --purge autoremove >/dev/null 2>&1  # packages left by an earlier test in this root

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

[[ $(inside stat -c %a /usr/libexec/millrace/millrace-links) == 755 ]] || die "millrace-links is not there"
as_nobody millrace-node shape --help | grep -q "millrace-node shape eth0" ||
  die "millrace-node shape has no help"
knows_user || die "millrace-node made no user"

say "node: purged with its user, its cache and its settings; keys put there belong to root"
inside install -d -o millrace -m 700 /etc/millrace/keys /var/cache/millrace
inside install -o millrace -m 600 /dev/null /etc/millrace/keys/node.key
purges millrace-node
! knows_user || die "user millrace is left"
[[ $(inside stat -c %U:%a /etc/millrace/keys/node.key) == root:600 ]] || die "the key does not belong to root"
[[ ! -e $machine/var/cache/millrace && ! -e $machine/etc/default/millrace-node ]] || die "purge left files"
rm -r "$machine/etc/millrace"
left=$(files)
[[ -z $left ]] || die "this is left: $left"

say "images: what the Dockerfiles run, first the agents', then the host's"
inside sh -c "$(run_of "$repository/docker/node.Dockerfile")" >/dev/null
[[ $(inside id -u millrace) == 990 && $(inside stat -c %U:%a /keys) == millrace:700 ]] ||
  die "/keys does not belong to user millrace"
purges millrace-node
! knows_user || die "user millrace is left"
rm -r "$machine/keys" "$machine/var/lib/millrace"
cp "$packages"/*.deb "$machine/tmp/"
inside sh -c "$(run_of "$repository/docker/host.Dockerfile")" >/dev/null
[[ $(inside id -u millrace) == 990 ]] || die "the images' users differ, and share keys"

say "host: beside the node, simulates, and deploys to agents on loopback"
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

say "compose: what its services run, each in a network namespace, with the keys that the host makes"
declare -A command_of=()
while read -r service command; do command_of[$service]=$command; done < <(
  python3 "$repository/docker/compose_commands.py" "$repository/docker/docker-compose.yml")
((${#command_of[@]} == 5)) || die "the compose file has not five services"
join_services "${!command_of[@]}"
for service in camera board-a board-b board-c; do start_service "$service" "${command_of[$service]}"; done
start_service host "${command_of[host]} --set workload.images=64 --quiet"
wait "${services[-1]}" || die "the host of the compose file failed"
unset 'services[-1]'
for service in "${services[@]}"; do
  kill "$service" 2>/dev/null || die "an agent of the compose file ended before its host did"
done
wait "${services[@]}" || true
services=()
[[ $(stat -c %a "$machine/keys/host/node.key") == 600 ]] || die "the host's key is not secret"
cmp "$machine/tmp/run/outputs.csv" "$machine/tmp/cosim/outputs.csv" || die "compose and cosim differ"
rm -r "$machine/keys" "$machine/var/lib/millrace"  # the Dockerfiles made them

say "both are removed without a trace"
purges millrace millrace-node
! knows_user || die "user millrace is left"
rm -rf "$machine/tmp/"*
left=$(files)
[[ -z $left ]] || die "this is left: $left"
say "all is well"
