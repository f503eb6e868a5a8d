# shellcheck shell=sh
# shellcheck disable=SC2153 # the constants are in common.sh
# A change that takes an identity away ends what still runs for it: after a reload the earlier workers of nginx go on
# with their connections, for ten minutes or so. They are written down before the reload, so that whoever dies in
# between leaves a timer, and are ended when they have had their time. Everything is in /run: a boot ends them as well.

# Why the next reload takes somebody away; there is no such file where it does not.
TAKEN_AWAY=/run/hardening/taken-away
DRAINS=/run/hardening/drains
# There while nginx has not read yet what is outside of the releases.
TO_RELOAD=/run/hardening/to-reload
# How long retired workers go on. Programs that know the release set it; the default is that of the configuration.
DRAIN_SECONDS=30
# How much later they end where whoever reloads dies in between: the reload itself takes ten seconds at most.
DRAIN_GUARD_SECONDS=30
DRAIN=''
DRAIN_COUNT=0

# ask_for_reload: before a change of what is outside of the releases, so that it is not forgotten by whoever comes next.
ask_for_reload() {
  mkdir -p "${TO_RELOAD%/*}" && : >"$TO_RELOAD"
}

reload_is_due() {
  [ -e "$TO_RELOAD" ] || [ -s "$TAKEN_AWAY" ]
}

# nothing_is_due: nginx is not running, or has read everything.
nothing_is_due() {
  rm -f "$TO_RELOAD" "$TAKEN_AWAY"
}

# take_away REASON: before the change that it is about.
take_away() {
  mkdir -p "${TAKEN_AWAY%/*}" && printf '%s\n' "$1" >>"$TAKEN_AWAY"
}

# take_away_lost NEW OLD: what the switch from one release to another takes away beside what the state refuses.
take_away_lost() {
  # shellcheck disable=SC2016 # a program of awk
  lost_identities=$(with_state '
    FILENAME == new { kept[$1 " " $2] = 1; next }
    FILENAME == old && is_service($1) && !is_refused($1, $2) && !(($1 " " $2) in kept) { print $1, $2 }
  ' new="$1/identities" "$1/identities" old="$2/identities" "$2/identities")
  [ -z "$lost_identities" ] || take_away 'an identity left' || return 1
  [ -z "$(lost_authorities "$1" "$2")" ] || take_away 'a CA is no longer trusted'
}

# prepare_drain: before a reload.
prepare_drain() {
  DRAIN=''
  [ -s "$TAKEN_AWAY" ] && gateway_is_active || return 0
  DRAIN_COUNT=$((DRAIN_COUNT + 1))
  DRAIN=hardening-drain-$(date +%s)-$$-$DRAIN_COUNT
  (
    umask 077
    mkdir -p "$DRAINS/$DRAIN" && cd "$PROGRAMS" && cp common.sh workers.sh end-workers.sh shut-connections.pl "$DRAINS/$DRAIN" &&
      worker_processes | while read -r pid _; do echo "$pid $(start_of "$pid")"; done >"$DRAINS/$DRAIN/workers"
  ) && end_workers_in "$DRAIN-guard" $((DRAIN_SECONDS + DRAIN_GUARD_SECONDS))
}

# end_workers_in UNIT SECONDS: 0 is at once, and waited for.
end_workers_in() {
  drain_unit=$1 drain_seconds=$2
  # shellcheck disable=SC2046 # numbers
  set -- /bin/sh "$DRAINS/$DRAIN/end-workers.sh" $(gateway_ports)
  if [ "$drain_seconds" -eq 0 ]; then
    set -- --wait "$@"
  else
    set -- --on-active="$drain_seconds" --timer-property=AccuracySec=100ms "$@"
  fi
  systemd-run --quiet --collect --unit="$drain_unit" --property=SyslogIdentifier=hardening-drain \
    --description='End of the running requests from before an identity was taken away' "$@"
}

# gateway_ports: of all releases that are here, since earlier workers may have another one's.
gateway_ports() {
  for folder in "$RELEASES"/*; do
    [ ! -e "$folder/settings" ] || setting "$folder" listen_port
  done | sort -u
}

# start_drain: after a reload that nginx took. From here on the time counts.
start_drain() {
  [ -n "$DRAIN" ] || return 0
  reasons=$(sort -u "$TAKEN_AWAY" | paste -s -d ';' - | sed 's/;/, /g')
  # shellcheck disable=SC2046 # numbers
  counted=$(while read -r pid start; do
    if [ "$(start_of "$pid")" = "$start" ]; then open_connections "$pid" $(gateway_ports) | wc -l; fi
  done <"$DRAINS/$DRAIN/workers" | awk '{ open += $1 } END { print "earlier processes of nginx: " NR ", their open client connections: " open + 0 }')
  case $DRAIN_SECONDS in
  0) drain_end='they end now' ;;
  *) drain_end="what is left of them ends in $DRAIN_SECONDS s" ;;
  esac
  say "$reasons; $counted; $drain_end"
  end_workers_in "$DRAIN" "$DRAIN_SECONDS" || return 1
  systemctl stop "$DRAIN-guard.timer" 2>/dev/null || :
}
