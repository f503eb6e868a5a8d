# shellcheck shell=sh
# shellcheck disable=SC2015 # A && B || C is meant: C says what went wrong with either
# Takes an upload in: a copy that only root can change is checked, and only what was checked is used.

# Lines of the upload's files, as extended regular expressions. Everything is printable ASCII without quotes, so that it
# may stand in a shell's word, a path or nginx's file.
NAME='[a-z][a-z0-9-]{0,63}'
MANIFEST_LINE='[0-9a-f]{64}  0(644|755)  (/[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*)+'
IDENTITY_LINE="$NAME [1-9][0-9]{0,9}"
REVOKED_LINE="$NAME ([1-9][0-9]{0,9}|all) [0-9]{4}-[01][0-9]-[0-3][0-9] [ -~]{1,400}"
ISSUED_LINE="([1-9][0-9]{0,9}|external-[0-9a-f]{8}) [1-9][0-9]{0,49} $NAME [1-9][0-9]{0,9} [0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9](Z|[+-][0-2][0-9]:[0-5][0-9])"
SETTING_LINE='[a-z0-9_]{1,40}=[A-Za-z0-9._:/@%+~?&=,-]{0,1000}'
# What a release may own. /etc/hardening and /usr/local/lib/hardening are the kit's alone; elsewhere it adds files.
OWNED_PATH='/etc/(hardening|systemd/system|systemd/journald\.conf\.d|systemd/timesyncd\.conf\.d|logrotate\.d|ssh/sshd_config\.d|sysctl\.d|tmpfiles\.d|apt/apt\.conf\.d)/.*|/usr/local/lib/hardening/.*'
NEW_UPLOAD='send the release again: run the apply once more'

# only_lines FILE PATTERN: every line is whole and has this form.
only_lines() {
  [ -f "$1" ] && [ "$(wc -c <"$1")" -le 4194304 ] || return 1
  if [ -s "$1" ] && [ "$(tail -c 1 "$1" | od -An -tx1)" != ' 0a' ]; then return 1; fi
  # Bytes that are no text would end a line early for some programs.
  [ "$(tr -d '\000' <"$1" | wc -c)" -eq "$(wc -c <"$1")" ] && ! grep -q -v -x -E -e "$2" "$1"
}

# check_form FOLDER: nothing but files and folders, each where it may be.
check_form() {
  [ -d "$1" ] && [ ! -L "$1" ] || refuse "there is no upload in $1" "$NEW_UPLOAD"
  odd=$(cd "$1" && find . -mindepth 1 ! -type f ! -type d | head -n 1)
  [ -z "$odd" ] || refuse "the upload has $odd, which is a link or a device" "$NEW_UPLOAD"
  odd=$(cd "$1" && find . -mindepth 1 -maxdepth 1 | sed 's|^\./||' |
    grep -v -x -E 'release|manifest|settings|identities|revoked|issued|files|tls|programs' | head -n 1)
  [ -z "$odd" ] || refuse "the upload has $odd, which is no part of a release" "$NEW_UPLOAD"
  for part in release manifest settings identities revoked issued tls/ca.crt tls/server.crt tls/server.key \
    tls/health.crt tls/health.key programs/activate.sh; do
    [ -f "$1/$part" ] || refuse "the upload lacks $part" "$NEW_UPLOAD"
  done
}

# release_hash FOLDER: the name of what is in it. Private keys are left out: each belongs to a certificate. The CRL is
# left out too: it is no release's.
release_hash() {
  (
    cd "$1" && {
      printf '%s\n' identities issued manifest revoked settings tls/ca.crt tls/health.crt tls/server.crt
      find programs -type f
    } | sort | xargs sha256sum -- | sha256sum | cut -d ' ' -f 1
  )
}

# differing_files FOLDER: the paths of files/ that are not as its manifest says, or that it does not name.
differing_files() {
  (
    scratch=$(mktemp -d) && cd "$1" || exit
    {
      (cd files && find . -type f -exec stat -c '0%a  %n' {} +) | sed 's|  \.|  |' | sort >"$scratch/found"
      sed -E 's|^[0-9a-f]+  ||' manifest | sort >"$scratch/wanted"
      sed -E 's|^([0-9a-f]+)  0[0-7]+  /(.*)$|\1  ./\2|' manifest >"$scratch/sums"
      # In a release a link stands for this file.
      if [ "$(readlink "files$REFUSED_PATH")" = "$REFUSED" ]; then
        for list in wanted sums; do sed -i "\|  [.]*$REFUSED_PATH\$|d" "$scratch/$list"; done
      fi
      (cd files && sha256sum --check --quiet --strict "$scratch/sums" 2>/dev/null) |
        sed -n 's|^\./\(.*\): FAILED.*|/\1|p'
      comm -3 "$scratch/found" "$scratch/wanted" | sed -E 's|^[[:space:]]*0[0-7]+  ||'
    } | sort -u
    rm -rf "$scratch"
  )
}

