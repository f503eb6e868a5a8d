# shellcheck shell=sh
# shellcheck disable=SC2015,SC2154 # A && B || C is meant; ledger.sh has the functions of awk
# The CRLs in force: the newest of each CA that a release on this machine trusts, in one file outside of the releases.
# What is not right about a CRL locks everybody out, so nothing is used that was not checked.

# Where a new one is put together.
CRL_DRAFT=$STATE/crl.draft
CRL_FIX='have a CRL signed again, and apply again: with pki.mode external by hardening pki crl, else the apply does it'
# No certificate of the kit lives longer: what was revoked before that has ended, also where the ledger knows nothing of it.
LONGEST_LIFE_DAYS=398

uses_crl() {
  [ -L "$1/tls/ca.crl" ]
}

# gather_authorities FOLDER RELEASE_FOLDER…: their CAs, each once, as FOLDER/ID.
gather_authorities() {
  gathered=$1
  shift
  mkdir -p "$gathered" || return 1
  for authorities_release in "$@"; do
    [ -e "$authorities_release/tls/ca.crt" ] || continue
    split_pem CERTIFICATE "$gathered.parts" "$authorities_release/tls/ca.crt" || return 1
    for file in "$gathered.parts"/*.pem; do
      [ ! -e "$file" ] || mv -f "$file" "$gathered/$(authority_id "$file")" || return 1
    done
  done
  rm -rf "$gathered.parts"
}

# signer_of CRL FOLDER: the CA of a folder that signed it. openssl crl ends with 0 whatever it finds.
signer_of() {
  for authority in "$2"/*; do
    if openssl crl -in "$1" -noout -verify -CAfile "$authority" 2>&1 | grep -q -x 'verify OK'; then
      printf '%s\n' "${authority##*/}"
      return
    fi
  done
}

# crl_fact CRL issuer|lastUpdate|nextUpdate|number: times can be compared as texts; the number is hexadecimal.
crl_fact() {
  openssl crl -in "$1" -noout -issuer -lastupdate -nextupdate -crlnumber -nameopt RFC2253 -dateopt iso_8601 2>/dev/null |
    sed -n -E 's/^crlN[a-zA-Z]*=0x0*([0-9A-F]*)$/number=0\1/; '"s/^$2=//p"
}

# crl_serials CRL: lines `SERIAL YEAR-MONTH-DAY` of what it lists, sorted; the day is that of the revocation.
crl_serials() {
  openssl crl -in "$1" -noout -text | awk '
    $1 " " $2 == "Serial Number:" { serial = $3 }
    $1 " " $2 == "Revocation Date:" {
      printf "%s %04d-%02d-%02d\n", serial, $6, (index("JanFebMarAprMayJunJulAugSepOctNovDec", $3) + 2) / 3, $4
    }' | sort
}

is_before() {
  [ "$1" != "$2" ] && [ "$(printf '%s\n%s\n' "$1" "$2" | sort | head -n 1)" = "$1" ]
}

# is_less HEX HEX, without leading zeros but for one.
is_less() {
  awk -v a="x$1" -v b="x$2" 'BEGIN { exit !(length(a) < length(b) || length(a) == length(b) && a < b) }'
}

# lost_serials NEW OLD ISSUED…: serial numbers of certificates that OLD lists, NEW does not, and that have not ended.
lost_serials() {
  crl_serials "$1" | cut -d ' ' -f 1 >"$scratch/new-serials"
  crl_serials "$2" >"$scratch/old-serials"
  shift 2
  # shellcheck disable=SC2016 # a program of awk
  awk -v now="$(date +%s)" -v life="$LONGEST_LIFE_DAYS" "$ledger_functions"'
    FILENAME ~ /new-serials$/ { kept[$1] = 1; next }
    FILENAME ~ /old-serials$/ { if (!($1 in kept)) lost[decimal($1)] = seconds($2 "T00:00:00Z") + (life + 1) * 86400; next }
    $2 in lost { known[$2] = 1; if (seconds($5) > ends[$2]) ends[$2] = seconds($5) }
    END { for (serial in lost) if ((serial in known ? ends[serial] : lost[serial]) > now) print serial }
  ' "$scratch/new-serials" "$scratch/old-serials" "$@"
}

