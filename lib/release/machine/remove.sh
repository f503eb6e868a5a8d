# shellcheck shell=sh
# The way out: what the kit put onto the machine goes, and nothing else.

# remove_kit keep|remove: also where a release was only half there. Ollama's program of before and logs stay; models that
# the kit has fetched are kept or removed.
remove_kit() {
  say 'removes the kit from this machine'
  for folder in "$RELEASES"/*; do
    for unit in $(wanted_units "$folder"); do stop_unit "$unit" || complain "$unit did not stop"; done
  done
  # What a drain waits for ended with the gateway.
  systemctl stop 'hardening-drain-*.timer' 2>/dev/null || :
  had_sshd=$(for folder in "$RELEASES"/*; do [ ! -e "$folder/manifest" ] || paths_of "$folder" sshd; done)
  had_journald=$(for folder in "$RELEASES"/*; do [ ! -e "$folder/manifest" ] || paths_of "$folder" journald; done)
  had_timesyncd=$(for folder in "$RELEASES"/*; do [ ! -e "$folder/manifest" ] || paths_of "$folder" timesyncd; done)
  rm -f "$CURRENT" "$PREVIOUS"
  for folder in "$RELEASES"/*; do
    put_links "$RELEASES/none" "$folder" || complain 'a link could not be removed'
  done
  rmdir /usr/local/lib/hardening 2>/dev/null || :
  systemctl daemon-reload
  [ -z "$had_sshd" ] || reload_sshd || complain 'sshd did not reload'
  [ -z "$had_journald" ] || reload_journald || :
  [ -z "$had_timesyncd" ] || reload_timesyncd || :
  clear_store "$1"
  give_back
  for user in "$GATEWAY_USER" hardening-proxy hardening-models hardening-metrics; do
    if getent passwd "$user" >/dev/null; then userdel "$user" 2>/dev/null || complain "the user $user stays"; fi
  done
  # The list of the refused goes too: whoever deploys again begins anew, with certificates of another CA.
  # systemd remembers here when a timer ran last.
  rm -f /var/lib/systemd/timers/stamp-hardening-*.timer
  rm -rf /opt/hardening /var/lib/hardening-ollama /var/lib/hardening-metrics "$KIT"
  case $1 in
  keep) left_models='its models' ;;
  *) left_models='the models that the kit did not fetch' ;;
  esac
  say "left as they are: packages, the user ollama and $left_models, the logs in /var/log/hardening-gateway"
  say 'settings of the kernel stay as they are until the next boot'
}
