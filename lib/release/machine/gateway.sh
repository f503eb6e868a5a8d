# shellcheck shell=sh
# nginx as the gateway: reload it, and know that it took the configuration.

gateway_is_active() {
  systemctl --quiet is-active "$GATEWAY_UNIT"
}

# gateway_workers: the worker processes that accept connections.
gateway_workers() {
  worker_processes | sed -n 's/ accepting$//p'
}

# reload_gateway: returns when workers of the new configuration accept connections and no earlier one does.
# nginx reports a configuration that it could not use in its log alone.
reload_gateway() {
  prepare_drain || complain 'the end of what still runs in earlier processes could not be set'
  [ -z "$DRAIN" ] || reached drain
  before=" $(gateway_workers | tr '\n' ' ')"
  systemctl reload "$GATEWAY_UNIT" || return 1
  for _ in $(seq 100); do
    has_old=no has_new=no
    for worker in $(gateway_workers); do
      case $before in
      *" $worker "*) has_old=yes ;;
      *) has_new=yes ;;
      esac
    done
    if [ "$has_old$has_new" = noyes ]; then
      start_drain || complain "what still runs in earlier processes ends $DRAIN_GUARD_SECONDS s late"
      nothing_is_due
      return 0
    fi
    sleep 0.1
  done
  complain "nginx did not take the configuration; its log ends with: $(tail -n 1 /var/log/hardening-gateway/error.log)"
  return 1
}

# stop_gateway: running streams get ten seconds, not the ten minutes of its unit: nobody else is served meanwhile.
stop_gateway() {
  systemctl --no-block stop "$GATEWAY_UNIT" 2>/dev/null
  for _ in $(seq 100); do
    case $(systemctl show --property ActiveState --value "$GATEWAY_UNIT") in
    inactive | failed) return 0 ;;
    esac
    sleep 0.1
  done
  systemctl kill --signal=SIGKILL "$GATEWAY_UNIT"
  systemctl stop "$GATEWAY_UNIT"
}

# restart_gateway: for a changed unit.
restart_gateway() {
  if gateway_is_active; then
    say 'the unit of the gateway changed: it restarts, running streams have ten seconds to end'
    stop_gateway
  fi
  nothing_is_due
  systemctl reset-failed "$GATEWAY_UNIT" 2>/dev/null
  systemctl start "$GATEWAY_UNIT"
}

# start_or_reload_gateway
start_or_reload_gateway() {
  if gateway_is_active; then
    say 'reloads nginx: running streams go on in its earlier processes'
    reload_gateway
  else
    say "starts $GATEWAY_UNIT"
    nothing_is_due
    systemctl reset-failed "$GATEWAY_UNIT" 2>/dev/null
    systemctl start "$GATEWAY_UNIT"
  fi
}

# port_holders PORT: lines `HEX_ADDRESS PID PROGRAM UNIT` of listeners on a TCP port that are not the gateway's.
# /proc instead of ss(8): a minimal Debian has no iproute2.
port_holders() {
  # Fields of proc_pid_net(5): the local address and port, the state (0A: listens), the inode.
  # shellcheck disable=SC2016 # a program of awk
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v port="$(printf '%04X' "$1")" '
    $4 == "0A" && split($2, local, ":") == 2 && local[2] == port { print local[1], $10 }' |
    while read -r address inode; do
      holder_socket=$(find /proc/[0-9]*/fd -lname "socket:\[$inode\]" 2>/dev/null | head -n 1)
      holder=${holder_socket#/proc/}
      holder=${holder%%/*}
      unit=$(unit_of_process "${holder:-none}")
      [ "$unit" = "$GATEWAY_UNIT" ] || printf '%s %s %s %s\n' "$address" "${holder:-?}" \
        "$(cat "/proc/${holder:-none}/comm" 2>/dev/null || echo unknown)" "${unit:--}"
    done
}

# unit_of_process PID: the last part of its control group that is a unit.
unit_of_process() {
  sed -n -E 's,.*/([^/]+\.(service|scope)).*,\1,p' "/proc/$1/cgroup" 2>/dev/null | head -n 1
}

# check_ports RELEASE_FOLDER: no other program holds a port of the gateway.
check_ports() {
  for name in listen_port plain_listen_port; do
    port=$(setting "$1" "$name")
    [ -n "$port" ] || continue
    holder=$(port_holders "$port" | head -n 1)
    [ -z "$holder" ] || {
      # shellcheck disable=SC2086 # four words
      set -- "$1" $holder
      refuse "port $port is held by $4 (process $3, unit $5)" \
        "stop it, for example with systemctl disable --now $5, or choose another port: gateway.listenPort, gateway.plainListenPort"
    }
  done
}
