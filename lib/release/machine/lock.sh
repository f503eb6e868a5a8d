# shellcheck shell=sh
# One activation at a time.

# How long another activation is waited for.
LOCK_SECONDS=${HARDENING_LOCK_SECONDS:-60}

# make_folders: those of the kit, with their modes.
make_folders() {
  install -d -m 711 "$KIT" && install -d -m 755 "$RELEASES" && install -d -m 700 "$STATE" "$KIT/incoming"
}

# take_lock WHAT: descriptor 9 holds it until this process ends. Programs that outlive it must not inherit it.
take_lock() {
  exec 9>>"$KIT/lock"
  if ! flock -n 9; then
    say "waits for $(cat "$KIT/lock.holder" 2>/dev/null), at most $LOCK_SECONDS s"
    flock -w "$LOCK_SECONDS" 9 ||
      refuse "$(cat "$KIT/lock.holder" 2>/dev/null) still runs" 'wait for its end, and apply again'
  fi
  echo "$1 (process $$, since $(now))" | write_file "$KIT/lock.holder" 600
}
