-- Claims jobs: the heads of the lanes that fit, merged into one order.

local claim

do
  -- Ids have one length and few characters: Lua's order of them is that of their bytes in every locale.
  local function isBefore(a, b)
    if a.runAt ~= b.runAt then return a.runAt < b.runAt end
    return a.id < b.id
  end

  -- A heap of cursors, the one with the earliest head first.
  local function siftDown(heap, i)
    local size = #heap
    while true do
      local least, left = i, 2 * i
      if left <= size and isBefore(heap[left], heap[least]) then least = left end
      if left < size and isBefore(heap[left + 1], heap[least]) then least = left + 1 end
      if least == i then return end
      heap[i], heap[least] = heap[least], heap[i]
      i = least
    end
  end

  -- Calls take(cursor) for the heads of these lanes in their order until it answers false. Answers whether it did.
  local function merge(lanes, chunk, take)
    local heap = {}
    for i = 1, #lanes do
      local cursor = cursorOf(lanes[i], chunk)
      if cursor.id then table.insert(heap, cursor) end
    end
    for i = math.floor(#heap / 2), 1, -1 do siftDown(heap, i) end
    while #heap > 0 do
      local cursor = heap[1]
      if not take(cursor) then return true end
      cursor:advance()
      if not cursor.id then
        heap[1] = heap[#heap]
        table.remove(heap)
      end
      siftDown(heap, 1)
    end
    return false
  end

  local function setOf(list)
    if not list then return nil end
    local set = {}
    for i = 1, #list do set[list[i]] = true end
    return set
  end

  -- Whether a claim may take jobs of a queue and a task, as far as neither groups nor limits are concerned.
  local function fitterOf(queues, tasks)
    local wanted, known, paused = setOf(queues), setOf(tasks), {}
    return function(queue, task)
      if (wanted and not wanted[queue]) or (known and not known[task]) then return false end
      if paused[queue] == nil then paused[queue] = call('HEXISTS', PAUSED, queue) == 1 end
      return not paused[queue]
    end
  end

  -- The lanes of queues without groups that fit. Those of others can only be there when an older worker wrote them.
  local function plainLanes(fits)
    local lanes, plain = call('ZRANGE', LANES, 0, -1, 'WITHSCORES'), {}
    for i = 1, #lanes, 2 do
      local queue, task, field = match(lanes[i], '^%d%z([^%z]*)%z([^%z]*)%z(.*)$')
      if field ~= '' or isFair(queue) then
        makeFair(queue)
        adopt(lanes[i])
      elseif fits(queue, task) then
        plain[#plain + 1] = { lane = lanes[i], priority = lanes[i + 1], queue = queue, task = task }
      end
    end
    return plain
  end

  -- These lanes as a list of turns; a turn is a list of lanes of one priority.
  local function turnsOf(plain, queues)
    local byQueue = {}
    for i = 1, #plain do
      local lane = plain[i]
      -- Merged, all queues are one.
      local name = queues and lane.queue or 1
      local turns = byQueue[name] or {}
      byQueue[name] = turns
      local last = turns[#turns]
      if last and last.priority == lane.priority then
        table.insert(last, lane.lane)
      else
        table.insert(turns, { lane.lane, priority = lane.priority })
      end
    end
    if not queues then return byQueue[1] or {} end
    local all = {}
    for i = 1, #queues do
      for _, turn in ipairs(byQueue[queues[i]] or {}) do table.insert(all, turn) end
      -- A queue that is named twice is served once.
      byQueue[queues[i]] = nil
    end
    return all
  end

  -- What is to be walked along, as a list of turns, or nothing when neither groups nor limits matter to this claim.
  local function sourcesOf(plain, fits, queues)
    local isLimited, sources = areLimited(), {}
    local matters = isLimited and call('EXISTS', OPENINGS) == 1
    if matters then openInTime() end
    for i = 1, #plain do
      local lane = plain[i]
      sources[i] = lane
      lane.priority = tonumber(lane.priority)
      matters = matters or (isLimited and (settingOf('q' .. lane.queue) or settingOf('t' .. lane.task)))
    end
    local fronts = call('ZRANGE', FRONTS, 0, -1, 'WITHSCORES')
    for i = 1, #fronts, 2 do
      local queue, task = match(fronts[i], '^%d%z([^%z]*)%z(.*)$')
      if fits(queue, task) then
        matters = true
        sources[#sources + 1] = { front = fronts[i], priority = tonumber(fronts[i + 1]), queue = queue, task = task }
      end
    end
    if not matters then return nil end
    table.sort(sources, function(a, b) return a.priority < b.priority end)
    if not queues then return { sources } end
    local turns, byQueue = {}, {}
    for i = 1, #queues do
      if not byQueue[queues[i]] then
        turns[#turns + 1] = {}
        byQueue[queues[i]] = turns[#turns]
      end
    end
    for i = 1, #sources do table.insert(byQueue[sources[i].queue], sources[i]) end
    return turns
  end

  -- The state of a job that this worker claims, and the length of its own lease, or nil.
  local function leased(text, worker)
    local job = parse(text)
    local flags, attempt, startedAt = job.flags, job.attempt, job.startedAt
    if has(flags, SOLO) then
      flags = with(flags, STARTED, true)
      attempt, startedAt = int(tonumber(attempt) + 1), nowText
    end
    return {
      text = 'u' .. flags .. int(tonumber(job.fence) + 1) .. '\0' .. worker .. '\0' .. job.kept .. '\0' .. job.finishedAt
        .. ' ' .. attempt .. ' ' .. startedAt .. ' ' .. job.retries .. ' ' .. job.crashes .. '\0' .. job.tail,
      leaseMs = job.leaseMs ~= '' and tonumber(job.leaseMs) or nil,
      isPlain = flags == '0',
      kind = job.kind,
      key = job.key,
    }
  end

  -- Chooses up to `limit` jobs where only their order matters. Answers their ids, states, whether others were left behind.
  local function choosePlain(turns, limit)
    local ids, texts, cursors, hasMore, hasSolo = {}, {}, {}, false, false

    local function choose(cursor)
      if #ids == limit or hasSolo then return false end
      local text = call('HGET', STATES, cursor.id)
      if has(sub(text, 2, 2), SOLO) then
        if #ids > 0 then return false end
        hasSolo = true
      end
      table.insert(ids, cursor.id)
      table.insert(texts, text)
      cursors[cursor.lane] = cursor
      return true
    end

    if #turns == 1 and #turns[1] == 1 then
      -- The usual case, a single lane: nothing is to be merged.
      local lane = turns[1][1]
      local heads = call('ZRANGE', READY .. lane, 0, limit)
      local states = readMany(STATES, heads)
      for i = 1, #heads do
        local isSolo = has(sub(states[i], 2, 2), SOLO)
        if i > limit or hasSolo or (isSolo and i > 1) then
          hasMore = true
          break
        end
        hasSolo = isSolo
        ids[i], texts[i] = heads[i], states[i]
      end
      if #ids > 0 then cursors[lane] = { taken = #ids } end
    else
      for i = 1, #turns do
        local chunk = math.max(4, math.ceil((limit + 1 - #ids) / #turns[i]))
        hasMore = merge(turns[i], chunk, choose)
        if hasMore then break end
      end
    end
    return ids, texts, hasMore, cursors
  end

  -- Chosen jobs run now. Answers their rows.
  local function handOut(worker, leaseMs, ids, texts)
    stamp()
    local out, states, leases, bodies, made = {}, {}, {}, readMany(BODIES, ids), {}
    for i = 1, #ids do
      local id, text = ids[i], texts[i]
      local lease = made[text]
      if lease == nil then
        lease = leased(text, worker)
        lease.ends = int(now + (lease.leaseMs or leaseMs))
        made[text] = lease
      end
      states[2 * i - 1], states[2 * i] = id, lease.text
      leases[2 * i - 1], leases[2 * i] = lease.ends, id
      lease.jobs = (lease.jobs or 0) + 1
      if lease.key ~= '' then freeKey(id, lease, 's') end
      if lease.isPlain then
        addRow(out, id, bodies[i], lease.text, lease.ends, '', '', '')
      else
        local flags = sub(lease.text, 2, 2)
        addRow(out, id, bodies[i], lease.text, lease.ends, note(flags, PROGRESS, 'p', id),
          note(flags, CHECKPOINT, 'k', id), '')
      end
    end
    callMany('HSET', STATES, states)
    callMany('ZADD', LEASES .. worker, leases)
    touched[worker] = true
    for _, lease in pairs(made) do
      count('r', lease.kind, -lease.jobs)
      count('u', lease.kind, lease.jobs)
    end
    hint('c')
    return table.concat(out, '\0')
  end

  -- Claims up to `limit` jobs. Answers their rows, 1 when claimable jobs were left behind, and when a rate opens for
  -- others or nothing.
  function claim(worker, limit, leaseMs, queues, tasks, isListed)
    if limit == 0 then return '', 0, nil end
    local fits = fitterOf(queues, tasks)
    local plain, listed = plainLanes(fits), isListed and queues or nil
    local sources = (isAnyFair() or areLimited()) and sourcesOf(plain, fits, listed)
    local ids, texts, hasMore, opensAt, cursors
    if sources then
      -- Limits are compared with what is written.
      flush()
      ids, texts, hasMore, opensAt = walk(sources, limit, fits)
      cursors = {}
      for t = 1, #sources do
        for i = 1, #sources[t] do
          local cursor = sources[t][i].cursor
          if cursor and cursor.taken > 0 then cursors[cursor.lane] = cursor end
        end
      end
    else
      ids, texts, hasMore, cursors = choosePlain(turnsOf(plain, listed), limit)
    end
    if #ids == 0 then return '', hasMore and 1 or 0, opensAt end
    local rows = handOut(worker, leaseMs, ids, texts)
    for lane, cursor in pairs(cursors) do
      call('ZREMRANGEBYRANK', READY .. lane, 0, cursor.taken - 1)
      leaveLane(lane)
    end
    return rows, hasMore and 1 or 0, opensAt
  end
end
