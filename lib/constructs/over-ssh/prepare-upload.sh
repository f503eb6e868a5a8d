# shellcheck shell=sh
# shellcheck disable=SC2154 # upload is set by the line before: the name of this upload
# Makes the private folder that a release is uploaded into, in the home of the user that logged in.
set -eu
umask 077
if [ "$(id -u)" -ne 0 ] && ! sudo -n true 2>/dev/null; then
  echo "hardening: stopped: the user $(id -un) may not run sudo without a password; nothing was changed" >&2
  echo "hardening:   what to do: deploy as root, or give this user a line 'NAME ALL=(ALL) NOPASSWD: ALL' in /etc/sudoers.d" >&2
  exit 2
fi
if ! command -v scp >/dev/null; then
  echo 'hardening: stopped: there is no scp, which releases are uploaded with; nothing was changed' >&2
  echo 'hardening:   what to do: apt-get install openssh-client' >&2
  exit 2
fi
mkdir -p "$HOME/.hardening-upload"
chmod 0700 "$HOME/.hardening-upload"
# What a broken connection left behind, and the emptied scripts that terraform leaves. Another apply may be uploading:
# an hour is longer than that takes.
find "$HOME/.hardening-upload" -mindepth 1 -maxdepth 1 -mmin +60 -exec rm -rf {} +
find "$HOME" -maxdepth 1 -type f -name '.hardening-[0-9]*.sh' -mmin +60 -exec rm -f {} +
mkdir "$HOME/.hardening-upload/$upload" "$HOME/.hardening-upload/$upload/tls"
