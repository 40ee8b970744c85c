-- @noindex
-- Putting a prepared plan into the project: tracks, items, takes, notes; one undo step, nothing else moved.

local timeline = require "lib.timeline"

local placing = {}

local SAME_BPM = 1e-3
local UNDO_ALL = -1
local LOOP_FOLLOWS_BEATS = 1

-- What the user has selected and looks at; `restore` brings it back.
local function remember(project)
  local tracks, items = {}, {}
  for index = 0, reaper.CountSelectedTracks(project) - 1 do
    tracks[index + 1] = reaper.GetSelectedTrack(project, index)
  end
  for index = 0, reaper.CountSelectedMediaItems(project) - 1 do
    items[index + 1] = reaper.GetSelectedMediaItem(project, index)
  end
  local cursor = reaper.GetCursorPositionEx(project)
  local from, to = reaper.GetSet_ArrangeView2(project, false, 0, 0, 0, 0)
  return function(added)
    for _, track in ipairs(added) do reaper.SetTrackSelected(track, false) end
    for index = reaper.CountSelectedMediaItems(project) - 1, 0, -1 do
      reaper.SetMediaItemSelected(reaper.GetSelectedMediaItem(project, index), false)
    end
    for _, track in ipairs(tracks) do reaper.SetTrackSelected(track, true) end
    for _, item in ipairs(items) do reaper.SetMediaItemSelected(item, true) end
    if reaper.GetCursorPositionEx(project) ~= cursor then
      reaper.SetEditCurPos2(project, cursor, false, false)
    end
    local now_from, now_to = reaper.GetSet_ArrangeView2(project, false, 0, 0, 0, 0)
    if now_from ~= from or now_to ~= to then
      reaper.GetSet_ArrangeView2(project, true, 0, 0, from, to)
    end
  end
end

-- The index below the track with this GUID, and that track; the end of the list when it is gone.
local function below(project, guid)
  local count = reaper.CountTracks(project)
  for index = 0, count - 1 do
    local track = reaper.GetTrack(project, index)
    if reaper.GetTrackGUID(track) == guid then return index + 1, track end
  end
  return count, nil
end

local function insert_track(project, index, name, colour)
  if reaper.InsertTrackInProject then
    reaper.InsertTrackInProject(project, index, 0)
  else
    reaper.InsertTrackAtIndex(index, false) -- REAPER before 7.18; the project is the active one
  end
  local track = reaper.GetTrack(project, index)
  reaper.GetSetMediaTrackInfo_String(track, "P_NAME", name, true)
  local native = reaper.ColorToNative(table.unpack(colour)) | 0x1000000
  reaper.SetMediaTrackInfo_Value(track, "I_CUSTOMCOLOR", native)
  return track
end

