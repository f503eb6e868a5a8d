#!/bin/sh
# Mounts FOLDER/machine: a root over ROOT that can be written, while ROOT never is. What is written is in memory and
# goes with the mount namespace.
# Usage: mount-writable-root.sh ROOT EMPTY_FOLDER
set -eu
root=$1 folder=$2
mount -t tmpfs -o mode=755 tmpfs "$folder"
mkdir "$folder/changes" "$folder/work" "$folder/machine"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$folder/changes,workdir=$folder/work" "$folder/machine"
