-- @noindex
-- The actions that ask for new music: from a prompt, again, as instruments, or from the selected item.

local ask = require "lib.ask"
local importer = require "lib.importer"
local source = require "lib.source"
local timeline = require "lib.timeline"

local making = {}

local WHOLE = 1e-6
local ASK_FOR_PROMPT = "Write a prompt: what should it sound like?"

local PROMPT = {
  key = "prompt", caption = "Prompt", default = "warm lo-fi beat with soft keys",
  check = ask.text(ASK_FOR_PROMPT),
}
local BARS = { key = "bars", caption = "Bars", default = "4", check = ask.number("Bars", 0.25, 256) }
local KEY = { key = "key", caption = "Key (such as A minor; empty = any)", default = "", check = ask.text() }
local SEED = {
  key = "seed", caption = "Seed (-1 = a new one each time)", default = "-1",
  check = ask.number("Seed", -1, 2 ^ 31 - 1, true),
}
local TAKES = {
  key = "takes", caption = "Variations (takes)", default = "1",
  check = ask.number("Variations", 1, 8, true),
}
local MIDI = {
  key = "midi", caption = "MIDI as well (yes/no)", default = "no",
  check = ask.choice("MIDI as well", { "yes", "no" }),
}
local INSTRUMENTS = {
  key = "instruments", caption = "Instruments (comma list)", default = "drums, bass, chords, melody",
  check = ask.text("Name at least one instrument, such as drums, bass."),
}

-- Where a new clip goes: the time selection, else `bars` bars from the edit cursor.
local function range_for(project, bars)
  local from, to = timeline.selection(project)
  if from then return timeline.range(project, from, to) end
  return timeline.bars(project, reaper.GetCursorPositionEx(project), bars)
end

local function title_for(project, what)
  local from, to = timeline.selection(project)
  if not from then
    from = reaper.GetCursorPositionEx(project)
    return ("%s at %s"):format(what, timeline.describe(project, from))
  end
  local range, why = timeline.range(project, from, to)
  if not range then return nil, why end
  return ("%s, %g bars at %s"):format(what, range.bars, timeline.describe(project, from))
end

local function is_whole(number)
  return math.abs(number - math.floor(number + 0.5)) < WHOLE
end

-- The keys every generate request has. `rate`: the item it starts from plays at this rate.
local function keys_for(range, wish, rate, loop)
  local keys = {
    "bars", range.bars, "bpm", range.bpm / (rate or 1), "meter", range.meter, "key", wish.key or "",
    "seed", wish.seed, "variations", wish.takes or 1, "loop", loop and 1 or 0,
    "midi", wish.midi == "yes" and 1 or 0,
  }
  if wish.instruments then
    keys[#keys + 1], keys[#keys + 2] = "instruments", wish.instruments
  end
  return keys
end

local function submit_new(project, wish, was_alive)
  local range, why = range_for(project, wish.bars or 4)
  if not range then return ask.tell("Nothing was asked for: " .. why .. ".") end
  ask.submit(project, {
    address = "/bridge/generate", first = wish.prompt, title = wish.prompt:sub(1, 40),
    keys = keys_for(range, wish, nil, is_whole(range.bars)), start_s = range.start_s,
    track = ask.selected_track(project), midi = wish.midi == "yes",
  }, was_alive)
end

local function ask_and_submit(what, name, fields)
  local project, was_alive = reaper.EnumProjects(-1), importer.alive()
  local title, why = title_for(project, what)
  if not title then return ask.tell("Nothing was asked for: " .. why .. ".") end
  if not timeline.selection(project) then table.insert(fields, 2, BARS) end
  local wish = ask.dialog(title, name, fields)
  if not wish then return end
  ask.keep("last_wish", wish)
  submit_new(project, wish, was_alive)
end

-- Generate clip: a dialog, then a request for the time selection or for bars from the cursor.
function making.clip()
  ask_and_submit("Generate", "clip", { PROMPT, KEY, SEED, TAKES, MIDI })
end

-- Generate instruments: the same, one track for each.
function making.instruments()
  ask_and_submit("Generate instruments", "instruments", { PROMPT, INSTRUMENTS, KEY, SEED, MIDI })
end

-- Generate clip again: the last wish with a new seed, where the time selection or cursor is now.
function making.again()
  local wish = ask.kept("last_wish")
  if not wish then return ask.tell('Nothing to repeat yet: use "Generate clip" first.') end
  wish.seed = -1
  submit_new(reaper.EnumProjects(-1), wish, importer.alive())
end

local function from_item(mode, what, name, fields, range_of)
  local project, was_alive = reaper.EnumProjects(-1), importer.alive()
  local item, why = source.selected(project)
  if not item then return ask.tell(why) end
  local wish = ask.dialog(what, name, fields)
  if not wish then return end
  local range
  range, why = range_of(project, item, wish)
  if not range then return ask.tell("Nothing was asked for: " .. why .. ".") end
  local keys = keys_for(range, wish, item.rate, false)
  for _, value in ipairs {
    "source", item.path, "source_mode", mode, "source_start_s", item.start_s,
    "source_length_s", item.length_s,
  } do
    keys[#keys + 1] = value
  end
  ask.submit(project, {
    address = "/bridge/generate", first = wish.prompt, title = wish.prompt:sub(1, 40), keys = keys,
    start_s = range.start_s, track = item.track, rate = item.rate, keep_pitch = item.keep_pitch,
    midi = wish.midi == "yes",
  }, was_alive)
end

-- Continue selected item: new bars that follow where the item ends.
function making.continue()
  from_item("continue", "Continue the selected item", "continue", { PROMPT, BARS, KEY, SEED, MIDI },
    function(project, item, wish) return timeline.bars(project, item.end_s, wish.bars) end)
end

-- Melody from selected item: new music under the item, with its melody.
function making.melody()
  from_item("melody", "New music with the melody of the selected item", "melody",
    { PROMPT, KEY, SEED, MIDI },
    function(project, item) return timeline.range(project, item.position_s, item.end_s) end)
end

return making
