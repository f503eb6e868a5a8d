#!/bin/sh
# Boots a root with systemd-nspawn, in namespaces and control groups of its own. Prints a process id, as the host sees
# it: the machine's processes descend from it. When standard input ends, which is when the tests are gone, everything
# ends with it: processes, mounts, control groups and what was written.
# Usage: boot-root.sh ROOT EMPTY_FOLDER NAME FILES NETWORK_OPTION…
#   FILES: a folder that is copied over the root before it boots, with owners and modes; an empty word for none
#   NETWORK_OPTION…: what systemd-nspawn is told of the network
set -eu
stage=outside
if [ "$1" = --inside ]; then
  stage=inside
  shift
fi
root=$1 folder=$2 name=$3 files=$4

if [ "$stage" = outside ]; then
  # The groups that this process is in, of the hierarchies that systemd uses: cgroup v2 alone, or beside v1.
  groups=
  while IFS=: read -r hierarchy controllers path; do
    case $hierarchy:$controllers in
    0:) if [ -d /sys/fs/cgroup/unified ]; then base=/sys/fs/cgroup/unified; else base=/sys/fs/cgroup; fi ;;
    *:name=systemd) base=/sys/fs/cgroup/systemd ;;
    *) continue ;;
    esac
    groups="$groups $base${path%/}/$name"
  done </proc/self/cgroup
  for group in $groups; do mkdir "$group"; done
  # shellcheck disable=SC2016 # expanded there
  unshare --mount --pid --fork --kill-child sh -c '
    for group in $1; do echo 0 >"$group/cgroup.procs"; done
    shift
    exec "$@"
  ' sh "$groups" "$0" --inside "$@" || true
  for group in $groups; do find "$group" -depth -type d -exec rmdir {} +; done
  exit
fi

shift 4
read -r pid _ </proc/self/stat
"${0%/*}/mount-writable-root.sh" "$root" "$folder"
machine=$folder/machine
# systemd-nspawn looks into /proc for its own process, and leaves folders in /run.
mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /run
# The distribution's nginx would take port 80.
ln -s /dev/null "$machine/etc/systemd/system/nginx.service"
if [ -n "$files" ]; then
  # Folders that are there already keep their owners and modes.
  tar -C "$files" -cf - . | tar -C "$machine" -xpf - --no-overwrite-dir
fi
echo "$pid"
# A shell gives its background jobs no standard input of their own.
exec 3<&0
trap exit TERM
{
  cat <&3 >/dev/null
  kill -TERM $$
} &
while
  # A machine of its own has pidfd_getfd(2), which ends connections where a drain is over.
  systemd-nspawn --quiet --directory="$machine" --machine="$name" --register=no --keep-unit "$@" \
    --resolv-conf=off --timezone=off --console=pipe --system-call-filter=pidfd_getfd --boot </dev/null >&2 &
  status=0
  wait "$!" || status=$?
  # 133: the machine wants to be rebooted, as systemd-nspawn tells the unit that it is in. The file: from powerCut.
  [ "$status" -eq 133 ] || rm /run/boot-again 2>/dev/null
do :; done
exit "$status"
