# shellcheck shell=sh
# The stable links in /etc, all through `current`. A release's file `links` has lines `PATH -> TARGET`.

# wanted_by UNIT_FILE: lines `TARGET FOLDER_SUFFIX` of its [Install] section.
wanted_by() {
  sed -n -E 's/^WantedBy= *//p' "$1" | tr -s ' ' '\n' | sed 's/$/ wants/'
  sed -n -E 's/^RequiredBy= *//p' "$1" | tr -s ' ' '\n' | sed 's/$/ requires/'
}

# install_links UNIT UNIT_FILE: what `systemctl enable` would make. The kit makes them itself, so that a release owns
# them and they lead through `current`.
install_links() {
  wanted_by "$2" | while read -r target suffix; do
    [ -z "$target" ] || printf '/etc/systemd/system/%s.%s/%s -> /etc/systemd/system/%s\n' "$target" "$suffix" "$1" "$1"
  done
}

# links_of RELEASE_FOLDER: the links that it needs. What is the kit's alone is one link to a folder.
links_of() {
  {
    echo "/usr/local/sbin/hardening-release -> $CURRENT/programs/hardening-release.sh"
    echo "/etc/systemd/system/hardening-recover.service -> $CURRENT/programs/hardening-recover.service"
    install_links hardening-recover.service "$1/programs/hardening-recover.service"
    paths_of "$1" | while read -r path; do
      case $path in
      /etc/hardening/*) echo "/etc/hardening -> $CURRENT/files/etc/hardening" ;;
      *) echo "$path -> $CURRENT/files$path" ;;
      esac
    done
    paths_of "$1" unit | while read -r path; do
      case $path in
      /etc/systemd/system/*/*) ;;
      *) install_links "${path##*/}" "$1/files$path" ;;
      esac
    done
  } | sort -u
}

# check_links RELEASE_FOLDER: nothing that somebody else put there stands in the way.
check_links() {
  while read -r path _ target; do
    if [ -L "$path" ]; then
      [ "$(readlink "$path")" = "$target" ] ||
        refuse "$path is a link to $(readlink "$path"), which the kit did not make" "move it away, and apply again"
    elif [ -e "$path" ]; then
      refuse "$path is there already, and the kit did not put it there" \
        "look at it, move it away (mv $path $path.before), and apply again"
    fi
  done <"$1/links"
}

# put_links NEW OLD: makes those of NEW and removes those that only OLD has. Folders of releases; OLD may be missing.
put_links() {
  if [ -e "$2/links" ]; then
    while read -r path _ target; do
      if [ -e "$1/links" ] && grep -q -x -F -e "$path -> $target" "$1/links"; then continue; fi
      if [ "$(readlink "$path")" = "$target" ]; then rm -f "$path" || return 1; fi
      case $path in
      /etc/systemd/system/*/*) rmdir --ignore-fail-on-non-empty "${path%/*}" 2>/dev/null || : ;;
      esac
    done <"$2/links"
  fi
  [ -e "$1/links" ] || return 0
  while read -r path _ target; do
    if [ "$(readlink "$path")" = "$target" ]; then continue; fi
    if [ -e "$path" ] && [ ! -L "$path" ]; then
      complain "$path is in the way of a link"
      return 1
    fi
    mkdir -p "${path%/*}" && write_link "$path" "$target" || return 1
  done <"$1/links"
}

# missing_links RELEASE_FOLDER: paths of its links that are not there, or lead elsewhere.
missing_links() {
  while read -r path _ target; do
    [ "$(readlink "$path")" = "$target" ] || printf '%s\n' "$path"
  done <"$1/links"
}
