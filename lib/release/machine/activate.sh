#!/bin/sh
# Puts an uploaded release in force on this machine, or leaves the machine as it was.
# Usage: sh FOLDER/programs/activate.sh [FOLDER]   as root; the upload is FOLDER, by default where this program is
# Exit codes: 0 done, or nothing to do; 1 failed, and the machine serves what it served before; 2 refused before
# anything changed; 3 failed, and could not go back. One line a step, on standard output; what went wrong on standard
# error. In its environment, for tests: HARDENING_STOP_AFTER=STEP, HARDENING_HEALTH_SECONDS, HARDENING_LOCK_SECONDS.
# shellcheck disable=SC2015,SC2034,SC2153 # A && B || C is meant; the other parts have and read the variables
set -u
umask 022
PROGRAMS=$(cd "${0%/*}" && pwd)
UPLOAD=${1:-${PROGRAMS%/*}}
for part in common kinds links upload time authorities ledger crl expiry packages state workers drain gateway health reload lock force confirm ollama take-over; do
  # shellcheck source=/dev/null
  . "$PROGRAMS/$part.sh" || exit 2
done

LOCKED=no

# However it ends: a half switch is undone, what was uploaded goes, and how it ended is written down.
finish() {
  STATUS=$?
  trap '' HUP INT TERM
  trap - EXIT
  # Keys are in it; no other activation needs it.
  case $UPLOAD in
  "$KIT"/incoming/?*) rm -rf "$UPLOAD" ;;
  esac
  [ "$LOCKED" = yes ] || exit "$STATUS"
  undo_half_switch
  rm -rf "$DRAFT"
  record_end
  exit "$STATUS"
}

[ "$(id -u)" -eq 0 ] || refuse 'an activation needs root' 'run it with sudo, as a user who may do so without a password'
UPLOAD=$(cd "$UPLOAD" 2>/dev/null && pwd -P) || refuse "there is no upload in ${1:-${PROGRAMS%/*}}" "$NEW_UPLOAD"
make_folders || refuse "$KIT could not be made" 'look at the disk'
DRAFT=$RELEASES/.draft
trap finish EXIT
trap '' HUP PIPE
trap 'END_REASON="it was interrupted"; exit 1' INT TERM
take_lock 'another activation'
LOCKED=yes
reached lock

recover_or_go_on
# What earlier activations left that died: keys are in it. Another one may wait for the lock, though not for ten minutes.
rm -rf "$RELEASES"/.[!.]*
find "$KIT/incoming" -mindepth 1 -maxdepth 1 ! -path "$UPLOAD" -mmin +10 -exec rm -rf {} +

check_form "$UPLOAD"
[ "$(stat -c %a "$UPLOAD" | tail -c 3)" = 00 ] ||
  refuse "others than root can look into $UPLOAD, and there are keys in it" "chmod 700 it, and renew the certificates"
check_space "$UPLOAD"
(umask 077 && cp -R -P "$UPLOAD" "$DRAFT") || refuse 'the upload could not be copied' 'look at the disk'
check_copy "$DRAFT"
check_certificates "$DRAFT"
check_machine "$DRAFT"
check_crl "$DRAFT"
DRAIN_SECONDS=$(setting "$DRAFT" drain_seconds)
RELEASE=$(cat "$DRAFT/release")
say "release $RELEASE of stack $(setting "$DRAFT" stack) is whole"
reached verify

install_packages "$DRAFT"
reached packages
make_users
reached users
# In /opt, by version: nothing that runs uses it before the switch.
install_ollama "$DRAFT"
reached ollama

MENDED=$(lay_down "$DRAFT" "$RELEASE") || refuse 'the release could not be laid down' 'look at the disk'
rm -rf "$DRAFT"
[ -z "$MENDED" ] || say 'files of this release were changed on the machine: they are put right'
reached lay-down

record_issued "$RELEASES/$RELEASE" || refuse 'the ledger of certificates could not be written' 'look at the disk'
reached ledger

# Whom the configuration takes out is out from here on, whatever becomes of the release.
install_crl || refuse 'the CRLs could not be written' 'look at the disk'
reached crl
merge_state "$RELEASES/$RELEASE" && write_refused ||
  refuse 'the list of the refused could not be written' 'look at the disk'
if reload_is_due && [ -e "$CURRENT" ] && gateway_is_active; then
  say 'puts the list of the refused and the CRLs in force'
  reload_gateway || complain 'the running gateway did not take the list of the refused yet'
fi
explain_refused "$RELEASES/$RELEASE"
trusted_again "$RELEASES/$RELEASE" | while read -r name; do
  say "NOTE: this release trusts a CA again that an earlier one dropped: $name"
done
reached state

check_links "$RELEASES/$RELEASE"
check_ports "$RELEASES/$RELEASE"
if [ "$(release_of "$CURRENT")" = "$RELEASE" ] && [ -z "$MENDED" ] &&
  [ -z "$(missing_links "$RELEASES/$RELEASE")" ] && [ -z "$(health_problem "$RELEASES/$RELEASE")" ]; then
  say 'unchanged: this release is in force and healthy'
  OUTCOME=unchanged
  exit "$DONE"
fi
preview "$RELEASE"
say 'its files are accepted by the programs that read them'
reached preview

put_in_force "$RELEASE" "$MENDED"
if awaits_confirmation; then
  OUTCOME=unconfirmed
else
  OUTCOME=activated
  prune
fi
note_of_time
say "done: release $RELEASE is in force"
