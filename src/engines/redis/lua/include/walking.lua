-- Claims where settings or groups matter: job by job, in turn, passing over what gates hold back.
--
-- A source is a lane of a queue without groups, or a front of a fair queue. Each offers its first job whose gates are
-- open; of a queue's sources, the one goes first whose (priority, turn, due time, id) is the least, of several queues'
-- first jobs the one whose (priority, due time, id) is.

local walk

do
  -- Lanes that are looked at to tell when a rate opens for an idle worker. With more, it may wake up too early.
  local OPENINGS_LOOKED = 100
  -- Heads that are fetched at once from a lane of a queue without groups.
  local FETCHED = 16

  local function gatesOf(queue, task)
    local gates, names = {}, { 'q' .. queue, taskGate(task) }
    for i = 1, 2 do
      local setting = settingOf(names[i])
      if setting then gates[#gates + 1] = { name = names[i], setting = setting } end
    end
    return gates
  end

  -- Whether all of these are open; if not, when time opens them, or nothing when something else has to.
  local function areOpen(list)
    local all, latest, isHeld = true, 0, false
    for i = 1, #list do
      local isOpen, opensAt = stateOfGate(list[i].name, list[i].setting)
      if not isOpen then
        all = false
        if opensAt then latest = math.max(latest, opensAt) else isHeld = true end
      end
    end
    return all, not isHeld and not all and latest or nil
  end

  -- The first job of a front that its group and its limit key let go. What they do not let go is put aside.
  local function firstOfFront(source)
    local front = source.front
    -- The first head of the front: what it offers, or nothing when it has to go elsewhere.
    local function meet(head)
      local from = laneOf(front .. '\0' .. sub(head[1], 17 + ID_LENGTH))
      local lane = laneOf(from.groupLane)
      local isOpen, opensAt = stateOfGate(lane.groupGate, groupSetting(lane))
      if not isOpen then return hold(lane, lane.groupGate, opensAt) end
      local turn = turnOf(lane)
      if tonumber(head[2]) ~= turn then
        call('ZADD', HEADS .. front, int(turn), head[1])
        return nil
      end
      isOpen, opensAt = stateOfGate(from.keyGate, from.key and settingOf(from.keyGate))
      if not isOpen then return hold(from, from.keyGate, opensAt) end
      local place = sub(head[1], 1, 16 + ID_LENGTH)
      return { id = sub(place, 17), runAt = tonumber(sub(place, 1, 16)), place = place, turn = turn, lane = from }
    end
    while true do
      local head = call('ZRANGE', HEADS .. front, 0, 0, 'WITHSCORES')
      local offer = head[1] and meet(head)
      if isTired() then return offer end
      if (offer or not head[1]) and not pull(front, offer) then
        if not offer then call('ZREM', FRONTS, front) end
        return offer
      end
    end
  end

  -- What a source offers, or nothing.
  local function offerOf(source)
    if not areOpen(source.gates) then return nil end
    if source.offer == nil then
      if source.front then
        source.offer = firstOfFront(source) or false
      else
        local cursor = source.cursor
        source.offer = cursor.id and { id = cursor.id, runAt = cursor.runAt, turn = 0 } or false
      end
    end
    return source.offer
  end

  local function isBefore(a, b, byTurn)
    if a.priority ~= b.priority then return a.priority < b.priority end
    local x, y = a.offer, b.offer
    if byTurn and x.turn ~= y.turn then return x.turn < y.turn end
    if x.runAt ~= y.runAt then return x.runAt < y.runAt end
    return x.id < y.id
  end

  -- The source whose offer goes first.
  local function nextOf(sources)
    local firsts, best = {}, nil
    for i = 1, #sources do
      local source = sources[i]
      local first = firsts[source.queue]
      -- The sources come by priority: those behind the first one of their queue may have nothing to say.
      if (not first or first.priority == source.priority) and offerOf(source)
        and (not first or isBefore(source, first, true)) then
        firsts[source.queue] = source
      end
    end
    for _, first in pairs(firsts) do
      if not best or isBefore(first, best, false) then best = first end
    end
    return best
  end

  -- A job is taken from a source: whatever offers might change because of it are made anew.
  local function takeFrom(source, sources)
    local offer, queue = source.offer, source.queue
    for i = 1, #source.gates do passGate(source.gates[i].name, source.gates[i].setting) end
    source.offer = nil
    if not source.front then
      source.cursor:advance()
      return
    end
    local lane = offer.lane
    local setting = groupSetting(lane)
    passGate(lane.groupGate, setting)
    if lane.key then passGate(lane.keyGate, settingOf(lane.keyGate)) end
    advance(queue, offer.turn)
    local weight = setting and tonumber(setting.weight) or 1
    setTurn(lane, offer.turn + math.floor(720720 / weight + 0.5))
    runs(lane.name, 1)
    call('ZREM', READY .. lane.name, offer.id)
    leaveLane(lane.name)
    for i = 1, #sources do
      local other = sources[i].offer and sources[i].offer.lane
      if other and (other.of == lane.of or (lane.key and other.key == lane.key)) then sources[i].offer = nil end
    end
  end

  -- When the first lane opens that would be claimed from but for rates. Called when nothing is left to be claimed.
  local function opening(sources, fits)
    local first
    local function consider(...)
      local isOpen, opensAt = areOpen({ ... })
      if isOpen then opensAt = now end
      if opensAt and (not first or opensAt < first) then first = opensAt end
    end
    for i = 1, #sources do
      local source = sources[i]
      local isOpen, opensAt = areOpen(source.gates)
      if not isOpen and opensAt and (not first or opensAt < first) then
        local cursor = source.cursor
        if (cursor and cursor.id) or (source.front and firstOfFront(source)) then first = opensAt end
      end
    end
    local looked = 0
    local held = call('ZRANGEBYSCORE', OPENINGS, '(' .. nowText, '(inf', 'WITHSCORES', 'LIMIT', 0, OPENINGS_LOOKED)
    for i = 1, #held, 2 do
      local opensAt = tonumber(held[i + 1])
      if first and opensAt >= first then return first end
      local names = call('ZRANGE', HELD .. held[i], 0, OPENINGS_LOOKED - 1)
      for k = 1, #names do
        local lane = laneOf(names[k])
        looked = looked + 1
        if fits(lane.queue, lane.task) then
          local list = gatesOf(lane.queue, lane.task)
          local setting = groupSetting(lane)
          if setting then list[#list + 1] = { name = lane.groupGate, setting = setting } end
          local others = { lane }
          if not lane.key then
            -- A group is held back: what of it would go?
            others = call('EXISTS', READY .. lane.name) == 1 and { lane } or {}
            local keyed = call('ZRANGE', KEYED .. lane.name, 0, OPENINGS_LOOKED - 1)
            for j = 1, #keyed do others[#others + 1] = laneOf(lane.front .. '\0' .. sub(keyed[j], ID_LENGTH + 1)) end
          end
          for j = 1, #others do
            looked = looked + 1
            local key = others[j].key and settingOf(others[j].keyGate)
            list[#list + 1] = key and { name = others[j].keyGate, setting = key } or nil
            consider(unpack(list))
            if key then list[#list] = nil end
          end
        end
      end
      if looked >= OPENINGS_LOOKED then return math.min(first or opensAt, opensAt) end
    end
    return first
  end

  -- Chooses up to `limit` jobs, in the order of turns, each of which is a list of sources. Answers their ids and states,
  -- whether others were left behind, and else when a rate lets one go.
  function walk(turns, limit, fits)
    local ids, texts, hasSolo = {}, {}, false
    for t = 1, #turns do
      local sources = turns[t]
      for i = 1, #sources do
        local source = sources[i]
        source.gates = gatesOf(source.queue, source.task)
        if source.lane then source.cursor = cursorOf(source.lane, FETCHED) end
      end
      while true do
        local source = nextOf(sources)
        if isTired() then return ids, texts, true end
        if not source then break end
        local text = call('HGET', STATES, source.offer.id)
        if text and sub(text, 1, 1) == 'r' then
          local isSolo = has(sub(text, 2, 2), SOLO)
          if #ids == limit or hasSolo or (isSolo and #ids > 0) then return ids, texts, true end
          if #ids == 0 then stamp() end
          hasSolo = isSolo
          ids[#ids + 1], texts[#texts + 1] = source.offer.id, text
          takeFrom(source, sources)
        else
          -- An older worker, which knows nothing of heads, took it away.
          leaveLane(source.offer.lane.name)
          source.offer = nil
        end
      end
    end
    if not areLimited() then return ids, texts, false end
    local all = {}
    for t = 1, #turns do
      for i = 1, #turns[t] do all[#all + 1] = turns[t][i] end
    end
    return ids, texts, false, opening(all, fits)
  end
end
