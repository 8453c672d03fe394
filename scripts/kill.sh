#!/usr/bin/env bash
# Kills a round with SIGKILL at random moments and starts it again, until it
# was killed often enough; then holds what the store says against what the
# telephone network saw. Usage: scripts/kill.sh [KILLS] [RESIDENTS] [SEED]
#
# Prints one JSON object as its last line. Exit code 1 when a figure that must
# be zero is not, or a record does not verify.
set -euo pipefail
cd "$(dirname "$0")/.."
kills=${1:-100} residents=${2:-64000} RANDOM=${3:-7}
bin=$PWD/bin/ennakko
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

field() { grep -o "\"$1\":[0-9]*" "$2" | head -n 1 | cut -d: -f2; }

"$bin" city --residents "$residents" --seed 7 --out "$work/files" >/dev/null 2>&1
"$bin" register import --data "$work/fresh" "$work/files" >/dev/null 2>&1

killed=0 rounds=0 twice=0 lost=0 overbooked=0 messages=0 answered=0 unverified=0
while [ "$killed" -lt "$kills" ]; do
  rm -rf "$work/data"
  cp -r "$work/fresh" "$work/data"
  here=0
  while :; do
    after=$((RANDOM % 900 + 60))
    [ "$killed" -ge "$kills" ] && after=3600000
    code=0
    timeout --foreground -s KILL "$(printf '%d.%03d' $((after / 1000)) $((after % 1000)))" \
      "$bin" round run pre-primary --data "$work/data" --as-of 2021-01-07 --answers simulated --json >"$work/result" 2>"$work/errors" || code=$?
    case $code in
      0) break ;;
      137) killed=$((killed + 1)) here=$((here + 1)) ;;
      *) echo "the round ended with code $code:" >&2; cat "$work/errors" >&2; exit 1 ;;
    esac
  done
  rounds=$((rounds + 1))
  twice=$((twice + $(field sent_twice "$work/result")))
  lost=$((lost + $(field lost "$work/result")))
  overbooked=$((overbooked + $(field places_overbooked "$work/result")))
  messages=$((messages + $(field messages "$work/result")))
  answered=$((answered + $(field answered "$work/result")))
  "$bin" verify --data "$work/data" >/dev/null 2>"$work/errors" || { unverified=$((unverified + 1)); cat "$work/errors" >&2; }
  echo "round $rounds: killed $here times, $(field messages "$work/result") messages, $(field answered "$work/result") of $(field offered "$work/result") families answered, sent twice $(field sent_twice "$work/result"), lost $(field lost "$work/result"), overbooked $(field places_overbooked "$work/result")" >&2
done
printf '{"kills":%d,"rounds":%d,"messages":%d,"answered":%d,"sent_twice":%d,"lost":%d,"places_overbooked":%d,"unverified":%d}\n' \
  "$killed" "$rounds" "$messages" "$answered" "$twice" "$lost" "$overbooked" "$unverified"
[ $((twice + lost + overbooked + unverified)) -eq 0 ]
