-- @description DAW Bridge: AI music clips, stems and MIDI from the time line
-- @author DAW Bridge contributors
-- @version 0.1.0
-- @changelog
--   First release
-- @provides
--   [main] Bridge settings.lua
--   [main] Bridge status.lua
--   [main] Cancel generation.lua
--   [main] Clip importer.lua
--   [main] Continue selected item.lua
--   [main] Generate clip again.lua
--   [main] Generate instruments.lua
--   [main] Melody from selected item.lua
--   [main] Separate selected item.lua
--   [main] Transcribe selected item to MIDI.lua
--   [nomain] lib/*.lua
-- @about
--   # DAW Bridge
--
--   Ask for music in words where you work; the clip lands in the time selection or at the edit cursor,
--   as audio and MIDI, in the project's tempo. Needs the DAW Bridge server on the same computer:
--   `pip install daw-bridge`, then `daw-bridge serve`.

-- Ask for music in words; it comes back as a track in the time selection or at the edit cursor.

local folder = debug.getinfo(1, "S").source:match("^@(.*[/\\])")
package.path = folder .. "?.lua;" .. package.path
require("lib.boot")(folder, "making", "clip")
