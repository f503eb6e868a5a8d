# shellcheck shell=sh
# shellcheck disable=SC2154 # release is set by the line before: the hash of what was activated
# Tells the machine that a new login is possible with the release in force. Terraform logs in anew for each provisioner.
set -eu
if [ "$(id -u)" -eq 0 ]; then
  /usr/local/sbin/hardening-release confirm "$release"
else
  sudo -n /usr/local/sbin/hardening-release confirm "$release"
fi
