-- @noindex
-- Files and folders: joining paths, reading whole files, copying in small steps, names that fit anywhere.

local files = {}

local SEPARATOR = package.config:sub(1, 1)
local STEP_BYTES = 256 * 1024

-- One path out of several parts, with this system's separator.
function files.join(...)
  local path = table.concat({ ... }, SEPARATOR)
  return SEPARATOR == "\\" and path:gsub("/", "\\") or path
end

-- The bytes of a file, or nil and why not.
function files.read(path)
  local file, why = io.open(path, "rb")
  if not file then return nil, why end
  local bytes, trouble = file:read("a")
  file:close()
  return bytes, trouble
end

-- The names in a folder, freshly read, at most `limit` of them from `first` (0-based) on.
function files.list(folder, first, limit)
  local names = {}
  if first == 0 then reaper.EnumerateFiles(folder, -1) end -- REAPER caches: read the folder anew
  for index = first, first + limit - 1 do
    local name = reaper.EnumerateFiles(folder, index)
    if not name then break end
    names[#names + 1] = name
  end
  return names
end

-- A word that every file system takes: letters, digits and dashes, at most `length` long.
function files.slug(text, length)
  local word = text:lower():gsub("[^a-z0-9]+", "-"):gsub("^%-+", ""):sub(1, length):gsub("%-+$", "")
  return word == "" and "clip" or word
end

-- `folder/name.extension`, with a number when that is taken.
function files.fresh(folder, name, extension)
  local path, number = files.join(folder, name .. extension), 2
  while reaper.file_exists(path) do
    path = files.join(folder, name .. "-" .. number .. extension)
    number = number + 1
  end
  return path
end

-- A copy in progress: call `step(budget_s)` until it says "done" or "failed".
function files.copy(from, to)
  local source, why = io.open(from, "rb")
  if not source then return nil, why end
  local temporary = to .. ".part"
  local target
  target, why = io.open(temporary, "wb")
  if not target then
    source:close()
    return nil, why
  end
  local copy = { to = to, copied = 0 }

  local function finish(trouble)
    source:close()
    local closed, late = target:close() -- a full disk may show only here
    trouble = trouble or not closed and late
    if not trouble then
      local moved, refusal = os.rename(temporary, to)
      trouble = not moved and refusal
    end
    if not trouble then return "done" end
    os.remove(temporary)
    copy.why = trouble
    return "failed"
  end

  function copy.step(budget_s)
    local stop = reaper.time_precise() + budget_s
    repeat
      local bytes = source:read(STEP_BYTES)
      if not bytes then return finish() end
      local written, trouble = target:write(bytes)
      if not written then return finish(trouble) end
      copy.copied = copy.copied + #bytes
    until reaper.time_precise() > stop
    return "copying"
  end

  return copy
end

return files