# check_crl COPY: refuses what must not be in force; leaves the CRLs that are to be, in CRL_DRAFT.
check_crl() {
  scratch=$1/.crl
  mkdir -p "$scratch/running" "$scratch/brought" && gather_authorities "$scratch/trusted" "$1" &&
    gather_authorities "$scratch/known" "$1" "$RELEASES"/[0-9a-f]* || refuse 'the CRLs could not be looked at' 'look at the disk'
  sort_running_crls
  [ ! -e "$1/tls/ca.crl" ] || sort_brought_crls "$1"
  : >"$scratch/merged"
  for authority in "$scratch/known"/*; do
    id=${authority##*/}
    if [ -e "$scratch/brought/$id" ]; then
      check_brought_crl "$scratch/brought/$id" "$scratch/running/$id" "$1"
      cat "$scratch/brought/$id" >>"$scratch/merged"
    elif [ -e "$scratch/running/$id" ]; then
      cat "$scratch/running/$id" >>"$scratch/merged"
    elif [ -e "$scratch/trusted/$id" ]; then
      refuse "there is no CRL of $(authority_name "$authority"), neither in the upload nor on this machine" "$CRL_FIX"
    fi
  done
  for authority in "$scratch/trusted"/*; do check_crl_signer "$authority"; done
  check_crl_use "$1"
  write_file "$CRL_DRAFT" 600 <"$scratch/merged" || refuse 'the CRLs could not be written' 'look at the disk'
  rm -rf "$scratch"
}

# sort_running_crls: those in force, as running/ID; a CRL of a CA that nobody trusts any more is left behind.
sort_running_crls() {
  [ -e "$CRL" ] || return 0
  split_pem 'X509 CRL' "$scratch/parts" "$CRL"
  for file in "$scratch/parts"/*.pem; do
    [ -e "$file" ] || continue
    id=$(signer_of "$file" "$scratch/known")
    [ -z "$id" ] || mv "$file" "$scratch/running/$id"
  done
  rm -rf "$scratch/parts"
}

# sort_brought_crls UPLOAD: as brought/ID.
sort_brought_crls() {
  split_pem 'X509 CRL' "$scratch/parts" "$1/tls/ca.crl"
  [ "$(find "$scratch/parts" -type f | wc -l)" -eq "$(grep -c -e '-----BEGIN ' "$1/tls/ca.crl")" ] ||
    refuse 'tls/ca.crl has something that is no CRL' "$CRL_FIX"
  [ -e "$scratch/parts/0001.pem" ] || refuse 'tls/ca.crl has no CRL' "$CRL_FIX"
  for file in "$scratch/parts"/*.pem; do
    openssl crl -in "$file" -noout 2>/dev/null || refuse 'a CRL of tls/ca.crl is corrupt: it cannot be read' "$CRL_FIX"
    id=$(signer_of "$file" "$scratch/trusted")
    [ -n "$id" ] ||
      refuse "the CRL of $(crl_fact "$file" issuer) is not signed by a CA that this release trusts" "$CRL_FIX"
    [ ! -e "$scratch/brought/$id" ] || refuse "tls/ca.crl has two CRLs of $(crl_fact "$file" issuer)" "$CRL_FIX"
    mv "$file" "$scratch/brought/$id"
  done
}

# check_brought_crl NEW RUNNING UPLOAD
check_brought_crl() {
  crl_issuer=$(crl_fact "$1" issuer)
  crl_now=$(date -u '+%Y-%m-%d %H:%M:%SZ')
  is_before "$crl_now" "$(crl_fact "$1" nextUpdate)" ||
    refuse "the CRL of $crl_issuer is out of date: its next update was due $(crl_fact "$1" nextUpdate)" "$CRL_FIX"
  ! is_before "$crl_now" "$(crl_fact "$1" lastUpdate)" ||
    refuse "the CRL of $crl_issuer holds from $(crl_fact "$1" lastUpdate) on, here it is $crl_now" \
      'are both clocks right? then apply again'
  [ -n "$(crl_fact "$1" number)" ] || refuse "the CRL of $crl_issuer has no number" "$CRL_FIX"
  # A list of some certificates, or of changes, says so in a critical extension.
  ! openssl crl -in "$1" -noout -text | grep -q -E '^ +(X509v3 [A-Za-z ]+|[0-9.]+): critical *$' ||
    refuse "the CRL of $crl_issuer is not a whole one: it has a critical extension" "$CRL_FIX"
  [ -e "$2" ] || return 0
  ! is_less "$(crl_fact "$1" number)" "$(crl_fact "$2" number)" ||
    refuse "the CRL of $crl_issuer has the number 0x$(crl_fact "$1" number), which is before that in force: 0x$(crl_fact "$2" number)" "$CRL_FIX"
  lost=$(lost_serials "$1" "$2" "$3/issued" "$(or_nothing "$LEDGER")" | head -n 1)
  [ -z "$lost" ] ||
    refuse "the CRL of $crl_issuer lacks the serial number $lost, which the one in force has and which has not ended" "$CRL_FIX"
}

# check_crl_signer AUTHORITY: what OpenSSL asks of it.
check_crl_signer() {
  authority_usage=$(openssl x509 -in "$1" -noout -ext keyUsage 2>/dev/null)
  case $authority_usage in
  *'CRL Sign'* | '' | *'No extensions'*) ;;
  *) refuse "the CA $(authority_name "$1") may not sign CRLs: its key usage has no cRLSign" 'make a CA with cRLSign' ;;
  esac
  in_force=$scratch/brought/${1##*/}
  [ -e "$in_force" ] || in_force=$scratch/running/${1##*/}
  is_before "$(date -u '+%Y-%m-%d %H:%M:%SZ')" "$(crl_fact "$in_force" nextUpdate)" ||
    refuse "the CRL of $(crl_fact "$in_force" issuer) in force is out of date, and the upload brings none" "$CRL_FIX"
}

