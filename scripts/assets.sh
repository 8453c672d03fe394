#!/bin/sh
# Brings the styles of the Helsinki Design System, at the version that
# package-lock.json pins, into web/assets/vendor. Its fonts are not free to use
# and stay out: site.css names a system font. Does nothing when nothing changed.
set -eu
cd "$(dirname "$0")/.."

components="button card notification status-label table text-input tag"
vendor=web/assets/vendor
want=$(cat package-lock.json scripts/assets.sh | cksum)

if [ -f "$vendor/.done" ] && [ "$(cat "$vendor/.done")" = "$want" ] && [ -d node_modules/axe-core ]; then
  touch "$vendor/.done"
  exit 0
fi
if ! command -v npm >/dev/null 2>&1; then
  echo "scripts/assets.sh: npm is missing; install Node.js 20 or later" >&2
  exit 1
fi
npm ci --ignore-scripts --no-fund --no-audit --loglevel=error

mkdir -p "$vendor"
rm -f "$vendor"/*.css "$vendor/.done"
from=node_modules/hds-core
# The maps are not served, so the lines that point to them go.
{
  sed '/sourceMappingURL/d' "$from/lib/base.css"
  for c in $components; do
    sed '/sourceMappingURL/d' "$from/lib/components/$c/$c.css"
  done
} >"$vendor/hds.css"
if grep -q '@font-face\|@import' "$vendor/hds.css"; then
  echo "scripts/assets.sh: the styles name a font file; they must not" >&2
  rm -f "$vendor/hds.css"
  exit 1
fi
printf '%s' "$want" >"$vendor/.done"
