#!/bin/sh
# Checks a release as if it were current: in a mount namespace where /etc and /var/lib/hardening are as they would be
# after the switch, so that every absolute path in its files is right. The machine does not change.
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

mkdir -p "$scratch" && mount -t tmpfs -o mode=700 tmpfs "$scratch" || exit 1
mkdir -m 755 "$scratch/etc" "$scratch/kit" "$scratch/kit/releases" && cp -a /etc/. "$scratch/etc" &&
  cp -a "$REFUSED" "$scratch/kit/refused.conf" && mount --bind "$RELEASES" "$scratch/kit/releases" &&
  ln -s "releases/$1" "$scratch/kit/current" || exit 1
old=$(release_of "$CURRENT")
mount --rbind "$scratch/kit" "$KIT" && mount --bind "$scratch/etc" /etc || exit 1
put_links "$release" "$RELEASES/${old:-none}" || exit 1

for kind in $(paths_of "$release" | kinds_in); do
  if command -v "check_$kind" >/dev/null; then "check_$kind" "$release" || exit 1; fi
done
