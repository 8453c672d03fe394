#!/bin/sh
# Installs what the tests need beside Go and Node: axe-core and Chromium. Does
# nothing when they are there already. CHROMIUM names another binary.
set -eu

"$(dirname "$0")/assets.sh"

for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
  if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then
    exit 0
  fi
done
if ! command -v apt-get >/dev/null 2>&1; then
  echo "scripts/test-tools.sh: Chromium is missing and there is no apt-get; install it and put it on the PATH, or name it in CHROMIUM" >&2
  exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    echo "scripts/test-tools.sh: Chromium is missing; install it as root: apt-get install chromium" >&2
    exit 1
  fi
  as_root=sudo
fi
echo "Installing Chromium, which the tests of the web pages need." >&2
$as_root apt-get update -q
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends chromium fonts-dejavu-core || {
  echo "scripts/test-tools.sh: apt-get could not install chromium; install a Chromium by hand and name it in CHROMIUM" >&2
  exit 1
}
