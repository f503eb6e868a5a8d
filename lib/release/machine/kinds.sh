# shellcheck shell=sh
# What a path of the tree is. check.sh and reload.sh have a function for each kind that needs one.

# kind_of PATH: a word, or several.
kind_of() {
  case $1 in
  /etc/hardening/gateway/*) echo gateway ;;
  # The unit reloads itself: between its stop and its start there would be no filter.
  /etc/hardening/nftables/* | /usr/local/lib/hardening/load-nftables) echo nftables ;;
  /etc/systemd/system/hardening-nftables.service) echo unit nftables ;;
  /etc/ssh/sshd_config.d/*) echo sshd ;;
  /etc/systemd/system/*) echo unit ;;
  /etc/systemd/journald.conf.d/*) echo journald ;;
  /etc/systemd/timesyncd.conf.d/*) echo timesyncd ;;
  /etc/sysctl.d/*) echo sysctl ;;
  /etc/tmpfiles.d/*) echo tmpfiles ;;
  /etc/logrotate.d/*) echo logrotate ;;
  /etc/apt/apt.conf.d/*) echo apt ;;
  *) echo other ;;
  esac
}

# unit_of PATH: the unit that a file under /etc/systemd/system is, or is a drop-in of.
unit_of() {
  unit_path=${1#/etc/systemd/system/}
  case $unit_path in
  *.d/*.conf) printf '%s\n' "${unit_path%%.d/*}" ;;
  */*) ;;
  *) printf '%s\n' "$unit_path" ;;
  esac
}

# paths_of RELEASE_FOLDER [KIND]: the paths that a release owns, those of one kind or all.
paths_of() {
  while read -r _ _ kinds_path; do
    if [ $# -eq 1 ]; then
      printf '%s\n' "$kinds_path"
    else
      case " $(kind_of "$kinds_path") " in
      *" $2 "*) printf '%s\n' "$kinds_path" ;;
      esac
    fi
  done <"$1/manifest"
}

# kinds_in: the kinds of the paths on standard input, each once.
kinds_in() {
  while read -r kinds_path; do kind_of "$kinds_path"; done | tr ' ' '\n' | sort -u
}

# packages_for KIND: what must be installed for files of a kind.
packages_for() {
  case $1 in
  gateway) echo 'nginx-light curl openssl' ;;
  nftables) echo nftables ;;
  sshd) echo openssh-server ;;
  timesyncd) echo systemd-timesyncd ;;
  logrotate) echo logrotate ;;
  apt) echo unattended-upgrades ;;
  esac
}
