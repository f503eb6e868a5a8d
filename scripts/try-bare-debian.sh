#!/usr/bin/env bash
# Tries what a newcomer does on a machine with nothing but git and Node: builds a bare Debian root, clones the last
# commit into it and runs `npm start -- --once` and `npm test` there, as root and as an ordinary user without sudo.
#
# Usage: scripts/try-bare-debian.sh [--suite NAME] [--without-tests]
#   --suite NAME      bookworm, trixie, … (default: this machine's)
#   --without-tests   leaves out `npm test`, the longest step
# Needs root on Debian or Ubuntu, mmdebstrap and git. Node and npm are this machine's, and so are the settings of
# apt and npm (mirrors, proxies, certificates), copied at run time. The root is kept for the next run as a tar file in
# ${XDG_CACHE_HOME:-~/.cache}/review-hardening-kit. Mounts and processes live in namespaces of their own and go with
# them, also when this script is killed.
# Exit code: 0 when every step did as expected, 1 when not, 2 when it could not be tried.
set -euo pipefail

unable() {
  printf '%s\n' "$@" >&2
  exit 2
}

# shellcheck source=/dev/null # a file of the machine
host_suite=$(. /etc/os-release && printf "%s" "${VERSION_CODENAME-}")
suite=$host_suite
with_tests=yes
while [ $# -gt 0 ]; do
  case $1 in
  --suite)
    suite=${2:?--suite needs a name}
    shift
    ;;
  --without-tests) with_tests=no ;;
  *) unable "Unknown option: $1" "Usage: $0 [--suite NAME] [--without-tests]" ;;
  esac
  shift
done

[ "$(id -u)" -eq 0 ] || unable 'try-bare-debian.sh makes mounts: run it as root.'
for program in mmdebstrap unshare chroot git node npm; do
  command -v "$program" >/dev/null || unable "Not installed: $program"
done

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ -n "$(git -C "$repository" status --porcelain)" ]; then
  echo 'Changes that are not committed are not in the trial: it clones the last commit.'
fi

umask 022
work=$(mktemp -d)
chmod 755 "$work"
root=$work/root
step_process=
clean_up() {
  # Its namespaces, with all mounts and processes in them, end with it.
  if [ -n "$step_process" ]; then kill -KILL "$step_process" || true; fi
  rm -rf --one-file-system "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# --- The bare root: made once for each suite and set of apt sources -------------------------------------------------

packages=git,ca-certificates
mkdir -p "$work/sources"
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
  if [ -s "$file" ]; then sed "s/\\b$host_suite\\b/$suite/g" "$file" >"$work/sources/$(basename "$file")"; fi
done
key=$({
  printf '%s\n' "$suite" "$packages"
  cat "$work"/sources/*
} | sha256sum | cut -c1-16)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/review-hardening-kit
tar=$cache/debian-$suite-$key.tar
mkdir -p "$cache"
if [ ! -e "$tar" ]; then
  echo "Building a bare root of $suite (a minute or two, once) …"
  draft=$(mktemp "$cache/draft-XXXXXX")
  if ! mmdebstrap --quiet --variant=minbase --include="$packages" --format=tar "$suite" - "$work"/sources/* \
    >"$draft" 2>"$work/mmdebstrap.log"; then
    rm -f "$draft"
    tail -n 30 "$work/mmdebstrap.log" >&2
    unable "mmdebstrap could not build a root of $suite."
  fi
  mv "$draft" "$tar"
fi
mkdir "$root"
tar -x -f "$tar" -C "$root" --numeric-owner

# --- What this machine lends it: Node, npm, and the way to the package registries -----------------------------------

node=$(node -p process.execPath)
npm_folder=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
install -m 755 "$node" "$root/usr/bin/node"
mkdir -p "$root/usr/lib/node_modules"
cp -a "$npm_folder" "$root/usr/lib/node_modules/npm"
ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/bin/npm"

# Copies files of this machine to the same place in the root, where there are such.
lend() {
  local file
  for file; do
    if [ -e "$file" ]; then
      mkdir -p "$root$(dirname "$file")"
      cp -aL "$file" "$root$(dirname "$file")/"
    fi
  done
}
rm -rf "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d
mkdir -p "$root/etc/apt/sources.list.d"
for file in "$work"/sources/*; do
  case $file in
  */sources.list) cp "$file" "$root/etc/apt/" ;;
  *) cp "$file" "$root/etc/apt/sources.list.d/" ;;
  esac
done
lend /etc/apt/apt.conf /etc/apt/apt.conf.d /etc/apt/auth.conf.d /etc/apt/keyrings /etc/apt/trusted.gpg \
  /etc/apt/trusted.gpg.d /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt /usr/local/share/ca-certificates \
  /etc/npmrc "$(npm config get globalconfig)"
if [ -n "${NODE_EXTRA_CA_CERTS-}" ]; then lend "$NODE_EXTRA_CA_CERTS"; fi
if [ -n "${SSL_CERT_FILE-}" ]; then lend "$SSL_CERT_FILE"; fi
environment=(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM=dumb)
while IFS= read -r name; do
  case $name in
  http_proxy | https_proxy | no_proxy | all_proxy | HTTP_PROXY | HTTPS_PROXY | NO_PROXY | ALL_PROXY | \
    NODE_EXTRA_CA_CERTS | SSL_CERT_FILE | npm_config_registry | npm_config_cafile)
    environment+=("$name=${!name}")
    ;;
  esac
