# shellcheck shell=sh
# What outlives every release and only grows: whom no release lets in again, whatever its allowlist says.
#
# state/minimum-generations  lines `SERVICE GENERATION`: certificates below it are refused
# state/highest-generations  lines `SERVICE GENERATION`: the last that a release let in
# state/revoked              lines `SERVICE` (refused whatever its generation) or `SERVICE GENERATION` (refused up to it)

STATE_LISTS='minimum-generations highest-generations revoked'

# The program of awk that reads them and knows what is refused.
# shellcheck disable=SC2016 # a program of awk
refused_rules='
  function is_service(text) { return text ~ /^[a-z][a-z0-9-]*$/ && length(text) <= 64 && text != "health" }
  function is_generation(text) { return text ~ /^[1-9][0-9]*$/ && length(text) <= 10 }
  FILENAME == state "/minimum-generations" && is_service($1) && is_generation($2) && $2 + 0 > minimum[$1] + 0 { minimum[$1] = $2 }
  FILENAME == state "/highest-generations" && is_service($1) && is_generation($2) && $2 + 0 > highest[$1] + 0 { highest[$1] = $2 }
  FILENAME == state "/revoked" && is_service($1) && NF == 1 { revoked[$1] = 1 }
  FILENAME == state "/revoked" && is_service($1) && NF == 2 && is_generation($2) && $2 + 0 > last[$1] + 0 { last[$1] = $2 }
  function is_refused(service, generation) {
    return service in revoked || generation + 0 < minimum[service] + 0 || generation + 0 <= last[service] + 0
  }
  function next_generation(service) {
    return minimum[service] + 0 > last[service] + 1 ? minimum[service] + 0 : last[service] + 1
  }'

# with_state PROGRAM [FILE…]: runs a program of awk with those rules over the state in STATE and over files.
with_state() {
  state_program=$1
  shift
  for list in $STATE_LISTS; do
    [ ! -e "$STATE/$list" ] || set -- "$STATE/$list" "$@"
  done
  # Without any file awk would wait for standard input.
  awk -v state="$STATE" "$refused_rules $state_program" "$@" /dev/null
}

# merged_state RELEASE_FOLDER: the state with what a release says, as lines `LIST LINE`. A service that the state knows
# and the release does not have has left: its certificates stay refused, also when an earlier release comes back.
merged_state() {
  # shellcheck disable=SC2016 # a program of awk
  with_state '
    FILENAME == release "/identities" && is_service($1) && is_generation($2) {
      if (!($1 in least) || $2 + 0 < least[$1] + 0) least[$1] = $2
      if ($2 + 0 > highest[$1] + 0) highest[$1] = $2
    }
    FILENAME == release "/revoked" && is_service($1) && $2 == "all" { revoked[$1] = 1 }
    FILENAME == release "/revoked" && is_service($1) && is_generation($2) && $2 + 0 > last[$1] + 0 { last[$1] = $2 }
    END {
      for (service in least) if (least[service] + 0 > minimum[service] + 0) minimum[service] = least[service]
      # A state of before two generations could be let in has no highest one.
      for (service in minimum) if (minimum[service] + 0 > highest[service] + 0) highest[service] = minimum[service]
      for (service in highest) {
        print "highest-generations", service, highest[service]
        if (!(service in least) && highest[service] + 0 > last[service] + 0) last[service] = highest[service]
      }
      for (service in minimum) print "minimum-generations", service, minimum[service]
      for (service in revoked) print "revoked", service
      for (service in last) if (last[service] + 0 > 0) print "revoked", service, last[service]
    }' release="$1" "$1/identities" "$1/revoked" | sort
}

# list_of MERGED LIST
list_of() {
  printf '%s\n' "$1" | sed -n "s/^$2 //p"
}

# merge_state RELEASE_FOLDER: the state grows by what a release says.
merge_state() {
  merged=$(merged_state "$1") || return 1
  for list in $STATE_LISTS; do
    list_of "$merged" "$list" >"$STATE/$list.merged" || return 1
    if [ -e "$STATE/$list" ] && cmp -s "$STATE/$list.merged" "$STATE/$list"; then
      rm -f "$STATE/$list.merged"
    else
      write_file "$STATE/$list" 600 <"$STATE/$list.merged" && rm -f "$STATE/$list.merged" || return 1
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

# write_refused: succeeds where the file is as it should be.
write_refused() {
  print_refused >"$STATE/refused.conf" || return 1
  if ! cmp -s "$STATE/refused.conf" "$REFUSED"; then
    ask_for_reload || return 1
    # A line that leaves takes nobody away.
    if grep '" 1;$' "$STATE/refused.conf" | grep -q -v -x -F -f "$(or_nothing "$REFUSED")"; then
      take_away 'an identity is refused' || return 1
    fi
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

# explain_refused RELEASE_FOLDER: says of each of them how the service is let in again.
explain_refused() {
  # shellcheck disable=SC2016 # a program of awk
  with_state '
    FILENAME == list && is_service($1) { has[$1 " " $2 + 0] = 1; if (is_refused($1, $2)) lines[++count] = $1 " " $2 }
    END {
      for (i = 1; i <= count; i++) {
        split(lines[i], word, " ")
        generation = next_generation(word[1])
        if (word[1] in revoked) way = "never"
        else way = ((word[1] " " generation) in has) ? "has" : "raise"
        print word[1], word[2], way, generation
      }
    }' list="$1/identities" "$1/identities" | while read -r service generation way next; do
    case $way in
    never) way="the name is revoked for good, give the service another one" ;;
    has) way="its generation $next is let in" ;;
    *) way="raise its generation to $next" ;;
    esac
    say "NOTE: $service with generation $generation is in this release and stays refused, it was revoked before: $way"
  done
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
