# shellcheck shell=sh
# shellcheck disable=SC2015 # A && B || C is meant: C says what went wrong with either
# What was on the machine before the kit, and does now what the kit does.

# Units that the kit has stopped, to start them again when it goes.
REPLACED_UNITS=$STATE/replaced-units

# take_over RELEASE_FOLDER: the Ollama of its own install script makes room for the kit's unit: it would be open to
# every local user beside the gateway. Its program and its models stay where they are.
take_over() {
  wanted_units "$1" | grep -q -x -F hardening-ollama.service || return 0
  ! systemctl --quiet is-active ollama.service && ! systemctl --quiet is-enabled ollama.service 2>/dev/null && return 0
  say 'stops ollama.service, which was here before: hardening-ollama.service serves its models'
  echo ollama.service | write_file "$REPLACED_UNITS" 600 && systemctl --quiet disable --now ollama.service
}

# give_back [OPTION_OF_SYSTEMCTL]: the kit has gone, or never came.
give_back() {
  [ -s "$REPLACED_UNITS" ] || return 0
  while read -r replaced; do
    say "starts $replaced again, which was here before"
    systemctl --quiet enable "$replaced" && systemctl "$@" start "$replaced" || complain "$replaced did not start"
  done <"$REPLACED_UNITS"
  rm -f "$REPLACED_UNITS"
}
