-- @noindex
-- The jobs of a project: kept in the project itself until their clips lie on the time line.
--
-- A job: id (its request_id), address, arguments (list for the message), job_id once the server said
-- so, track (GUID), start_s, start_beats, rate, keep_pitch, title, kind, cancel.

local config = require "lib.config"
local json = require "lib.json"

local jobs = {}

local SECTION = "DawBridge"
local PREFIX = "job_"

-- The project's name for itself, made once.
function jobs.project_id(project)
  local _, id = reaper.GetProjExtState(project, SECTION, "project")
  if id ~= "" then return id end
  id = reaper.genGuid():gsub("[^%w]", ""):lower()
  reaper.SetProjExtState(project, SECTION, "project", id)
  return id
end

-- A new request_id: unique for ever, and says which project asks.
function jobs.new_id()
  return "reaper-" .. reaper.genGuid():gsub("[^%w]", ""):lower()
end

-- Whether a project is still open in one of the tabs.
function jobs.is_open(project)
  return reaper.ValidatePtr2(0, project, "ReaProject*")
end

-- Keep a job, or what changed about it. A project that was closed meanwhile keeps what it was saved with.
function jobs.save(project, job)
  if not jobs.is_open(project) then return end
  reaper.SetProjExtState(project, SECTION, PREFIX .. job.id, config.escape(json.encode(job)))
end

-- The job is over: forget it.
function jobs.remove(project, job)
  if not jobs.is_open(project) then return end
  reaper.SetProjExtState(project, SECTION, PREFIX .. job.id, "")
end

-- All jobs of a project that still wait for their clips.
function jobs.list(project)
  local found, index = {}, 0
  while true do
    local more, _, text = reaper.EnumProjExtState(project, SECTION, index)
    if not more then return found end
    local job = json.decode(config.unescape(text))
    if type(job) == "table" and job.id and job.address then found[#found + 1] = job end
    index = index + 1
  end
end

-- Call `visit(project, file name)` for every open project.
function jobs.each_project(visit)
  local index = 0
  while true do
    local project, name = reaper.EnumProjects(index)
    if not project then return end
    visit(project, name)
    index = index + 1
  end
end

return jobs
