-- Moves scheduled and retrying jobs whose time has come to ready, the earliest first.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), hints that may be told, limit
-- Result   { how many, when the first is due that is not due yet or empty, hints told and left to be told }

-- include store
-- include counting
-- include ties
-- include lines
-- include jobs
-- include hints

local limit = tonumber(ARGV[4])
local ids = limit > 0 and call('ZRANGEBYSCORE', WAITING, '-inf', nowText, 'LIMIT', 0, limit) or {}
if #ids > 0 then
  stamp()
  hint('r')
  hint('c')
end
local texts = readMany(STATES, ids)
for i = 1, #ids do
  local job = parse(texts[i])
  move(ids[i], job, 'r', job.runAt)
  call('HSET', STATES, ids[i], 'r' .. sub(texts[i], 2))
end
flush()
local due = call('ZRANGEBYSCORE', WAITING, '(' .. nowText, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
return { #ids, due[2] or '', tell() }
