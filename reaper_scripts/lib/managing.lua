-- @noindex
-- The actions around the jobs: the importer's switch, cancel, status, settings.

local ask = require "lib.ask"
local config = require "lib.config"
local importer = require "lib.importer"
local jobs = require "lib.jobs"
local server = require "lib.server"
local transport = require "lib.transport"

local managing = {}

local PATIENCE_S = 2
local RELAUNCH_ENDS = 1 -- set_action_options: running the action again ends it
local ON, OFF = 1, 0

-- Clip importer: on, and off when it is run again.
function managing.importer()
  local wanted = config.take("importer_wanted") ~= ""
  if importer.alive() then
    if not wanted then config.share("importer_stop", "1") end
    return
  end
  local _, _, section, command = reaper.get_action_context()
  if reaper.set_action_options then reaper.set_action_options(RELAUNCH_ENDS) end -- REAPER 7.03+
  local name = reaper.ReverseNamedCommandLookup(command)
  if name then config.remember("importer_command", (name:gsub("^_", ""))) end
  local function light(state)
    reaper.SetToggleCommandState(section, command, state)
    reaper.RefreshToolbar2(section, command)
  end
  light(ON)
  importer.run(function() light(OFF) end)
end

-- Cancel generation: the job of this project, or all of them.
function managing.cancel()
  local project, was_alive = reaper.EnumProjects(-1), importer.alive()
  local waiting = jobs.list(project)
  if #waiting == 0 then return ask.tell("Nothing is being made for this project.") end
  local question = ("%d clips are being made for this project. Cancel all of them?"):format(#waiting)
  if #waiting > 1 and not ask.yes(question) then return end
  for _, job in ipairs(waiting) do config.share("cancel_" .. job.id, "1") end
  ask.wake_importer(was_alive)
end

local function report(project, answers)
  local lines = { "DAW Bridge" }
  local function add(label, value) lines[#lines + 1] = ("  %-12s %s"):format(label, value) end
  local ping, totals = answers["/bridge/ping"], answers["/bridge/status"]
  if ping then
    add("server", ("%s, version %s, model %s"):format(ping[3], ping[1], ping[4]))
  else
    add("server", answers.trouble or "does not answer. " .. server.how_to_start())
  end
  if totals then
    add("jobs", ("%d waiting, %d running, %d done, %d failed, %d cancelled"):format(
      table.unpack(totals, 3, 7)))
  end
  add("carrier", answers.carrier)
  add("importer", importer.alive() and "on" or "off")
  add("home", config.home())
  for _, job in ipairs(jobs.list(project)) do
    add("waiting for", job.title .. (job.job_id and "  (job " .. job.job_id .. ")" or "  (not answered yet)"))
  end
  reaper.ShowConsoleMsg(table.concat(lines, "\n") .. "\n")
end

-- Bridge status: asks the server and writes what it says into the console.
function managing.status()
  local project = reaper.EnumProjects(-1)
  local carrier = transport.open(config.client() .. ".status")
  carrier.connect()
  local answers, asked = { carrier = carrier.name }, reaper.time_precise()
  local id = jobs.new_id()
  carrier.send("/bridge/ping", { id .. "/ping" })
  carrier.send("/bridge/status", { id .. "/status" })

  local function receive(address, arguments)
    local command = table.remove(arguments, 1)
    if address == "/bridge/fail" then answers.trouble = arguments[3] end
    table.remove(arguments, 1)
    if address == "/bridge/done" then answers[command] = arguments end
  end

  local function wait()
    carrier.receive(receive)
    local complete = answers.trouble or answers["/bridge/ping"] and answers["/bridge/status"]
    if not complete and reaper.time_precise() - asked < PATIENCE_S then return reaper.defer(wait) end
    carrier.close()
    report(project, answers)
  end
  wait()
end

-- Bridge settings: a dialog for what is kept for ever.
function managing.settings()
  local yes_no = { "yes", "no" }
  local names = { "home", "autostart", "start_command", "adopt", "token" }
  local fields = {
    { caption = "Home folder (empty = as installed)", check = ask.text() },
    { caption = "Start the server by itself (yes/no)", check = ask.choice("Start by itself", yes_no) },
    { caption = "Start command (empty = as installed)", check = ask.text() },
    { caption = "Import clips asked for elsewhere (yes/no)", check = ask.choice("Import", yes_no) },
    { caption = "Token (only when the server has one)", check = ask.text() },
  }
  for index, field in ipairs(fields) do
    field.key, field.default = names[index], config.get(names[index])
  end
  ask.dialog("settings", "setting", fields)
end

return managing
