#!/usr/bin/env bash
# Lets every fuzz target run for a while, one after the other. New inputs that
# break something are kept by go test in the package's testdata/fuzz.
# Usage: scripts/fuzz.sh [TIME]   as 60s (the default) or 10m
#
# Prints one line for a target. Exit code 1 when one fails or never ran, with
# what it said.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-60s}
targets="
./register/csv FuzzRows
./register/fhir FuzzRead
./audit FuzzPeopleOf
./person FuzzParseCode
./channel/sms FuzzParseNumber
./coding FuzzParseUnit
./criteria FuzzCompile
./criteria FuzzCompileHealth
./service FuzzLoad
./reply FuzzRead
./document FuzzOf
./permission/receipt FuzzVerify
./fee FuzzEveryFeeIsWithinItsBoundsAndRisesWithIncome
./fee FuzzReadFamilyNeverBreaksAndWhatItReadsIsComputedOrRefused"

# The list above and the code must name the same targets.
if ! diff <(sed 1d <<<"$targets" | sort) \
  <(grep -roP --include='*_test.go' --exclude-dir=node_modules '^func \KFuzz\w+' . | sed -E 's|/[^/]*:| |' | sort); then
  echo "scripts/fuzz.sh does not list the fuzz targets of the code" >&2
  exit 1
fi

out=$(mktemp)
trap 'rm -f "$out"' EXIT
failed=0
while read -r pkg target; do
  [ -n "$pkg" ] || continue
  if go test "$pkg" -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime=1s >"$out" 2>&1 &&
    last=$(grep 'execs: [1-9]' "$out" | tail -n 1); then
    execs=$(sed -E 's/.*execs: ([0-9]+).*/\1/' <<<"$last")
    fresh=$(sed -E 's/.*new interesting: ([0-9]+).*/\1/' <<<"$last")
    printf '%-16s %-16s %10s executions in %s, %s new interesting, ok\n' "$target" "$pkg" "$execs" "$time" "$fresh"
  else
    printf '%-16s %-16s FAILED\n' "$target" "$pkg"
    cat "$out"
    failed=1
  fi
done <<<"$targets"
exit "$failed"
