-- Ask for music in words; it comes back as a track in the time selection or at the edit cursor.

local folder = debug.getinfo(1, "S").source:match("^@(.*[/\\])")
package.path = folder .. "?.lua;" .. package.path
require("lib.boot")(folder, "making", "clip")
