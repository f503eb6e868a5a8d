# shellcheck shell=sh
# The clock, which every certificate is judged by.

# has_other_time_service: chrony, ntpsec or another that cannot be installed beside systemd-timesyncd: installing that
# would remove it.
has_other_time_service() {
  # shellcheck disable=SC2016 # dpkg's variables
  dpkg-query --show --showformat='${db:Status-Status} ${Package} ${Provides}\n' |
    grep '^installed ' | grep -v '^installed systemd-timesyncd ' | grep -q -w time-daemon
}

# note_of_time: says so where nothing sets the clock.
note_of_time() {
  for time_service in systemd-timesyncd chrony ntpsec ntp openntpd; do
    ! systemctl --quiet is-active "$time_service.service" || return 0
  done
  say 'NOTE: no time service runs here; if nothing else sets the clock, certificates are judged by a wrong one'
}
