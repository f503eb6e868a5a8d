# shellcheck shell=sh
# Packages and users that a release needs.

is_installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# missing_packages RELEASE_FOLDER
missing_packages() {
  wanted_packages=$(paths_of "$1" | kinds_in | while read -r kind; do packages_for "$kind"; done | tr ' ' '\n')
  # Ollama's own archive is compressed with zstd.
  case $(setting "$1" ollama_version):$(setting "$1" ollama_url) in
  :* | *.tgz | *.tar.gz) ;;
  *) wanted_packages="$wanted_packages zstd" ;;
  esac
  for package in $wanted_packages; do
    # Any package that brings nginx will do, the machine's own sites may need more than nginx-light.
    case $package in
    nginx-light) [ -x /usr/sbin/nginx ] || echo "$package" ;;
    systemd-timesyncd) is_installed "$package" || has_other_time_service || echo "$package" ;;
    *) is_installed "$package" || echo "$package" ;;
    esac
  done | sort -u
}

# install_packages RELEASE_FOLDER: what is missing, and starts no server that comes with it.
install_packages() {
  missing=$(missing_packages "$1" | tr '\n' ' ')
  [ -n "$missing" ] || return 0
  say "installs $missing"
  # The distribution's own site would take port 80. Masked, so that it does not come with the next boot either.
  masked=
  case " $missing" in
  *' nginx-light '*)
    if [ ! -e /etc/systemd/system/nginx.service ] && [ ! -L /etc/systemd/system/nginx.service ]; then
      systemctl --quiet mask nginx.service && masked=yes
    fi
    ;;
  esac
  # Descriptor 9 is the lock, which no server may inherit.
  # shellcheck disable=SC2086 # a list of names
  {
    apt_get install --no-install-recommends $missing ||
      { apt_get update && apt_get install --no-install-recommends $missing; }
  } 9>&- || {
    [ -z "$masked" ] || systemctl --quiet unmask nginx.service
    refuse "apt-get could not install $missing" \
      'look at what apt-get said above: is the mirror of /etc/apt reachable from this machine, is another apt-get running?'
  }
  if [ -n "$masked" ]; then
    systemctl --quiet unmask nginx.service && systemctl --quiet disable nginx.service 2>/dev/null
    say 'the service of the package nginx-light stays off: the gateway is an nginx instance of its own'
  fi
}

apt_get() {
  DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l NEEDRESTART_SUSPEND=1 \
    apt-get -q -y -o DPkg::Lock::Timeout=120 -o Acquire::Retries=1 "$@" </dev/null >&2
}

# make_users: static users, so that nftables and files can name them. One that is there stays as it is.
make_users() {
  for user in "$GATEWAY_USER:/nonexistent" ollama:/usr/share/ollama hardening-proxy:/nonexistent \
    hardening-models:/nonexistent hardening-metrics:/nonexistent; do
    name=${user%%:*}
    if ! getent passwd "$name" >/dev/null; then
      if getent group "$name" >/dev/null; then group="--gid $name"; else group=--user-group; fi
      say "makes the system user $name"
      # shellcheck disable=SC2086 # an option, or an option and its value
      useradd --system $group --no-create-home --home-dir "${user#*:}" --shell /usr/sbin/nologin "$name" ||
        refuse "the user $name could not be made" 'look at what useradd said above'
    fi
  done
}
