-- @noindex
-- Getting a finished job's files ready for the project, a few milliseconds at a time: copies, notes, sources.

local files = require "lib.files"
local manifest = require "lib.manifest"
local words = require "lib.words"

local fetching = {}

local BUDGET_S = 0.004 -- a tick of REAPER is about 30 ms
local SAME_LENGTH_S = 0.01

-- Where the copy of an audio clip goes: a name people recognise, that nothing has yet.
local function target_of(folder, plan, clip)
  local name = ("%s-%s-%s"):format(files.slug(plan.title, 24), plan.job_id:sub(-8), clip.role)
  if clip.variation and clip.variation > 1 then name = name .. "-v" .. clip.variation end
  return files.fresh(folder, files.slug(name, 80), ".wav")
end

-- A fetch in progress: call `step()` each tick until it says "ready" or "failed" (then see `why`).
-- Afterwards every audio clip of the plan has `path`, every MIDI clip `note_list`.
function fetching.start(project, clips_folder, plan)
  local media = reaper.GetProjectPathEx(project)
  local fetch = { plan = plan, media = media }
  local index, copy, reader = 1, nil, nil

  local function use_original(clip, why)
    fetch.warning = words.not_copied(media, why)
    clip.path, copy, index = clip.original, nil, index + 1
  end

  local function start_copy(clip)
    if not reaper.file_exists(clip.original) then
      fetch.why = words.unreadable(plan.title, clip.original, "the file is missing")
      return "failed"
    end
    reaper.RecursiveCreateDirectory(media, 0)
    local why
    copy, why = files.copy(clip.original, target_of(media, plan, clip))
    if not copy then use_original(clip, why) end
    return "working"
  end

  local function step_copy(clip)
    local state = copy.step(BUDGET_S)
    if state == "failed" then
      use_original(clip, copy.why)
    elseif state == "done" then
      clip.path, copy, index = copy.to, nil, index + 1
    end
    return "working"
  end

  local function read_notes(clip)
    local path, why = files.join(clips_folder, clip.notes), nil
    reader = reader or manifest.note_reader(path)
    clip.note_list, why = reader(BUDGET_S)
    if clip.note_list == false then
      fetch.why = words.unreadable(plan.title, path, why)
      return "failed"
    end
    if clip.note_list then reader, index = nil, index + 1 end
    return "working"
  end

  function fetch.step()
    local clip = plan.clips[index]
    if not clip then return "ready" end
    if clip.kind == "midi" then return read_notes(clip) end
    clip.original = files.join(clips_folder, clip.file)
    return copy and step_copy(clip) or start_copy(clip)
  end

  return fetch
end

-- Why a source is not the clip that was declared, or nil.
local function wrong(source, clip)
  local length = reaper.GetMediaSourceLength(source)
  if length <= 0 or reaper.GetMediaSourceType(source) ~= "WAVE" then
    return "REAPER cannot read it as audio"
  end
  local declared = clip.frames and clip.sample_rate and clip.frames / clip.sample_rate
  if declared and math.abs(declared - length) > SAME_LENGTH_S then
    return ("it is %.3f s long, %.3f s were declared"):format(length, declared)
  end
end

-- Let go of sources that no take has taken over.
function fetching.release(plan)
  for _, clip in ipairs(plan.clips) do
    if clip.source then reaper.PCM_Source_Destroy(clip.source) end
    clip.source = nil
  end
end

-- Open the source of every audio clip; true, or nil and a sentence (all are let go of then).
function fetching.open_sources(plan)
  for _, clip in ipairs(plan.clips) do
    if clip.kind == "audio" then
      clip.source = reaper.PCM_Source_CreateFromFile(clip.path)
      local why = not clip.source and "REAPER cannot open it" or wrong(clip.source, clip)
      if why then
        fetching.release(plan)
        return nil, words.unreadable(plan.title, clip.path, why)
      end
    end
  end
  return true
end

return fetching
