"""The lab's colours and marker shapes, defined once; .streamlit/config.toml and the components repeat these values.

Okabe and Ito's palette: told apart under protan, deutan and tritan vision. Orange, sky and yellow are pale on white,
so a point or a region border always carries an outline, and class has a shape as second channel.
"""

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
COLOURS_DARK = (*COLOURS[:7], "#FFFFFF")  # black vanishes on a dark page
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "x", "star", "pentagon")  # plotly's names
ERROR = "#D32F2F"  # the ring around a wrong label; always a ring, never colour alone
RAMP = ("#2B1E66", "#0072B2", "#22A28B", "#9CCB3B", "#F0E442")  # a score from low to high: lightness only rises
RAMP_DARK = ("#6B5BC8", "#2E86C9", "#2BB39A", "#A6D04A", "#FFF15C")
