-- @noindex
-- JSON for manifests, notes and the jobs kept in the project: decode and encode, nothing clever.

local json = {}

local MAX_DEPTH = 32
local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

local decode_value

local function fail(text, at, what)
  error(("JSON: %s at byte %d of %d"):format(what, at, #text), 0)
end

local function skip(text, at)
  return text:match("^[ \t\r\n]*()", at)
end

local function code_point(text, at)
  local hex = text:match("^%x%x%x%x", at)
  if not hex then fail(text, at, "bad \\u escape") end
  return tonumber(hex, 16), at + 4
end

local function decode_escape(text, at)
  local letter = text:sub(at, at)
  if letter ~= "u" then
    return ESCAPES[letter] or fail(text, at, "unknown escape"), at + 1
  end
  local high, after = code_point(text, at + 1)
  if high >= 0xD800 and high < 0xDC00 and text:sub(after, after + 1) == "\\u" then
    local low, last = code_point(text, after + 2)
    return utf8.char(0x10000 + (high - 0xD800) * 0x400 + (low - 0xDC00)), last
  end
  return utf8.char(high), after
end

local function decode_string(text, at)
  local parts, from = {}, at + 1
  while true do
    local stop = text:find('["\\]', from)
    if not stop then fail(text, at, "text without an end") end
    parts[#parts + 1] = text:sub(from, stop - 1)
    if text:sub(stop, stop) == '"' then return table.concat(parts), stop + 1 end
    parts[#parts + 1], from = decode_escape(text, stop + 1)
  end
end

local function decode_number(text, at)
  local digits, after = text:match("^(-?[%d.eE+-]+)()", at)
  local number = digits and tonumber(digits)
  if not number then fail(text, at, "a value expected") end
  return number, after
end

local function decode_list(text, at, depth)
  local list = {}
  at = skip(text, at + 1)
  if text:sub(at, at) == "]" then return list, at + 1 end
  while true do
    list[#list + 1], at = decode_value(text, at, depth)
    at = skip(text, at)
    local sign = text:sub(at, at)
    if sign == "]" then return list, at + 1 end
    if sign ~= "," then fail(text, at, "',' or ']' expected") end
    at = skip(text, at + 1)
  end
end

local function decode_object(text, at, depth)
  local object = {}
  at = skip(text, at + 1)
  if text:sub(at, at) == "}" then return object, at + 1 end
  while true do
    if text:sub(at, at) ~= '"' then fail(text, at, "a name expected") end
    local name
    name, at = decode_string(text, at)
    at = skip(text, at)
    if text:sub(at, at) ~= ":" then fail(text, at, "':' expected") end
    object[name], at = decode_value(text, skip(text, at + 1), depth)
    at = skip(text, at)
    local sign = text:sub(at, at)
    if sign == "}" then return object, at + 1 end
    if sign ~= "," then fail(text, at, "',' or '}' expected") end
    at = skip(text, at + 1)
  end
end

function decode_value(text, at, depth)
  if depth > MAX_DEPTH then fail(text, at, "too deep") end
  local sign = text:sub(at, at)
  if sign == "{" then return decode_object(text, at, depth + 1) end
  if sign == "[" then return decode_list(text, at, depth + 1) end
  if sign == '"' then return decode_string(text, at) end
  if text:sub(at, at + 3) == "true" then return true, at + 4 end
  if text:sub(at, at + 4) == "false" then return false, at + 5 end
  if text:sub(at, at + 3) == "null" then return nil, at + 4 end
  return decode_number(text, at)
end

-- The value of a JSON text, or nil and why not. null becomes nil.
function json.decode(text)
  local ok, value = pcall(function()
    local value, at = decode_value(text, skip(text, 1), 0)
    if skip(text, at) <= #text then fail(text, at, "something follows the value") end
    return value
  end)
  if ok then return value end
  return nil, value
end

local function encode_string(text)
  return '"' .. text:gsub('[%c"\\]', function(sign) return ("\\u%04x"):format(sign:byte()) end) .. '"'
end

local function encode_number(number)
  if number ~= number or number == math.huge or number == -math.huge then
    error("JSON has no infinite numbers", 0)
  end
  if math.type(number) == "integer" then return tostring(number) end
  local text = ("%.17g"):format(number):gsub(",", ".") -- some systems write a decimal comma
  return text:find("[.e]") and text or text .. ".0" -- stays a float when it is read back
end

local encode_value

local function encode_table(value)
  local parts = {}
  if #value > 0 or next(value) == nil then
    for index, item in ipairs(value) do parts[index] = encode_value(item) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for name, item in pairs(value) do
    parts[#parts + 1] = encode_string(name) .. ":" .. encode_value(item)
  end
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}"
end

function encode_value(value)
  local kind = type(value)
  if kind == "string" then return encode_string(value) end
  if kind == "number" then return encode_number(value) end
  if kind == "table" then return encode_table(value) end
  return tostring(value)
end

-- The JSON text of texts, numbers, flags, lists and objects.
function json.encode(value)
  return encode_value(value)
end

return json
