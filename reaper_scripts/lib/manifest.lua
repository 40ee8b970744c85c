-- @noindex
-- From a finished job's manifest to a plan: which tracks with which takes, in which files, in which colours.

local files = require "lib.files"
local json = require "lib.json"

local manifest = {}

local NAME_LENGTH = 48
local GREY = { 120, 144, 156 }
local COLOURS = {
  mix = { 0, 150, 136 }, drums = { 229, 57, 53 }, bass = { 30, 136, 229 }, keys = { 142, 36, 170 },
  chords = { 142, 36, 170 }, piano = { 142, 36, 170 }, melody = { 251, 140, 0 },
  lead = { 251, 140, 0 }, guitar = { 124, 179, 66 }, pad = { 94, 53, 177 }, strings = { 94, 53, 177 },
  vocals = { 216, 27, 96 }, other = GREY,
}

-- A path inside the clips folder.
local function is_inside(path)
  return type(path) == "string" and not path:find("..", 1, true)
end

local function is_clip(clip)
  local kinds = { audio = true, midi = true }
  return type(clip) == "table" and kinds[clip.kind] and is_inside(clip.file)
    and type(clip.role) == "string"
    and (clip.kind == "audio" or is_inside(clip.notes) and type(clip.beats) == "number")
end

-- The manifest in a file, or nil and why it cannot be used.
function manifest.read(path)
  local text, why = files.read(path)
  if not text then return nil, why end
  local found
  found, why = json.decode(text)
  if type(found) ~= "table" then return nil, why or "it is no JSON object" end
  if type(found.job_id) ~= "string" or type(found.request_id) ~= "string"
    or type(found.clips) ~= "table" or #found.clips == 0 then
    return nil, "it names no job or no clips"
  end
  for _, clip in ipairs(found.clips) do
    if not is_clip(clip) then return nil, "one of its clips has no usable file, kind or role" end
  end
  return found
end

-- "warm house loop (seed 7)": what the clip is called in the project.
local function title_of(found)
  local request = found.request or {}
  local name = request.prompt or (request.path or ""):match("[^/\\]+$") or found.job_id
  if #name > NAME_LENGTH then
    local cut = utf8.offset(name, 0, NAME_LENGTH) or NAME_LENGTH -- never inside a letter
    name = name:sub(1, cut - 1) .. "..."
  end
  return (name:gsub("%c", " "))
end

-- Sentences about what does not fit the song, as the server says them.
local function warnings_of(found)
  local said, list = (found.report or {}).notes, {}
  for _, text in ipairs(type(said) == "table" and said or {}) do list[#list + 1] = tostring(text) end
  return list
end

local function note_lines(found)
  local request, engine = found.request or {}, found.engine or {}
  local lines = { found.software or "daw-bridge" }
  local function add(label, value)
    if value ~= nil and value ~= "" then lines[#lines + 1] = label .. ": " .. tostring(value) end
  end
  add("prompt", request.prompt)
  add("seed", request.seed)
  add("file", request.path)
  add("key", request.key)
  add("bpm", request.bpm)
  add("meter", request.meter)
  add("engine", engine.name and engine.name .. " " .. (engine.revision or ""))
  add("licence", engine.licence)
  add("created", found.created)
  add("job", found.job_id)
  return table.concat(lines, "\n")
end

-- Parts that are tracks of their own; the mix is left out when its parts are there. MIDI that nobody
-- wants is left out as well, unless there is nothing else.
local function wanted(found, midi)
  local parts, list = 0, {}
  for _, clip in ipairs(found.clips) do
    if clip.kind == "audio" and clip.role ~= "mix" then parts = parts + 1 end
  end
  for _, clip in ipairs(found.clips) do
    local double = parts > 0 and clip.role == "mix"
    if not double and (clip.kind == "audio" or midi) then list[#list + 1] = clip end
  end
  return #list > 0 and list or found.clips
end

local function track_name(plan, clip)
  local name = plan.folder and clip.role or plan.title
  if clip.kind == "midi" then name = name .. " MIDI" end
  -- in-project MIDI has no takes of its own here: further variations get tracks of their own
  if clip.kind == "midi" and (clip.variation or 1) > 1 then name = name .. " " .. clip.variation end
  return name
end

local function count_roles(clips)
  local seen, count = {}, 0
  for _, clip in ipairs(clips) do
    if not seen[clip.role] then seen[clip.role], count = true, count + 1 end
  end
  return count
end

-- The plan: title, notes, warnings, folder (whether the tracks go into one),
-- tracks = { name, colour, kind, clips }.
-- `folder`: make one even for a single part; `midi`: MIDI is wanted.
function manifest.plan(found, folder, midi)
  local clips = wanted(found, midi)
  local plan = {
    job_id = found.job_id, request_id = found.request_id, title = title_of(found),
    notes = note_lines(found), seed = (found.request or {}).seed, tracks = {}, clips = clips,
    place = found.place or {}, colour = COLOURS.mix, warnings = warnings_of(found),
    folder = folder or count_roles(clips) > 1,
  }
  local rows = {}
  for _, clip in ipairs(clips) do
    local name = track_name(plan, clip)
    local row = rows[name]
    if not row then
      row = { name = name, kind = clip.kind, clips = {}, colour = COLOURS[clip.role] or GREY }
      row.muted = clip.kind == "midi" and (clip.variation or 1) > 1
      rows[name], plan.tracks[#plan.tracks + 1] = row, row
    end
    row.clips[#row.clips + 1] = clip
  end
  return plan
end

local function number_list(text)
  local numbers = {}
  for word in text:gmatch("[^,%s]+") do numbers[#numbers + 1] = tonumber(word) end
  return #numbers == 5 and numbers or nil
end

-- Reads the notes of a MIDI clip in slices: call the result with a time budget until it gives the list
-- of {start, length, pitch, velocity, channel} in beats; or false and why it cannot.
function manifest.note_reader(path)
  local text, why = files.read(path)
  local is_list = text and (text:find("^%s*%[%s*%[.*%]%s*%]%s*$") or text:find("^%s*%[%s*%]%s*$"))
  if text and not is_list then why = "it is no list of notes" end
  if why then return function() return false, why end end
  local notes, next_note = {}, text:gmatch("%[([^%[%]]*)%]")
  return function(budget_s)
    local stop = reaper.time_precise() + budget_s
    repeat
      local numbers = next_note()
      if not numbers then return notes end
      local note = number_list(numbers)
      if not note then return false, "a note is not five numbers" end
      notes[#notes + 1] = note
    until reaper.time_precise() > stop
  end
end

return manifest
