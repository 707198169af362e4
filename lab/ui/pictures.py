"""Pictures of samples on a page, marked and named; a class name in them is text, never HTML."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from html import escape
from typing import NamedTuple

import numpy as np
import streamlit as st
from jaxtyping import UInt8

from lab.core.palette import ERROR

# The name twice: Streamlit's own rule for lists, which indents them, is more specific than one name.
STYLE = f"""<style>
.pictures.pictures {{ display: flex; flex-wrap: wrap; gap: .4rem; list-style: none; margin: 0; padding: 0; }}
.pictures li {{ width: 4.6rem; margin: 0; font-size: .72rem; line-height: 1.2; text-align: center; overflow-wrap: anywhere; }}
.pictures img {{ width: 3.2rem; height: 3.2rem; image-rendering: pixelated; border-radius: 3px; margin: 3px auto;
  display: block; outline: 1px solid rgba(128, 128, 128, .4); }}
.pictures .wrong img {{ outline: 3px dashed {ERROR}; }}
.pictures .wrong {{ font-weight: 600; }}
</style>"""


class Picture(NamedTuple):
    """One sample. caption: a few words below it. wrong: outlined, and its caption in bold. alt: said to who can't see it."""

    image: UInt8[np.ndarray, "h w c"]
    caption: str
    wrong: bool = False
    alt: str = ""


def picture_list(pictures: Iterable[Picture]) -> None:
    """Samples side by side, in lines."""
    items = "".join(
        f'<li class="{"wrong" if one.wrong else "right"}"><img alt="{escape(one.alt or one.caption)}" '
        f'src="{as_png(one.image)}">{escape(one.caption)}</li>'
        for one in pictures
    )
    st.html(STYLE + f'<ul class="pictures">{items or "<li>none</li>"}</ul>')


def as_png(image: UInt8[np.ndarray, "h w c"]) -> str:
    """An image as a data address."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image).save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()
