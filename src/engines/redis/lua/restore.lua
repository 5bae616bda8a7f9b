-- Stores jobs as they are: finished ones, and ready ones that are to be run again.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), hints that may be told, number of jobs; each: id, body, state, progress, checkpoint (each empty,
--          or = and text), ties (empty, or as in ties.lua), number of log lines, the lines
-- Result   { a letter for each job: o ok, n known, k key taken; holders of the keys that were taken; hints told and
--          left to be told }

-- include store
-- include counting
-- include ties
-- include lines
-- include jobs
-- include hints
-- include reader

local holders = {}

-- Whether the job that is there has to give way.
local function isOlder(there, job)
  return isOver(there.letter) and tonumber(there.fence) < tonumber(job.fence)
end

local function store(id, body, text, progress, checkpoint, ties, lines)
  local job = parse(text)
  local before = call('HGET', STATES, id)
  if before and not isOlder(parse(before), job) then return 'n' end
  local letter, ms = match(ties, '^(%a) (%d*) ')
  local takesKey = job.key ~= '' and not isOver(job.letter) and letter ~= 't'
  if takesKey then
    local holder = keyHolder(sub(job.key, 2))
    if holder then
      table.insert(holders, holder)
      return 'k'
    end
  end
  stamp()
  if before then
    leave(id, parse(before))
    forget({ id }, { parse(before) })
  end
  call('HSET', BODIES, id, body)
  call('HSET', STATES, id, text)
  writeNote(id, 'p', progress, job.flags, PROGRESS)
  writeNote(id, 'k', checkpoint, job.flags, CHECKPOINT)
  call('SADD', QUEUES, job.queue)
  if byte(job.lane, #job.lane) ~= 0 then makeFair(job.queue) end
  call('ZADD', placeOf(job.letter, job.kind), 0, id)
  if job.key ~= '' then call('ZADD', KEY .. sub(job.key, 2), 0, id) end
  if job.ref ~= '' then call('ZADD', REF .. sub(job.ref, 2), 0, id) end
  for i = 1, #lines do call('ZADD', LOG .. id, 0, lines[i]) end
  if isOver(job.letter) then
    enterFinished(job.letter, { id }, job.finishedAt)
  else
    if takesKey then takeKey(sub(job.key, 2), id, letter or 'f', ms or '') end
    call('ZADD', READY .. job.lane, job.runAt, id)
    enterLane(job.lane)
    hint('r')
  end
  if ties ~= '' then
    local kept = keepTies(id, ties)
    -- A finished one was counted in its batch when it ended.
    if not isOver(job.letter) then
      if kept.batch then countBatch(kept.batch, nil, 'u') end
      if kept.due ~= '' and job.attempt == '0' then call('ZADD', STARTBY, kept.due, id) end
    end
  end
  count(job.letter, job.kind, 1)
  hint('c')
  return 'o'
end

at = 3
local verdicts = {}
for i = 1, takeNumber() do
  local id, body, text, progress, checkpoint, ties = take(), take(), take(), take(), take(), take()
  verdicts[i] = store(id, body, text, progress, checkpoint, ties, takeMany(takeNumber()))
end
flush()
return { table.concat(verdicts), holders, tell() }
