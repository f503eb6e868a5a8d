#!/bin/sh
# The releases of this machine: which there are, which is in force, and the way back.
# Usage: hardening-release list | status [--json] | rollback [HASH] | confirm HASH | recover | remove [--models]
# Exit codes: 0 done, or all is well; 1 failed, or something needs attention; 2 not possible; 3 failed, and not back.
# shellcheck disable=SC2034,SC2153 # the other parts have and read the variables
set -u
umask 022
PROGRAMS=$(readlink -f "$0")
PROGRAMS=${PROGRAMS%/*}
for part in common kinds links upload time authorities ledger crl packages state workers drain gateway health reload lock force confirm take-over fetched-models remove status; do
  # shellcheck source=/dev/null
  . "$PROGRAMS/$part.sh" || exit 2
done

usage() {
  complain "usage: hardening-release list | status [--json] | rollback [HASH] | confirm HASH | recover | remove [--models]"
  exit "$REFUSED_EXIT"
}

finish() {
  STATUS=$?
  trap '' HUP INT TERM
  trap - EXIT
  undo_half_switch
  [ -z "$RELEASE" ] || record_end
  exit "$STATUS"
}

begin() {
  [ "$(id -u)" -eq 0 ] || refuse "$1 needs root" "run it with sudo"
  make_folders || exit 1
  trap finish EXIT
  trap '' HUP PIPE
  trap 'END_REASON="it was interrupted"; exit 1' INT TERM
  take_lock "hardening-release $1"
}

rollback() {
  begin rollback
  recover_or_go_on
  target=${1:-$(release_of "$PREVIOUS")}
  [ -n "$target" ] || refuse 'there is no release to go back to' 'hardening-release list shows those that are here'
  case $target in
  *[!0-9a-f]*) refuse "'$target' is not the hash of a release" 'copy it from hardening-release list' ;;
  esac
  # The first digits will do, where they are one release's.
  found=$(find "$RELEASES" -mindepth 1 -maxdepth 1 -name "$target*" -printf '%f\n')
  [ "$(printf '%s' "$found" | grep -c .)" -eq 1 ] ||
    refuse "there is no one release $target on this machine" 'hardening-release list shows those that are here'
  [ "$found" != "$(release_of "$CURRENT")" ] || {
    say "release $found is in force already"
    exit "$DONE"
  }
  RELEASE=$found
  [ -z "$(differing_files "$RELEASES/$RELEASE")" ] ||
    refuse "files of release $RELEASE were changed on this machine" 'apply the configuration that it came from'
  again=$(trusted_again "$RELEASES/$RELEASE" | head -n 1)
  [ -z "$again" ] || refuse "release $RELEASE trusts the CA $again, which a later release dropped: whoever has its key could come in" \
    'go forward: change the configuration, and apply it'
  problem=$(crl_problem "$RELEASES/$RELEASE")
  [ -z "$problem" ] || refuse "nobody could come in with release $RELEASE: $problem" 'apply the configuration: it brings the CRLs'
  DRAIN_SECONDS=$(setting "$RELEASES/$RELEASE" drain_seconds)
  # A release of before it was a setting.
  DRAIN_SECONDS=${DRAIN_SECONDS:-30} ROLLS_BACK=yes
  write_refused || refuse 'the list of the refused could not be written' 'look at the disk'
  explain_refused "$RELEASES/$RELEASE"
  check_links "$RELEASES/$RELEASE"
  check_ports "$RELEASES/$RELEASE"
  preview "$RELEASE"
  put_in_force "$RELEASE" ''
  OUTCOME=rolled-back
  say "done: release $RELEASE is in force. The configuration names another one: the next apply brings that back"
}

case ${1-} in
list) [ $# -eq 1 ] || usage && list_releases ;;
status)
  case $#:${2-} in
  1:) show_status ;;
  2:--json) show_status_json ;;
  *) usage ;;
  esac
  ;;
remove)
  case $#:${2-} in
  1:) models=keep ;;
  2:--models) models=remove ;;
  *) usage ;;
  esac
  begin remove
  remove_kit "$models"
  ;;
rollback) [ $# -le 2 ] || usage && rollback "${2-}" ;;
confirm) [ $# -eq 2 ] || usage && begin confirm && confirm "$2" ;;
recover)
  case $#:${2-} in
  1:) begin recover
    recover || stuck 'the activation that did not end could not be undone'
    say 'nothing is left to recover' ;;
  2:--boot) begin recover && if [ -s "$JOURNAL" ]; then
    interrupted=$(journal_value release)
    go_back_at_boot && record interrupted "$interrupted" 'the machine went off in the middle'
  fi ;;
  *) usage ;;
  esac
  ;;
*) usage ;;
esac
