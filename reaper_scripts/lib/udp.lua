-- @noindex
-- The carrier for those who installed a socket library: the same packets over UDP, to this computer only.

local files = require "lib.files"

local udp = {}

local MAX_BYTES = 8192 -- what LuaSocket receives at most
local AT_ONCE = 64
-- where ReaPack puts the mavriq socket library
local MAVRIQ = { "Scripts", "Mavriq ReaScript Repository", "Various", "Mavriq-Lua-Sockets" }

local looked, library = false, nil

-- The library, looked for once. Only in its own folder: one built for another Lua must not be loaded.
local function load_library()
  if looked then return library end
  looked = true
  local kept = package.cpath
  local folder = files.join(reaper.GetResourcePath(), table.unpack(MAVRIQ))
  package.cpath = files.join(folder, "?.so") .. ";" .. files.join(folder, "?.dll")
  local ok, socket = pcall(require, "socket.core")
  package.cpath = kept
  library = ok and socket or nil
  return library
end

-- A connection to the server's port, or nil when no socket library loads.
function udp.open(port)
  local socket = load_library()
  local handle = socket and socket.udp()
  if not handle then return nil end
  handle:settimeout(0)
  if not handle:setpeername("127.0.0.1", port) then
    handle:close()
    return nil
  end
  local connection = { port = port }

  -- Whether the packet left; false also when an earlier one met a closed port.
  function connection.send(packet)
    return #packet <= MAX_BYTES and handle:send(packet) ~= nil
  end

  -- The packets that have come.
  function connection.receive()
    local packets = {}
    while #packets < AT_ONCE do
      local packet = handle:receive()
      if not packet then break end
      packets[#packets + 1] = packet
    end
    return packets
  end

  function connection.close()
    handle:close()
  end

  return connection
end

return udp
