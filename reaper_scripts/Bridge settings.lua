-- @noindex
-- Home folder, start of the server, and what is imported.

local folder = debug.getinfo(1, "S").source:match("^@(.*[/\\])")
package.path = folder .. "?.lua;" .. package.path
require("lib.boot")(folder, "managing", "settings")
