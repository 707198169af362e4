"""What every part stands on: argument checks, seeds, threads, the device, palette. No torch at import."""