# check_copy FOLDER: the copy is a whole release and belongs on this machine.
check_copy() {
  check_form "$1"
  only_lines "$1/manifest" "$MANIFEST_LINE" && [ -s "$1/manifest" ] ||
    refuse 'a line of the manifest has not the form HASH MODE /PATH' "$NEW_UPLOAD"
  foreign=$(paths_of "$1" | grep -v -x -E -e "$OWNED_PATH" | head -n 1)
  [ -z "$foreign" ] || refuse "the manifest names $foreign, which no release may own" "$NEW_UPLOAD"
  twice=$(paths_of "$1" | sort | uniq -d | head -n 1)
  [ -z "$twice" ] || refuse "the manifest names $twice twice" "$NEW_UPLOAD"
  check_lists "$1"
  only_lines "$1/settings" "$SETTING_LINE" || refuse 'a line of settings has not the form NAME=VALUE' "$NEW_UPLOAD"
  twice=$(cut -d = -f 1 "$1/settings" | sort | uniq -d | head -n 1)
  [ -z "$twice" ] || refuse "the settings name $twice twice" "$NEW_UPLOAD"
  setting "$1" stack | grep -q -x -E -e "$NAME" || refuse 'the settings name no stack' "$NEW_UPLOAD"
  setting "$1" drain_seconds | grep -q -x -E '0|[1-9][0-9]{0,3}' || refuse 'the settings have no drain_seconds' "$NEW_UPLOAD"
  for name in listen_port ollama_port; do
    setting "$1" "$name" | grep -q -x -E '[1-9][0-9]{0,4}' || refuse "the settings have no $name" "$NEW_UPLOAD"
  done
  [ "$(cat "$1/release")" = "$(release_hash "$1")" ] ||
    refuse 'the upload is not the release that it is named after: something in it was changed or lost' "$NEW_UPLOAD"
  set_modes "$1"
  differing=$(differing_files "$1" | head -n 1)
  [ -z "$differing" ] ||
    refuse "the file $differing of the upload is missing, or is not as the manifest says" "$NEW_UPLOAD"
}

# check_lists FOLDER: what says who is let in, who is not, and which certificates there are.
check_lists() {
  only_lines "$1/identities" "$IDENTITY_LINE" ||
    refuse 'a line of identities has not the form SERVICE GENERATION' "$NEW_UPLOAD"
  many=$(cut -d ' ' -f 1 "$1/identities" | sort | uniq -c | awk '$1 > 2 { print $2; exit }')
  [ -z "$many" ] || refuse "identities has more than two generations of $many" "$NEW_UPLOAD"
  only_lines "$1/revoked" "$REVOKED_LINE" ||
    refuse 'a line of revoked has not the form SERVICE GENERATION|all YYYY-MM-DD REASON' "$NEW_UPLOAD"
  only_lines "$1/issued" "$ISSUED_LINE" ||
    refuse 'a line of issued has not the form CA SERIAL SERVICE GENERATION NOT_AFTER' "$NEW_UPLOAD"
}

# set_modes RELEASE_FOLDER: what is no secret can be read by all, and changed by root alone.
set_modes() {
  chown -R root:root "$1" && chmod 755 "$1" && find "$1/files" "$1/programs" -type d -exec chmod 755 {} + &&
    find "$1/programs" -type f -exec chmod 644 {} + && chmod 755 "$1/programs/hardening-release.sh" &&
    chmod 644 "$1/release" "$1/manifest" "$1/settings" "$1/identities" "$1/revoked" "$1/issued" && chmod 700 "$1/tls" &&
    while read -r _ mode path; do
      if [ -e "$1/files$path" ]; then chmod "$mode" "$1/files$path"; fi
    done <"$1/manifest"
}

