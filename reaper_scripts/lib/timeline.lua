-- @noindex
-- Where on the time line a clip goes: ranges in seconds, quarter notes, bars, with one tempo and one meter.

local timeline = {}

local EXACT_BEATS = 1e-6
local PROBES = 16 -- places looked at inside a range, for tempo ramps

local function round(number, digits)
  local scale = 10 ^ digits
  return math.floor(number * scale + 0.5) / scale
end

-- The places inside a range where tempo or meter could differ from its start.
local function probes(project, from, to)
  local times = { to }
  for step = 1, PROBES - 1 do times[#times + 1] = from + (to - from) * step / PROBES end
  for index = 0, reaper.CountTempoTimeSigMarkers(project) - 1 do
    local _, time = reaper.GetTempoTimeSigMarker(project, index)
    if time > from and time < to then times[#times + 1] = time end
  end
  table.sort(times)
  return times
end

local function bar_name(project, time)
  local _, bar = reaper.TimeMap2_timeToBeats(project, time + EXACT_BEATS)
  return "bar " .. math.tointeger(bar) + 1
end

-- Why a range has more than one tempo or meter, or nil.
local function unsteady(project, range)
  for _, time in ipairs(probes(project, range.start_s, range.end_s)) do
    local beats = reaper.TimeMap2_timeToQN(project, time) - range.start_beats
    local steady = (time - range.start_s) * range.exact_bpm / 60
    if math.abs(beats - steady) > EXACT_BEATS * math.max(1, range.beats) then
      return ("the tempo changes inside the range (%s to %s)"):format(
        bar_name(project, range.start_s), bar_name(project, range.end_s))
    end
    local numerator, denominator = reaper.TimeMap_GetTimeSigAtTime(project, time - EXACT_BEATS)
    if time > range.start_s + EXACT_BEATS
      and (numerator ~= range.numerator or denominator ~= range.denominator) then
      return ("the time signature changes inside the range, at %s"):format(bar_name(project, time))
    end
  end
end

-- The range from `from` to `to` seconds, or nil and why it cannot be one.
function timeline.range(project, from, to)
  local numerator, denominator = reaper.TimeMap_GetTimeSigAtTime(project, from)
  local range = {
    start_s = from, end_s = to, numerator = numerator, denominator = denominator,
    start_beats = reaper.TimeMap2_timeToQN(project, from),
    meter = ("%d/%d"):format(numerator, denominator),
  }
  range.beats = reaper.TimeMap2_timeToQN(project, to) - range.start_beats
  range.exact_bpm = 60 * range.beats / (to - from)
  range.bpm = round(range.exact_bpm, 6)
  range.bars = round(range.beats * denominator / (numerator * 4), 9)
  local why = unsteady(project, range)
  if why then return nil, why .. ": choose a range with one tempo and one time signature" end
  return range
end

-- `bars` bars from `from` seconds on, in the meter that holds there.
function timeline.bars(project, from, bars)
  local numerator, denominator = reaper.TimeMap_GetTimeSigAtTime(project, from)
  local beats = reaper.TimeMap2_timeToQN(project, from) + bars * numerator * 4 / denominator
  return timeline.range(project, from, reaper.TimeMap2_QNToTime(project, beats))
end

-- The time selection as start and end in seconds, or nil when there is none.
function timeline.selection(project)
  local from, to = reaper.GetSet_LoopTimeRange2(project, false, false, 0, 0, false)
  if to > from then return from, to end
end

-- Where something asked for at `start_s` = `start_beats` belongs now: the tempo before it may have changed.
function timeline.place(project, start_s, start_beats)
  if math.abs(reaper.TimeMap2_timeToQN(project, start_s) - start_beats) < EXACT_BEATS then
    return start_s
  end
  return reaper.TimeMap2_QNToTime(project, start_beats)
end

-- Quarter notes a minute that hold, on average, over `beats` quarter notes from `start_s` on.
function timeline.bpm(project, start_s, beats)
  local first = reaper.TimeMap2_timeToQN(project, start_s)
  return 60 * beats / (reaper.TimeMap2_QNToTime(project, first + beats) - start_s)
end

-- "bar 5, 120 bpm, 4/4": the start of a range for people.
function timeline.describe(project, start_s)
  local numerator, denominator = reaper.TimeMap_GetTimeSigAtTime(project, start_s)
  local bpm = timeline.bpm(project, start_s, 1)
  return ("%s, %s bpm, %d/%d"):format(
    bar_name(project, start_s), ("%.2f"):format(bpm):gsub("%.?0+$", ""), numerator, denominator)
end

return timeline
