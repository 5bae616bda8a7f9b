-- Changes of jobs that nobody runs.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), hints that may be told, number of changes; each: id, fence, letter before, letter after (- for
--          removed), 1 when solo, delay or empty, attempt, values: retries crashes NUL reason … history
-- Result   { a letter for each change, holders of the keys that were taken, hints told and left to be told }

-- include store
-- include counting
-- include jobs
-- include hints
-- include reader

local holders = {}

local function remove(id, job)
  stamp()
  leave(id, job)
  if not isFinished(job.letter) then freeKey(id, job) end
  forget({ id }, { job })
  hint('c')
end

local function change()
  local id, fence, from, to, solo, delay, attempt, values = take(), take(), take(), take(), take(), take(), take(), take()
  local text = call('HGET', STATES, id)
  if not text then return 'm' end
  local job = parse(text)
  if job.letter ~= from or job.fence ~= fence then return 's' end
  if to == '-' then
    remove(id, job)
    return 'o'
  end
  local key = job.key ~= '' and sub(job.key, 2)
  if key and not isFinished(to) then
    local holder = call('HGET', KEYHOLDERS, key)
    if holder and holder ~= id then
      table.insert(holders, holder)
      return 'k'
    end
    stamp()
    call('HSET', KEYHOLDERS, key, id)
  end
  stamp()
  local runAt = delay == '' and job.runAt or int(now + tonumber(delay))
  move(id, job, to, runAt)
  call('HSET', STATES, id, to .. with(job.flags, SOLO, solo == '1') .. int(tonumber(fence) + 1) .. '\0' .. job.worker .. '\0'
    .. keep(job, runAt) .. '\0' .. (isFinished(to) and nowText or '') .. ' ' .. attempt .. ' ' .. job.startedAt .. ' ' .. values)
  if isFinished(to) then freeKey(id, job) end
  hint('c')
  if to == 'r' then hint('r') end
  return 'o'
end

at = 3
local verdicts = {}
for i = 1, takeNumber() do verdicts[i] = change() end
flush()
return { table.concat(verdicts), holders, tell() }
