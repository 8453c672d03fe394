"""Derives helsinki.json; see README.md. Needs shapely 2.1 or later.

    python3 derive.py OSA_ALUE.geojson PERUSPIIRI.geojson SUURPIIRI.geojson LAND.geojson > helsinki.json
"""
import json
import sys

import shapely
from shapely.geometry import shape

# One degree in metres at latitude 60.2: the outlines are simplified in a plane.
LON, LAT = 55_450.0, 111_400.0
TOLERANCE = 15.0  # metres
DUST = 2_000.0  # square metres: smaller parts go, if a larger one stays


def metres(g):
    return shapely.transform(g, lambda c: c * [LON, LAT])


def degrees(g):
    return shapely.transform(g, lambda c: c / [LON, LAT])


def polygons(g):
    parts = [p for p in getattr(g, "geoms", [g]) if p.geom_type == "Polygon" and not p.is_empty]
    large = [p for p in parts if p.area >= DUST]
    return shapely.MultiPolygon(large or sorted(parts, key=lambda p: -p.area)[:1])


def outline(g):
    g = shapely.orient_polygons(degrees(g))
    out = []
    for p in g.geoms:
        rings = []
        for r in [p.exterior, *p.interiors]:
            ring = []
            for x, y in r.coords:
                c = [round(x, 5), round(y, 5)]
                if not ring or ring[-1] != c:
                    ring.append(c)
            if len(ring) >= 4:
                rings.append(ring)
        if rings:
            out.append(rings)
    return out


def main(osa, perus, suur, land_file):
    land = shapely.union_all([metres(shape(f["geometry"])).buffer(0) for f in json.load(open(land_file))["features"]])
    features = json.load(open(osa))["features"]
    cut = []
    for f in features:
        whole = metres(shape(f["geometry"])).buffer(0)
        dry = polygons(whole.intersection(land)) if whole.intersection(land).area > DUST else polygons(whole)
        cut.append(dry)
    # Corners come from Douglas-Peucker's rule on the shared borders, so that
    # neighbours still touch: coverage_simplify asks for an area.
    simple = [polygons(g) for g in shapely.coverage_simplify(cut, TOLERANCE)]
    rows = [(f["properties"]["kokotun"], f["properties"]["nimi"], "osa-alue", g) for f, g in zip(features, simple)]
    for file, level, n in [(perus, "peruspiiri", 7), (suur, "suurpiiri", 4)]:
        for f in json.load(open(file))["features"]:
            code = f["properties"]["kokotun"]
            parts = [g for c, _, l, g in rows if l == "osa-alue" and c[:n] == code[:n]]
            rows.append((code, f["properties"]["nimi"], level, polygons(shapely.union_all(parts).buffer(1).buffer(-1).simplify(1))))
    rows.sort(key=lambda r: r[0])
    lines = [json.dumps({"code": c, "name": n, "level": l, "outline": outline(g)}, ensure_ascii=False, separators=(",", ":")) for c, n, l, g in rows]
    print("[\n" + ",\n".join(lines) + "\n]")


main(*sys.argv[1:])
