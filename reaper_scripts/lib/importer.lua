-- @noindex
-- The background loop: follows the jobs of all open projects and lets their clips land, one at a time.

local config = require "lib.config"
local fetching = require "lib.fetching"
local files = require "lib.files"
local following = require "lib.following"
local jobs = require "lib.jobs"
local log = require "lib.log"
local manifest = require "lib.manifest"
local placing = require "lib.placing"
local scanning = require "lib.scanning"
local server = require "lib.server"
local timeline = require "lib.timeline"
local words = require "lib.words"

local importer = {}

local POLL_S = 0.3
local ALIVE_S = 2
local REPEAT_S = 2 -- other things write into the status line too
local RECORDING = 4
local BUILD_MISSING_PEAKS = 40047 -- native action "Peaks: Build any missing peaks"
local PEAKS_STEP, PEAKS_DONE = 1, 2

local function new_loop()
  local self = {}
  local watched = {} -- request_id -> watch
  local current -- the import in progress: watch, plan, fetch
  local peaks = {} -- takes whose peaks are being built
  local polled, shown, shown_at = 0, nil, 0
  local scan_first

  local function landed_key(watch)
    return "landed_" .. watch.job.id
  end

  local function forget(watch)
    jobs.remove(watch.project, watch.job)
    watched[watch.job.id] = nil
    if current and current.watch == watch then current = nil end
  end

  local function over(watch, text)
    forget(watch)
    log.tell(text)
  end

  local follow = following.start(watched, over)

  -- ---- the jobs of the open projects

  -- A job that landed here before and waits again: undone (leave it), or the project was opened anew.
  local function was_undone(project, watch)
    if config.shared(landed_key(watch)) ~= tostring(project) then return false end
    return reaper.Undo_CanRedo2(project) or placing.is_there(project, watch.job.job_id)
  end

  local function meet(project, name, job)
    local watch = watched[job.id]
    if not watch then
      watch = { job = job, project = project, fresh = true }
      watched[job.id] = watch
    end
    if watch.project ~= project and watch.met == polled then return end -- open twice: one at a time
    watch.project, watch.name, watch.met = project, name, polled
    if config.take("cancel_" .. job.id) ~= "" then watch.job.cancel = true end
    if watch.fresh and was_undone(project, watch) then return forget(watch) end
    watch.fresh = false
  end

  local function meet_all()
    jobs.each_project(function(project, name)
      for _, job in ipairs(jobs.list(project)) do meet(project, name, job) end
    end)
    for id, watch in pairs(watched) do
      if watch.met ~= polled then
        if current and current.watch == watch then current = nil end
        watched[id] = nil -- its project was closed: the job stays in the project file
      end
    end
  end

  local function manifest_path(beat, watch)
    if not watch.job.job_id then return nil end
    return files.join(server.clips_folder(beat), watch.job.job_id .. ".json")
  end

  local function poll(now)
    polled = now
    follow.carrier.connect()
    meet_all()
    local beat = server.heartbeat()
    for _, watch in pairs(watched) do
      local path = manifest_path(beat, watch)
      watch.path = path and reaper.file_exists(path) and path or nil
      if not watch.path then follow.follow(watch, now, beat) end
    end
  end

  -- ---- clips that nobody announced

  local function adopt(found)
    local project, name = reaper.EnumProjects(-1)
    local place = found.place or {}
    local start_s = place.s or place.beats and reaper.TimeMap2_QNToTime(project, place.beats)
      or reaper.GetCursorPositionEx(project)
    local track = reaper.GetSelectedTrack(project, 0)
    local job = {
      id = found.request_id, job_id = found.job_id, address = found.command, arguments = {},
      title = "a clip asked for elsewhere", start_s = start_s,
      start_beats = reaper.TimeMap2_timeToQN(project, start_s),
      track = track and reaper.GetTrackGUID(track) or "", midi = true,
    }
    jobs.save(project, job)
    meet(project, name, job)
  end

  local function found_manifest(found, _, is_new)
    local watch = watched[found.request_id]
    if watch and not watch.job.job_id then
      watch.job.job_id = found.job_id
      jobs.save(watch.project, watch.job)
    elseif not watch and is_new and (found.project or "") == "" and config.get("adopt") == "yes" then
      adopt(found)
    end
  end

  local function scan_if_needed()
    local needed = config.get("adopt") == "yes"
    for _, watch in pairs(watched) do
      needed = needed or watch.silent and not watch.job.job_id
    end
    if not needed then
      scan_first = nil
      return
    end
    scan_first = scan_first or scanning.start(found_manifest)
    scan_first(server.clips_folder(server.heartbeat()))
  end

  -- ---- imports

  -- Why a clip that is ready cannot be placed right now, or nil.
  local function must_wait(watch)
    if watch.project ~= reaper.EnumProjects(-1) then
      return words.other_tab(watch.job.title, watch.name == "" and "(unsaved)" or watch.name)
    end
    if reaper.GetPlayStateEx(watch.project) & RECORDING ~= 0 then
      return words.recording(watch.job.title)
    end
  end

  local function begin(watch)
    local found, why = manifest.read(watch.path)
    if not found then return over(watch, words.bad_manifest(watch.job.title, watch.path, why)) end
    local separate = watch.job.address == "/bridge/separate"
    local plan = manifest.plan(found, separate, watch.job.midi)
    plan.keep_time, plan.rate, plan.keep_pitch = separate, watch.job.rate, watch.job.keep_pitch
    local clips_folder = watch.path:match("^(.*)[/\\]")
    current = { watch = watch, plan = plan, fetch = fetching.start(watch.project, clips_folder, plan) }
  end

  local function watch_peaks(project, plan)
    if not reaper.PCM_Source_BuildPeaks then -- before REAPER 6.47
      return reaper.Main_OnCommand(BUILD_MISSING_PEAKS, 0)
    end
    for _, clip in ipairs(plan.clips) do
      if clip.take then peaks[#peaks + 1] = { project = project, take = clip.take } end
    end
  end

  local function build_peaks()
    local first = peaks[1]
    if not first then return end
    local source = jobs.is_open(first.project) and reaper.ValidatePtr2(first.project, first.take, "MediaItem_Take*")
      and reaper.GetMediaItemTake_Source(first.take)
    local begun = first.begun
    first.begun = true
    local left = source and reaper.PCM_Source_BuildPeaks(source, begun and PEAKS_STEP or 0) or 0
    if left == 0 then
      if source and begun then reaper.PCM_Source_BuildPeaks(source, PEAKS_DONE) end
      table.remove(peaks, 1)
    end
  end

  local function land(watch, plan, fetch)
    local job, project = watch.job, watch.project
    local opened, why = fetching.open_sources(plan)
    if not opened then return over(watch, why) end
    local start_s = timeline.place(project, job.start_s, job.start_beats)
    local placed
    placed, why = placing.place(project, plan, job.track, start_s)
    fetching.release(plan)
    if not placed then return over(watch, words.failed(job.title, why)) end
    config.share(landed_key(watch), tostring(project))
    forget(watch)
    watch_peaks(project, plan)
    if fetch.warning then log.tell(fetch.warning) end
    for _, text in ipairs(plan.warnings) do log.tell(words.warning(plan.title, text)) end
    log.say(words.landed(plan.title, watch.name == "", fetch.media))
  end

  local function advance()
    local watch, plan, fetch = current.watch, current.plan, current.fetch
    if must_wait(watch) then return end
    local state = fetch.step()
    if state == "failed" then return over(watch, fetch.why) end
    if state == "ready" then
      current = nil
      if not placing.is_there(watch.project, plan.job_id) then return land(watch, plan, fetch) end
      forget(watch)
    end
  end

  local function import()
    if current then return advance() end
    for _, watch in pairs(watched) do
      if watch.path and not must_wait(watch) then return begin(watch) end
    end
    build_peaks()
  end

  -- ---- the status line

  local function weight(watch)
    return watch.path and 4 or watch.silent and 3 or (watch.fraction or 0) > 0 and 2 or 1
  end

  local function news()
    if current then return must_wait(current.watch) or "importing " .. current.plan.title end
    local best
    for _, watch in pairs(watched) do
      if not best or weight(watch) > weight(best) then best = watch end
    end
    if not best then return nil end
    return best.path and must_wait(best) or words.progress(best)
  end

  local function show(now)
    local text = news()
    if text and (text ~= shown or now - shown_at > REPEAT_S) then
      log.say(text)
      shown_at = now
    end
    shown = text
  end

  -- One tick.
  function self.turn()
    local now = reaper.time_precise()
    follow.receive()
    if now - polled > POLL_S or config.take("wake") ~= "" then poll(now) end
    scan_if_needed()
    import()
    show(now)
  end

  function self.close()
    follow.carrier.close()
  end

  return self
end

-- Whether the loop runs in this REAPER.
function importer.alive()
  local stamp = tonumber(config.shared("importer_alive"))
  return stamp ~= nil and math.abs(reaper.time_precise() - stamp) < ALIVE_S
end

-- Run until `config.share("importer_stop", ...)`, REAPER's own "terminate", or the end of REAPER.
function importer.run(on_end)
  local loop, told = new_loop(), nil
  config.take("importer_stop")

  local function tick()
    if config.take("importer_stop") ~= "" then return end
    config.share("importer_alive", tostring(reaper.time_precise()))
    local fault
    local ok, trace = xpcall(loop.turn, function(why)
      fault = tostring(why)
      return debug.traceback(fault)
    end)
    if not ok and fault ~= told then
      told = fault -- the same trouble every tick is told once
      log.tell("the importer met a fault and goes on:\n" .. trace)
    end
    reaper.defer(tick)
  end

  reaper.atexit(function()
    config.take("importer_alive")
    loop.close()
    on_end()
  end)
  tick()
end

return importer
