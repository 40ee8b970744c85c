-- @noindex
-- Ask for new music with the melody of the selected audio item.

local folder = debug.getinfo(1, "S").source:match("^@(.*[/\\])")
package.path = folder .. "?.lua;" .. package.path
require("lib.boot")(folder, "making", "melody")
