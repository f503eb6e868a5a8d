# shellcheck shell=sh
# The worker processes of nginx, seen through /proc: a minimal Debian has neither ps nor ss.

# worker_processes: lines `PID accepting` or `PID retired`. One that has a newer configuration's worker beside it says
# in its title that it is shutting down.
worker_processes() {
  main_pid=$(systemctl show --property MainPID --value "$GATEWAY_UNIT")
  # nginx's title is its command line. A process may end while it is looked at.
  tr ' ' '\n' 2>/dev/null <"/proc/$main_pid/task/$main_pid/children" | while read -r pid; do
    title=$(tr '\000' ' ' 2>/dev/null <"/proc/$pid/cmdline") || continue
    case $title in
    'nginx: worker'*'shutting down'*) printf '%s retired\n' "$pid" ;;
    'nginx: worker'*) printf '%s accepting\n' "$pid" ;;
    esac
  done
}

# start_of PID: when it started, in clock ticks since the boot: proc_pid_stat(5). With it a process is told from a later
# one of the same number.
start_of() {
  sed -n 's/^.*) //p' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20
}

# open_connections PID PORT…: the descriptors of the connections that a process has open and that were made to these
# ports, one a line.
open_connections() {
  connections_pid=$1
  shift
  connections_ports=$(for port in "$@"; do printf ' %04X' "$port"; done)
  # Fields of proc_pid_net(5): the local address and port, the state (01: established), the inode.
  # shellcheck disable=SC2016 # a program of awk
  {
    find "/proc/$connections_pid/fd" -lname 'socket:*' -printf 'held %f %l\n' 2>/dev/null
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null
  } | awk -v ports="$connections_ports " '
    $1 == "held" { held[substr($3, 9, length($3) - 9)] = $2; next }
    $4 == "01" && split($2, local, ":") == 2 && index(ports, " " local[2] " ") && ($10 in held) { print held[$10] }'
}
