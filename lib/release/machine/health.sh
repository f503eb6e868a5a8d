# shellcheck shell=sh
# Whether the machine does what it is for, seen from inside.

# How long a cold start may take: Ollama is given time to find its devices.
HEALTH_SECONDS=${HARDENING_HEALTH_SECONDS:-30}

# ask_gateway RELEASE_FOLDER CURL_OPTION…: the status that the gateway answers with; 000 where it does not.
# The certificate and its key are read by curl from their files: nothing of them is in its arguments.
ask_gateway() {
  asked=$1
  shift
  port=$(setting "$asked" listen_port)
  address=$(setting "$asked" listen_address)
  case $address in
  0.0.0.0) address=127.0.0.1 ;;
  ::) address='[::1]' ;;
  *:*) address="[$address]" ;;
  esac
  curl -q --silent --output /dev/null --noproxy '*' --max-time 5 --cacert "$asked/tls/ca.crt" \
    --resolve "localhost:$port:$address" --write-out '%{http_code}' "$@" \
    "https://localhost:$port/ollama/api/version" || :
}

# health_problem RELEASE_FOLDER: what is wrong at this moment, in one line; nothing where all is well.
health_problem() {
  if ! gateway_is_active; then
    echo "$GATEWAY_UNIT does not run: journalctl -u $GATEWAY_UNIT"
    return
  fi
  code=$(ask_gateway "$1")
  if [ "$code" != 401 ]; then
    echo "a call without a certificate was answered with $code instead of 401"
    return
  fi
  code=$(ask_gateway "$1" --cert "$1/tls/health.crt" --key "$1/tls/health.key")
  case $code in
  200) ;;
  502 | 504) echo "Ollama does not answer the gateway ($code)" && return ;;
  *) echo "a call with the machine's own certificate was answered with $code instead of 200" && return ;;
  esac
  open_ollama "$1"
}

# open_ollama RELEASE_FOLDER: who listens on Ollama's port where it is not to be reached.
open_ollama() {
  [ "$(setting "$1" ollama_may_be_reached)" != yes ] || return 0
  isolation=$(setting "$1" isolation)
  port=$(setting "$1" ollama_port)
  port_holders "$port" | while read -r address pid program _; do
    case $isolation:$address in
    # 127.0.0.0/8 and ::1, as /proc/net/tcp prints them on a little-endian machine.
    loopback:??????7F | loopback:00000000000000000000000001000000) ;;
    *) echo "$program (process $pid) listens on port $port, where Ollama is not to be reached" ;;
    esac
  done | head -n 1
}

# wait_until_healthy RELEASE_FOLDER: prints what is still wrong after HEALTH_SECONDS.
wait_until_healthy() {
  deadline=$(($(date +%s) + HEALTH_SECONDS))
  while
    problem=$(health_problem "$1")
    [ -n "$problem" ]
  do
    if [ "$(date +%s)" -ge "$deadline" ]; then
      printf '%s\n' "$problem"
      return 1
    fi
    sleep 0.2
  done
}
