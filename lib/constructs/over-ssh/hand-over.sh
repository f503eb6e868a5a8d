# shellcheck shell=sh
# shellcheck disable=SC2154 # upload is set by the line before: the name of this upload
# Gives an upload to root and activates it. The upload is gone afterwards, whatever the end.
set -eu
from="$HOME/.hardening-upload/$upload"
incoming=/var/lib/hardening/incoming
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}
clean_up() {
  rm -rf "$from"
  as_root rm -rf "$incoming/$upload"
}
trap clean_up EXIT
# A connection that breaks does not end an activation.
trap '' HUP PIPE
trap 'exit 130' INT
trap 'exit 143' TERM
as_root install -d -m 0711 /var/lib/hardening
as_root install -d -m 0700 "$incoming"
as_root mv "$from" "$incoming/$upload"
as_root chown -R -h root:root "$incoming/$upload"
# confirm.sh follows with a login of its own: what would keep that out is taken back after this time.
as_root env SYSTEMD_COLORS=0 HARDENING_CONFIRM_SECONDS=90 sh "$incoming/$upload/programs/activate.sh" "$incoming/$upload"
