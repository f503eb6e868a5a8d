# shellcheck shell=sh
# Takes the kit off a machine that terraform no longer wants it on. Models, packages and logs stay.
set -eu
if [ ! -x /usr/local/sbin/hardening-release ]; then
  echo 'hardening: there is nothing of the kit on this machine'
elif [ "$(id -u)" -eq 0 ]; then
  /usr/local/sbin/hardening-release remove
else
  sudo -n /usr/local/sbin/hardening-release remove
fi
