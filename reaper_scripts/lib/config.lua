-- @noindex
-- What the scripts remember: settings kept for ever, and facts shared by all scripts of one REAPER.

local files = require "lib.files"
local json = require "lib.json"

local config = {}

local SECTION = "DawBridge"

-- setting -> default; kept in reaper-extstate.ini once they are changed
local SETTINGS = {
  home = "", -- "" = what the installer wrote, else DAW_BRIDGE_HOME, else ~/DawBridge
  start_command = "", -- "" = what the installer wrote
  autostart = "no", -- start the server by itself when it is needed
  adopt = "no", -- also import clips that were asked for elsewhere
  token = "", -- for a server that wants one
}

-- Text that survives an ini file and a project file: plain characters, the rest as %xx.
function config.escape(text)
  return (text:gsub("[^A-Za-z0-9_.~:/ -]", function(sign) return ("%%%02X"):format(sign:byte()) end))
end

-- The opposite of `escape`.
function config.unescape(text)
  return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

-- A remembered text, or `default`.
function config.recall(key, default)
  if not reaper.HasExtState(SECTION, key) then return default end
  return config.unescape(reaper.GetExtState(SECTION, key))
end

-- Remember a text for ever.
function config.remember(key, text)
  reaper.SetExtState(SECTION, key, config.escape(text), true)
end

-- A setting by its name.
function config.get(name)
  return config.recall("setting_" .. name, SETTINGS[name])
end

-- Change a setting for ever.
function config.set(name, text)
  config.remember("setting_" .. name, text)
end

-- A fact shared by the scripts of this REAPER process; gone when REAPER quits.
function config.shared(key)
  return reaper.GetExtState(SECTION, "process_" .. key)
end

function config.share(key, text)
  reaper.SetExtState(SECTION, "process_" .. key, text, false)
end

-- Read a shared fact and forget it.
function config.take(key)
  local text = config.shared(key)
  if text ~= "" then reaper.DeleteExtState(SECTION, "process_" .. key, false) end
  return text
end

-- What the installer wrote beside the scripts: `home` and `start_command`, or nothing.
local function installed()
  local text = files.read(files.join(config.folder, "installed.json"))
  return text and json.decode(text) or {}
end

-- The bridge's home folder.
function config.home()
  local home = config.get("home")
  if home == "" then home = os.getenv("DAW_BRIDGE_HOME") or installed().home or "" end
  if home == "" then
    home = files.join(os.getenv("HOME") or os.getenv("USERPROFILE") or "", "DawBridge")
  end
  return (home:gsub("[/\\]+$", ""))
end

-- The command that starts the server.
function config.start_command()
  local command = config.get("start_command")
  return command ~= "" and command or installed().start_command or "daw-bridge serve"
end

-- A name that no other REAPER, running or past, has: two instances never read each other's answers.
function config.client()
  local client = config.shared("client")
  if client == "" then
    client = "reaper-" .. reaper.genGuid():gsub("[^%w]", ""):sub(1, 12):lower()
    config.share("client", client)
  end
  return client
end

-- 1, 2, 3 ... shared by all scripts of this REAPER process.
function config.count()
  local number = (tonumber(config.shared("counter")) or 0) + 1
  config.share("counter", tostring(math.tointeger(number)))
  return math.tointeger(number)
end

-- Where these scripts lie; told by the action that was started.
config.folder = ""

return config
