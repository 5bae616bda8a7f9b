-- Fenced writes of running jobs beside their settlement.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), hints that may be told, log lines that a job keeps at most, number of reports; each: id, fence,
--          p or empty and a progress, k or empty and a checkpoint, number of lines; each: seq, and at NUL level NUL message
-- Result   { a letter for each report, hints told and left to be told }

-- include store
-- include counting
-- include ties
-- include lines
-- include jobs
-- include hints
-- include reader

-- A line is a member of a sorted set: fence and seq in a fixed width, so that its place tells its order.
local function place(fence, seq) return string.format('%016.0f%016.0f', tonumber(fence), tonumber(seq)) end

at = 3
local most, verdicts = takeNumber(), {}
for i = 1, takeNumber() do
  local id, fence = take(), take()
  local namesProgress, progress, namesCheckpoint, checkpoint = take(), take(), take(), take()
  local lines = takeNumber()
  local text = call('HGET', STATES, id)
  local job, verdict = underLease(text, fence)
  if job then
    verdict = 'o'
    stamp()
    hint('c')
    local flags = job.flags
    if namesProgress == 'p' then flags = writeNote(id, 'p', progress, flags, PROGRESS) end
    if namesCheckpoint == 'k' then flags = writeNote(id, 'k', checkpoint, flags, CHECKPOINT) end
    if flags ~= job.flags then call('HSET', STATES, id, sub(text, 1, 1) .. flags .. sub(text, 3)) end
    for n = 1, lines do
      local line = place(fence, ARGV[at + 2 * n - 1]) .. '\0'
      local known = call('ZRANGEBYLEX', LOG .. id, '[' .. line, '[' .. line .. '\255', 'LIMIT', 0, 1)
      if #known == 0 then call('ZADD', LOG .. id, 0, line .. ARGV[at + 2 * n]) end
    end
    if lines > 0 then call('ZREMRANGEBYRANK', LOG .. id, 0, -most - 1) end
  end
  at = at + 2 * lines
  verdicts[i] = verdict
end
return { table.concat(verdicts), tell() }
