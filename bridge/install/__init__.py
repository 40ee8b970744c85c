"""Putting the DAW sides where the DAWs look for them, and taking exactly that away again."""
