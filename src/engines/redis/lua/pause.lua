-- Pauses or resumes queues.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), hints that may be told, number of requests; queue, 1 to pause, and who asks, of each
-- Result   { hints told and left to be told }

-- include store
-- include hints
-- include reader

at = 3
for _ = 1, takeNumber() do
  local queue, isPaused, by = take(), take() == '1', take()
  if isPaused and call('HEXISTS', PAUSED, queue) == 0 then
    stamp()
    call('SADD', QUEUES, queue)
    call('HSET', PAUSED, queue, nowText .. '\0' .. by)
    hint('c')
  elseif not isPaused and call('HDEL', PAUSED, queue) == 1 then
    stamp()
    hint('c')
    hint('r')
  end
end
return { tell() }
