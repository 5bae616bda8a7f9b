-- What lease holders write: settlements, starts, renewals.

-- What a job had at its side while it ran and keeps beyond that.
local function keptFlags(flags, isSolo)
  return with(with(with(flags, STARTED, false), CANCEL, false), SOLO, isSolo)
end

-- The state of a job under other values: `values` is attempt … crashes NUL reason … history.
local function stateOf(letter, flags, fence, job, runAt, values)
  return letter .. flags .. fence .. '\0' .. job.worker .. '\0' .. keep(job, runAt) .. '\0'
    .. (isOver(letter) and nowText or '') .. ' ' .. values
end

-- What a first success makes of jobs that have this state, for all that are settled alike.
local function plainEnd(text, fence, values)
  local job, verdict = underLease(text, fence)
  if not job then
    if verdict == 's' and parse(text).letter == 'c' and parse(text).fence == fence then verdict = 'o' end
    return { verdict = verdict }
  end
  local flags = job.flags
  return {
    verdict = 'o',
    job = job,
    jobs = 0,
    isAsked = has(flags, CANCEL),
    text = stateOf('c', keptFlags(flags, false), fence, job, job.runAt, values),
  }
end

-- First successes, no id twice: nothing but one text and one move each, written for all of them together.
-- Arguments: the number of groups; fence, values, and ids in a row of each.
local function settlePlain()
  local groups = takeNumber()
  if groups == 0 then return '' end
  local ids, lasts, fences, allValues = {}, {}, {}, {}
  for g = 1, groups do
    fences[g], allValues[g] = take(), take()
    splitIds(take(), ids)
    lasts[g] = #ids
  end
  local texts = readMany(STATES, ids)
  local verdicts, states, finished, n = {}, {}, {}, 0
  -- By worker: what leaves its leases.
  local leases = {}
  local first = 1
  for g = 1, groups do
    local made = {}
    for i = first, lasts[g] do
      local id, text = ids[i], texts[i]
      local done = made[text]
      if not done then
        done = plainEnd(text, fences[g], allValues[g])
        made[text] = done
        if done.job then
          done.lease = leases[done.job.worker] or { n = 0 }
          leases[done.job.worker] = done.lease
        end
      end
      if done.job then
        states[2 * n + 1], states[2 * n + 2] = id, done.text
        n = n + 1
        finished[n] = id
        local lease = done.lease
        lease.n = lease.n + 1
        lease[lease.n] = id
        done.jobs = done.jobs + 1
        if done.isAsked then call('HDEL', NOTES, 'c' .. id) end
        if done.job.key ~= '' then freeKey(id, done.job, 'f') end
        if isAnyTied() then bondMoved(id, RUNNING, 'c', '1') end
      end
      verdicts[i] = done.verdict
    end
    for _, done in pairs(made) do
      if done.job then
        count(RUNNING, done.job.kind, -done.jobs)
        runs(done.job.lane, -done.jobs)
        count('c', done.job.kind, done.jobs)
      end
    end
    first = lasts[g] + 1
  end
  if n == 0 then return table.concat(verdicts) end
  stamp()
  callMany('HSET', STATES, states)
  enterFinished('c', finished, nowText)
  for worker, lease in pairs(leases) do
    callMany('ZREM', LEASES .. worker, lease)
    touched[worker] = true
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
    if isOver(letter) then freeKey(id, job, 'f') end
    bondMoved(id, RUNNING, letter, match(values, '^%d+'))
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
