# A bare Debian 12 under $machine, made with debootstrap from the sources (and proxies) that apt uses here.
# Sourced by scripts that have `say` and `die` and are root.
# shellcheck shell=bash disable=SC2154

# Debian 12's own sources as apt knows them here, one line each; bookworm itself first.
debian_sources() {
  # shellcheck disable=SC2016
  apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' \
    'Origin: Debian' |
    awk '$3 ~ /^bookworm(-updates|-security)?$/' | sort -u -k 3,3 -k 2
}

# make_debian: into the folder $machine, which is empty.
make_debian() {
  local from proxy=''
  chmod 755 "$machine"
  from=$(debian_sources | awk '$3 == "bookworm" {print $2; exit}')
  [[ -n $from ]] || die "no source of apt here has Debian 12 (bookworm); apt-get update may help"
  eval "$(apt-config shell proxy Acquire::http::Proxy)"
  [[ -z $proxy ]] || export http_proxy=$proxy
  debootstrap --variant=minbase bookworm "$machine" "$from" >"$machine.log" 2>&1 || {
    tail -n 20 "$machine.log" >&2
    die "debootstrap failed; all it said is in $machine.log"
  }
  rm -f "$machine.log"
  debian_sources >"$machine/etc/apt/sources.list"
  apt-config dump | grep -E '^Acquire::(https?::Proxy|Check-)' >"$machine/etc/apt/apt.conf.d/90host" || true
}

mount_debian() {
  local device
  cp -L /etc/resolv.conf "$machine/etc/resolv.conf"
  mount -t proc proc "$machine/proc"
  mount -t tmpfs -o mode=0755 tmpfs "$machine/dev"
  for device in null zero full random urandom tty; do
    touch "$machine/dev/$device"
    mount --bind "/dev/$device" "$machine/dev/$device"
  done
  ln -s /proc/self/fd "$machine/dev/fd"
  mkdir -m 1777 "$machine/dev/shm"
  # A chroot has no init, so services that packages bring are not started.
  printf '#!/bin/sh\nexit 101\n' >"$machine/usr/sbin/policy-rc.d"
  chmod +x "$machine/usr/sbin/policy-rc.d"
}

# Everything mounted under the root is unmounted before the root is removed: rm must never reach this
# machine's /dev.
unmount_debian() {
  local point
  while read -r point; do
    umount "$point" || umount -l "$point"
  done < <(awk -v root="$machine/" 'index($2, root) == 1 {print $2}' /proc/mounts | sort -r)
}

# remove_debian: with all that is in it; stays where something is still mounted.
remove_debian() {
  unmount_debian
  if awk -v root="$machine/" 'index($2, root) == 1 {found = 1} END {exit !found}' /proc/mounts; then
    say "something is still mounted under $machine; it stays"
  else
    rm -rf --one-file-system "$machine"
  fi
}
