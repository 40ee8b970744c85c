"""DAW Bridge: text to music inside the musician's own DAW, over OSC."""

__version__ = "0.1.0"
PROTOCOL_VERSION = 1
SOFTWARE = f"daw-bridge {__version__}"
