-- @noindex
-- Ask for music in words and get one track for each instrument, in a folder track.

local folder = debug.getinfo(1, "S").source:match("^@(.*[/\\])")
package.path = folder .. "?.lua;" .. package.path
require("lib.boot")(folder, "making", "instruments")
