#!/usr/bin/env bash
# Proves the promise at the top of the README: in a bare Debian 12 that holds nothing but a clone of this
# repository's HEAD, `./dev run scenarios/quickstart.yaml` and `./dev test` both succeed. Makes that machine
# with debootstrap in a temporary folder, from the sources (and proxies) that apt uses here. Needs root,
# debootstrap and some 8 GB of disk.
#
#   tests/system/fresh_machine.sh [--only setup|run|test|ci] [--keep] [--reuse ROOT]
#     --only   one command instead of the two (setup: packages only; ci: .ci/run)
#     --keep   leaves the root behind and says where
#     --reuse  uses a root that an earlier --keep left, with its installed packages, and a new clone
set -euo pipefail
export LC_ALL=C

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
repository=$(git -c safe.directory='*' -C "$here" rev-parse --show-toplevel)
only='' keep=0 reuse=''

say() { printf 'fresh_machine: %s\n' "$*" >&2; }
die() { say "$*"; exit 2; }

while (($#)); do
  case $1 in
    --only) only=${2:?--only needs setup, run, test or ci}; shift 2 ;;
    --keep) keep=1; shift ;;
    --reuse) reuse=$(readlink -f "${2:?--reuse needs a folder}"); keep=1; shift 2 ;;
    *) die "unknown argument \"$1\"; see the top of this file" ;;
  esac
done
[[ -z $only || $only =~ ^(setup|run|test|ci)$ ]] || die "--only takes setup, run, test or ci, not \"$only\""
((EUID == 0)) || die "needs root: it mounts and changes root"
command -v debootstrap >/dev/null || die "needs debootstrap: apt-get install debootstrap"

# shellcheck disable=SC1091
. "$repository/tests/support/bare_debian.sh"

clean_up() {
  if ((keep)); then
    unmount_debian
    say "the machine is kept in $machine"
  else
    remove_debian
  fi
}

# inside COMMAND: a login on the machine: empty environment, no stdin, in the clone.
inside() {
  env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C \
    ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
    chroot "$machine" /bin/bash -c "cd /root/millrace && $1" </dev/null
}

# prove COMMAND [file that must be there afterwards, as a pattern]
prove() {
  local started=$SECONDS verdict=PASS
  say "$1 …"
  inside "$1" || verdict="FAIL (exit code $?)"
  if [[ $verdict == PASS && -n ${2:-} ]] && ! compgen -G "$machine/root/millrace/$2" >/dev/null; then
    verdict="FAIL (no $2)"
  fi
  results+=("$verdict  $((SECONDS - started)) s  $1")
  [[ $verdict == PASS ]] || failures=$((failures + 1))
}

results=() failures=0
machine=${reuse:-$(mktemp -d "${TMPDIR:-/tmp}/millrace-fresh.XXXXXX")}
trap clean_up EXIT
started=$SECONDS
if [[ -z $reuse ]]; then
  make_debian
  say "a bare Debian 12 took $((SECONDS - started)) s"
fi
mount_debian
rm -rf "$machine/root/millrace"
git -c safe.directory='*' clone -q --no-hardlinks "$repository" "$machine/root/millrace"

[[ $only != setup ]] || prove './dev setup'
[[ -n $only && $only != run ]] || prove './dev run scenarios/quickstart.yaml' 'runs/*/report.png'
[[ -n $only && $only != test ]] || prove './dev test'
[[ $only != ci ]] || prove '.ci/run'
printf '%s\n' "${results[@]}"
((failures == 0))
