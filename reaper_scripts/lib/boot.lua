-- @noindex
-- What every action does first: find its library, check the REAPER version, run, leave no undo step.

local config = require "lib.config"

return function(folder, module, action)
  config.folder = folder:gsub("[/\\]$", "")
  local ask = require "lib.ask"
  if ask.version_is_fine() then require("lib." .. module)[action]() end
  reaper.defer(function() end) -- a script that ends at once would leave an undo step behind
end
