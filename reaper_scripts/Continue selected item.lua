-- @noindex
-- Ask for bars that follow where the selected audio item ends.

local folder = debug.getinfo(1, "S").source:match("^@(.*[/\\])")
package.path = folder .. "?.lua;" .. package.path
require("lib.boot")(folder, "making", "continue")
