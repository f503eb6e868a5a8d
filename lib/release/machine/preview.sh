#!/bin/sh
# Checks a release as if it were current: in a mount namespace where /etc, /usr/local and /var/lib/hardening are as they
# would be after the switch, so that every absolute path in its files is right. The machine does not change.
# Usage: unshare --mount --propagation private sh preview.sh RELEASE_HASH
# Prints what is wrong; exit code 0 where nothing is.
set -u
umask 022
programs=${0%/*}
# shellcheck source=/dev/null
. "$programs/common.sh"
# shellcheck source=/dev/null
. "$programs/kinds.sh"
# shellcheck source=/dev/null
. "$programs/check.sh"
# shellcheck source=/dev/null
. "$programs/links.sh"

release=$RELEASES/$1
scratch=/run/hardening-preview

mkdir -p "$scratch" && mount -t tmpfs -o mode=711 tmpfs "$scratch" || exit 1
mkdir -m 755 "$scratch/etc" "$scratch/kit" "$scratch/kit/releases" && cp -a /etc/. "$scratch/etc" &&
  cp -a "$REFUSED" "$scratch/kit/refused.conf" && { [ ! -e "$CRL" ] || cp -a "$CRL" "$scratch/kit/crl.pem"; } && mount --bind "$RELEASES" "$scratch/kit/releases" &&
  ln -s "releases/$1" "$scratch/kit/current" || exit 1
# /usr/local may be large: what is there is linked to, in copies of the folders that releases put links into.
mkdir -m 755 "$scratch/original" "$scratch/local" && mount --rbind /usr/local "$scratch/original" || exit 1
for folder in . sbin lib lib/hardening; do
  rm -f "$scratch/local/$folder" 2>/dev/null
  mkdir -p "$scratch/local/$folder"
  find "$scratch/original/$folder" -mindepth 1 -maxdepth 1 -exec ln -s -t "$scratch/local/$folder" {} + 2>/dev/null
done
old=$(release_of "$CURRENT")
mount --rbind "$scratch/kit" "$KIT" && mount --bind "$scratch/etc" /etc &&
  mount --bind "$scratch/local" /usr/local || exit 1
put_links "$release" "$RELEASES/${old:-none}" || exit 1

for kind in $(paths_of "$release" | kinds_in); do
  if command -v "check_$kind" >/dev/null; then "check_$kind" "$release" || exit 1; fi
done
