-- Gates: limits that hold jobs back. A gate is named by a letter and a name: q queue, t task, g queue/group, k limit key;
-- the setting G of a queue is that of all its groups without one of their own.
--
-- Lanes behind a closed gate of their group or limit key are not met again until it may have opened: they leave the heads
-- of their front, or of their group, and are put back when a job of that gate ends, when a rate's stretch has passed, or
-- when a setting is written.

local areLimited, taskGate, settingOf, groupSetting, stateOfGate, passGate, rateOpens, runningOf
local hold, release, pull, reopen, openInTime, isTired

do
  -- What this call found out.
  local anyLimits, settings, running, kinds, gates, ajar
  onBegin(function() anyLimits, settings, running, kinds, gates, ajar = nil, {}, {}, nil, {}, {} end)

  -- So many lanes one call puts aside, or back because of the time, at most: then it answers that there is more to do.
  local MOVED_MAX = 1000
  local moved
  onBegin(function() moved = 0 end)
  function isTired() return moved >= MOVED_MAX end

  -- So many lanes a limit key gets back at once.
  local PUT_BACK_MAX = 16

  -- A limit of a task is one for all versions of its payload: name@3 is a version of name.
  function taskGate(task) return 't' .. (match(task, '^(.*)@[^@]*$') or task) end

  function areLimited()
    if anyLimits == nil then anyLimits = call('EXISTS', LIMITS) == 1 end
    return anyLimits
  end

  function settingOf(name)
    if not areLimited() then return nil end
    local setting = settings[name]
    if setting == nil then
      local text = call('HGET', LIMITS, name)
      setting = false
      if text then
        setting = {}
        setting.version, setting.concurrency, setting.max, setting.perMs, setting.weight, setting.pausedAt =
          match(text, '^(%d+) (%d*) (%d*) (%d*) (%d*) (%d*)%z')
        setting.most, setting.max, setting.perMs =
          tonumber(setting.concurrency), tonumber(setting.max), tonumber(setting.perMs)
      end
      settings[name] = setting
    end
    return setting or nil
  end

  function groupSetting(lane)
    if not lane.groupGate then return nil end
    return settingOf(lane.groupGate) or settingOf('G' .. lane.queue)
  end

  -- Running jobs of a queue or a task are counted with all jobs, those of groups and limit keys for themselves. To be
  -- asked when what this call counted is written.
  function runningOf(gate)
    if running[gate] then return running[gate] end
    local letter = sub(gate, 1, 1)
    if letter == 'g' or letter == 'k' then
      running[gate] = tonumber(call('HGET', RUNS, gate) or 0)
      return running[gate]
    end
    if not kinds then
      kinds = {}
      local fields = call('HGETALL', COUNTS)
      for i = 1, #fields, 2 do
        local queue, task = match(fields[i], '^u([^%z]*)%z(.*)$')
        if queue then
          local jobs = tonumber(fields[i + 1])
          kinds['q' .. queue] = (kinds['q' .. queue] or 0) + jobs
          local gate = taskGate(task)
          kinds[gate] = (kinds[gate] or 0) + jobs
        end
      end
    end
    running[gate] = kinds[gate] or 0
    return running[gate]
  end

  -- When a rate lets one more go, or nothing when it does so now.
  function rateOpens(gate, setting)
    if not setting.max then return nil end
    local earliest = call('LINDEX', RATE .. gate, -setting.max)
    local opensAt = earliest and tonumber(earliest) + setting.perMs
    return opensAt and opensAt > now and opensAt or nil
  end

  -- Whether a gate is open, and if not, when its rate opens it, unless it waits for something else.
  function stateOfGate(gate, setting)
    if not setting then return true end
    local state = gates[gate]
    if not state then
      state = { isOpen = true }
      if setting.pausedAt ~= '' or (setting.most and runningOf(gate) >= setting.most) then
        state.isOpen = false
      else
        state.opensAt = rateOpens(gate, setting)
        state.isOpen = state.opensAt == nil
      end
      gates[gate] = state
    end
    return state.isOpen, state.opensAt
  end

  -- A job is claimed under a gate.
  function passGate(gate, setting)
    if not setting then return end
    gates[gate] = nil
    if setting.most then running[gate] = runningOf(gate) + 1 end
    if not setting.max then return end
    call('RPUSH', RATE .. gate, nowText)
    call('LTRIM', RATE .. gate, -setting.max, -1)
    call('ZADD', RATES, int(now + setting.perMs), gate)
    -- Clears away more than it makes.
    local old = call('ZRANGEBYSCORE', RATES, '-inf', nowText, 'LIMIT', 0, 2)
    for i = 1, #old do
      call('ZREM', RATES, old[i])
      call('DEL', RATE .. old[i])
    end
  end

  -- Puts a lane aside, behind a gate that is closed.
  function hold(lane, gate, opensAt)
    putAside(lane, gate)
    moved = moved + 1
    call('ZADD', OPENINGS, opensAt and int(opensAt) or '+inf', gate)
  end

  -- A gate may be open: puts back what it holds. A limit key that holds many lanes gives back one by one those that come
  -- first, when a claim looks for them: it may be closed again soon.
  function release(gate)
    call('ZREM', OPENINGS, gate)
    if sub(gate, 1, 1) == 'k' and call('ZCARD', HELD .. gate) > PUT_BACK_MAX then
      for _, front in ipairs(call('SMEMBERS', HELDIN .. gate)) do
        call('SADD', AJAR .. front, gate)
        call('ZADD', FRONTS, sub(front, 1, 1), front)
      end
      return
    end
    local held = call('ZRANGE', HELD .. gate, 0, -1)
    for i = 1, #held do putBack(laneOf(held[i]), gate) end
  end

  -- Puts back the first lane of a front that open limit keys still hold, when it comes before what the front offers.
  -- Answers whether it did.
  function pull(front, offer)
    local keys = ajar[front] or call('SMEMBERS', AJAR .. front)
    ajar[front] = keys
    for i = #keys, 1, -1 do
      local gate, first = keys[i], nil
      local queued = QUEUED .. gate .. '\0' .. front
      local isOpen, opensAt = stateOfGate(gate, settingOf(gate))
      if not isOpen then call('ZADD', OPENINGS, opensAt and int(opensAt) or '+inf', gate) end
      while isOpen do
        first = call('ZRANGE', queued, 0, 0, 'WITHSCORES')
        if not first[1] then break end
        local lane = laneOf(front .. '\0' .. sub(first[1], 17 + ID_LENGTH))
        local turn = turnOf(lane)
        if turn == tonumber(first[2]) then
          if not offer or turn < offer.turn or (turn == offer.turn and sub(first[1], 1, 16 + ID_LENGTH) < offer.place) then
            putBack(lane, gate)
            return true
          end
          break
        end
        call('ZADD', queued, int(turn), first[1])
      end
      if not first or not first[1] then
        call('SREM', AJAR .. front, gate)
        table.remove(keys, i)
      end
    end
    return false
  end

  -- Jobs of some gates do not run any more. A gate that nothing but its rate keeps closed now opens by the time.
  function reopen()
    if not next(freed) or not areLimited() then return end
    flush()
    for gate in pairs(freed) do
      if call('EXISTS', HELD .. gate) == 1 then
        local setting = settingOf(gate)
        if not setting and sub(gate, 1, 1) == 'g' then
          setting = groupSetting(laneOf(call('ZRANGE', HELD .. gate, 0, 0)[1]))
        end
        local isOpen, opensAt = stateOfGate(gate, setting)
        if isOpen then
          release(gate)
        elseif opensAt then
          call('ZADD', OPENINGS, int(opensAt), gate)
        end
      end
    end
    freed = {}
  end

  -- Puts back what rates hold whose stretch has passed.
  function openInTime()
    local open = call('ZRANGEBYSCORE', OPENINGS, '-inf', nowText, 'LIMIT', 0, MOVED_MAX)
    moved = #open
    for i = 1, #open do release(open[i]) end
  end
end
