#!/bin/sh
# Runs mmdebstrap as the first process of a pid namespace. When standard input ends, which is when the tests are gone,
# it ends with all that it started; what it mounted was in its own mount namespace.
# Usage: unshare --mount --pid --fork --kill-child --mount-proc build-root.sh MMDEBSTRAP_ARGUMENT…
set -eu
# A shell gives its background jobs no standard input of their own.
exec 3<&0
mmdebstrap "$@" </dev/null &
build=$!
{
  cat <&3 >/dev/null
  kill -KILL "$build"
} &
status=0
wait "$build" || status=$?
exit "$status"
