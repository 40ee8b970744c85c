-- @noindex
-- The actions that work on the selected item: transcribe it to MIDI, separate it into stems.

local ask = require "lib.ask"
local importer = require "lib.importer"
local source = require "lib.source"
local timeline = require "lib.timeline"

local working = {}

local GRIDS = { "off", "1/4", "1/8", "1/16", "1/8t", "1/16t" }
local MATERIALS = { "auto", "poly", "mono", "drums" }

local function file_name(path)
  return path:match("[^/\\]+$") or path
end

local function submit(project, item, what, address, keys, was_alive)
  ask.submit(project, {
    address = address, first = item.path, title = what .. " " .. file_name(item.path), keys = keys,
    start_s = item.position_s, track = item.track, rate = item.rate, keep_pitch = item.keep_pitch,
    midi = true,
  }, was_alive)
end

-- Transcribe selected item to MIDI: a MIDI item under the audio, on the project's grid.
function working.transcribe()
  local project, was_alive = reaper.EnumProjects(-1), importer.alive()
  local item, why = source.selected(project)
  if not item then return ask.tell(why) end
  local range
  range, why = timeline.range(project, item.position_s, item.position_s + item.heard_s)
  if not range then return ask.tell("Nothing was asked for: " .. why .. ".") end
  local wish = ask.dialog("Transcribe the selected item to MIDI", "transcribe", {
    { key = "quantize", caption = "Snap notes to (" .. table.concat(GRIDS, " ") .. ")", default = "off",
      check = ask.choice("The grid", GRIDS) },
    { key = "material", caption = "Material (" .. table.concat(MATERIALS, " ") .. ")", default = "auto",
      check = ask.choice("The material", MATERIALS) },
  })
  if not wish then return end
  submit(project, item, "MIDI of", "/bridge/transcribe", {
    "bpm", range.bpm / item.rate, "meter", range.meter, "quantize", wish.quantize,
    "material", wish.material, "start_s", item.start_s, "length_s", item.length_s,
  }, was_alive)
end

-- Separate selected item: its stems in a folder track below it.
function working.separate()
  local project, was_alive = reaper.EnumProjects(-1), importer.alive()
  local item, why = source.selected(project)
  if not item then return ask.tell(why) end
  local wish = ask.dialog("Separate the selected item into stems", "separate", {
    { key = "stems", caption = "Stems (comma list; empty = all)", default = "", check = ask.text() },
  })
  if not wish then return end
  local keys = { "start_s", item.start_s, "length_s", item.length_s }
  if wish.stems:find("%S") then keys[5], keys[6] = "stems", wish.stems end
  submit(project, item, "stems of", "/bridge/separate", keys, was_alive)
end

return working
