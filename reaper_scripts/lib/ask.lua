-- @noindex
-- Asking: dialogs that remember, requests out of what the user chose, handing jobs to the importer.

local config = require "lib.config"
local files = require "lib.files"
local importer = require "lib.importer"
local jobs = require "lib.jobs"
local json = require "lib.json"
local log = require "lib.log"
local server = require "lib.server"

local ask = {}

local TITLE = "DAW Bridge"
local OK, YES_NO = 0, 4
local YES = 6
local OLDEST = 6.09
local SECOND_LOOK_S = 0.2

-- Say something to the user, who started an action and waits for it.
function ask.tell(text)
  reaper.MB(text, TITLE, OK)
end

-- Whether the user says yes.
function ask.yes(text)
  return reaper.MB(text, TITLE, YES_NO) == YES
end

-- A dialog. fields: list of { key, caption, default, check }; check(text) -> value, or nil and a sentence.
-- Returns the values by key, or nil when the user cancelled. What was entered is there next time.
function ask.dialog(title, name, fields)
  local captions, values = {}, {}
  for index, field in ipairs(fields) do
    captions[index] = field.caption
    values[index] = config.recall(name .. "_" .. field.key, field.default)
  end
  captions[#captions + 1] = "extrawidth=300"
  captions[#captions + 1] = "separator=\n" -- so that a prompt may contain commas
  while true do
    local ok, answer = reaper.GetUserInputs(
      TITLE .. ": " .. title, #fields, table.concat(captions, ","), table.concat(values, "\n"))
    if not ok then return nil end
    local result, trouble, index = {}, nil, 1
    for text in (answer .. "\n"):gmatch("(.-)\n") do
      local field = fields[index]
      if not field then break end
      values[index], index = text, index + 1
      config.remember(name .. "_" .. field.key, text)
      local value, why = field.check(text)
      if value == nil then trouble = trouble or why end
      result[field.key] = value
    end
    if not trouble then return result end
    ask.tell(trouble)
  end
end

-- A check for numbers between `low` and `high`; `what` names the field in the sentence.
function ask.number(what, low, high, whole)
  return function(text)
    local number = tonumber((text:gsub(",", ".")))
    if not number or number < low or number > high or whole and number ~= math.floor(number) then
      return nil, ("%s must be a %snumber from %g to %g, not \"%s\"."):format(
        what, whole and "whole " or "", low, high, text)
    end
    return whole and math.tointeger(number) or number + 0.0
  end
end

-- A check for one of several words.
function ask.choice(what, words)
  return function(text)
    local word = text:lower():match("^%s*(.-)%s*$")
    for _, known in ipairs(words) do
      if word == known then return known end
    end
    return nil, ("%s must be one of %s, not \"%s\"."):format(what, table.concat(words, ", "), text)
  end
end

-- A check that takes everything, or everything but nothing.
function ask.text(what_is_needed)
  return function(text)
    if what_is_needed and not text:find("%S") then return nil, what_is_needed end
    return text
  end
end

-- Make sure that a server runs or will run; false when the user would rather not ask now.
local function server_is_coming()
  if server.heartbeat() then return true end
  if config.get("autostart") ~= "yes" then
    local start = ask.yes("The DAW Bridge server is not running.\n\n" .. server.how_to_start()
      .. "\n\nStart it now? (No: your request is not sent.)")
    if not start then return false end
  end
  server.start()
  return true
end

local function start_importer()
  local command = reaper.NamedCommandLookup("_" .. config.recall("importer_command", ""))
  if command == 0 then
    local path = files.join(config.folder, "Clip importer.lua")
    command = reaper.AddRemoveReaScript(true, 0, path, true)
  end
  if command == 0 then
    return log.tell('run the action "Clip importer" once: it brings the clips into the project')
  end
  config.share("importer_wanted", "1")
  reaper.Main_OnCommand(command, 0)
end

-- Start the importer when it does not run. Starting it while it runs would end it, and after a modal
-- dialog it needs a tick to show that it is alive: so look twice.
function ask.wake_importer(was_alive)
  config.share("wake", "1")
  local asked = reaper.time_precise()
  local function look_again()
    if importer.alive() then return end
    if reaper.time_precise() - asked < SECOND_LOOK_S then return reaper.defer(look_again) end
    start_importer()
  end
  if not was_alive then look_again() end
end

-- The request's keys that are the same everywhere: where the clip belongs, and to whom.
local function place_keys(project, job)
  return {
    "place_beats", job.start_beats, "project", jobs.project_id(project), "track", job.track,
  }
end

-- Send a job: request = { address, first (prompt or path), keys = { key, value, ... }, title,
-- start_s, track, rate, keep_pitch, midi (whether MIDI clips are wanted) }. `was_alive`: whether the importer ran before any dialog was open.
function ask.submit(project, request, was_alive)
  if not server_is_coming() then return false end
  local job = {
    id = jobs.new_id(), address = request.address, title = request.title, track = request.track or "",
    start_s = request.start_s, start_beats = reaper.TimeMap2_timeToQN(project, request.start_s),
    rate = request.rate, keep_pitch = request.keep_pitch, midi = request.midi,
  }
  job.arguments = { request.first, table.unpack(request.keys) }
  table.move(place_keys(project, job), 1, 6, #job.arguments + 1, job.arguments)
  jobs.save(project, job)
  ask.wake_importer(was_alive)
  return true
end

-- The GUID of the track new ones go below, "" for the end of the list.
function ask.selected_track(project)
  local track = reaper.GetSelectedTrack(project, 0)
  return track and reaper.GetTrackGUID(track) or ""
end

-- Remember a table, and get it back.
function ask.keep(key, value)
  config.remember(key, json.encode(value))
end

function ask.kept(key)
  local text = config.recall(key, "")
  return text ~= "" and json.decode(text) or nil
end

-- Whether this REAPER is new enough; tells the user when not.
function ask.version_is_fine()
  local version = tonumber(reaper.GetAppVersion():match("%d+%.%d+")) or 0
  if version >= OLDEST then return true end
  ask.tell(("DAW Bridge needs REAPER %.2f or newer; this is %s."):format(OLDEST, reaper.GetAppVersion()))
  return false
end

return ask