# check_crl_use UPLOAD: the machine's own identity gets through with it, as nginx checks.
check_crl_use() {
  crl_said=$(openssl verify -crl_check_all -purpose sslclient -CAfile "$1/tls/ca.crt" -CRLfile "$scratch/merged" \
    "$1/tls/health.crt" 2>&1) || refuse "with the CRL the machine's own certificate is not accepted: $(
    printf '%s\n' "$crl_said" | sed -n 's/^error [0-9]* at [0-9]* depth lookup: *//p' | head -n 1
  )" "$CRL_FIX"
}

# crl_effect FILE…: what makes a difference to who is let in. A higher number alone does not.
crl_effect() {
  (
    scratch=$(mktemp -d) && split_pem 'X509 CRL' "$scratch" "$@" || exit
    for file in "$scratch"/*.pem; do
      [ -e "$file" ] || continue
      issuer=$(crl_fact "$file" issuer)
      echo "$issuer next update $(crl_fact "$file" nextUpdate)"
      crl_serials "$file" | sed "s/^\([0-9A-F]*\) .*/$(printf '%s' "$issuer" | sed 's/[\/&]/\\&/g') lists \1/"
    done | sort
    rm -rf "$scratch"
  )
}

# install_crl: puts CRL_DRAFT in its place.
install_crl() {
  if ! cmp -s "$CRL_DRAFT" "$CRL" || [ "$(stat -c %a "$CRL")" != 644 ]; then
    crl_before=$(crl_effect "$(or_nothing "$CRL")")
    crl_after=$(crl_effect "$CRL_DRAFT")
    [ "$crl_before" = "$crl_after" ] || ask_for_reload || return 1
    [ ! -e "$CRL" ] || ! only_first "$crl_after" "$crl_before" | grep -q ' lists ' ||
      take_away 'certificates were revoked' || return 1
    write_file "$CRL" 644 <"$CRL_DRAFT" || return 1
  fi
  rm -f "$CRL_DRAFT"
}

# crl_problem RELEASE_FOLDER: why nginx could not use the CRLs in force with it; nothing where it can.
crl_problem() {
  uses_crl "$1" || return 0
  [ -e "$CRL" ] || {
    echo "$CRL is missing"
    return
  }
  setpriv --reuid "$GATEWAY_USER" --regid "$GATEWAY_USER" --clear-groups test -r "$CRL" || {
    echo "$CRL cannot be read by $GATEWAY_USER"
    return
  }
  (
    scratch=$(mktemp -d) && mkdir "$scratch/running" && gather_authorities "$scratch/known" "$1" && sort_running_crls
    for authority in "$scratch/known"/*; do
      in_force=$scratch/running/${authority##*/}
      if [ ! -e "$in_force" ]; then
        echo "$CRL has no CRL of $(authority_name "$authority")"
      elif is_before "$(crl_fact "$in_force" nextUpdate)" "$(date -u '+%Y-%m-%d %H:%M:%SZ')"; then
        echo "the CRL of $(authority_name "$authority") is out of date"
      fi
    done | head -n 1
    rm -rf "$scratch"
  )
}