-- New tracks below the anchor. When the anchor was the last of its folder, the new ones are now.
local function insert_tracks(project, plan, guid, added)
  local index, anchor = below(project, guid)
  local depth = anchor and math.min(0, reaper.GetMediaTrackInfo_Value(anchor, "I_FOLDERDEPTH")) or 0
  if depth < 0 then
    reaper.SetMediaTrackInfo_Value(anchor, "I_FOLDERDEPTH", 0)
    added.take_back = function() reaper.SetMediaTrackInfo_Value(anchor, "I_FOLDERDEPTH", depth) end
  end
  local last = depth
  if plan.folder then
    added[1] = insert_track(project, index, plan.title, plan.colour)
    reaper.SetMediaTrackInfo_Value(added[1], "I_FOLDERDEPTH", 1)
    last = depth - 1
  end
  for _, row in ipairs(plan.tracks) do
    row.track = insert_track(project, index + #added, row.name, row.colour)
    added[#added + 1] = row.track
  end
  reaper.SetMediaTrackInfo_Value(added[#added], "I_FOLDERDEPTH", last)
end

-- Name, mark and note on an item and its take.
local function label(plan, item, take, clip)
  local name = plan.folder and plan.title .. " - " .. clip.role or plan.title
  local seed = clip.seed or plan.seed
  if seed then name = ("%s (seed %d)"):format(name, seed) end
  reaper.GetSetMediaItemTakeInfo_String(take, "P_NAME", name, true)
  reaper.GetSetMediaItemTakeInfo_String(take, "P_EXT:DawBridge", plan.job_id, true)
  reaper.GetSetMediaItemInfo_String(item, "P_NOTES", plan.notes, true)
end

-- How fast the clip must play to fit the tempo that holds where it lands.
local function fit_rate(project, clip, start_s, plan)
  if not clip.beats or not clip.bpm or clip.beats <= 0 or plan.keep_time then return plan.rate or 1 end
  local rate = timeline.bpm(project, start_s, clip.beats) / clip.bpm
  return math.abs(rate - 1) < SAME_BPM and 1 or rate
end

-- One item with a take for every variation.
local function place_audio(project, plan, row, start_s)
  local item = reaper.AddMediaItemToTrack(row.track)
  local length = 0
  for _, clip in ipairs(row.clips) do
    local take = reaper.AddTakeToMediaItem(item)
    reaper.SetMediaItemTake_Source(take, clip.source)
    local rate = fit_rate(project, clip, start_s, plan)
    if rate ~= 1 then
      reaper.SetMediaItemTakeInfo_Value(take, "D_PLAYRATE", rate)
      reaper.SetMediaItemTakeInfo_Value(take, "B_PPITCH", plan.keep_pitch or 1)
    end
    length = math.max(length, reaper.GetMediaSourceLength(clip.source) / rate)
    clip.source, clip.take = nil, take -- the project owns the source now
    label(plan, item, take, clip)
  end
  reaper.SetMediaItemInfo_Value(item, "D_POSITION", start_s)
  reaper.SetMediaItemInfo_Value(item, "D_LENGTH", length)
  local loop = row.clips[1].loop
  reaper.SetMediaItemInfo_Value(item, "B_LOOPSRC", loop and 1 or 0)
  if loop then
    reaper.SetMediaItemInfo_Value(item, "C_BEATATTACHMODE", LOOP_FOLLOWS_BEATS)
  end
end

local function place_midi(project, plan, row, start_s)
  local clip = row.clips[1]
  local start_beats = reaper.TimeMap2_timeToQN(project, start_s)
  local end_s = reaper.TimeMap2_QNToTime(project, start_beats + clip.beats)
  local item = reaper.CreateNewMIDIItemInProj(row.track, start_s, end_s, false)
  local take = reaper.GetActiveTake(item)
  local first = reaper.MIDI_GetPPQPosFromProjQN(take, start_beats)
  local beat = reaper.MIDI_GetPPQPosFromProjQN(take, start_beats + 1) - first
  for _, note in ipairs(clip.note_list) do
    local start, length, pitch, velocity, channel = table.unpack(note)
    local from = math.floor(first + start * beat + 0.5)
    local to = math.max(from + 1, math.floor(first + (start + length) * beat + 0.5))
    reaper.MIDI_InsertNote(take, false, false, from, to, channel, pitch, velocity, true)
  end
  reaper.MIDI_Sort(take)
  if row.muted then reaper.SetMediaItemInfo_Value(item, "B_MUTE", 1) end
  label(plan, item, take, clip)
end

-- Whether the clips of this job lie in the project already.
function placing.is_there(project, job_id)
  for index = 0, reaper.CountMediaItems(project) - 1 do
    local item = reaper.GetMediaItem(project, index)
    for number = 0, reaper.GetMediaItemNumTakes(item) - 1 do
      local take = reaper.GetMediaItemTake(item, number)
      local found, id = false, ""
      if take then
        found, id = reaper.GetSetMediaItemTakeInfo_String(take, "P_EXT:DawBridge", "", false)
      end
      if found and id == job_id then return true end
    end
  end
  return false
end

-- Put the plan into the project as one undo step; true, or nil and what went wrong (nothing is left then).
-- Call it for the active project only, never while it records.
function placing.place(project, plan, guid, start_s)
  local added = {}
  local restore = remember(project)
  reaper.PreventUIRefresh(1)
  reaper.Undo_BeginBlock2(project)
  local ok, why = xpcall(function()
    insert_tracks(project, plan, guid, added)
    for _, row in ipairs(plan.tracks) do
      local put = row.kind == "audio" and place_audio or place_midi
      put(project, plan, row, start_s)
    end
  end, debug.traceback)
  if not ok then
    for _, track in ipairs(added) do reaper.DeleteTrack(track) end
    if added.take_back then added.take_back() end
    added = {}
  end
  restore(added)
  reaper.Undo_EndBlock2(project, "DAW Bridge: " .. plan.title, UNDO_ALL)
  reaper.PreventUIRefresh(-1)
  reaper.TrackList_AdjustWindows(false)
  reaper.UpdateArrange()
  if not ok then return nil, why end
  return true
end

return placing
