-- A job's state as one text, and the indexes in which its id stands because of it.
--
--   letter flags fence NUL worker NUL runAt leaseMs createdAt NUL priority NUL queue NUL task NUL group NUL key NUL ref
--   NUL finishedAt attempt startedAt retries crashes NUL reason NUL output NUL error NUL history
--
-- What stands in the place of the group also says the limit key, if there is one: see lines.lua.
--
-- Numbers are separated by spaces, none is empty. Texts that may be null are empty then, and else begin with `=`. No
-- text contains NUL, so nothing is escaped, and nothing of what a caller gave is ever read as a number.
--
-- Letters: b blocked, s scheduled, r ready, u running, t retrying, c completed, x cancelled, d dead.

-- Flags, added up behind the character 0.
local SOLO, STARTED, CANCEL, PROGRESS, CHECKPOINT, OWN_LEASE = 1, 2, 4, 8, 16, 32
local function has(flags, flag) return math.floor((byte(flags) - 48) / flag) % 2 == 1 end
local function with(flags, flag, isSet)
  if has(flags, flag) == isSet then return flags end
  return char(byte(flags) + (isSet and flag or -flag))
end

local STATE = '^(%a)(.)(%d+)%z([^%z]*)%z((%d+) (%d*) (%d+)%z((%d)%z(([^%z]*)%z[^%z]*)%z[^%z]*)%z([^%z]*)%z([^%z]*))'
  .. '%z(%d*) (%d+) (%d*) (%d+) (%d+)%z(.*)$'

-- The parts of a state. Many jobs have the same text (they came together), so each text is taken apart once; the
-- answer is shared and must not be changed.
local parsed
onBegin(function() parsed = {} end)
local function parse(text)
  local job = parsed[text]
  if job == nil then
    job = {}
    job.letter, job.flags, job.fence, job.worker, job.kept, job.runAt, job.leaseMs, job.createdAt, job.lane,
      job.priority, job.kind, job.queue, job.key, job.ref, job.finishedAt, job.attempt, job.startedAt, job.retries,
      job.crashes, job.tail = match(text, STATE)
    parsed[text] = job
  end
  return job
end

-- What stays the same for as long as the due time does.
local function keep(job, runAt)
  if runAt == job.runAt then return job.kept end
  return runAt .. sub(job.kept, #job.runAt + 1)
end

-- The same job with another priority, which is where its lane begins, and what stands behind the three times.
local function ranked(job, priority)
  if priority == '' or priority == job.priority then return job end
  local other = {}
  for name, value in pairs(job) do other[name] = value end
  local before = #job.runAt + #job.leaseMs + #job.createdAt + 3
  other.priority = priority
  other.lane = priority .. sub(job.lane, 2)
  other.kept = sub(job.kept, 1, before) .. priority .. sub(job.kept, before + 2)
  return other
end

-- Finished jobs lie together that ended in one step: a member is their ids in a row, its score the time.
-- Members of one time that are looked at together. More can only be there when the server's clock was set back.
local MEMBERS = 100

local function enterFinished(letter, ids, at) call('ZADD', FINISHED .. letter, at, table.concat(ids)) end

local function leaveFinished(id, job)
  local index, at = FINISHED .. job.letter, job.finishedAt
  local first = 0
  repeat
    local members = call('ZRANGEBYSCORE', index, at, at, 'LIMIT', first, MEMBERS)
    for i = 1, #members do
      local place = find(members[i], id, 1, true)
      if place then
        local rest = sub(members[i], 1, place - 1) .. sub(members[i], place + ID_LENGTH)
        call('ZREM', index, members[i])
        if rest ~= '' then call('ZADD', index, at, rest) end
        return
      end
    end
    first = first + MEMBERS
  until #members < MEMBERS
end

-- Takes a job out of the order that its state keeps.
local function leave(id, job)
  local letter = job.letter
  if letter == 'r' then
    call('ZREM', READY .. job.lane, id)
    leaveLane(job.lane)
  elseif letter == RUNNING then
    call('ZREM', LEASES .. job.worker, id)
    touched[job.worker] = true
    runs(job.lane, -1)
  elseif letter == 's' or letter == 't' then
    call('ZREM', WAITING, id)
  elseif letter ~= 'b' then
    leaveFinished(id, job)
  end
  count(letter, job.kind, -1)
end

-- Puts a job into the order that its new state keeps; a running job's lease is written by the claim.
local function enter(id, letter, job, runAt)
  if letter == 'r' then
    call('ZADD', READY .. job.lane, runAt, id)
    enterLane(job.lane)
  elseif letter == 's' or letter == 't' then
    call('ZADD', WAITING, runAt, id)
  elseif letter ~= 'b' then
    enterFinished(letter, { id }, nowText)
  end
  count(letter, job.kind, 1)
end

-- Moves a job from one state to another. The text is the caller's to write. `after`: what it is then, with another
-- priority; left out, the same.
local function move(id, job, letter, runAt, after)
  leave(id, job)
  enter(id, letter, after or job, runAt)
  local from, to = placeOf(job.letter, job.kind), placeOf(letter, job.kind)
  if from ~= to then
    call('ZREM', from, id)
    call('ZADD', to, 0, id)
  end
end

-- Forgets jobs that are in no order any more: bodies, states, notes, logs, and where lists find them.
local function forget(ids, jobs)
  local notes, logs, places = {}, {}, {}
  for i = 1, #ids do
    local id, job = ids[i], jobs[i]
    local place = placeOf(job.letter, job.kind)
    places[place] = places[place] or {}
    table.insert(places[place], id)
    if has(job.flags, PROGRESS) then table.insert(notes, 'p' .. id) end
    if has(job.flags, CHECKPOINT) then table.insert(notes, 'k' .. id) end
    if has(job.flags, CANCEL) then table.insert(notes, 'c' .. id) end
    if job.key ~= '' then call('ZREM', KEY .. sub(job.key, 2), id) end
    if job.ref ~= '' then call('ZREM', REF .. sub(job.ref, 2), id) end
    -- Only a run can have written a line.
    if job.fence ~= '0' then table.insert(logs, LOG .. id) end
  end
  for place, some in pairs(places) do callMany('ZREM', place, some) end
  forgetTies(ids)
  callMany('HDEL', BODIES, ids)
  callMany('HDEL', STATES, ids)
  callMany('HDEL', NOTES, notes)
  for first = 1, #logs, CHUNK do call('UNLINK', unpack(logs, first, math.min(first + CHUNK - 1, #logs))) end
end

-- Verdicts are letters: o ok, s stale, m missing, c cancel requested, f conflict, k key taken.

-- The job when it runs under this fence, else the verdict about whoever says so.
local function underLease(text, fence)
  if not text then return nil, 'm' end
  local job = parse(text)
  if job.letter == RUNNING and job.fence == fence then return job end
  return nil, 's'
end

-- Writes a note of a job or removes it; answers the flags with the one that says so. A value begins with `=`.
local function writeNote(id, name, value, flags, flag)
  if value == '' then
    call('HDEL', NOTES, name .. id)
  else
    call('HSET', NOTES, name .. id, sub(value, 2))
  end
  return with(flags, flag, value ~= '')
end
