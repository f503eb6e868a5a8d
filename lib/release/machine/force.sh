# shellcheck shell=sh
# shellcheck disable=SC2015,SC2153 # A && B || C is meant: C says what went wrong with either; constants: common.sh
# Puts a release in force, or goes back. From the journal on, whoever dies is cleaned up after: by the next activation,
# or at boot.

# SWITCHED is `yes` from the journal to the end of a switch: leaving in between means going back.
SWITCHED=no
# ROLLS_BACK is `yes` where an earlier release is brought back by hand.
ROLLS_BACK=no

# What is written down of how a program ended.
# shellcheck disable=SC2034 # read in state.sh
STARTED=$(now)
END_REASON=''
OUTCOME=''
RELEASE=''

# write_journal NEW OLD: hashes; OLD is empty where no release was in force.
write_journal() {
  {
    echo "release=$1"
    echo "previous=$2"
    echo "started=$(now)"
  } | write_file "$JOURNAL" 600
}

journal_value() {
  sed -n -E "s/^$1=([0-9a-f]{64})$/\1/p" "$JOURNAL"
}

end_journal() {
  : | write_file "$JOURNAL" 600
}

# switch_to HASH: `current` leads to it from one moment to the next; empty: there is no current release.
switch_to() {
  if [ -n "$1" ]; then write_link "$CURRENT" "releases/$1"; else rm -f "$CURRENT" && sync "$KIT"; fi
}

# preview HASH: refuses a release that the machine's own programs do not accept.
preview() {
  said=$(unshare --mount --propagation private sh "$PROGRAMS/preview.sh" "$1" 2>&1) && return 0
  printf '%s\n' "$said" | head -n 20 >&2
  refuse "the files of the release are not accepted: $(printf '%s\n' "$said" | head -n 1)" \
    'correct the configuration or the template, render, and apply again'
}

# put_in_force HASH MENDED: MENDED is `mended` where files of the current release were put right.
put_in_force() {
  old=$(release_of "$CURRENT")
  write_journal "$1" "$old" && SWITCHED=yes || give_up 'the journal could not be written' 'look at the disk'
  reached journal
  [ -z "$old" ] || take_away_lost "$RELEASES/$1" "$RELEASES/$old" || give_up "$TAKEN_AWAY could not be written" 'is /run full?'
  switch_to "$1" || give_up "the link $CURRENT could not be replaced" 'look at the disk'
  say "release $1 is current"
  reached switch
  put_links "$RELEASES/$1" "$RELEASES/${old:-none}" || give_up 'a link in /etc could not be made' 'look at the disk'
  reached links
  take_over "$RELEASES/$1" || give_up 'the Ollama that was here before could not be stopped' 'systemctl status ollama'
  if [ "$2" = mended ]; then
    # What was mended may have been read as it was before.
    # shellcheck disable=SC2046 # paths without blanks
    apply_changes "$RELEASES/$1" "$RELEASES/${old:-none}" $(paths_of "$RELEASES/$1" | grep -v '^/etc/systemd/system/')
  else
    apply_changes "$RELEASES/$1" "$RELEASES/${old:-none}"
  fi || give_up 'a unit did not follow the change, see above' 'systemctl --failed; journalctl -xe'
  reached reload
  problem=$(wait_until_healthy "$RELEASES/$1") ||
    give_up "the machine is not healthy with this release: $problem" \
      "look into /var/log/hardening-gateway/error.log and journalctl -u '*ollama*', put it right, and apply again"
  say 'healthy: 401 without a certificate, 200 through to Ollama with the own one'
  reached health
  if [ -n "$CONFIRM_SECONDS" ] && may_lock_out "$RELEASES/$1" "$RELEASES/${old:-none}"; then
    await_confirmation "$1"
    SWITCHED=no
  else
    settle "$1" "$old"
  fi
  reached end
}

# settle NEW OLD: there is no way back by itself from here on.
settle() {
  [ -z "$2" ] || [ "$2" = "$1" ] || write_link "$PREVIOUS" "releases/$2"
  # Pruning goes by it.
  touch "$RELEASES/$1"
  # A rollback is no decision about a CA.
  [ -z "$2" ] || [ "$ROLLS_BACK" = yes ] || drop_authorities "$RELEASES/$1" "$RELEASES/$2" ||
    give_up "$DROPPED could not be written" 'look at the disk'
  end_journal || give_up 'the journal could not be written' 'look at the disk'
  SWITCHED=no
  # What it says of certificates is of the release before otherwise, until the next day.
  systemctl --no-block start hardening-certificates.service 2>/dev/null || :
}

