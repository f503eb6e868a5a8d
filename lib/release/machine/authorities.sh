# shellcheck shell=sh
# The CAs that releases trust. A CA is known by the SHA-256 of its name and key: a renewed certificate of it is the same.
#
# state/dropped-authorities  one CA a line, which a release in force trusted and the next one did not

DROPPED=$STATE/dropped-authorities

# split_pem LABEL FOLDER [FILE…]: each PEM block with this label becomes a file of the folder, in their order.
split_pem() {
  pem_label=$1 pem_folder=$2
  shift 2
  mkdir -p "$pem_folder" && cat "$@" /dev/null | awk -v label="$pem_label" -v folder="$pem_folder" '
    $0 == "-----BEGIN " label "-----" { file = sprintf("%s/%04d.pem", folder, ++count) }
    file != "" { print >file }
    file != "" && $0 == "-----END " label "-----" { close(file); file = "" }'
}

# authority_id FILE: of one certificate.
authority_id() {
  openssl x509 -in "$1" -noout -subject -nameopt RFC2253 -pubkey | sha256sum | cut -d ' ' -f 1
}

# authority_name FILE: its subject, for people.
authority_name() {
  openssl x509 -in "$1" -noout -subject -nameopt RFC2253 | sed 's/^subject=//'
}

# authorities_of RELEASE_FOLDER: the CAs that it trusts, sorted.
authorities_of() {
  (
    scratch=$(mktemp -d) && split_pem CERTIFICATE "$scratch" "$1/tls/ca.crt" || exit
    for file in "$scratch"/*.pem; do
      [ ! -e "$file" ] || authority_id "$file"
    done | sort -u
    rm -rf "$scratch"
  )
}

# only_first NEW OLD: lines of the first list that the second has not. Both sorted.
only_first() {
  { printf '%s\n' "$1" && printf '%s\n%s\n' "$2" "$2"; } | sort | uniq -u | sed '/^$/d'
}

# lost_authorities NEW OLD: the CAs that OLD trusts and NEW does not. Release folders.
lost_authorities() {
  only_first "$(authorities_of "$2" | sort -u)" "$(authorities_of "$1" | sort -u)"
}

# drop_authorities NEW OLD: remembers what NEW no longer trusts. What it trusts is not dropped, whatever was before: a
# configuration may take a CA back, a rollback may not.
drop_authorities() {
  dropped=$({
    cat "$DROPPED" 2>/dev/null
    [ ! -e "$2/tls/ca.crt" ] || authorities_of "$2"
  } | sort -u)
  dropped=$(only_first "$dropped" "$(authorities_of "$1")")
  [ "$dropped" = "$(cat "$DROPPED" 2>/dev/null)" ] || printf '%s\n' "$dropped" | sed '/^$/d' | write_file "$DROPPED" 600
}

# trusted_again RELEASE_FOLDER: names of CAs that it trusts and that were dropped.
trusted_again() {
  [ -s "$DROPPED" ] || return 0
  (
    scratch=$(mktemp -d) && split_pem CERTIFICATE "$scratch" "$1/tls/ca.crt" || exit
    for file in "$scratch"/*.pem; do
      if grep -q -x -F -e "$(authority_id "$file")" "$DROPPED"; then authority_name "$file"; fi
    done
    rm -rf "$scratch"
  )
}
