#!/bin/sh
# What a CRL has to list before a release is put in force, for whoever signs it. Changes nothing.
# Usage: sh FOLDER/programs/revocations.sh [FOLDER]   as root; the upload is FOLDER, by default where this program is
# Prints lines `revoke CA SERIAL NOT_AFTER` for the certificates that were issued, have not ended, and are refused with
# the release, then a line `crl` and the CRLs in force, if there are any.
# shellcheck disable=SC2034,SC2154 # the other parts have and read the variables
set -u
umask 077
PROGRAMS=$(cd "${0%/*}" && pwd)
UPLOAD=${1:-${PROGRAMS%/*}}
for part in common kinds links upload ledger state; do
  # shellcheck source=/dev/null
  . "$PROGRAMS/$part.sh" || exit 2
done

[ "$(id -u)" -eq 0 ] || refuse 'the ledger of this machine can be read by root alone' 'run it with sudo'
check_lists "$UPLOAD"

scratch=$(mktemp -d) || refuse 'no temporary folder could be made' 'look at the disk'
trap 'rm -rf "$scratch"' EXIT
merged=$(merged_state "$UPLOAD") || refuse 'the state of this machine could not be read' 'look at the disk'
for list in $STATE_LISTS; do list_of "$merged" "$list" >"$scratch/$list" || exit 1; done
touch "$scratch/issued" && if [ -e "$LEDGER" ]; then cp "$LEDGER" "$scratch/issued"; fi || exit 1

# The rules of the state as it will be.
STATE=$scratch
# The machine's own identity is in no list: what a later generation of it replaced is revoked.
# shellcheck disable=SC2016 # a program of awk
with_state "$ledger_functions"'
  FILENAME == upload "/identities" { accepted[$1 " " $2] = 1; next }
  FILENAME == upload "/issued" && $3 == "health" && $4 + 0 > health + 0 { health = $4 }
  (FILENAME == upload "/issued" || FILENAME == state "/issued") && NF == 5 { lines[++count] = $0 }
  END {
    for (i = 1; i <= count; i++) {
      split(lines[i], word, " ")
      if (seconds(word[5]) <= now) continue
      if (word[3] == "health" ? word[4] + 0 >= health + 0 : (word[3] " " word[4]) in accepted && !is_refused(word[3], word[4])) continue
      print "revoke", word[1], word[2], word[5]
    }
  }' now="$(date +%s)" upload="$UPLOAD" "$scratch/issued" "$UPLOAD/identities" "$UPLOAD/issued" | sort -u
if [ -s "$CRL" ]; then
  echo crl
  cat "$CRL"
fi
