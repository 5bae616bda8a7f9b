-- Lanes of queues in which groups take turns. A queue is one of them, or *fair*, as soon as it had a job with a group or
-- a limit key; nothing of this is written for the others.
--
-- A lane is a front (priority, queue, task), a group and perhaps a limit key. The fourth field of a lane says both: what
-- the group is, empty or `=` and its name; or, with a limit key, `+`, that, byte 1 and byte 3, and the key (byte 1 in a
-- group is followed by byte 2 then).
--
-- A group stands among the heads of its front by its turn, then by the due time and id of its first job, as far as it is
-- not held back by a gate (see gates.lua). Its first job is the first one without a limit key, or the first of its lanes
-- with one: those stand in `KEYED` by their first jobs. A turn in `HEADS` may be an earlier one than the group's, which
-- whoever meets it there sets right; it is never a later one.

local laneOf, isAnyFair, isFair, makeFair, adopt, enterLane, leaveLane, place, putAside, putBack
local turnOf, setTurn, advance, catchUp, runs, freed

do
  -- Groups without ready jobs of which a queue remembers that they are ahead of the others, at most.
  local TURNS_KEPT = 10000

  -- Lanes taken apart, fair queues, turns: what this call found out.
  local lanes, fairQueues, keyedQueues, anyFair, turns, lasts
  -- Turns, queues and gates whose numbers changed; written by `flush`.
  local turned, advanced, ran
  onBegin(function()
    lanes, fairQueues, keyedQueues, anyFair, turns, lasts, freed = {}, {}, {}, nil, {}, {}, {}
    turned, advanced, ran = {}, {}, {}
  end)

  function laneOf(name)
    local lane = lanes[name]
    if lane then return lane end
    local front, priority, queue, task, field = match(name, '^((%d)%z([^%z]*)%z([^%z]*))%z(.*)$')
    lane = { name = name, front = front, priority = priority, queue = queue, task = task, field = field, group = field }
    if sub(field, 1, 1) == '+' then
      local last = find(field, '\1\3', 2, true)
      lane.group, lane.key = string.gsub(sub(field, 2, last - 1), '\1\2', '\1'), sub(field, last + 2)
      lane.keyGate = 'k' .. lane.key
    end
    lane.of = queue .. '\0' .. lane.group
    lane.groupLane = lane.key and front .. '\0' .. lane.group or name
    if lane.group ~= '' then lane.groupGate = 'g' .. queue .. '/' .. sub(lane.group, 2) end
    lanes[name] = lane
    return lane
  end

  function isAnyFair()
    if anyFair == nil then anyFair = call('EXISTS', FAIR) == 1 end
    return anyFair
  end

  function isFair(queue)
    if not isAnyFair() then return false end
    if fairQueues[queue] == nil then fairQueues[queue] = call('HEXISTS', FAIR, queue) == 1 end
    return fairQueues[queue]
  end

  -- Running jobs of a group or with a limit key.
  function runs(name, difference)
    local lane = laneOf(name)
    if lane.field == '' then return end
    for _, gate in pairs({ lane.groupGate, lane.keyGate }) do
      ran[gate] = (ran[gate] or 0) + difference
      if difference < 0 then freed[gate] = true end
    end
  end

  local function lastTurn(queue)
    lasts[queue] = lasts[queue] or tonumber(call('HGET', FAIR, queue) or 0)
    return lasts[queue]
  end

  function turnOf(lane)
    turns[lane.of] = turns[lane.of] or tonumber(call('HGET', TURNS, lane.of) or 0)
    return turns[lane.of]
  end

  function setTurn(lane, turn)
    turns[lane.of], turned[lane.of] = turn, true
  end

  -- Who had nothing to do has saved nothing up.
  function catchUp(lane)
    if turnOf(lane) < lastTurn(lane.queue) then setTurn(lane, lastTurn(lane.queue)) end
  end

  local function forgetTurn(queue, group)
    local of = queue .. '\0' .. group
    turns[of], turned[of] = 0, nil
    call('HDEL', TURNS, of)
    call('ZREM', IDLE .. queue, group)
  end

  -- A turn was had: the queue's furthest one may be another now.
  function advance(queue, turn)
    if turn > lastTurn(queue) then lasts[queue] = turn end
    advanced[queue] = (advanced[queue] or 0) + 1
  end

  local function gainLane(lane)
    if call('HINCRBY', GROUPED, lane.of, 1) > 1 then return end
    call('ZREM', IDLE .. lane.queue, lane.group)
    catchUp(lane)
  end

  local function loseLane(lane)
    if call('HINCRBY', GROUPED, lane.of, -1) > 0 then return end
    call('HDEL', GROUPED, lane.of)
    if turnOf(lane) <= lastTurn(lane.queue) then return forgetTurn(lane.queue, lane.group) end
    local idle = IDLE .. lane.queue
    call('ZADD', idle, int(turnOf(lane)), lane.group)
    if call('ZCARD', idle) > TURNS_KEPT then forgetTurn(lane.queue, call('ZRANGE', idle, 0, 0)[1]) end
  end

  -- Queues that had a limit key look for jobs with one.
  local function isKeyed(queue)
    if keyedQueues[queue] == nil then keyedQueues[queue] = call('SISMEMBER', KEYEDQUEUES, queue) == 1 end
    return keyedQueues[queue]
  end

  -- The first job of a lane, and its due time.
  local function headOf(name) return call('ZRANGE', READY .. name, 0, 0, 'WITHSCORES') end

  onFlush(function()
    local written = {}
    for of in pairs(turned) do
      written[#written + 1] = of
      written[#written + 1] = int(turns[of])
    end
    callMany('HSET', TURNS, written)
    for queue, claims in pairs(advanced) do
      local last = int(lasts[queue])
      call('HSET', FAIR, queue, last)
      -- Forgets turns that are not ahead any more, and would be moved up to it: more than there may be new ones.
      local idle = call('ZRANGEBYSCORE', IDLE .. queue, '-inf', last, 'LIMIT', 0, 2 * claims)
      for i = 1, #idle do forgetTurn(queue, idle[i]) end
    end
    for gate, difference in pairs(ran) do
      if difference ~= 0 and call('HINCRBY', RUNS, gate, difference) <= 0 then call('HDEL', RUNS, gate) end
    end
    turned, advanced, ran = {}, {}, {}
  end)

  -- The first job of a group in a front, without those that gates of limit keys hold back: id, due time, and its lane.
  local function firstOf(lane, free)
    free = free or headOf(lane.groupLane)
    local keyed = isKeyed(lane.queue) and call('ZRANGE', KEYED .. lane.groupLane, 0, 0, 'WITHSCORES') or {}
    local id = keyed[1] and sub(keyed[1], 1, ID_LENGTH)
    if not id or (free[1] and (tonumber(free[2]) < tonumber(keyed[2])
      or (free[2] == keyed[2] and free[1] < id))) then
      return free[1], free[2], lane.groupLane
    end
    return id, keyed[2], lane.front .. '\0' .. sub(keyed[1], ID_LENGTH + 1)
  end

  -- Notes where a lane stands, or that it stands nowhere.
  local function note(lane, before, member)
    if member == before then return end
    if member then call('HSET', PLACED, lane, member) else call('HDEL', PLACED, lane) end
  end

  -- Where a lane stands among those of its front, or of its limit key there.
  local function memberOf(first, field) return string.format('%016.0f', first[2]) .. first[1] .. field end

  -- A lane that a gate holds back has another first job, or none any more.
  local function placeHeld(lane, placed, first)
    local gate = lane.keyGate or lane.groupGate
    local queued = lane.key and QUEUED .. gate .. '\0' .. lane.front
    if not first[1] then
      call('HDEL', PLACED, lane.name)
      if queued then call('ZREM', queued, sub(placed, 2)) end
      call('ZREM', HELD .. gate, lane.name)
      if call('EXISTS', HELD .. gate) == 0 then
        call('ZREM', OPENINGS, gate)
        call('DEL', HELDIN .. gate)
      end
    elseif queued and memberOf(first, lane.field) ~= sub(placed, 2) then
      call('ZREM', queued, sub(placed, 2))
      call('ZADD', queued, int(turnOf(lane)), memberOf(first, lane.field))
      call('HSET', PLACED, lane.name, '-' .. memberOf(first, lane.field))
    end
  end

  local function isHeld(placed) return placed and sub(placed, 1, 1) == '-' end

  -- Puts a lane aside, behind a gate that is closed.
  function putAside(lane, gate)
    local placed = call('HGET', PLACED, lane.name)
    call('ZREM', (lane.key and KEYED .. lane.groupLane or HEADS .. lane.front), placed)
    call('ZADD', HELD .. gate, 0, lane.name)
    local member = ''
    if lane.key then
      member = memberOf(headOf(lane.name), lane.field)
      call('ZADD', QUEUED .. gate .. '\0' .. lane.front, int(turnOf(lane)), member)
      call('SADD', HELDIN .. gate, lane.front)
    end
    call('HSET', PLACED, lane.name, '-' .. member)
    if lane.key then place(laneOf(lane.groupLane)) end
  end

  -- Puts one back.
  function putBack(lane, gate)
    if lane.key then
      call('ZREM', QUEUED .. gate .. '\0' .. lane.front, sub(call('HGET', PLACED, lane.name), 2))
    end
    call('ZREM', HELD .. gate, lane.name)
    if call('EXISTS', HELD .. gate) == 0 then call('DEL', HELDIN .. gate) end
    call('HDEL', PLACED, lane.name)
    place(lane)
  end

  -- Lets a group stand where its first job belongs. `free`: its first one without a limit key, when that is known.
  local function placeGroup(lane, free)
    local heads, name = HEADS .. lane.front, lane.groupLane
    local before = call('HGET', PLACED, name)
    local id, runAt, first = firstOf(lane, free)
    if isHeld(before) then return placeHeld(laneOf(name), before, { id }) end
    local member = id and memberOf({ id, runAt }, laneOf(first).field)
    if before and before ~= member then call('ZREM', heads, before) end
    if member then
      call('ZADD', heads, int(turnOf(lane)), member)
      if not before then call('ZADD', FRONTS, lane.priority, lane.front) end
    end
    note(name, before or nil, member)
  end

  -- Lets a lane, and its group, stand where its first job belongs, which may be known.
  function place(lane, first)
    if lane.key then
      first = first or headOf(lane.name)
      local before = call('HGET', PLACED, lane.name)
      if isHeld(before) then return placeHeld(lane, before, first) end
      local keyed, member = KEYED .. lane.groupLane, first[1] and first[1] .. lane.field
      if before and before ~= member then call('ZREM', keyed, before) end
      if member then call('ZADD', keyed, first[2], member) end
      note(lane.name, before or nil, member)
      first = nil
    end
    placeGroup(lane, first)
  end

  -- Takes over a lane that was written as one of a queue without groups.
  function adopt(name)
    call('ZREM', LANES, name)
    if call('EXISTS', READY .. name) == 1 then enterLane(name) end
  end

  function makeFair(queue)
    if isFair(queue) then return end
    anyFair, fairQueues[queue] = true, true
    call('HSET', FAIR, queue, '0')
    local plain = call('ZRANGE', LANES, 0, -1)
    for i = 1, #plain do
      if laneOf(plain[i]).queue == queue then adopt(plain[i]) end
    end
  end

  -- A lane has got ready jobs. Answers whether it had none.
  function enterLane(name)
    local lane = laneOf(name)
    if lane.field ~= '' then makeFair(lane.queue) end
    if lane.key and not isKeyed(lane.queue) then
      call('SADD', KEYEDQUEUES, lane.queue)
      keyedQueues[lane.queue] = true
    end
    if not isFair(lane.queue) then return call('ZADD', LANES, lane.priority, name) == 1 end
    local isNew = call('ZADD', FAIRLANES, lane.priority, name) == 1
    if isNew then gainLane(lane) end
    place(lane)
    return isNew
  end

  -- Ready jobs of a lane have gone.
  function leaveLane(name)
    local lane = laneOf(name)
    if not isFair(lane.queue) then
      if call('EXISTS', READY .. name) == 0 then call('ZREM', LANES, name) end
      return
    end
    local first = headOf(name)
    if not first[1] and call('ZREM', FAIRLANES, name) == 1 then loseLane(lane) end
    place(lane, first)
  end
end
