-- set-limits
-- Writes settings of limits, all or none.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), hints that may be told, number of settings; of each: its gate (gates.lua, or G for groups), version
--          expected or empty, limit of running jobs, claims and length of a rate, weight (each may be empty), who
--          stopped it (empty, or = and text), by whom it is written
-- Result   { for each: o and the new version (0: removed), c and the version that is there, or r: it would have been
--          written; hints told and left to be told }

-- include store
-- include counting
-- include ties
-- include lines
-- include hints
-- include reader
-- include gates

at = 3
local writes, areExpected = {}, true
for i = 1, takeNumber() do
  local write = { gate = take(), expect = take(), concurrency = take(), max = take(), perMs = take() }
  write.weight, write.pausedBy, write.by = take(), take(), take()
  write.before = settingOf(write.gate)
  write.version = write.before and write.before.version or '0'
  write.fits = write.expect == '' or write.expect == write.version
  areExpected = areExpected and write.fits
  writes[i] = write
end

local answers = {}
if not areExpected then
  for i = 1, #writes do answers[i] = writes[i].fits and 'r' or 'c' .. writes[i].version end
  return { answers, ' ' }
end

-- The gates that a setting is about, of those in a sorted set.
local function gatesIn(index, gate)
  if sub(gate, 1, 1) ~= 'G' then return { gate } end
  local prefix, found = 'g' .. sub(gate, 2) .. '/', {}
  for _, one in ipairs(call('ZRANGE', index, 0, -1)) do
    if sub(one, 1, #prefix) == prefix then found[#found + 1] = one end
  end
  return found
end

for i = 1, #writes do
  local write, before, gate = writes[i], writes[i].before, writes[i].gate
  stamp()
  hint('r')
  local max, perMs = before and before.max or '', before and before.perMs or ''
  if max ~= (tonumber(write.max) or '') or perMs ~= (tonumber(write.perMs) or '') then
    for _, one in ipairs(gatesIn(RATES, gate)) do
      call('DEL', RATE .. one)
      call('ZREM', RATES, one)
    end
  end
  local queue, group = match(gate, '^g([^/]*)/(.*)$')
  -- A group that was stopped, say, has saved nothing up.
  if queue and call('HEXISTS', GROUPED, queue .. '\0=' .. group) == 1 then
    catchUp({ queue = queue, of = queue .. '\0=' .. group })
  end
  if write.concurrency .. write.max .. write.weight .. write.pausedBy == '' then
    call('HDEL', LIMITS, gate)
    answers[i] = 'o0'
  else
    local version, pausedAt = int(write.version + 1), ''
    if write.pausedBy ~= '' then pausedAt = before and before.pausedAt ~= '' and before.pausedAt or nowText end
    local numbers = { version, write.concurrency, write.max, write.perMs, write.weight, pausedAt }
    call('HSET', LIMITS, gate, table.concat(numbers, ' ') .. '\0' .. write.pausedBy .. '\0' .. write.by)
    answers[i] = 'o' .. version
  end
  for _, one in ipairs(gatesIn(OPENINGS, gate)) do release(one) end
end
flush()
return { answers, tell() }
