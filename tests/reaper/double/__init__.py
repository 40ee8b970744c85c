"""A strict double of REAPER: its Lua API, checked against the published signatures, over a small project model."""
