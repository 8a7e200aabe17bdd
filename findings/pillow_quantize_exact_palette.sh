#!/usr/bin/env bash
# Pillow 13.0.0: Image.quantize(palette=...) does not keep a colour that is in the palette exactly. It looks colours up by
# their upper bits, so white becomes (252, 252, 252) where both are in the palette, and no option asks for the exact one.
# Guessed: a pixel whose colour is an entry of the palette gets that entry, as with the nearest of all entries it must.
# Why it matters here: the pictures of reports keep the 64 colours they use most. Packed this way their paper was grey on
# a white page; simulations/reports/figure.py therefore looks the nearest colour up by itself.
# Exits with an error if a later version behaves otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "pillow==13.0.0"
"$folder/venv/bin/python" - <<'PY'
from PIL import Image, __version__

colours = [(255, 255, 255), (252, 252, 252), (0, 114, 178)]
picture = Image.new("RGB", (len(colours), 1))
for place, colour in enumerate(colours):
    picture.putpixel((place, 0), colour)
palette = Image.new("P", (1, 1))
palette.putpalette([part for colour in colours for part in colour])
found = picture.quantize(palette=palette, dither=Image.Dither.NONE).convert("RGB")
seen = [found.getpixel((place, 0)) for place in range(len(colours))]
print("Pillow", __version__)
print("drawn:", colours)
print("after quantize with exactly these as palette:", seen)
assert seen == [(252, 252, 252), (252, 252, 252), (0, 114, 178)], "the behaviour has changed"
PY
