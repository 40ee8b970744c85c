-- @noindex
-- The server as seen from here: does it run, where does it listen, how is it started.

local config = require "lib.config"
local files = require "lib.files"
local json = require "lib.json"

local server = {}

local STALE_S = 10 -- the server renews its heartbeat every 2 s
local START_S = 30 -- how long a start may take; no second one before that

-- What `bridge.json` says and "running"; or nil and "absent" or "stale".
function server.heartbeat()
  local text = files.read(files.join(config.home(), "bridge.json"))
  local beat = text and json.decode(text)
  if type(beat) ~= "table" or not tonumber(beat.time_unix) then return nil, "absent" end
  if math.abs(os.time() - beat.time_unix) > STALE_S then return nil, "stale" end
  return beat, "running"
end

-- The folder where finished clips appear.
function server.clips_folder(beat)
  return beat and beat.clips or files.join(config.home(), "clips")
end

-- Start the server without waiting for it.
function server.start()
  reaper.ExecProcess(config.start_command(), -2)
  config.share("server_started", tostring(reaper.time_precise()))
end

-- Whether it was started from here a moment ago and is not there yet.
function server.is_starting()
  local started = tonumber(config.shared("server_started"))
  return started ~= nil and reaper.time_precise() - started < START_S and not server.heartbeat()
end

-- What to tell somebody whose server does not run.
function server.how_to_start()
  return "Start it with:  " .. config.start_command()
end

return server
