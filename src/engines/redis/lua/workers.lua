-- Workers that were heard of within their time to live.
--
-- KEYS[1]  prefix
-- ARGV     clock (2)
-- Result   id, and time to live, first and last time NUL about, in turn

-- flags no-writes
-- include store

local ids = call('ZRANGEBYSCORE', PREFIX .. 'beats', '(' .. nowText, '+inf')
local about, out = readMany(PREFIX .. 'workers', ids), {}
for i = 1, #ids do
  table.insert(out, ids[i])
  table.insert(out, about[i])
end
return out
