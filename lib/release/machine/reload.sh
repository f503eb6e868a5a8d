# shellcheck shell=sh
# What a change of files means for what runs: only what has changed is reloaded or restarted.

# changed_paths NEW OLD: the paths whose content or mode differs, and those that only one release has. Release folders;
# one may be missing.
changed_paths() {
  cat "$1/manifest" "$2/manifest" 2>/dev/null | sort | uniq -u | while read -r _ _ path; do
    printf '%s\n' "$path"
  done | sort -u
  for name in ca.crt server.crt; do
    cmp -s "$1/tls/$name" "$2/tls/$name" || echo "/etc/hardening/gateway/tls/$name"
  done
}

# wanted_units RELEASE_FOLDER: the units that are to run after it, and with every boot.
wanted_units() {
  [ ! -e "$1/links" ] || sed -n -E 's|^/etc/systemd/system/[^ /]+\.(wants\|requires)/([^ /]+) -> .*|\2|p' "$1/links" |
    grep -v -x -F hardening-recover.service | sort -u
}

# apply_changes NEW OLD [CHANGED…]: makes what runs follow the files, which are in place. NEW may be missing: the units
# of OLD stop. CHANGED are paths that changed beside those that differ between the two.
apply_changes() {
  apply_new=$1 apply_old=$2
  shift 2
  changed=$({
    changed_paths "$apply_new" "$apply_old"
    [ $# -eq 0 ] || printf '%s\n' "$@"
  } | sort -u)
  wanted=$(wanted_units "$apply_new")
  old_wanted=$(wanted_units "$apply_old")

  changed_units=$(printf '%s\n' "$changed" | grep '^/etc/systemd/system/' | while read -r path; do unit_of "$path"; done | sort -u)
  for unit in $old_wanted; do
    if ! printf '%s\n' "$wanted" | grep -q -x -F -e "$unit"; then
      say "stops $unit, which is no longer wanted"
      stop_unit "$unit" || return 1
    fi
  done
  for unit in $changed_units; do
    # A unit that left altogether.
    if [ -e "$apply_old/files/etc/systemd/system/$unit" ] && [ ! -e "$apply_new/files/etc/systemd/system/$unit" ]; then
      stop_unit "$unit" || return 1
    fi
  done
  if [ -n "$changed_units" ] || [ "$wanted" != "$old_wanted" ]; then systemctl daemon-reload || return 1; fi

  for kind in $(printf '%s\n' "$changed" | kinds_in); do
    case $kind in
    gateway | unit) ;;
    *) if command -v "reload_$kind" >/dev/null; then "reload_$kind" || return 1; fi ;;
    esac
  done

  # In one command each: systemd knows the order.
  restart='' start='' try=''
  for unit in $changed_units; do
    case $unit in
    "$GATEWAY_UNIT" | *@.*) continue ;;
    # The filter reloads without a moment in between. Debian's own nftables.service would drop the rules of others.
    hardening-nftables.service | nftables.service) continue ;;
    esac
    if printf '%s\n' "$wanted" | grep -q -x -F -e "$unit"; then
      restart="$restart $unit"
    elif [ "$(systemctl show --property LoadState --value "$unit")" = loaded ]; then
      try="$try $unit"
    fi
  done
  for unit in $wanted; do
    [ "$unit" != "$GATEWAY_UNIT" ] || continue
    # What ran to its end and has not changed is not run again.
    [ "$(systemctl show --property Type --value "$unit")" != oneshot ] || continue
    systemctl --quiet is-active "$unit" || start="$start $unit"
  done
  # shellcheck disable=SC2086 # lists of names
  {
    [ -z "$restart$try" ] || say "restarts$restart$try"
    [ -z "$try" ] || systemctl try-restart $try || return 1
    [ -z "$restart" ] || systemctl restart $restart || return 1
    [ -z "$start" ] || systemctl start $start || return 1
  }

  printf '%s\n' "$wanted" | grep -q -x -F -e "$GATEWAY_UNIT" || return 0
  if printf '%s\n' "$changed_units" | grep -q -x -F -e "$GATEWAY_UNIT"; then
    restart_gateway || return 1
  elif printf '%s\n' "$changed" | grep -q '^/etc/hardening/gateway/' || reload_is_due || ! gateway_is_active; then
    start_or_reload_gateway || return 1
  fi
}

# stop_unit UNIT: as its unit file said, which is gone already: systemd warns of that, and of nothing else that matters
# where it succeeds.
stop_unit() {
  if [ "$1" = "$GATEWAY_UNIT" ]; then
    stop_gateway
    return
  fi
  case $(systemctl show --property ActiveState --value "$1") in
  inactive | failed) return 0 ;;
  esac
  stop_said=$(systemctl stop "$1" 2>&1) || {
    printf '%s\n' "$stop_said" >&2
    return 1
  }
}

reload_nftables() {
  if [ "$(systemctl show --property LoadState --value hardening-nftables.service)" = loaded ]; then
    say 'loads the rules of nftables'
    systemctl reload-or-restart hardening-nftables.service
  fi
}

reload_sshd() {
  say 'reloads sshd: sessions that are open stay'
  # A socket starts it with its configuration where it does not run.
  systemctl try-reload-or-restart ssh.service
}

reload_journald() {
  systemctl try-restart systemd-journald.service
}

reload_timesyncd() {
  # Another time service may be there in its place.
  [ "$(systemctl show --property LoadState --value systemd-timesyncd.service)" != loaded ] ||
    systemctl try-restart systemd-timesyncd.service
}

reload_sysctl() {
  systemctl restart systemd-sysctl.service
}

reload_tmpfiles() {
  paths_of "$apply_new" tmpfiles | xargs -r systemd-tmpfiles --create
}
