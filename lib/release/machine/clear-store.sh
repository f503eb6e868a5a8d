#!/bin/sh
# Takes out of a store of models what pull-models put there, and nothing of anybody else's.
# Usage: clear-store.sh STORE keep|remove   as the store's user
#   Downloads that did not end go. With `remove`, each model goes that was fetched and is still as it was fetched, and
#   each blob that was fetched and belongs to no model that stays.
# Exit code: 0 when all of that is gone, 1 otherwise.
set -u
store=$1
fetched=$store/.hardening-fetched
result=0

say() { printf 'hardening: %s\n' "$*"; }

# Lines as pull-models writes them: `manifest SHA256 PATH_BELOW_MANIFESTS` and `blob SHA256`.
recorded() { grep -E "^$1 [0-9a-f]{64}( [A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)+)?\$" "$fetched" | sort -u; }

# The tag of a path is behind a colon in a model's name.
name_of() { printf '%s:%s\n' "${1%/*}" "${1##*/}"; }

remove_manifests() {
  recorded manifest | while read -r _ sha256 path; do
    manifest=$store/manifests/$path
    if [ -z "$path" ] || [ ! -f "$manifest" ]; then continue; fi
    [ "$(sha256sum <"$manifest" | cut -d ' ' -f 1)" = "$sha256" ] || continue
    rm -f "$manifest" || exit 1
    (cd "$store/manifests" && rmdir -p --ignore-fail-on-non-empty "${path%/*}")
    say "removed the model $(name_of "$path")"
  done
}

remove_blobs() {
  recorded blob | while read -r _ sha256 _; do
    blob=$store/blobs/sha256-$sha256
    [ -f "$blob" ] || continue
    if [ -d "$store/manifests" ] && grep -r -q -F -e "$sha256" "$store/manifests"; then
      say "the blob sha256:$sha256 stays: a model that was not fetched has it too"
    else
      rm -f "$blob" || exit 1
    fi
  done
}

rm -rf "$store/.hardening-staging" || result=1
if [ "$2" = remove ]; then
  if [ ! -s "$fetched" ]; then
    say 'no model here was fetched by the kit'
  elif remove_manifests && remove_blobs; then
    rm -f "$fetched" || result=1
  else
    result=1
  fi
fi
exit "$result"
