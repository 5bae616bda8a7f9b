-- Workers say that they live; those that were not heard of for too long are forgotten.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), number of beats; id, about, time to live, and 1 when it is gone, of each
-- Result   nothing

-- include store
-- include reader

-- Worker → time to live, first and last time it was heard of, NUL about; and workers by the end of that.
local WORKERS = PREFIX .. 'workers'
local BEATS = PREFIX .. 'beats'

at = 2
stamp()
local gone = call('ZRANGEBYSCORE', BEATS, '-inf', nowText)
callMany('HDEL', WORKERS, gone)
callMany('ZREM', BEATS, gone)
for _ = 1, takeNumber() do
  local id, about, ttl, isGone = take(), take(), takeNumber(), take() == '1'
  if isGone then
    call('HDEL', WORKERS, id)
    call('ZREM', BEATS, id)
  else
    local known = call('HGET', WORKERS, id)
    local first = known and match(known, '^%d+ (%d+)') or nowText
    call('HSET', WORKERS, id, int(ttl) .. ' ' .. first .. ' ' .. nowText .. '\0' .. about)
    call('ZADD', BEATS, int(now + ttl), id)
  end
end
return ''
