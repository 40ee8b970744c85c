-- @noindex
-- Turn the selected audio item into a MIDI item below it.

local folder = debug.getinfo(1, "S").source:match("^@(.*[/\\])")
package.path = folder .. "?.lua;" .. package.path
require("lib.boot")(folder, "working", "transcribe")