done < <(compgen -e)

user=newcomer
chroot "$root" useradd --create-home --shell /bin/sh "$user"
user_npmrc=$(npm config get userconfig)
for home in /root /home/$user; do
  if [ -s "$user_npmrc" ]; then cp "$user_npmrc" "$root$home/.npmrc"; fi
  git clone -q --no-hardlinks "$repository" "$work/clone"
  git -C "$work/clone" remote remove origin
  mv "$work/clone" "$root$home/kit"
done
chroot "$root" chown -R "$user:" "/home/$user"

# --- The steps ------------------------------------------------------------------------------------------------------

# The process 1 of the namespaces: mounts, runs the step, and names what the step left running.
# shellcheck disable=SC2016 # expanded there
inside='
set -eu
root=$1 account=$2 home=$3 command=$4
shift 4
# A root that is a mount, as on a machine: tests make mount namespaces of their own in it.
mount --bind "$root" "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp" -o mode=1777
mount -t tmpfs tmpfs "$root/run" -o mode=755
mkdir -m 1777 "$root/run/lock"
status=0
chroot --userspec="$account:$account" "$root" env -i "$@" HOME="$home" sh -c "cd ~/kit && $command" || status=$?
for process in /proc/[0-9]*; do
  id=${process#/proc/}
  if [ "$id" != 1 ] && [ -s "$process/cmdline" ]; then
    printf "LEFT RUNNING: %s\n" "$(tr "\0" " " <"$process/cmdline")"
    status=99
  fi
done
exit "$status"
'
results=()
failed=no

# step NAME EXPECTED_EXIT_CODE ACCOUNT HOME COMMAND [PATTERN]: PATTERN must be in the output, !PATTERN must not.
step() {
  local name=$1 expected=$2 account=$3 home=$4 command=$5 pattern=${6-} log=$work/step.log status=0 verdict=ok
  echo "… $name"
  local before=$EPOCHREALTIME
  unshare --mount --propagation private --pid --fork --kill-child --mount-proc \
    sh -c "$inside" sh "$root" "$account" "$home" "$command" "${environment[@]}" </dev/null >"$log" 2>&1 &
  step_process=$!
  # A signal to this script ends the wait at once.
  wait "$step_process" || status=$?
  step_process=
  local seconds
  seconds=$(awk -v a="$before" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')
  [ "$status" -eq "$expected" ] || verdict="exit code $status instead of $expected"
  case $pattern in
  '') ;;
  !*) if grep -q -e "${pattern#!}" "$log"; then verdict="unexpected in the output: ${pattern#!}"; fi ;;
  *) if ! grep -q -e "$pattern" "$log"; then verdict="not in the output: $pattern"; fi ;;
  esac
  if [ "$verdict" != ok ]; then
    failed=yes
    tail -n 60 "$log" | sed 's/^/    /'
  fi
  results+=("$(printf '%-62s %7s s  %s' "$name" "$seconds" "$verdict")")
  last_log=$(cat "$log")
}

# check NAME COMMAND…: looks at the root from outside.
check() {
  local name=$1 verdict=ok
  shift
  if ! "$@"; then
    verdict=FAILED
    failed=yes
  fi
  results+=("$(printf '%-62s %7s    %s' "$name" '' "$verdict")")
}
no_boot_links() { [ -z "$(find "$root"/etc/systemd/system "$root"/etc/rc[2-5].d -name 'nginx.service' -o -name 'S*nginx')" ]; }
no_policy() { [ ! -e "$root/usr/sbin/policy-rc.d" ]; }

step 'npm start, user without sudo: the one command' 2 "$user" "/home/$user" 'npm start -- --once' \
  'install-packages.sh nginx'
step 'npm start, root, nothing installed: a verdict' 0 root /root 'npm start -- --once' 'its own service\|a service of its own'
check 'nginx does not start at the next boot' no_boot_links
check 'no policy-rc.d is left' no_policy
step 'npm start, root, set up: no set-up again' 0 root /root 'npm start -- --once' '!Set-up:'
step 'npm start, user without sudo, nginx installed: a verdict' 0 "$user" "/home/$user" 'npm start -- --once'
if [ "$with_tests" = yes ]; then
  step 'npm test, root' 0 root /root 'npm test' '^[0-9]* passed, 0 failed'
  counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed' <<<"$last_log" | tail -n 1 || true)
  check 'no policy-rc.d is left' no_policy
fi

printf '\n%s, Node %s\n' "$suite" "$(node -p process.versions.node)"
printf '%s\n' "${results[@]}" ${counts:+"npm test said: $counts"}
[ "$failed" = no ]
