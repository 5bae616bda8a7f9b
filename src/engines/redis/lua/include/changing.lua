-- Changes of jobs that nobody runs.

-- Reads one: id, fence, letter before, letter after (- for removed), 1 when solo, delay or empty, priority or empty,
-- attempt, values: retries crashes NUL reason … history.
local function takeChange()
  return {
    id = take(), fence = take(), from = take(), to = take(), solo = take(), delay = take(),
    priority = take(), attempt = take(), values = take(),
  }
end

-- The job when it is as the change expects it, else the verdict.
local function atRest(change)
  local text = call('HGET', STATES, change.id)
  if not text then return nil, 'm' end
  local job = parse(text)
  if job.letter == change.from and job.fence == change.fence then return job, 'o' end
  return nil, 's'
end

local function remove(id, job)
  stamp()
  leave(id, job)
  if not isOver(job.letter) then freeKey(id, job, 'f') end
  bondMoved(id, job.letter, '-', job.attempt)
  forget({ id }, { job })
  hint('c')
end

-- Carries a change out, or answers why not, and then who holds the key.
local function carryOut(change)
  local job, verdict = atRest(change)
  if not job then return verdict end
  local id, to = change.id, change.to
  if to == '-' then
    remove(id, job)
    return 'o'
  end
  stamp()
  if job.key ~= '' and isOver(job.letter) and not isOver(to) then
    local key, ties = sub(job.key, 2), tiesOf(id)
    -- A key that was held for a time was held once.
    if not ties or ties.letter ~= 't' then
      local holder = keyHolder(key)
      if holder and holder ~= id then return 'k', holder end
      takeKey(key, id, ties and ties.letter or 'f', ties and ties.ms or '')
    end
  end
  local runAt = change.delay == '' and job.runAt or int(now + tonumber(change.delay))
  local after = ranked(job, change.priority)
  move(id, job, to, runAt, after)
  call('HSET', STATES, id, to .. with(job.flags, SOLO, change.solo == '1') .. int(tonumber(change.fence) + 1) .. '\0'
    .. job.worker .. '\0' .. keep(after, runAt) .. '\0' .. (isOver(to) and nowText or '') .. ' ' .. change.attempt .. ' '
    .. job.startedAt .. ' ' .. change.values)
  if isOver(to) then freeKey(id, job, 'f') end
  bondMoved(id, job.letter, to, change.attempt)
  hint('c')
  if to == 'r' then hint('r') end
  return 'o'
end
