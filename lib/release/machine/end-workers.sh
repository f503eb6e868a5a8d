#!/bin/sh
# Ends the workers of nginx that a file names, as far as they are retired by now: the end of a drain, run by a timer. Their
# connections are shut; with the last one such a worker goes by itself.
# Usage: sh FOLDER/end-workers.sh PORT…   FOLDER has `workers`, lines `PID START`; PORT: those of the gateway
# shellcheck disable=SC2153 # the constants are in common.sh
set -u
folder=${0%/*}
for part in common workers; do
  # shellcheck source=/dev/null
  . "$folder/$part.sh" || exit 1
done

# retired_workers: the lines of the file that are still the same process, which is shutting down.
retired_workers() {
  retired=" $(worker_processes | sed -n 's/ retired$//p' | tr '\n' ' ')"
  while read -r pid start; do
    case $retired in
    *" $pid "*) [ "$(start_of "$pid")" != "$start" ] || echo "$pid $start" ;;
    esac
  done <"$folder/workers"
}

retired_workers >"$folder/retired"
cut=0
while read -r pid start; do
  descriptors=$(open_connections "$pid" "$@")
  cut=$((cut + $(printf '%s' "$descriptors" | grep -c .)))
  # shellcheck disable=SC2086 # numbers
  perl "$folder/shut-connections.pl" "$pid" "$start" $descriptors || complain "a connection of process $pid could not be shut"
done <"$folder/retired"

# What is left after that, nginx ends without counting or logging it.
for _ in $(seq 50); do
  left=$(retired_workers)
  [ -n "$left" ] || break
  sleep 0.1
done
[ -z "$left" ] || {
  printf '%s\n' "$left" | while read -r pid start; do
    [ "$(start_of "$pid")" != "$start" ] || kill -TERM "$pid"
  done
  complain "processes of nginx that had to be killed: $(printf '%s\n' "$left" | wc -l); what they served has no line in the access log, and still counts for the limit of concurrent streams until nginx starts again"
}
say "the drain is over; ended retired processes of nginx: $(wc -l <"$folder/retired"), cut client connections: $cut"
rm -rf "$folder"
