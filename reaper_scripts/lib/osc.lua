-- @noindex
-- OSC 1.0 packets: one message to bytes and back. Numbers with a fraction travel as doubles.

local osc = {}

local INT32_MIN, INT32_MAX = -0x80000000, 0x7FFFFFFF

local function pad(text)
  return text .. ("\0"):rep(4 - #text % 4)
end

local function encode_argument(value)
  local kind = math.type(value) or type(value)
  if kind == "string" then return "s", pad(value) end
  if kind == "float" then return "d", string.pack(">d", value) end
  if kind == "boolean" then return value and "T" or "F", "" end
  if kind == "integer" then
    if value >= INT32_MIN and value <= INT32_MAX then return "i", string.pack(">i4", value) end
    return "h", string.pack(">i8", value)
  end
  error("OSC has no type for a " .. kind, 0)
end

-- The bytes of one message; `arguments` is a list of texts, integers, floats and flags.
function osc.encode(address, arguments)
  local tags, parts = { "," }, {}
  for index, value in ipairs(arguments) do
    tags[index + 1], parts[index] = encode_argument(value)
  end
  return pad(address) .. pad(table.concat(tags)) .. table.concat(parts)
end

local function read_text(packet, at)
  local stop = packet:find("\0", at, true)
  if not stop then error("OSC: a text without an end", 0) end
  return packet:sub(at, stop - 1), stop + 4 - (stop - 1) % 4
end

local READ = {
  s = read_text,
  i = function(packet, at) return string.unpack(">i4", packet, at) end,
  h = function(packet, at) return string.unpack(">i8", packet, at) end,
  f = function(packet, at) return string.unpack(">f", packet, at) end,
  d = function(packet, at) return string.unpack(">d", packet, at) end,
  T = function(_, at) return true, at end,
  F = function(_, at) return false, at end,
}

-- Address and list of arguments of one message, or nil and why not.
function osc.decode(packet)
  local ok, address, arguments = pcall(function()
    local address, at = read_text(packet, 1)
    local tags
    tags, at = read_text(packet, at)
    local arguments = {}
    for tag in tags:sub(2):gmatch(".") do
      local read = READ[tag] or error("OSC: unknown type " .. tag, 0)
      arguments[#arguments + 1], at = read(packet, at)
    end
    return address, arguments
  end)
  if ok then return address, arguments end
  return nil, address
end

return osc
