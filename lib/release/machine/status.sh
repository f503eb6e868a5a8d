# shellcheck shell=sh
# shellcheck disable=SC2153 # the constants are in common.sh
# What hardening-release shows.

# list_releases: the newest first.
list_releases() {
  [ -d "$RELEASES" ] || return 0
  find "$RELEASES" -mindepth 1 -maxdepth 1 -name '[0-9a-f]*' -printf '%T@ %TY-%Tm-%TdT%TH:%TM %f\n' | sort -rn |
    while read -r _ time hash; do
      case $hash in
      "$(release_of "$CURRENT")") mark=' current' ;;
      "$(release_of "$PREVIOUS")") mark=' previous' ;;
      *) mark='' ;;
      esac
      printf '%s %s%s\n' "$hash" "$time" "$mark"
    done
}

# drift: paths that the kit owns and that are not as the current release has them.
drift() {
  [ -e "$CURRENT" ] || return 0
  {
    differing_files "$CURRENT/."
    missing_links "$CURRENT"
    [ ! -e "$STATE/revoked" ] || [ "$(print_refused)" = "$(cat "$REFUSED" 2>/dev/null)" ] || echo "$REFUSED"
    [ -z "$(crl_problem "$CURRENT")" ] || echo "$CRL"
  } | sort -u
}

last() {
  [ ! -e "$STATE/last-activation" ] || sed -n "s/^$1=//p" "$STATE/last-activation"
}

# status_lines: lines `NAME VALUE`, of which drift and refused may come several times.
status_lines() {
  current=$(release_of "$CURRENT")
  echo "release $current"
  echo "previous $(release_of "$PREVIOUS")"
  if [ -z "$current" ]; then
    echo 'health no release is in force'
  else
    echo "health $(health_problem "$CURRENT")"
    refused_of "$CURRENT" | sed 's/^/refused /'
  fi
  drift | sed 's/^/drift /'
  for name in release started ended outcome reason; do echo "last_$name $(last "$name")"; done
  [ ! -s "$JOURNAL" ] || echo "interrupted $(journal_value release)"
}

show_status() {
  [ "$(id -u)" -eq 0 ] || refuse 'status needs root' 'run it with sudo'
  lines=$(status_lines)
  printf '%s\n' "$lines" | sed -E 's/^health $/health ok/'
  is_well "$lines"
}

show_status_json() {
  [ "$(id -u)" -eq 0 ] || refuse 'status needs root' 'run it with sudo'
  lines=$(status_lines)
  # shellcheck disable=SC2016 # a program of awk
  printf '%s\n' "$lines" | awk '
    function text(value) {
      gsub(/[^ -~]/, "", value)
      gsub(/\\/, "\\\\", value)
      gsub(/"/, "\\\"", value)
      return "\"" value "\""
    }
    { name = $1; value = substr($0, length($1) + 2) }
    name == "drift" || name == "refused" { lists[name] = lists[name] (lists[name] == "" ? "" : ",") text(value); next }
    { printf "%s%s:%s", (count++ ? "," : "{"), text(name), text(value) }
    END { printf ",\"drift\":[%s],\"refused\":[%s]}\n", lists["drift"], lists["refused"] }'
  is_well "$lines"
}

# is_well STATUS_LINES
is_well() {
  ! printf '%s\n' "$1" | grep -q -E '^(drift|interrupted) |^health .|^last_outcome (failed|stuck|refused|interrupted|rolled-back)$' ||
    return "$FAILED"
}
