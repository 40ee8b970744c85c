-- @noindex
-- Looking through the clips folder, a few milliseconds at a time, for manifests nobody announced.

local files = require "lib.files"
local manifest = require "lib.manifest"

local scanning = {}

local NAMES_AT_ONCE = 40
local BUDGET_S = 0.003
local REST_S = 2 -- between two rounds

-- A scan that goes round and round. `found(manifest, path, is_new)` is called once for every readable
-- manifest; is_new: it appeared after the first round, that is, while somebody was watching.
function scanning.start(found)
  local seen, first, rounds, rest_until = {}, 0, 0, 0

  local function look(folder, name)
    if seen[name] or not name:find("%.json$") then return end
    seen[name] = true
    local path = files.join(folder, name)
    local read = manifest.read(path)
    if read then found(read, path, rounds > 0) end
  end

  -- Go on for a few milliseconds.
  return function(folder)
    local now = reaper.time_precise()
    if now < rest_until then return end
    local names = files.list(folder, first, NAMES_AT_ONCE)
    for _, name in ipairs(names) do
      look(folder, name)
      first = first + 1
      if reaper.time_precise() - now > BUDGET_S then return end
    end
    if #names < NAMES_AT_ONCE then
      first, rounds, rest_until = 0, rounds + 1, now + REST_S
    end
  end
end

return scanning
