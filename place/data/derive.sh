#!/bin/sh
# Derives helsinki.json from the three maps of areas and the map of the land;
# see README.md. Needs mapshaper 0.7 (npm) and jq.
#   derive.sh OSA_ALUE.geojson PERUSPIIRI.geojson SUURPIIRI.geojson LAND_EPSG_3067.geojson > helsinki.json
set -eu
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
mapshaper "$4" -proj init=EPSG:3067 crs=wgs84 -o "$T/land.json" >&2
mapshaper "$1" -snap interval=0.000005 -clip "$T/land.json" -filter-islands min-area=3000m2 \
  -simplify dp interval=15 keep-shapes -clean -each 'peruspiiri = kokotun.slice(0, 7), suurpiiri = kokotun.slice(0, 4)' \
  -o "$T/osa.json" precision=0.00001 >&2
mapshaper "$T/osa.json" -dissolve peruspiiri gap-fill-area=20000m2 -o "$T/perus.json" precision=0.00001 >&2
mapshaper "$T/osa.json" -dissolve suurpiiri gap-fill-area=20000m2 -o "$T/suur.json" precision=0.00001 >&2
jq -rn --slurpfile o "$T/osa.json" --slurpfile p "$T/perus.json" --slurpfile s "$T/suur.json" \
  --slurpfile on "$1" --slurpfile pn "$2" --slurpfile sn "$3" '
  def outline: if .type == "Polygon" then [.coordinates] else .coordinates end;
  def names($f; $n): $f[0].features | map({(.properties.kokotun[:$n]): .properties}) | add;
  names($pn; 7) as $pn | names($sn; 4) as $sn |
  ($o[0].features | map({(.properties.kokotun): (.geometry | outline)}) | add) as $cut |
  [ ($on[0].features[].properties | {code: .kokotun, name: .nimi, level: "osa-alue", outline: ($cut[.kokotun] // [])}),
    ($p[0].features[] | .properties.peruspiiri as $c | {code: $pn[$c].kokotun, name: $pn[$c].nimi, level: "peruspiiri", outline: (.geometry | outline)}),
    ($s[0].features[] | .properties.suurpiiri as $c | {code: $sn[$c].kokotun, name: $sn[$c].nimi, level: "suurpiiri", outline: (.geometry | outline)})
  ] | sort_by(.code) | "[", (.[:-1][] | tojson + ","), (.[-1] | tojson), "]"'
