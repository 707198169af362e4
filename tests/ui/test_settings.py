"""The settings of .streamlit/config.toml are in force, and its palette is the lab's, told apart by every kind of eye."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from lab.core.palette import COLOURS, COLOURS_DARK

ROOT = Path(__file__).parents[2]
SETTINGS = {
    "runner.postScriptGC": False,
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "type",
    "client.toolbarMode": "viewer",
    "server.fileWatcherType": "none",
    "server.headless": True,
    "server.maxUploadSize": 100,
    "server.maxCacheDataSize": "1gb",
    "server.disconnectedSessionTTL": 120,
    "theme.chartCategoricalColors": list(COLOURS),
    "theme.dark.chartCategoricalColors": list(COLOURS_DARK),
    "theme.primaryColor": COLOURS[0],
    "theme.dark.primaryColor": COLOURS[4],
}


def test_streamlit_takes_the_settings_from_the_folder_of_the_app() -> None:
    code = f"import json; from streamlit import config; print(json.dumps({{n: config.get_option(n) for n in {list(SETTINGS)}}}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == SETTINGS


# What somebody sees who lacks one kind of cone: Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
EYES = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
SRGB_TO_XYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
D65 = [0.95047, 1.0, 1.08883]


def linear(colour: str) -> np.ndarray:
    """Linear RGB of "#RRGGBB" (IEC 61966-2-1)."""
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def lab_of(rgb: np.ndarray) -> np.ndarray:
    """CIELAB of linear RGB under D65."""
    t = np.array(SRGB_TO_XYZ) @ np.clip(rgb, 0, 1) / D65
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def ciede2000(one: Sequence[float] | np.ndarray, two: Sequence[float] | np.ndarray) -> float:
    """Colour difference of two CIELAB colours (ISO/CIE 11664-6)."""
    L = np.array([one[0], two[0]])
    chroma = np.hypot([one[1], two[1]], [one[2], two[2]])
    g = 0.5 * (1 - np.sqrt(chroma.mean() ** 7 / (chroma.mean() ** 7 + 25.0**7)))
    a, b = (1 + g) * np.array([one[1], two[1]]), np.array([one[2], two[2]])
    C, h = np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360
    dh = 0.0 if C.prod() == 0 else (h[1] - h[0] + 180) % 360 - 180
    if C.prod() == 0:
        hue = h.sum()
    elif abs(h[0] - h[1]) <= 180:
        hue = h.mean()
    else:
        hue = (h.sum() + (360 if h.sum() < 360 else -360)) / 2
    dL, dC, dH = L[1] - L[0], C[1] - C[0], 2 * np.sqrt(C.prod()) * np.sin(np.radians(dh / 2))
    t = 1 - 0.17 * cos(hue - 30) + 0.24 * cos(2 * hue) + 0.32 * cos(3 * hue + 6) - 0.20 * cos(4 * hue - 63)
    s_l = 1 + 0.015 * (L.mean() - 50) ** 2 / np.sqrt(20 + (L.mean() - 50) ** 2)
    s_c, s_h = 1 + 0.045 * C.mean(), 1 + 0.015 * C.mean() * t
    turn = 60 * np.exp(-(((hue - 275) / 25) ** 2))
    r = -np.sin(np.radians(turn)) * 2 * np.sqrt(C.mean() ** 7 / (C.mean() ** 7 + 25.0**7))
    return float(np.sqrt((dL / s_l) ** 2 + (dC / s_c) ** 2 + (dH / s_h) ** 2 + r * (dC / s_c) * (dH / s_h)))


def cos(degrees: float) -> float:
    return float(np.cos(np.radians(degrees)))


def smallest_difference(colours: Sequence[str], eye: str) -> float:
    seen = [lab_of(np.array(EYES[eye]) @ linear(colour)) for colour in colours]
    return min(ciede2000(one, two) for one, two in itertools.combinations(seen, 2))


@pytest.mark.parametrize(
    ("one", "two", "difference"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0000),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_the_colour_difference_gives_the_published_values(one, two, difference) -> None:
    """Pairs of Sharma, Wu and Dalal 2005, Table 1."""
    assert ciede2000(one, two) == pytest.approx(difference, abs=5e-5)
    assert ciede2000(two, one) == pytest.approx(difference, abs=5e-5)


@pytest.mark.parametrize("palette", [COLOURS, COLOURS_DARK], ids=["light", "dark"])
@pytest.mark.parametrize("eye", EYES)
def test_every_eye_tells_the_classes_apart(palette: tuple[str, ...], eye: str) -> None:
    three, eight = smallest_difference(palette[:3], eye), smallest_difference(palette, eye)
    print(f"\n{eye}: smallest CIEDE2000 {three:.1f} of 3 classes, {eight:.1f} of 8")
    assert three >= 12
    assert eight >= 10
