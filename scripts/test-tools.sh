#!/bin/sh
# Installs what the tests need beside Go and Node: axe-core, Chromium, and the
# servers that the tests start by themselves. Does nothing when all is there.
# CHROMIUM names another browser.
set -eu

"$(dirname "$0")/assets.sh"

missing=
browser=
for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
  if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then
    browser=$name
  fi
done
[ -n "$browser" ] || missing="$missing chromium fonts-dejavu-core"
command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
command -v pdftotext >/dev/null 2>&1 || missing="$missing poppler-utils"
command -v promtool >/dev/null 2>&1 || missing="$missing prometheus" # its tool alone is used
command -v curl >/dev/null 2>&1 || missing="$missing curl"
[ -x /usr/sbin/bearerbox ] || missing="$missing kannel kannel-extras"
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
  echo "scripts/test-tools.sh: missing:$missing, and there is no apt-get; install them (name a browser in CHROMIUM)" >&2
  exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    echo "scripts/test-tools.sh: install these as root: apt-get install$missing" >&2
    exit 1
  fi
  as_root=sudo
fi
echo "Installing what the tests need:$missing" >&2
$as_root apt-get update -q
# shellcheck disable=SC2086 # one word each
$as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -q --no-install-recommends $missing || {
  echo "scripts/test-tools.sh: apt-get could not install:$missing" >&2
  exit 1
}
