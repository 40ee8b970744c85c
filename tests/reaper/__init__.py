"""The REAPER scripts, run in a strict double of REAPER, mostly against a real server."""
