-- @noindex
-- Background switch: lets finished clips land in the project.

local folder = debug.getinfo(1, "S").source:match("^@(.*[/\\])")
package.path = folder .. "?.lua;" .. package.path
require("lib.boot")(folder, "managing", "importer")
