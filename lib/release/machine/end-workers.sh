#!/bin/sh
# Ends the workers of nginx that a file names, as far as they are retired by now: the end of a drain, run by a timer.
# Usage: sh FOLDER/end-workers.sh PORT…   FOLDER has `workers`, lines `PID START`; PORT: those of the gateway
# shellcheck disable=SC2153 # the constants are in common.sh
set -u
folder=${0%/*}
for part in common workers; do
  # shellcheck source=/dev/null
  . "$folder/$part.sh" || exit 1
done

retired=" $(worker_processes | sed -n 's/ retired$//p' | tr '\n' ' ')"
ended=0 cut=0
while read -r pid start; do
  case $retired in
  *" $pid "*) ;;
  *) continue ;;
  esac
  open=$(open_connections "$pid" "$@")
  # Another process may have its number by now.
  [ "$(start_of "$pid")" = "$start" ] || continue
  if kill -TERM "$pid" 2>/dev/null; then
    ended=$((ended + 1)) cut=$((cut + open))
  fi
done <"$folder/workers"
say "the drain is over; ended retired processes of nginx: $ended, cut client connections: $cut (their requests have no line in the access log)"
rm -rf "$folder"
