-- Finished jobs of one state by the end of them, then id, with their logs.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), letter of the state, age, end and id of the last job before or two empty texts, limit
-- Result   { rows, for each job the list of its log lines }

-- include store
-- include counting
-- include jobs
-- include rows

local index, latest = FINISHED .. ARGV[3], int(now - tonumber(ARGV[4]))
local afterEnd, afterId, limit = ARGV[5], ARGV[6], tonumber(ARGV[7])
local ids = {}
if limit > 0 and afterEnd ~= '' and tonumber(afterEnd) <= tonumber(latest) then
  for _, id in ipairs(call('ZRANGEBYSCORE', index, afterEnd, afterEnd)) do
    if id > afterId and #ids < limit then table.insert(ids, id) end
  end
end
if #ids < limit then
  local least = afterEnd == '' and '-inf' or '(' .. afterEnd
  for _, id in ipairs(call('ZRANGEBYSCORE', index, least, latest, 'LIMIT', 0, limit - #ids)) do table.insert(ids, id) end
end
local logs = {}
for i = 1, #ids do logs[i] = call('ZRANGE', LOG .. ids[i], 0, -1) end
return { rowsOf(ids), logs }
