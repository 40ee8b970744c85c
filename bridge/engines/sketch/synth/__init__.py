"""The sketch engine's synthesiser: numbers in, band-limited sound out, nothing sampled."""
