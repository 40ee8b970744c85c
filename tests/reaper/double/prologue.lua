-- What every script finds in its Lua state: `reaper`, and a standard library that keeps REAPER's rules.
local call, state, environment, file_rule = ...

local function api(name)
  return function(...)
    local answer = table.pack(call(name, select("#", ...), ...))
    if answer[1] then return table.unpack(answer, 2, answer.n) end
    error(answer[2], 2)
  end
end

reaper = setmetatable({}, {
  __index = function(self, name)
    local found = state(name)
    if found == "hidden" then return nil end -- this REAPER is too old, or an extension is missing
    if found == "unknown" then error("no REAPER has a function '" .. tostring(name) .. "'", 2) end
    local wrapped = api(name)
    rawset(self, name, wrapped)
    return wrapped
  end,
  __newindex = function(_, name) error("a script sets reaper." .. tostring(name), 2) end,
})

python = nil

local open, rename = io.open, os.rename

function io.open(path, mode)
  if mode and mode:find("[wa+]") then
    local why = file_rule("write", path)
    if why then return nil, why, 13 end
  end
  return open(path, mode)
end

function os.rename(from, to)
  local why = file_rule("rename", to) or file_rule("write", to)
  if why then return nil, why, 17 end
  return rename(from, to)
end

function os.getenv(name) return environment(name) end

for _, name in ipairs { "execute", "exit" } do
  os[name] = function() error("os." .. name .. " freezes or ends REAPER", 2) end
end
io.popen = function() error("io.popen freezes REAPER", 2) end

function __load(path)
  local chunk = assert(loadfile(path))
  local ok, why = xpcall(chunk, debug.traceback)
  if not ok then error(why, 0) end
end

-- globals are shared by everything a script requires: setting one by mistake is an error
setmetatable(_G, {
  __newindex = function(_, name) error("global variable '" .. tostring(name) .. "' is set", 2) end,
  __index = function(_, name) error("global variable '" .. tostring(name) .. "' is read", 2) end,
})

return function(deferred)
  local ok, why = xpcall(deferred, debug.traceback)
  if not ok then error(why, 0) end
end
