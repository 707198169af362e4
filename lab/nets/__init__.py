"""Networks: backbones with `features(x)` and `forward(x)`, and kNet."""
