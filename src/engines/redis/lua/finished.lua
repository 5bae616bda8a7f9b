-- Finished jobs of one state by the end of them, then id, with their logs.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), letter of the state, age, end and id of the last job before or two empty texts, limit
-- Result   { rows, for each job the list of its log lines }

-- flags no-writes
-- include store
-- include counting
-- include ties
-- include lines
-- include jobs
-- include rows

local index, latest = FINISHED .. ARGV[3], int(now - tonumber(ARGV[4]))
local afterEnd, afterId, limit = ARGV[5], ARGV[6], tonumber(ARGV[7])
local ids = {}

-- Adds those that ended at this time, behind an id.
local function addEnded(at, id)
  local some = {}
  for _, member in ipairs(call('ZRANGEBYSCORE', index, at, at)) do splitIds(member, some) end
  table.sort(some)
  for i = 1, #some do
    if some[i] > id and #ids < limit then table.insert(ids, some[i]) end
  end
end

if limit > 0 and afterEnd ~= '' and tonumber(afterEnd) <= tonumber(latest) then addEnded(afterEnd, afterId) end
local least = afterEnd == '' and '-inf' or '(' .. afterEnd
while #ids < limit do
  local following = call('ZRANGEBYSCORE', index, least, latest, 'WITHSCORES', 'LIMIT', 0, 1)
  if not following[2] then break end
  addEnded(following[2], '')
  least = '(' .. following[2]
end
local logs = {}
for i = 1, #ids do logs[i] = call('ZRANGE', LOG .. ids[i], 0, -1) end
return { rowsOf(ids), logs }
