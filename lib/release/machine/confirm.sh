# shellcheck shell=sh
# shellcheck disable=SC2015,SC2153 # A && B || C is meant; the constants are in common.sh
# A change that could lock the administrators out is in force for a short time only, until one of them has logged in
# with it. The journal stays, so that a boot goes back as well.

# How long a login is waited for. Empty where whoever activates is on the machine already, and can put it right.
CONFIRM_SECONDS=${HARDENING_CONFIRM_SECONDS-}
CONFIRM_UNIT=hardening-confirm

# may_lock_out NEW OLD: the releases differ in what decides who gets in over SSH. Release folders; OLD may be missing.
may_lock_out() {
  lock_out_paths=$(changed_paths "$1" "$2" | while read -r path; do
    case $(kind_of "$path"):$path in
    nftables:* | sshd:* | *:/etc/hardening/ssh/* | *nftables*) printf '%s\n' "$path" ;;
    esac
  done)
  [ -n "$lock_out_paths" ]
}

# await_confirmation HASH: goes back by itself, unless `hardening-release confirm` comes first.
await_confirmation() {
  { cat "$JOURNAL" && echo 'confirm=yes'; } >"$JOURNAL.confirm" && write_file "$JOURNAL" 600 <"$JOURNAL.confirm" &&
    rm -f "$JOURNAL.confirm" &&
    systemd-run --quiet --collect --unit="$CONFIRM_UNIT" --on-active="$CONFIRM_SECONDS" --timer-property=AccuracySec=1s \
      /bin/sh "$RELEASES/$1/programs/hardening-release.sh" recover ||
    give_up 'the timer that goes back could not be set' 'look at what systemd-run said above'
  say "sshd or the packet filter changed: goes back in $CONFIRM_SECONDS s, unless a new SSH login confirms the release"
}

awaits_confirmation() {
  grep -q -x 'confirm=yes' "$JOURNAL" 2>/dev/null
}

# confirm HASH: somebody could log in.
confirm() {
  case $1 in
  '' | *[!0-9a-f]*) refuse "'$1' is not the hash of a release" 'copy it from hardening-release list' ;;
  esac
  if ! awaits_confirmation || [ "$(journal_value release)" != "$1" ]; then
    [ "$(release_of "$CURRENT")" = "$1" ] && [ ! -s "$JOURNAL" ] && {
      say "release $1 is in force, and nothing waits to be confirmed"
      exit "$DONE"
    }
    give_up "release $1 does not wait to be confirmed: it was taken back, or another one came" \
      'can a new SSH login reach the machine? look at ssh.sources and ssh.adminKeys, and apply again'
  fi
  settle "$1" "$(journal_value previous)"
  systemctl stop "$CONFIRM_UNIT.timer" 2>/dev/null
  # shellcheck disable=SC2034 # read by the trap of the program
  RELEASE=$1 OUTCOME=activated
  prune
  say "confirmed: release $1 is in force"
}
