# Installing Debian packages without starting a single service. Sourced.
# shellcheck shell=bash

readonly POLICY=${POSTERN_TEST_SBIN:-/usr/sbin}/policy-rc.d  # elsewhere in the test of this file only
readonly POLICY_KEPT=$POLICY.kept-by-postern
readonly POLICY_MARK="# In place while Postern's scripts install packages."

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }

# invoke-rc.d asks policy-rc.d whether a package may start its service; 101 says no. A file of the administrator's is set aside
# and put back. One that an interrupted run of ours left behind is recognized by its mark.
services_off() {
  if [ -e "$POLICY" ] && ! grep -qsF "$POLICY_MARK" "$POLICY"; then
    mv -f "$POLICY" "$POLICY_KEPT"
  fi
  printf '#!/bin/sh\n%s\nexit 101\n' "$POLICY_MARK" > "$POLICY.new" &&
    chmod 755 "$POLICY.new" &&
    mv -f "$POLICY.new" "$POLICY"
}

services_back() {
  if [ -e "$POLICY_KEPT" ] || [ -L "$POLICY_KEPT" ]; then
    mv -f "$POLICY_KEPT" "$POLICY"
  elif grep -qsF "$POLICY_MARK" "$POLICY"; then
    rm -f "$POLICY"
  fi
}

# Prints those of its arguments that are not installed.
missing_packages() {
  local package state
  for package in "$@"; do
    state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) || state=
    [ "$state" = installed ] || printf '%s\n' "$package"
  done
}

apt_quietly() {
  local log
  log=$(mktemp)
  if ! DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -q -y -o Acquire::Retries=3 -o DPkg::Lock::Timeout=600 \
      -o Dpkg::Options::=--force-confold -o APT::Sandbox::User=root "$@" > "$log" 2>&1 < /dev/null; then
    say "apt-get $* failed:"
    tail -n 25 "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

# Installs what is missing of its arguments; does nothing, and needs no network and no root, when nothing is.
install_packages() {
  command -v dpkg-query > /dev/null && command -v apt-get > /dev/null || die "this needs a Debian system (apt-get and dpkg)"
  local wanted
  mapfile -t wanted < <(missing_packages "$@")
  [ ${#wanted[@]} -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] || die "packages are missing and only root can install them: ${wanted[*]}"
  if ! grep -qs '^VERSION_ID="12"' /etc/os-release; then
    say "note: made for Debian 12; this is $(. /etc/os-release 2>/dev/null && printf '%s' "${PRETTY_NAME:-something else}")"
  fi
  say "installing ${#wanted[@]} packages: ${wanted[*]}"
  (
    # The folder serves as the lock between two runs: nothing has to be written for it.
    exec 9< "$(dirname "$POLICY")"
    flock 9
    trap services_back EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    services_off || exit 1
    apt_quietly update || say "going on with the package lists that are there"
    apt_quietly install --no-install-recommends "${wanted[@]}"
  ) || die "the packages could not be installed"
}
