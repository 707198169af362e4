"""Analyses: arrays in, arrays out."""
