-- Adds jobs. They are described by shapes, of which many jobs have the same one, and by what each has for itself.

-- What the ties of a shape say: who the key may come from, how it is held, and what is kept of them.
local function takeTies(shape, text)
  local from, letter, ms, start, rest = match(text, '^([%x-]*) (%a) (%d*) ([+=]?%d*) (.*)$')
  if sub(start, 1, 1) == '+' then start = int(now + tonumber(sub(start, 2))) else start = sub(start, 2) end
  shape.keyFrom, shape.keyLetter, shape.keyMs = from, letter, ms
  shape.ties = letter .. ' ' .. ms .. ' ' .. start .. ' ' .. rest
end

-- Reads a shape: flags, due (empty: now; `+` and a delay; `=` and a time), blocked (why, or empty), leaseMs, lane, key,
-- ref, ties (empty, or as in ties.lua, the time to start by as due is, and id and a space of who may have the key
-- before it). Makes what all of its jobs have in common.
local function takeShape()
  local shape = {}
  local flags, due, blocked, leaseMs, lane, key, ref = take(), take(), take(), take(), take(), take(), take()
  local ties = take()
  shape.keyLetter, shape.keyMs = 'f', ''
  if ties ~= '' then takeTies(shape, ties) end
  local runAt = now
  if due ~= '' then
    runAt = tonumber(sub(due, 2))
    if sub(due, 1, 1) == '+' then runAt = now + runAt end
  end
  shape.runAt = int(runAt)
  shape.letter = blocked ~= '' and 'b' or runAt > now and 's' or 'r'
  shape.text = shape.letter .. flags .. '0\0\0' .. shape.runAt .. ' ' .. leaseMs .. ' ' .. nowText .. '\0' .. lane .. '\0'
    .. key .. '\0' .. ref .. '\0 0  0 0\0' .. blocked .. '\0\0\0'
  shape.lane, shape.key, shape.ref = lane, key, ref
  shape.kind, shape.queue = match(lane, '^%d%z(([^%z]*)%z[^%z]*)%z')
  shape.isGrouped = byte(lane, #lane) ~= 0
  -- Score and id of each job, and 0 and id: what the orders of due times and of ids are given.
  shape.byTime, shape.byId, shape.n = {}, {}, 0
  return shape
end

-- Puts all jobs of a shape into the orders of their state.
local function addShape(shape)
  local jobs = shape.n / 2
  if jobs == 0 then return end
  callMany('ZADD', PLACE .. shape.letter .. shape.kind, shape.byId)
  if shape.letter == 'r' then
    callMany('ZADD', READY .. shape.lane, shape.byTime)
    -- A lane that was there already belongs to a queue that is known.
    if enterLane(shape.lane) then call('SADD', QUEUES, shape.queue) end
    hint('r')
  else
    if shape.letter == 's' then callMany('ZADD', WAITING, shape.byTime) end
    call('SADD', QUEUES, shape.queue)
    if shape.isGrouped then makeFair(shape.queue) end
  end
  hint('c')
  count(shape.letter, shape.kind, jobs)
end

-- Adds the jobs that the arguments describe: the number of shapes, the shapes, the number of jobs, the number of each
-- job's shape (when there is more than one), their ids in a row, the body of each. Answers a letter for each job, i inserted or d
-- duplicate, and the holders of the keys of the duplicates.
local function addJobs()
  local shapes = {}
  for i = 1, takeNumber() do shapes[i] = takeShape() end
  local jobs = takeNumber()
  local shapeOf = #shapes > 1 and takeMany(jobs) or nil
  local ids = {}
  if jobs > 0 then splitIds(take(), ids) end
  local known = readMany(STATES, ids)

  local verdicts, holders, added, bound = {}, {}, {}, {}
  local bodies, states, n = {}, {}, 0
  for i = 1, jobs do
    local id = ids[i]
    local shape = shapes[shapeOf and tonumber(shapeOf[i]) or 1]
    verdicts[i] = 'i'
    if not known[i] and not added[id] then
      local holder = shape.key ~= '' and keyHolder(sub(shape.key, 2))
      if holder and holder ~= shape.keyFrom then
        verdicts[i] = 'd'
        table.insert(holders, holder)
      else
        stamp()
        added[id] = i
        if shape.ties then bound[#bound + 1] = i end
        bodies[n + 1], bodies[n + 2] = id, ARGV[at + i]
        states[n + 1], states[n + 2] = id, shape.text
        n = n + 2
        local m = shape.n
        shape.byTime[m + 1], shape.byTime[m + 2] = shape.runAt, id
        shape.byId[m + 1], shape.byId[m + 2] = '0', id
        shape.n = m + 2
        if shape.key ~= '' then
          takeKey(sub(shape.key, 2), id, shape.keyLetter, shape.keyMs)
          call('ZADD', KEY .. sub(shape.key, 2), 0, id)
        end
        if shape.ref ~= '' then call('ZADD', REF .. sub(shape.ref, 2), 0, id) end
      end
    end
  end
  at = at + jobs
  callMany('HSET', BODIES, bodies)
  callMany('HSET', STATES, states)
  for i = 1, #shapes do addShape(shapes[i]) end
  for k = 1, #bound do
    local i = bound[k]
    bind(ids[i], shapes[shapeOf and tonumber(shapeOf[i]) or 1].ties, function(parent)
      return added[parent] and added[parent] > i
    end)
  end
  return table.concat(verdicts), holders
end
