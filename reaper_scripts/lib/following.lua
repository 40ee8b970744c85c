-- @noindex
-- Following jobs: sending them, hearing about them, asking again when it gets quiet. Knows nothing of projects.
--
-- A watch: job, project; sent_at, polled_at, heard_at; asked_at (the oldest unanswered question);
-- kept_at (where the request lies as a file); stage, fraction, eta_s, place; silent (a sentence); cancelling.

local config = require "lib.config"
local jobs = require "lib.jobs"
local log = require "lib.log"
local server = require "lib.server"
local transport = require "lib.transport"
local words = require "lib.words"

local following = {}

local QUIET_S = 1 -- without news for so long: ask
local SILENT_S = 2 -- without an answer for so long: the server does not run
local RESEND_S = 5 -- a request that nobody has answered

-- Follows the watches in the table `watched` (by request_id); calls `over(watch, text)` when one ends early.
function following.start(watched, over)
  local carrier = transport.open(config.client())
  local self = { carrier = carrier }

  local function find(job_id)
    for _, watch in pairs(watched) do
      if watch.job.job_id == job_id then return watch end
    end
  end

  local function accepted(watch, job_id, place)
    watch.job.job_id, watch.place, watch.stage = job_id, place, "queued"
    jobs.save(watch.project, watch.job)
  end

  local function ended(watch, state, detail)
    if state == "done" and not reaper.file_exists(detail) then
      over(watch, words.failed(watch.job.title, "its clips are no longer at " .. detail))
    elseif state == "failed" then
      over(watch, words.failed(watch.job.title, (detail:gsub("^[%w-]+: ", ""))))
    elseif state == "cancelled" then
      over(watch, words.cancelled(watch.job.title))
    end
  end

  local function status(watch, state, stage, fraction, eta_s, detail)
    watch.stage, watch.fraction, watch.eta_s = stage, fraction, eta_s
    ended(watch, state, detail)
  end

  local function send_again(watch)
    watch.job.job_id, watch.sent_at = nil, nil
    jobs.save(watch.project, watch.job)
  end

  local function refused(watch, command, code, message)
    if command == watch.job.address then
      over(watch, words.failed(watch.job.title, message))
    elseif code == "not-found" then
      send_again(watch) -- the server lost its job list
    else
      log.tell(message)
    end
  end

  local handlers = {
    ["/bridge/done"] = function(command, id, ...)
      local watch = watched[id:match("^[^/]+")]
      if not watch then return end
      if command == watch.job.address then accepted(watch, ...) end
      if command == "/bridge/status" then status(watch, select(2, ...)) end
      return watch
    end,
    ["/bridge/fail"] = function(command, id, code, message)
      local watch = watched[id:match("^[^/]*")]
      if watch then refused(watch, command, code, message) end
      return watch
    end,
    ["/bridge/progress"] = function(job_id, stage, fraction, eta_s)
      local watch = find(job_id)
      if watch then watch.stage, watch.fraction, watch.eta_s = stage, fraction, eta_s end
      return watch
    end,
    ["/bridge/clip"] = function(job_id)
      return find(job_id)
    end,
    ["/bridge/failed"] = function(job_id, _, message)
      local watch = find(job_id)
      if watch then ended(watch, "failed", message) end
      return watch
    end,
    ["/bridge/cancelled"] = function(job_id)
      local watch = find(job_id)
      if watch then ended(watch, "cancelled", "") end
      return watch
    end,
  }

  local function handle(address, arguments)
    local known = handlers[address]
    local watch = known and known(table.unpack(arguments))
    if watch then
      watch.heard_at, watch.asked_at, watch.silent = reaper.time_precise(), nil, nil
    end
  end

  local function send(watch, now)
    local surely = watch.sent_at ~= nil -- once more, then by the carrier that keeps it
    local values = { watch.job.id, table.unpack(watch.job.arguments) }
    local sent, kept_at = carrier.send(watch.job.address, values, surely)
    if not sent then log.tell("the request cannot be written: " .. tostring(kept_at)) end
    watch.kept_at = sent and kept_at
    watch.sent_at, watch.asked_at = now, watch.asked_at or now
  end

  local function query(watch, address, name, now)
    watch.queries = (watch.queries or 0) + 1
    carrier.send(address, { ("%s/%s%d"):format(watch.job.id, name, watch.queries), watch.job.job_id })
    watch.polled_at, watch.asked_at = now, watch.asked_at or now
  end

  local function start_server()
    if server.is_starting() then return words.starting() end
    if config.get("autostart") ~= "yes" then return words.no_server() end
    server.start()
    return words.starting()
  end

  local function notice_silence(watch, now)
    if watch.silent or not watch.asked_at or now - watch.asked_at < SILENT_S then return end
    watch.silent = start_server()
    log.tell(watch.silent)
  end

  -- A request that was taken back before any server saw it.
  local function cancel_unsent(watch)
    if watch.kept_at then os.remove(watch.kept_at) end
    over(watch, words.cancelled(watch.job.title))
  end

  local function follow_unanswered(watch, now, beat)
    if watch.job.cancel and (watch.silent or not watch.sent_at) then return cancel_unsent(watch) end
    local waited = now - (watch.sent_at or -math.huge)
    local again = watch.kept_at and beat and waited > RESEND_S
      or not watch.kept_at and waited > QUIET_S
    if again then send(watch, now) end
  end

  local function follow_accepted(watch, now, beat)
    if watch.silent and not beat then return end -- nobody to ask
    if watch.job.cancel and not watch.cancelling then
      watch.cancelling = true
      query(watch, "/bridge/cancel", "cancel", now)
    elseif now - (watch.heard_at or 0) > QUIET_S and now - (watch.polled_at or 0) > QUIET_S then
      query(watch, "/bridge/status", "status", now)
    end
  end

  -- One look at one watch: send it, ask about it, notice silence. `beat`: the server's heartbeat.
  function self.follow(watch, now, beat)
    local step = watch.job.job_id and follow_accepted or follow_unanswered
    step(watch, now, beat)
    notice_silence(watch, now)
  end

  function self.receive()
    carrier.receive(handle)
  end

  return self
end

return following
