-- Running jobs whose lease ran out, by the end of the lease, then id.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), limit, end of the lease and id of the last job before, or two empty texts
-- Result   rows

-- flags no-writes
-- include store
-- include counting
-- include ties
-- include lines
-- include jobs
-- include rows

local limit, afterEnd, afterId = tonumber(ARGV[3]), ARGV[4], ARGV[5]
if limit == 0 then return '' end
local found = {}

local function collect(worker, least, greatest, most)
  local some = call('ZRANGEBYSCORE', LEASES .. worker, least, greatest, 'WITHSCORES', 'LIMIT', 0, most)
  for i = 1, #some, 2 do
    if some[i + 1] ~= afterEnd or some[i] > afterId then
      table.insert(found, { id = some[i], ends = tonumber(some[i + 1]) })
    end
  end
end

for _, worker in ipairs(call('ZRANGEBYSCORE', HOLDERS, '-inf', nowText)) do
  if afterEnd == '' then
    collect(worker, '-inf', nowText, limit)
  else
    if tonumber(afterEnd) <= now then collect(worker, afterEnd, afterEnd, -1) end
    collect(worker, '(' .. afterEnd, nowText, limit)
  end
end
table.sort(found, function(a, b)
  if a.ends ~= b.ends then return a.ends < b.ends end
  return a.id < b.id
end)
local ids = {}
for i = 1, math.min(limit, #found) do ids[i] = found[i].id end
return rowsOf(ids)
