# shellcheck shell=sh
# shellcheck disable=SC2154 # ledger.sh has the functions of awk
# When the certificates of a release end, for hardening-certificates.service, which may not look into the others.

# print_expiry RELEASE_FOLDER: lines `KIND NAME GENERATION NOT_AFTER`, the time in seconds since 1970. KIND is ca,
# server or client; what has no generation has a -.
print_expiry() {
  (
    scratch=$(mktemp -d) && split_pem CERTIFICATE "$scratch" "$1/tls/ca.crt" || exit
    for file in "$scratch"/*.pem; do
      echo "ca ca $(authority_label "$file") $(not_after "$file")"
    done
    rm -rf "$scratch"
    echo "server server - $(not_after "$1/tls/server.crt")"
    generation=$(openssl x509 -in "$1/tls/health.crt" -noout -subject -nameopt RFC2253 |
      sed -n -E 's/^subject=serialNumber=([0-9]+),.*/\1/p')
    echo "client health ${generation:--} $(not_after "$1/tls/health.crt")"
    sed -E -n 's/^[^ ]+ [0-9]+ ([a-z0-9-]+ [0-9]+) ([^ ]+)$/client \1 \2/p' "$1/issued" | grep -v '^client health '
  ) | awk "$ledger_functions"' { print $1, $2, $3, seconds($4) }'
}

# not_after FILE: as RFC 3339 writes it.
not_after() {
  openssl x509 -in "$1" -noout -enddate -dateopt iso_8601 | sed -n -E 's/^notAfter=([^ ]+) ([^ ]+)$/\1T\2/p'
}

# authority_label FILE: the number that its name ends with, or what tells it from others.
authority_label() {
  label=$(authority_name "$1" | sed -n -E 's/^CN=[a-z0-9-]+ hardening CA( ([0-9]+))?(,.*)?$/\2!/p')
  case $label in
  '') echo "external-$(openssl x509 -in "$1" -outform DER | sha256sum | cut -c 1-8)" ;;
  !) echo 1 ;;
  *) echo "${label%!}" ;;
  esac
}
