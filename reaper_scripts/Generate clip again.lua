-- @noindex
-- The last request once more with a new seed, without a dialog.

local folder = debug.getinfo(1, "S").source:match("^@(.*[/\\])")
package.path = folder .. "?.lua;" .. package.path
require("lib.boot")(folder, "making", "again")
