-- @noindex
-- The sentences about jobs: how far one is, and what went wrong with what to do next.

local server = require "lib.server"

local words = {}

local STAGES = {
  queued = "waiting", loading = "loading the model", generating = "generating",
  decoding = "decoding", fitting = "fitting to the bars", transcribing = "transcribing",
  separating = "separating", writing = "writing the files", done = "ready",
}

local function eta(seconds)
  if not seconds or seconds < 0 then return "" end
  if seconds < 90 then return (", about %d s left"):format(math.ceil(seconds)) end
  return (", about %d min left"):format(math.ceil(seconds / 60))
end

-- How far a watched job is.
function words.progress(watch)
  local title = watch.job.title
  if watch.cancelling then return "cancelling " .. title end
  if watch.silent then return watch.silent end
  if not watch.job.job_id then
    return server.is_starting() and words.starting() or title .. ": asking the server"
  end
  if watch.stage == "queued" then
    local place = watch.place or 0
    if place < 1 then return title .. ": queued" end
    return ("%s: queued behind %d other job%s"):format(title, place, place > 1 and "s" or "")
  end
  local stage = STAGES[watch.stage] or watch.stage or "waiting"
  local percent = ("%d %%"):format(math.floor((watch.fraction or 0) * 100 + 0.5))
  return ("%s: %s %s%s"):format(title, stage, percent, eta(watch.eta_s))
end

function words.no_server()
  return "the server does not answer. Your request is kept. " .. server.how_to_start()
end

function words.starting()
  return "starting the server; your request is kept"
end

function words.failed(title, message)
  return ("%s failed: %s"):format(title, message)
end

function words.cancelled(title)
  return title .. ": cancelled"
end

function words.unreadable(title, path, why)
  return ("%s could not be imported: %s. The file is kept at %s"):format(title, why, path)
end

function words.bad_manifest(title, path, why)
  return ("%s could not be imported: its manifest %s is damaged (%s). Ask for the clip again"):format(
    title, path, why)
end

function words.not_copied(folder, why)
  return ("the media folder %s cannot be written (%s), so the item uses the file in the clips folder; "
    .. "keep that folder, or save the project elsewhere with its media"):format(folder, why)
end

function words.landed(title, unsaved, folder)
  if unsaved then
    return ("%s is there. The project is not saved yet: its audio lies in %s"):format(title, folder)
  end
  return title .. " is there"
end

function words.warning(title, text)
  return ("%s: %s"):format(title, text)
end

function words.other_tab(title, name)
  return ("%s is ready: switch to the project %s to get it"):format(title, name)
end

function words.recording(title)
  return title .. " is ready: it is placed when the recording ends"
end

return words