# go_back: undoes what the journal tells of. Succeeds where the release of before is in force, as it was.
go_back() {
  bad=$(journal_value release) good=$(journal_value previous)
  switch_to "$good" && put_links "$RELEASES/${good:-none}" "$RELEASES/$bad" &&
    apply_changes "$RELEASES/${good:-none}" "$RELEASES/$bad" /etc/hardening/gateway/nginx.conf || return 1
  if [ -n "$good" ]; then
    # Ollama may be what is broken, so it is no measure here.
    for _ in $(seq 50); do
      if gateway_is_active && [ "$(ask_gateway "$RELEASES/$good")" = 401 ]; then break; fi
      sleep 0.1
    done
    gateway_is_active && [ "$(ask_gateway "$RELEASES/$good")" = 401 ] || return 1
  else
    give_back --no-block
  fi
  end_journal && SWITCHED=no
}

# go_back_at_boot: the same before any unit of the kit has started, so nothing is waited for.
go_back_at_boot() {
  bad=$(journal_value release) good=$(journal_value previous)
  switch_to "$good" && put_links "$RELEASES/${good:-none}" "$RELEASES/$bad" || return 1
  write_refused
  systemctl daemon-reload
  for unit in $(wanted_units "$RELEASES/$bad"); do
    [ -e "/etc/systemd/system/$unit" ] || systemctl --no-block stop "$unit"
  done
  for unit in $(wanted_units "$RELEASES/${good:-none}"); do systemctl --no-block start "$unit"; done
  [ -n "$good" ] || give_back --no-block
  end_journal
}

# recover: puts right what an activation left that died. Fails where that is not possible.
recover() {
  [ -s "$JOURNAL" ] || return 0
  interrupted=$(journal_value release)
  reason='it was killed, or the machine went off'
  if awaits_confirmation; then
    reason='nobody logged in to confirm it'
    systemctl stop "$CONFIRM_UNIT.timer" 2>/dev/null
  fi
  say "an activation of release $interrupted did not end ($reason): goes back to what was before"
  go_back && record interrupted "$interrupted" "$reason"
}

# recover_or_go_on: before another release is put in force, which is the other way out.
recover_or_go_on() {
  recover || complain 'that failed, see above: goes on, since another release may be what helps'
}

# stuck PROBLEM: the worst end. What to do is said loudly.
stuck() {
  complain '=================================================================='
  complain "NOT BACK: $1"
  complain "  release $(journal_value release) was being put in force, before it ran: $(journal_value previous)"
  complain "  what to do: look at systemctl --failed and journalctl -xe, then run: hardening-release recover"
  complain '  or bring another release: apply again'
  complain '=================================================================='
  # shellcheck disable=SC2034 # read by the trap of the program
  SWITCHED=no
  exit "$STUCK"
}

# undo_half_switch: on the way out of a program that ends in the middle of a switch. Sets STATUS, its exit code.
undo_half_switch() {
  [ "$SWITCHED" = yes ] || return 0
  say 'goes back to what was before'
  if go_back; then
    say "the machine serves what it served before: $(release_of "$CURRENT" | sed 's/^/release /')"
    STATUS=$FAILED
  else
    (stuck "${END_REASON:-it ended in the middle}, and going back failed too")
    STATUS=$STUCK
  fi
}

# record_end: writes down how a program ends with STATUS; OUTCOME is what it did where that is 0.
record_end() {
  case $STATUS in
  "$DONE") ;;
  "$REFUSED_EXIT") OUTCOME=refused ;;
  "$STUCK") OUTCOME=stuck ;;
  *) OUTCOME=failed ;;
  esac
  record "$OUTCOME" "$RELEASE" "$END_REASON"
}

# prune: keeps the current and the previous release and the last others, five in all.
prune() {
  find "$RELEASES" -mindepth 1 -maxdepth 1 -name '[0-9a-f]*' -printf '%T@ %f\n' | sort -rn | cut -d ' ' -f 2 | {
    kept=0
    while read -r hash; do
      kept=$((kept + 1))
      if [ "$kept" -gt 5 ] && [ "$hash" != "$(release_of "$CURRENT")" ] && [ "$hash" != "$(release_of "$PREVIOUS")" ]; then
        rm -rf "${RELEASES:?}/$hash"
      fi
    done
  }
}
