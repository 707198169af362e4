"""The one training step. Methods own epochs, splits and targets; nobody else calls backward()."""
