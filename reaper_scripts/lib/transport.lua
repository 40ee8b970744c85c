-- @noindex
-- Messages to and from the server over the best carrier there is: UDP when a socket library loads, else files.

local config = require "lib.config"
local mailbox = require "lib.mailbox"
local osc = require "lib.osc"
local server = require "lib.server"
local udp = require "lib.udp"

local transport = {}

local MAILBOX_EVERY_S = 0.2 -- looking into a folder costs more than looking at a socket

-- A carrier for one client name; `name` says which carrier is in use.
function transport.open(client)
  local self = { client = client, name = "mailbox" }
  local connection, looked = nil, 0

  -- Follow the server's port: it may have been started again elsewhere.
  function self.connect()
    local beat = server.heartbeat()
    local port = beat and math.tointeger(beat.port)
    if connection and connection.port ~= port then self.close() end
    if port and not connection then connection = udp.open(port) end
    self.name = connection and "UDP" or "mailbox"
  end

  -- Send one message: true, and its file when the mailbox has it; or nil and why not.
  -- `surely`: by the mailbox, which keeps it until a server runs.
  function self.send(address, arguments, surely)
    local values = { table.unpack(arguments) }
    values[#values + 1], values[#values + 2] = "client", client
    if config.get("token") ~= "" then
      values[#values + 1], values[#values + 2] = "token", config.get("token")
    end
    local packet = osc.encode(address, values)
    if connection and not surely and connection.send(packet) then return true end
    return mailbox.send(config.home(), client, packet)
  end

  -- Call `handle(address, arguments)` for every message that has come.
  function self.receive(handle)
    local packets = connection and connection.receive() or {}
    if reaper.time_precise() - looked > MAILBOX_EVERY_S then
      looked = reaper.time_precise()
      table.move(mailbox.receive(config.home(), client), 1, 64, #packets + 1, packets)
    end
    for _, packet in ipairs(packets) do
      local address, arguments = osc.decode(packet)
      if address then handle(address, arguments) end
    end
  end

  function self.close()
    if connection then connection.close() end
    connection = nil
  end

  return self
end

return transport
