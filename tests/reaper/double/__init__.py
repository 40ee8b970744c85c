"""A strict double of REAPER: its Lua API, by the published signatures, over a small project model."""
