#!/bin/sh
# Runs a command that is ended when standard input ends, which is when the tests are gone.
# Usage: end-with-input.sh COMMAND ARGUMENT…
set -eu
# A shell gives its background jobs no standard input of their own.
exec 3<&0
"$@" </dev/null 3<&- &
command=$!
# It outlives the command until standard input ends, so it must not hold the other two.
{
  cat <&3
  kill "$command"
} >/dev/null 2>&1 &
watcher=$!
status=0
wait "$command" || status=$?
kill "$watcher"
exit "$status"
