#!/bin/sh
# Makes a root into a machine without an init: first process of its own namespaces, nothing but loopback as network.
# Prints its process id, as the host sees it, when all is in place. When standard input ends, which is when the tests
# are gone, everything ends with it: processes, mounts and what was written.
# Usage: unshare --mount --net --pid --uts --ipc --fork --kill-child enter-root.sh ROOT EMPTY_FOLDER
set -eu
root=$1 folder=$2
# The host's /proc is still the one that is mounted.
read -r pid _ </proc/self/stat
"${0%/*}/mount-writable-root.sh" "$root" "$folder"
machine=$folder/machine
mount -t proc proc "$machine/proc"
mount -t tmpfs -o mode=755 tmpfs "$machine/run"
mount -t tmpfs -o mode=1777 tmpfs "$machine/tmp"
for device in null zero full random urandom; do
  mount --bind "/dev/$device" "$machine/dev/$device"
done
chroot "$machine" ip link set lo up
# Said from inside: whoever reads it and enters at once must not meet the host's files.
# shellcheck disable=SC2016 # expanded there
exec chroot "$machine" sh -c 'echo "$1"; exec cat >/dev/null' sh "$pid"
