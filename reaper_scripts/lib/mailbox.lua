-- @noindex
-- The carrier that always works: each OSC packet is a file in the bridge's mailbox.

local config = require "lib.config"
local files = require "lib.files"

local mailbox = {}

local AT_ONCE = 64 -- packets read in one go

-- Put one packet into the mailbox of `home`; true and its path, or nil and why not.
function mailbox.send(home, client, packet)
  local inbox = files.join(home, "mailbox", "in")
  reaper.RecursiveCreateDirectory(inbox, 0)
  local path = files.join(inbox, ("%s-%09d"):format(client, config.count()))
  local file, why = io.open(path .. ".tmp", "wb")
  if not file then return nil, why end
  file:write(packet)
  local closed, trouble = file:close()
  if not closed then return nil, trouble end
  closed, trouble = os.rename(path .. ".tmp", path .. ".osc")
  if not closed then return nil, trouble end
  return true, path .. ".osc"
end

-- The packets that came for `client`, oldest first; each is read once and removed.
function mailbox.receive(home, client)
  local folder, packets = files.join(home, "mailbox", "out", client), {}
  for _, name in ipairs(files.list(folder, 0, AT_ONCE)) do
    if name:find("%.osc$") then
      local path = files.join(folder, name)
      packets[#packets + 1] = files.read(path)
      os.remove(path)
    end
  end
  return packets
end

return mailbox
