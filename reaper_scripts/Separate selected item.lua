-- @noindex
-- Split the selected audio item into stems in a folder track below it.

local folder = debug.getinfo(1, "S").source:match("^@(.*[/\\])")
package.path = folder .. "?.lua;" .. package.path
require("lib.boot")(folder, "working", "separate")