# check_certificates FOLDER: each key is its certificate's, and the CA signed both for what they are used for.
check_certificates() {
  renew='renew the certificates, and apply again'
  for leaf in server:sslserver health:sslclient; do
    name=${leaf%:*} purpose=${leaf#*:}
    public=$(openssl x509 -in "$1/tls/$name.crt" -noout -pubkey 2>/dev/null) && [ -n "$public" ] ||
      refuse "tls/$name.crt is no certificate" "$renew"
    [ "$public" = "$(openssl pkey -in "$1/tls/$name.key" -pubout 2>/dev/null </dev/null)" ] ||
      refuse "tls/$name.key is not the key of tls/$name.crt" "$renew"
    problem=$(openssl verify -purpose "$purpose" -CAfile "$1/tls/ca.crt" "$1/tls/$name.crt" 2>&1) ||
      refuse "tls/$name.crt is not accepted: $(printf '%s' "$problem" | sed -n 's/^error [0-9]* at [0-9]* depth lookup: *//p' | head -n 1)" "$renew"
  done
}

# check_machine FOLDER: the release was made for this distribution and this stack.
check_machine() {
  wanted=$(setting "$1" distribution)
  # shellcheck disable=SC1091 # a file of the distribution
  found=$(. /etc/os-release && printf '%s-%s' "$ID" "${VERSION_ID-}")
  [ "$found" = "$wanted" ] || refuse "the release is for $wanted, this machine is $found" \
    "set target.distribution to '$found', if it is one that the kit supports"
  stack=$(setting "$1" stack)
  [ ! -s "$STATE/stack" ] || [ "$(cat "$STATE/stack")" = "$stack" ] ||
    refuse "this machine belongs to stack $(cat "$STATE/stack"), the release is of stack $stack" \
      "deploy to another machine, or destroy stack $(cat "$STATE/stack") on this one first"
  [ "$(stat -c %d /etc)" = "$(stat -c %d "$KIT")" ] ||
    refuse '/etc and /var/lib/hardening are on two file systems: systemd would look for units before they are there' \
      'use a machine with both on one file system'
}

# check_space FOLDER: room for the copy, for what nginx and apt write, and for turning back. Half of what is asked for
# is margin.
check_space() {
  needed=$(($(du -s -k --apparent-size "$1" | cut -f 1) * 2 + 32768))
  free=$(df -k --output=avail "$KIT" | tail -n 1)
  [ "$free" -ge "$needed" ] || refuse "$KIT has $((free / 1024)) MiB free, this needs $((needed / 1024)) MiB" \
    'make room, for example with: apt-get clean; journalctl --vacuum-size=100M'
  inodes=$(df --output=iavail "$KIT" | tail -n 1 | tr -d ' ')
  # File systems without a table of inodes say 0 or -.
  case $inodes in
  *[!0-9]* | 0) ;;
  *) [ "$inodes" -ge 1000 ] || refuse "$KIT has $inodes inodes free" 'remove files that are not needed' ;;
  esac
}

# lay_down COPY HASH: makes a checked copy a release, or mends the release of that name. Prints `mended` for the latter.
lay_down() {
  target=$RELEASES/$2
  chown root:"$GATEWAY_USER" "$1/tls" "$1/tls/ca.crt" "$1/tls/server.crt" "$1/tls/server.key" &&
    chmod 750 "$1/tls" && chmod 640 "$1/tls/ca.crt" "$1/tls/server.crt" "$1/tls/server.key" &&
    chmod 600 "$1/tls/health.crt" "$1/tls/health.key" || return 1
  if [ -d "$1/files/etc/hardening/gateway" ]; then
    ln -s ../../../../tls "$1/files/etc/hardening/gateway/tls" &&
      ln -sfT "$REFUSED" "$1/files$REFUSED_PATH" || return 1
  fi
  # The CRLs in force are no release's own.
  ln -sfT "$CRL" "$1/tls/ca.crl" && print_expiry "$1" >"$1/expiry" && chmod 644 "$1/expiry" || return 1
  links_of "$1" >"$1/links" || return 1
  # systemd compares times of unit files: those that did not change keep theirs.
  if [ -e "$CURRENT" ]; then
    (cd "$1/files" && find . -type f) | while read -r file; do
      if cmp -s "$1/files/$file" "$CURRENT/files/$file"; then touch -r "$CURRENT/files/$file" "$1/files/$file"; fi
    done
  fi
  find "$1" -type f -exec sync {} + && find "$1" -type d -exec sync {} + || return 1
  if [ ! -e "$target" ]; then
    mv -T "$1" "$target" && sync "$RELEASES"
  elif [ -n "$(differences "$1" "$target")" ]; then
    echo mended
    # Into the folder that current may lead to: each file at once, so that every moment has a whole one.
    (cd "$1" && find . -type d) | while read -r folder; do mkdir -p "$target/$folder"; done
    (cd "$1" && find . ! -type d) | while read -r file; do
      rm -rf "$target/$file.partial" && cp -a "$1/$file" "$target/$file.partial" &&
        mv -f -T "$target/$file.partial" "$target/$file" || exit 1
    done || return 1
    (cd "$target" && find . -depth -mindepth 1) | while read -r file; do
      if [ ! -e "$1/$file" ] && [ ! -L "$1/$file" ]; then rm -rf "${target:?}/$file"; fi
    done
    (cd "$1" && find . -type d -exec stat -c '%a %U:%G %n' {} +) | while read -r mode owner folder; do
      chown "$owner" "$target/$folder" && chmod "$mode" "$target/$folder"
    done
  fi
}

# differences A B: what one release's folder has that the other has not, with modes and owners; times do not count.
differences() {
  {
    inventory "$1"
    inventory "$2"
  } | sort | uniq -u
}

inventory() {
  (
    cd "$1" && {
      find . -exec stat -c '%n %f %U:%G' {} +
      find . -type l -printf '%p -> %l\n'
      find . -type f -exec sha256sum {} +
    }
  )
}
