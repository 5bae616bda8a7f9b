-- What lease holders write: settlements, starts, renewals.

-- What a job had at its side while it ran and keeps beyond that.
local function keptFlags(flags, isSolo)
  return with(with(with(flags, STARTED, false), CANCEL, false), SOLO, isSolo)
end

-- The state of a job under other values: `values` is attempt … crashes NUL reason … history.
local function stateOf(letter, flags, fence, job, runAt, values)
  return letter .. flags .. fence .. '\0' .. job.worker .. '\0' .. keep(job, runAt) .. '\0'
    .. (isFinished(letter) and nowText or '') .. ' ' .. values
end

-- First successes, no id twice: nothing but one text and one move each, written for all of them together.
-- Arguments: their number; id, fence and values of each.
local function settlePlain()
  local jobs = takeNumber()
  if jobs == 0 then return '' end
  local ids, verdicts, states, finished, n = {}, {}, {}, {}, 0
  -- By worker and by kind: what leaves its leases, and how many.
  local leases, kinds = {}, {}
  for i = 1, jobs do ids[i] = ARGV[at + 3 * i - 2] end
  local texts = readMany(STATES, ids)
  for i = 1, jobs do
    local id, text, fence = ids[i], texts[i], ARGV[at + 3 * i - 1]
    local job, verdict = underLease(text, fence)
    if job then
      verdict = 'o'
      local flags = job.flags
      if flags ~= '0' then
        if has(flags, CANCEL) then call('HDEL', NOTES, 'c' .. id) end
        flags = keptFlags(flags, false)
      end
      states[2 * n + 1], states[2 * n + 2] = id, stateOf('c', flags, fence, job, job.runAt, ARGV[at + 3 * i])
      n = n + 1
      finished[n] = id
      local lease = leases[job.worker]
      if not lease then
        lease = { n = 0 }
        leases[job.worker] = lease
      end
      lease.n = lease.n + 1
      lease[lease.n] = id
      kinds[job.kind] = (kinds[job.kind] or 0) + 1
      freeKey(id, job)
    elseif verdict == 's' and parse(text).letter == 'c' and parse(text).fence == fence then
      verdict = 'o'
    end
    verdicts[i] = verdict
  end
  at = at + 3 * jobs
  if n == 0 then return table.concat(verdicts) end
  stamp()
  callMany('HSET', STATES, states)
  enterFinished('c', finished)
  for worker, lease in pairs(leases) do
    callMany('ZREM', LEASES .. worker, lease)
    touched[worker] = true
  end
  for kind, number in pairs(kinds) do
    count(RUNNING, kind, -number)
    count('c', kind, number)
  end
  hint('c')
  return table.concat(verdicts)
end

-- Any settlement. Arguments: id, fence, letter, 1 when solo, values, delay or empty, 1 when not to be carried out
-- against a request to cancel, p or empty and a progress, k or empty and a checkpoint, number of documents and their
-- writes, number of arguments that describe the jobs to add, and these.
local function settle()
  local id, fence, letter, solo, values = take(), take(), take(), take(), take()
  local delay, unlessCancelled = take(), take()
  local namesProgress, progress, namesCheckpoint, checkpoint = take(), take(), take(), take()
  local writes = takeWrites(takeNumber())
  local size = takeNumber()
  local beyond = at + size
  local text = call('HGET', STATES, id)
  local job, verdict = underLease(text, fence)
  if not job then
    if verdict == 's' and parse(text).letter == letter and parse(text).fence == fence then verdict = 'o' end
  elseif unlessCancelled == '1' and has(job.flags, CANCEL) then
    verdict = 'c'
  elseif not areExpected(writes) then
    verdict = 'f'
  else
    verdict = 'o'
    stamp()
    if has(job.flags, CANCEL) then call('HDEL', NOTES, 'c' .. id) end
    local flags = keptFlags(job.flags, solo == '1')
    if namesProgress == 'p' then flags = writeNote(id, 'p', progress, flags, PROGRESS) end
    if namesCheckpoint == 'k' then flags = writeNote(id, 'k', checkpoint, flags, CHECKPOINT) end
    local runAt = delay == '' and job.runAt or int(now + tonumber(delay))
    move(id, job, letter, runAt)
    call('HSET', STATES, id, stateOf(letter, flags, fence, job, runAt, values))
    if isFinished(letter) then freeKey(id, job) end
    hint('c')
    if letter == 'r' then hint('r') end
    writeDocuments(writes)
    if size > 0 then addJobs() end
  end
  at = beyond
  return verdict
end

-- Records that handlers began. Arguments: number; id, fence, attempt, startedAt of each.
local function start()
  local verdicts = {}
  for i = 1, takeNumber() do
    local id, fence, attempt, startedAt = take(), take(), take(), take()
    local job, verdict = underLease(call('HGET', STATES, id), fence)
    if job then
      stamp()
      verdict = 'o'
      local values = attempt .. ' ' .. startedAt .. ' ' .. job.retries .. ' ' .. job.crashes .. '\0' .. job.tail
      call('HSET', STATES, id, stateOf(RUNNING, with(job.flags, STARTED, true), fence, job, job.runAt, values))
    end
    verdicts[i] = verdict
  end
  return table.concat(verdicts)
end

-- Renews leases. Arguments: length, 1 when these are all leases that the worker knows, number, id and fence of each.
-- Answers a verdict for each, and the rows of the jobs that run under this worker's name without its knowledge.
local function renew(worker, most)
  local leaseMs, isComplete, leases = takeNumber(), take(), takeNumber()
  local verdicts, fences, ids, ends = {}, {}, {}, {}
  for i = 1, leases do ids[i] = ARGV[at + 2 * i - 1] end
  local texts = readMany(STATES, ids)
  for i = 1, leases do
    local id, fence = ids[i], ARGV[at + 2 * i]
    local job, verdict = underLease(texts[i], fence)
    if job then
      verdict = has(job.flags, CANCEL) and 'c' or 'o'
      local some = ends[job.worker] or {}
      ends[job.worker] = some
      table.insert(some, int(now + (job.leaseMs ~= '' and tonumber(job.leaseMs) or leaseMs)))
      table.insert(some, id)
      -- A job may be named under an old fence, too.
      fences[id] = fence
    end
    verdicts[i] = verdict
  end
  at = at + 2 * leases
  for holder, some in pairs(ends) do
    stamp()
    callMany('ZADD', LEASES .. holder, some)
    touched[holder] = true
  end
  if isComplete ~= '1' then return table.concat(verdicts), '' end
  local unknown = {}
  for _, id in ipairs(call('ZRANGE', LEASES .. worker, 0, -1)) do
    if not fences[id] then table.insert(unknown, id) end
  end
  table.sort(unknown)
  for i = #unknown, most + 1, -1 do unknown[i] = nil end
  return table.concat(verdicts), rowsOf(unknown)
end
