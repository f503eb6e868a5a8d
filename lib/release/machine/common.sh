# shellcheck shell=sh
# shellcheck disable=SC2034 # used by the programs that source this file
# Where everything is, how it is said, and how a file is written so that a crash leaves the old one or the new one.

KIT=/var/lib/hardening
RELEASES=$KIT/releases
CURRENT=$KIT/current
PREVIOUS=$KIT/previous
STATE=$KIT/state
JOURNAL=$STATE/journal
REFUSED=$KIT/refused.conf
CRL=$KIT/crl.pem
# Where a release has a link to it.
REFUSED_PATH=/etc/hardening/gateway/refused.conf
GATEWAY_USER=hardening-gateway
GATEWAY_UNIT=hardening-gateway.service

# Exit codes. What is between refused and stuck: a failure after which the machine serves what it served before.
DONE=0
FAILED=1
REFUSED_EXIT=2
STUCK=3

export LC_ALL=C

# A reader that is gone, an SSH session that broke, does not end an activation.
say() {
  printf 'hardening: %s\n' "$*" 2>/dev/null || :
}

complain() {
  printf 'hardening: %s\n' "$*" >&2 2>/dev/null || :
}

# refuse PROBLEM FIX: ends before anything was changed.
refuse() {
  complain "stopped: $1"
  complain "  what to do: $2"
  END_REASON=$1
  exit "$REFUSED_EXIT"
}

# give_up PROBLEM FIX: ends an activation; what it switched is switched back on the way out.
give_up() {
  complain "failed: $1"
  complain "  what to do: $2"
  END_REASON=$1
  exit "$FAILED"
}

# reached STEP: for tests. With HARDENING_STOP_AFTER=STEP in its environment an activation kills itself there, as a
# crash would.
reached() {
  if [ "${HARDENING_STOP_AFTER-}" = "$1" ]; then
    complain "kills itself after '$1', as HARDENING_STOP_AFTER asks"
    kill -KILL $$
  fi
}

# write_file PATH MODE: standard input becomes the file, whole or not at all, also when the power goes.
write_file() {
  (umask 077 && cat >"$1.partial") && chmod "$2" "$1.partial" && sync "$1.partial" &&
    mv -f -T "$1.partial" "$1" && sync "${1%/*}"
}

# write_link PATH TARGET: replaces a link at once.
write_link() {
  rm -f "$1.partial" && ln -s "$2" "$1.partial" && mv -f -T "$1.partial" "$1" && sync "${1%/*}"
}

# release_of LINK: the hash of the release that a link leads to; nothing where there is no such link.
release_of() {
  release_target=$(readlink "$1") || return 0
  printf '%s\n' "${release_target##*/}"
}

# setting RELEASE_FOLDER NAME: one value of its settings, which were checked when they came.
setting() {
  sed -n "s/^$2=//p" "$1/settings"
}

# or_nothing PATH: it, or an empty file.
or_nothing() {
  if [ -e "$1" ]; then printf '%s\n' "$1"; else echo /dev/null; fi
}

now() {
  date -u +%Y-%m-%dT%H:%M:%SZ
}
