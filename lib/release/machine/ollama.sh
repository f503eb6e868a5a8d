# shellcheck shell=sh
# shellcheck disable=SC2015 # A && B || C is meant: C says what went wrong with either
# Ollama's program, from its archive, in a folder of its own for each version: a release that comes back finds its own.

OLLAMA_FOLDER=/opt/hardening/ollama

# install_ollama RELEASE_FOLDER: nothing where the settings name no version, or where it is there already. The archive
# is checked before anything of it is unpacked.
install_ollama() {
  version=$(setting "$1" ollama_version)
  [ -n "$version" ] || return 0
  sha256=$(setting "$1" ollama_sha256)
  url=$(setting "$1" ollama_url)
  [ -n "$url" ] ||
    url=https://github.com/ollama/ollama/releases/download/v$version/ollama-linux-$(dpkg --print-architecture).tar.zst
  target=$OLLAMA_FOLDER/$version-$(printf '%s' "$sha256" | cut -c 1-12)
  [ ! -x "$target/bin/ollama" ] || return 0
  say "fetches Ollama $version from $url"
  draft=$OLLAMA_FOLDER/.draft
  rm -rf "$draft" && mkdir -p "$draft/archive" "$draft/unpacked" || refuse "$draft could not be made" 'look at the disk'
  # A download that stands still for a minute has failed; its length is not known before.
  curl -q --fail --silent --show-error --location --proto '=https,http' --connect-timeout 20 --speed-limit 1000 \
    --speed-time 60 --output "$draft/archive/ollama" "$url" || {
    rm -rf "$draft"
    refuse "Ollama could not be fetched from $url" 'is the address right, and reachable from this machine?'
  }
  found=$(sha256sum <"$draft/archive/ollama" | cut -d ' ' -f 1)
  [ "$found" = "$sha256" ] || {
    rm -rf "$draft"
    refuse "the archive of Ollama $version has the SHA-256 $found, configured is $sha256" \
      'compare with sha256sum.txt of the release; where it differs, do not install it'
  }
  case $url in
  *.tgz | *.tar.gz) decompress=gzip ;;
  *) decompress=zstd ;;
  esac
  tar --extract --use-compress-program="$decompress" --no-same-owner --directory "$draft/unpacked" \
    --file "$draft/archive/ollama" && [ -x "$draft/unpacked/bin/ollama" ] || {
    rm -rf "$draft"
    refuse "the archive of Ollama $version could not be unpacked" 'is there room on the disk, is it an archive for this machine?'
  }
  chmod -R go-w "$draft/unpacked" && find "$draft/unpacked" -type f -exec sync {} + &&
    mv -T "$draft/unpacked" "$target" && sync "$OLLAMA_FOLDER" || refuse "$target could not be made" 'look at the disk'
  rm -rf "$draft"
  say "Ollama $version is in $target"
}
