# shellcheck shell=sh
# What outlives every release and only grows: whom no release lets in again, whatever its allowlist says.
#
# state/minimum-generations  lines `SERVICE GENERATION`: certificates below it are refused
# state/revoked              lines `SERVICE` (refused whatever its generation) or `SERVICE GENERATION` (refused up to it)

# The program of awk that reads both and knows what is refused.
# shellcheck disable=SC2016 # a program of awk
refused_rules='
  function is_service(text) { return text ~ /^[a-z][a-z0-9-]*$/ && length(text) <= 64 && text != "health" }
  function is_generation(text) { return text ~ /^[1-9][0-9]*$/ && length(text) <= 10 }
  FILENAME == minimums && is_service($1) && is_generation($2) && $2 + 0 > minimum[$1] + 0 { minimum[$1] = $2 }
  FILENAME == revocations && is_service($1) && NF == 1 { revoked[$1] = 1 }
  FILENAME == revocations && is_service($1) && NF == 2 && is_generation($2) && $2 + 0 > last[$1] + 0 { last[$1] = $2 }
  function is_refused(service, generation) {
    return service in revoked || generation + 0 < minimum[service] + 0 || generation + 0 <= last[service] + 0
  }'

# with_state PROGRAM FILE…: runs a program of awk with those rules over the state and over files.
with_state() {
  state_program=$1
  shift
  awk -v minimums="$STATE/minimum-generations" -v revocations="$STATE/revoked" "$refused_rules $state_program" \
    "$STATE/minimum-generations" "$STATE/revoked" "$@"
}

# merge_state RELEASE_FOLDER: the state grows by what a release says. A service that the state knows and the release
# does not have has left: its certificates stay refused, also when an earlier release comes back.
merge_state() {
  for file in minimum-generations revoked; do [ -e "$STATE/$file" ] || : >"$STATE/$file"; done
  # shellcheck disable=SC2016 # a program of awk
  merged=$(with_state '
    FILENAME == release "/identities" && is_service($1) && is_generation($2) {
      has[$1] = 1
      if ($2 + 0 > minimum[$1] + 0) minimum[$1] = $2
    }
    FILENAME == release "/revoked" && is_service($1) { revoked[$1] = 1 }
    END {
      for (service in minimum) {
        print "minimum-generations", service, minimum[service]
        if (!(service in has) && minimum[service] + 0 > last[service] + 0) last[service] = minimum[service]
      }
      for (service in revoked) print "revoked", service
      for (service in last) print "revoked", service, last[service]
    }' release="$1" "$1/identities" "$1/revoked" | sort) || return 1
  for file in minimum-generations revoked; do
    printf '%s\n' "$merged" | sed -n "s/^$file //p" >"$STATE/$file.merged"
    if cmp -s "$STATE/$file.merged" "$STATE/$file"; then
      rm -f "$STATE/$file.merged"
    else
      write_file "$STATE/$file" 600 <"$STATE/$file.merged" && rm -f "$STATE/$file.merged" || return 1
    fi
  done
  [ -s "$STATE/stack" ] || setting "$1" stack | write_file "$STATE/stack" 600
}

# print_refused: nginx's file, for the identities of all releases that are here, so that it holds whichever is current.
print_refused() {
  echo '# Written by the activation of releases from /var/lib/hardening/state: whom no release lets in again.'
  echo "map \$allowed_dn \$is_refused {"
  echo '    default 0;'
  for folder in "$RELEASES"/*; do
    [ -s "$folder/identities" ] || continue
    # shellcheck disable=SC2016 # a program of awk
    with_state '
      FILENAME == list && stack ~ /^[a-z][a-z0-9-]*$/ && is_service($1) && is_generation($2) && is_refused($1, $2) {
        printf "    \"serialNumber=%s,CN=%s,O=%s\" 1;\n", $2, $1, stack
      }' list="$folder/identities" stack="$(setting "$folder" stack)" "$folder/identities"
  done | sort -u
  echo '}'
}

# write_refused: succeeds where the file is as it should be; sets REFUSED_CHANGED to yes where it had to be written.
write_refused() {
  REFUSED_CHANGED=no
  print_refused >"$STATE/refused.conf" || return 1
  if ! cmp -s "$STATE/refused.conf" "$REFUSED"; then
    # shellcheck disable=SC2034 # read by activate.sh
    REFUSED_CHANGED=yes
    write_file "$REFUSED" 644 <"$STATE/refused.conf" || return 1
  fi
  rm -f "$STATE/refused.conf"
}

# refused_of RELEASE_FOLDER: lines `SERVICE GENERATION` of a release's allowlist that are refused all the same.
refused_of() {
  # shellcheck disable=SC2016 # a program of awk
  with_state 'FILENAME == list && is_service($1) && is_refused($1, $2) { print $1, $2 }' \
    list="$1/identities" "$1/identities"
}

# record OUTCOME RELEASE REASON: how the last activation ended. One line each; a reason is printable ASCII.
record() {
  {
    echo "release=$2"
    echo "started=${STARTED-}"
    echo "ended=$(now)"
    echo "outcome=$1"
    printf 'reason=%s\n' "$(printf '%s' "$3" | tr '\n\t' '  ' | tr -cd ' -~' | cut -c 1-1000)"
  } | write_file "$STATE/last-activation" 600
}
