-- Numbers of jobs, and where lists find them. Letters of the states: see jobs.lua.

local RUNNING = 'u'

-- Kinds and workers whose numbers changed; written by `flush`.
local counted, touched
onBegin(function() counted, touched = {}, {} end)

local function count(letter, kind, difference)
  local field = letter .. kind
  counted[field] = (counted[field] or 0) + difference
end

-- The place of a job in the lists of its kind. A job that succeeds keeps its place from the add to the end: moving a
-- million of them costs more than passing over some when only ready or only completed ones are listed.
local function placeOf(letter, kind)
  return PLACE .. ((letter == RUNNING or letter == 'c') and 'r' or letter) .. kind
end

-- What else is written then.
local flushers = {}
local function onFlush(flusher) flushers[#flushers + 1] = flusher end

-- Writes the numbers that changed, and when the first lease of each worker ends.
local function flush()
  for field, difference in pairs(counted) do
    if difference ~= 0 and call('HINCRBY', COUNTS, field, difference) == 0 then call('HDEL', COUNTS, field) end
  end
  counted = {}
  for worker in pairs(touched) do
    local first = call('ZRANGE', LEASES .. worker, 0, 0, 'WITHSCORES')
    if first[2] then call('ZADD', HOLDERS, first[2], worker) else call('ZREM', HOLDERS, worker) end
  end
  touched = {}
  for i = 1, #flushers do flushers[i]() end
end
