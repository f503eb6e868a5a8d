# shellcheck shell=sh
# Which client certificates were ever issued for this machine, so that a CRL can name one that left the configuration.
#
# state/issued  lines `CA SERIAL SERVICE GENERATION NOT_AFTER`; a certificate stays for a year after its end

LEDGER=$STATE/issued

# Functions of awk. A time as RFC 3339 writes it becomes seconds since 1970; a serial number of a CRL becomes decimal.
# shellcheck disable=SC2016 # a program of awk
ledger_functions='
  function days(year, month, day) {
    if (month < 3) { year--; month += 12 }
    return 365 * year + int(year / 4) - int(year / 100) + int(year / 400) + int((153 * (month - 3) + 2) / 5) + day - 719469
  }
  function seconds(text,   offset) {
    offset = text ~ /Z$/ ? 0 : (substr(text, 21, 2) * 60 + substr(text, 24, 2)) * (substr(text, 20, 1) == "-" ? -60 : 60)
    return days(substr(text, 1, 4) + 0, substr(text, 6, 2) + 0, substr(text, 9, 2) + 0) * 86400 \
      + substr(text, 12, 2) * 3600 + substr(text, 15, 2) * 60 + substr(text, 18, 2) - offset
  }
  function decimal(hex,   i, j, count, carry, digits, text) {
    count = 1
    for (i = 1; i <= length(hex); i++) {
      carry = index("0123456789ABCDEF", substr(hex, i, 1)) - 1
      for (j = 1; j <= count; j++) {
        carry += digits[j] * 16
        digits[j] = carry % 1000000
        carry = int(carry / 1000000)
      }
      if (carry) digits[++count] = carry
    }
    text = digits[count] + 0 ""
    for (j = count - 1; j >= 1; j--) text = text sprintf("%06d", digits[j])
    return text
  }'

# record_issued RELEASE_FOLDER: the ledger grows by what a release has.
record_issued() {
  [ -e "$LEDGER" ] || : | write_file "$LEDGER" 600 || return 1
  sort -u "$LEDGER" "$1/issued" |
    awk -v now="$(date +%s)" "$ledger_functions"' NF == 5 && seconds($5) > now - 365 * 86400' >"$LEDGER.merged" || return 1
  cmp -s "$LEDGER.merged" "$LEDGER" || write_file "$LEDGER" 600 <"$LEDGER.merged" || return 1
  rm -f "$LEDGER.merged"
}
