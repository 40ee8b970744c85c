"""Audio in and out of the bridge: reading, fitting to bars, finishing, WAV and MIDI files."""
