"""The noisy label lab: what wrong labels do to neighbours, to networks, and to kNet.

`import lab` is light: no torch, no streamlit. Import what you need from its parts, for instance
`lab.noise`, `lab.data`, `lab.neighbors`, `lab.methods.knet`, `lab.experiments`.
"""

__version__ = "0.1.0"
