-- Asks the holders of running jobs to stop; the first request of a run is kept.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), hints that may be told, number of requests; id and request of each
-- Result   { a letter for each request, hints told and left to be told }

-- include store
-- include counting
-- include ties
-- include lines
-- include jobs
-- include hints
-- include reader

at = 3
local verdicts = {}
for i = 1, takeNumber() do
  local id, request = take(), take()
  local text = call('HGET', STATES, id)
  if not text then
    verdicts[i] = 'm'
  elseif sub(text, 1, 1) ~= RUNNING then
    verdicts[i] = 's'
  else
    verdicts[i] = 'o'
    hint('c')
    local flags = sub(text, 2, 2)
    if not has(flags, CANCEL) then
      stamp()
      call('HSET', NOTES, 'c' .. id, request)
      call('HSET', STATES, id, RUNNING .. with(flags, CANCEL, true) .. sub(text, 3))
    end
  end
end
return { table.concat(verdicts), tell() }
