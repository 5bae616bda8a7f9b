-- Jobs at rest that never started although they had to by now, by that time, then id.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), limit, time and id of the last job before, or two empty texts
-- Result   rows

-- flags no-writes
-- include store
-- include counting
-- include ties
-- include lines
-- include jobs
-- include rows

local limit, afterTime, afterId = tonumber(ARGV[3]), ARGV[4], ARGV[5]
local ids = {}

-- Those of a stretch of time that do not run, as many as are still wanted.
local function collect(least, greatest)
  local some = call('ZRANGEBYSCORE', STARTBY, least, greatest)
  for i = 1, #some do
    if #ids == limit then return end
    local isBehind = least ~= afterTime or some[i] > afterId
    if isBehind and sub(call('HGET', STATES, some[i]), 1, 1) ~= RUNNING then ids[#ids + 1] = some[i] end
  end
end

if afterTime == '' then
  collect('-inf', nowText)
elseif tonumber(afterTime) <= now then
  collect(afterTime, afterTime)
  collect('(' .. afterTime, nowText)
end
return rowsOf(ids)
