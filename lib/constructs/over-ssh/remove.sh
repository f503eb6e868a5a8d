# shellcheck shell=sh
# shellcheck disable=SC2154 # remove_models is set by the line before: true or false
# Takes the kit off a machine that terraform no longer wants it on. Packages and logs stay, and models unless told.
set -eu
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}
if [ ! -x /usr/local/sbin/hardening-release ]; then
  echo 'hardening: there is nothing of the kit on this machine'
elif [ "$remove_models" = true ]; then
  as_root /usr/local/sbin/hardening-release remove --models
else
  as_root /usr/local/sbin/hardening-release remove
fi
