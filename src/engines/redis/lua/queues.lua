-- Every queue, whether it is paused, and its lanes with the time at which their oldest job became due.
--
-- KEYS[1]  prefix
-- ARGV     clock (2)
-- Result   { queues, paused queues and since when NUL by whom in turn, queues of lanes and due times in turn }

-- flags no-writes
-- include store

local oldest = {}
for _, index in ipairs({ LANES, FAIRLANES }) do
  for _, lane in ipairs(call('ZRANGE', index, 0, -1)) do
    local head = call('ZRANGE', READY .. lane, 0, 0, 'WITHSCORES')
    table.insert(oldest, (match(lane, '^%d%z([^%z]*)%z')))
    table.insert(oldest, head[2])
  end
end
return { call('SMEMBERS', QUEUES), call('HGETALL', PAUSED), oldest }
