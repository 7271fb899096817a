#!/bin/bash
# Puts valkey-server and valkey-cli on the PATH of a Debian machine, as root. Does nothing where
# they are. Debian 12 has them in its backports suite only, so that suite is added, on the mirror
# that the machine already uses. A server is not started: the tests start their own.
set -euo pipefail

if command -v valkey-server >/dev/null && command -v valkey-cli >/dev/null; then exit 0; fi
if [ "$(id -u)" -ne 0 ] || [ ! -r /etc/os-release ] || ! command -v apt-get >/dev/null; then
  echo "Cannot install valkey-server: this is not root on Debian" >&2
  exit 1
fi
. /etc/os-release

# The first mirror in the list of the machine, in the one style (deb822) or the other (one line).
mirror() {
  cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2>/dev/null |
    sed -nE -e 's/^URIs:[[:space:]]*([^[:space:]]+).*/\1/p' \
      -e 's/^deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+).*/\2/p' | sed -n 1p || true
}

if ! apt-cache show valkey-server >/dev/null 2>&1; then
  uri=$(mirror)
  if [ -z "$uri" ]; then
    echo "Cannot install valkey-server: no Debian mirror is configured" >&2
    exit 1
  fi
  suite="$VERSION_CODENAME-backports"
  cat >/etc/apt/sources.list.d/valkey-backports.sources <<END
Types: deb
URIs: $uri
Suites: $suite
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
  apt-get update -qq
fi

# The package starts a server of its own when it is configured; the tests want none.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get install -qq -y --no-install-recommends valkey-server valkey-tools >/dev/null
valkey-server --version
