# shellcheck shell=sh
# shellcheck disable=SC2015 # A && B || C is meant: C says what went wrong with either
# How files of each kind are checked, in the preview that preview.sh makes. Each prints what is wrong.

# As the unit starts it: its user, and nothing of what it writes.
check_gateway() {
  (
    exec 2>&1
    # Its folders of the running gateway stay untouched: in this namespace others are there.
    mount -t tmpfs -o mode=755 tmpfs /var/log && mkdir -p /run/hardening-gateway &&
      mount -t tmpfs -o mode=755 tmpfs /run/hardening-gateway || exit 1
    install -d -m 700 -o "$GATEWAY_USER" -g "$GATEWAY_USER" /var/log/hardening-gateway
    chown "$GATEWAY_USER": /run/hardening-gateway
    setpriv --reuid "$GATEWAY_USER" --regid "$GATEWAY_USER" --clear-groups \
      --inh-caps=-all,+net_bind_service --ambient-caps=-all,+net_bind_service \
      /usr/sbin/nginx -t -q -e stderr -c /etc/hardening/gateway/nginx.conf
  )
}

# Files that another one includes are checked with it.
check_nftables() {
  paths_of "$1" nftables | while read -r path; do
    case $path in
    *.nft) nft --check --file "$path" 2>&1 || exit 1 ;;
    esac
  done
}

check_sshd() {
  mkdir -p /run/sshd
  /usr/sbin/sshd -t 2>&1
}

# Units of other packages that these need may have faults of their own: they are not looked into.
check_unit() {
  units=$(paths_of "$1" unit | while read -r path; do unit_of "$path"; done | sort -u)
  for unit in $units; do
    case $unit in
    *@.*) continue ;;
    esac
    # A drop-in may be there before its unit.
    for folder in /etc/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system /lib/systemd/system; do
      [ ! -e "$folder/$unit" ] || break
    done
    [ -e "$folder/$unit" ] || continue
    said=$(systemd-analyze verify --man=no --recursive-errors=no "$folder/$unit" 2>&1) &&
      ! printf '%s' "$said" | grep -q -F -e "/etc/systemd/system/$unit" -e "$unit:" || {
      printf '%s\n' "$said"
      return 1
    }
  done
}

check_logrotate() {
  paths_of "$1" logrotate | while read -r path; do
    # It ends with 0 whatever it finds, and warns that it only looks.
    said=$(logrotate --debug "$path" 2>&1 | grep -E '^(error|warning):' | grep -v 'in debug mode')
    [ -z "$said" ] || {
      printf '%s\n' "$said"
      exit 1
    }
  done
}

check_apt() {
  paths_of "$1" apt | while read -r path; do
    said=$(apt-config dump -c "$path" 2>&1) || {
      printf '%s\n' "$said"
      exit 1
    }
  done
}

# Lines of sysctl.d(5): comments and NAME = VALUE, with - before a name that may be missing.
check_sysctl() {
  paths_of "$1" sysctl | while read -r path; do
    odd=$(grep -v -E '^[[:space:]]*([#;].*)?$|^-?[A-Za-z0-9_./*-]+[[:space:]]*=.*$' "$path" | head -n 1)
    [ -z "$odd" ] || {
      echo "$path: not a line of sysctl.d: $odd"
      exit 1
    }
  done
}
