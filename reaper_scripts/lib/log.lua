-- @noindex
-- What the user reads: the status line for news, the console for what must not be missed. Never a dialog.

local log = {}

local PREFIX = "DAW Bridge: "

-- News: the status line.
function log.say(text)
  reaper.Help_Set(PREFIX .. text, true)
end

-- Something to act on: status line and console.
function log.tell(text)
  log.say(text)
  reaper.ShowConsoleMsg(PREFIX .. text .. "\n")
end

return log
