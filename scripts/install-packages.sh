#!/bin/sh
# Installs packages of Debian or Ubuntu as root, and starts nothing: a server that comes with one of them (nginx would
# listen on 0.0.0.0:80) is neither started now nor at the next boot. Packages that are installed already stay as they
# are, running or not.
#
# Usage: sh scripts/install-packages.sh PACKAGE... [--optional PACKAGE...]
#   Those after --optional are left out where the distribution has none of that name or cannot install it.
# Output: what apt-get says, and lines that begin with 'note: ' for the user. Exit code: 0, or apt-get's.
set -eu

umask 022
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
# Ubuntu's needrestart would ask about, or restart, services that are no business of ours.
export NEEDRESTART_MODE=l NEEDRESTART_SUSPEND=1

MARK='# Made by install-packages.sh of review-hardening-kit for the time of its run'
POLICY=/usr/sbin/policy-rc.d
LOCK=/run/review-hardening-kit-packages.lock
APT_LOCK_TIMEOUT_S=600
UPDATE_TRIES=3

installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

has_candidate() {
  candidate=$(apt-cache policy "$1" | sed -n 's/^ *Candidate: //p')
  [ -n "$candidate" ] && [ "$candidate" != '(none)' ]
}

# Descriptor 9 is the lock: nothing that apt-get starts may keep it.
apt_get() {
  apt-get -q -y -o "DPkg::Lock::Timeout=$APT_LOCK_TIMEOUT_S" "$@" 9>&-
}

updated=no
update_once() {
  [ "$updated" = no ] || return 0
  updated=yes
  # apt-get waits for dpkg's lock, but not for that of the lists, which the system's own daily update may hold.
  try=1
  until apt_get update; do
    [ "$try" -lt "$UPDATE_TRIES" ] || return 1
    try=$((try + 1))
    sleep 5
  done
}

# invoke-rc.d(8): 101 from policy-rc.d means that the action is not allowed. A policy that the machine has stays in force.
own_policy=no
forbid_service_starts() {
  if [ -e "$POLICY" ] || [ -L "$POLICY" ]; then
    # Left behind by a run that was killed: it goes at the end of this one.
    if grep -qsF "$MARK" "$POLICY"; then own_policy=yes; fi
    return 0
  fi
  draft="$POLICY.$$"
  printf '#!/bin/sh\n%s\nexit 101\n' "$MARK" >"$draft"
  chmod 755 "$draft"
  # Fails rather than replace a policy that appeared meanwhile.
  if ln "$draft" "$POLICY"; then own_policy=yes; fi
  rm -f "$draft"
}

switch_off_service() {
  unit_file=
  for folder in /lib/systemd/system /usr/lib/systemd/system; do
    if [ -e "$folder/$1.service" ]; then unit_file=$folder/$1.service; fi
  done
  if [ -z "$unit_file" ] && [ ! -e "/etc/init.d/$1" ]; then return 0; fi
  if [ -d /run/systemd/system ]; then
    # --now: a policy of the machine's own may have let it start.
    systemctl --quiet disable --now "$1.service"
    turn_on="systemctl enable --now $1"
  else
    if [ -n "$unit_file" ] && command -v deb-systemd-helper >/dev/null; then
      deb-systemd-helper disable "$1.service" >/dev/null
    fi
    if [ -e "/etc/init.d/$1" ]; then
      # Under a policy of the machine's own it may be running.
      if [ "$own_policy" = no ]; then invoke-rc.d --quiet "$1" stop || true; fi
      update-rc.d "$1" disable >/dev/null
    fi
    turn_on="update-rc.d $1 enable && service $1 start (with systemd: systemctl enable --now $1)"
  fi
  echo "note: the package $1 brings a service of its own, which is switched off; to turn it on: $turn_on"
}

new_packages=
finish() {
  status=$?
  # From here to the end a second Ctrl-C must not stop it.
  trap '' HUP INT TERM
  for package in $new_packages; do
    if installed "$package"; then switch_off_service "$package" || status=1; fi
  done
  if [ "$own_policy" = yes ]; then rm -f "$POLICY" "$POLICY.$$"; fi
  exit "$status"
}

if [ "$(id -u)" -ne 0 ]; then
  echo 'install-packages.sh installs packages: run it as root.' >&2
  exit 2
fi

exec 9>"$LOCK"
if ! flock -n 9; then
  echo 'Another run of install-packages.sh holds the lock: waiting for it.'
  flock 9
fi

needed=
optional=
list=needed
for argument; do
  case $argument in
  --optional) list=optional ;;
  # A package's name (Debian policy 5.6.7), so that it is no option of apt-get's.
  *[!a-z0-9+.-]* | [!a-z0-9]* | '')
    echo "Not the name of a package: $argument" >&2
    exit 2
    ;;
  *)
    if installed "$argument"; then
      :
    elif [ "$list" = needed ]; then
      needed="$needed $argument"
    else
      optional="$optional $argument"
    fi
    ;;
  esac
done

for package in $needed; do
  has_candidate "$package" || update_once
done
for package in $optional; do
  has_candidate "$package" || update_once || break
done
offered=
for package in $optional; do
  if has_candidate "$package"; then offered="$offered $package"; fi
done
if [ -z "$needed$offered" ]; then exit 0; fi

# Lists that are too old name versions that the mirror no longer has: they are fetched anew, once.
install() {
  apt_get install --no-install-recommends "$@" ||
    { [ "$updated" = no ] && update_once && apt_get install --no-install-recommends "$@"; }
}

trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
forbid_service_starts
new_packages="$needed $offered"
# shellcheck disable=SC2086 # lists of names, checked above
{
  [ -z "$needed" ] || install $needed
  [ -z "$offered" ] || install $offered || echo "note: could not install $offered"
}
