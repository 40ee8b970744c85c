-- @noindex
-- Ask the server how it is and write the answer into the console.

local folder = debug.getinfo(1, "S").source:match("^@(.*[/\\])")
package.path = folder .. "?.lua;" .. package.path
require("lib.boot")(folder, "managing", "status")
