# shellcheck shell=sh
# shellcheck disable=SC2153 # the constants are in common.sh
# What hardening-models.service has fetched into Ollama's store, on the way out.

# As in the units: lib/model/machine/ollama-unit.ts.
STORE=/usr/share/ollama/.ollama/models

# clear_store keep|remove: downloads that did not end go; with `remove`, what was fetched goes too.
clear_store() {
  [ -d "$STORE" ] || return 0
  # As the store's user, whose links may lead anywhere; it cannot look into the folder of the programs.
  setpriv --reuid ollama --regid ollama --clear-groups sh -s -- "$STORE" "$1" <"$PROGRAMS/clear-store.sh" ||
    complain "something of $STORE could not be removed, see above"
}
