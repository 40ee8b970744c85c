-- @noindex
-- The selected item as audio for the server: its real file, and which part of it is heard at what rate.

local source = {}

-- The source that has a file: sections and reversed sources wrap it. Also: offset, and whether reversed.
local function file_source(media)
  local offset, reversed = 0, false
  local parent = reaper.GetMediaSourceParent(media)
  while parent do
    local ok, start, _, backwards = reaper.PCM_Source_GetSectionInfo(media)
    if ok then offset, reversed = offset + start, reversed or backwards end
    media, parent = parent, reaper.GetMediaSourceParent(parent)
  end
  return media, offset, reversed
end

-- Length of the source as the item sees it, in seconds of the file.
local function visible_length(media)
  local length = reaper.GetMediaSourceLength(media)
  local ok, _, section = reaper.PCM_Source_GetSectionInfo(media)
  return ok and section > 0 and section or length
end

local function audio_of(take)
  if reaper.TakeIsMIDI(take) then return nil, "The selected item is MIDI; select an audio item." end
  local media = reaper.GetMediaItemTake_Source(take)
  if not media then return nil, "The selected item has no audio." end
  local root, offset, reversed = file_source(media)
  local path = reaper.GetMediaSourceFileName(root)
  if path == "" or path:lower():find("%.rpp$") then
    return nil, "The selected item has no audio file of its own; glue it first (Item > Glue items)."
  end
  if not reaper.file_exists(path) then return nil, "The item's file is missing: " .. path end
  if reversed then
    return nil, "The selected item is reversed; glue it first (Item > Glue items)."
  end
  return path, media, offset
end

-- What the selected item plays, or nil and a sentence for the user:
-- path; start_s and length_s in the file; rate; keep_pitch; position_s, end_s on the time line; track.
function source.selected(project)
  local item = reaper.GetSelectedMediaItem(project, 0)
  local take = item and reaper.GetActiveTake(item)
  if not take then return nil, "Select an audio item first." end
  local path, media, offset = audio_of(take)
  if not path then return nil, media end
  local rate = reaper.GetMediaItemTakeInfo_Value(take, "D_PLAYRATE")
  local inside = reaper.GetMediaItemTakeInfo_Value(take, "D_STARTOFFS")
  local length = reaper.GetMediaItemInfo_Value(item, "D_LENGTH")
  local position = reaper.GetMediaItemInfo_Value(item, "D_POSITION")
  local there = visible_length(media)
  if reaper.GetMediaItemInfo_Value(item, "B_LOOPSRC") == 1 then inside = inside % there end
  local heard = math.min(length * rate, there - inside) -- a looped item: its first pass
  if heard <= 0 or inside < 0 then return nil, "The selected item plays no part of its file." end
  return {
    path = path, start_s = offset + inside, length_s = heard, rate = rate,
    keep_pitch = reaper.GetMediaItemTakeInfo_Value(take, "B_PPITCH"),
    position_s = position, end_s = position + length, heard_s = heard / rate,
    track = reaper.GetTrackGUID(reaper.GetMediaItem_Track(item)),
  }
end

return source
