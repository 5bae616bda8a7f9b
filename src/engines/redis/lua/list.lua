-- The next candidates of a list, in the order of their ids.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), 1 for the newest first, id of the last one before or empty, limit, 1 for whole rows,
--          k and a key, r and a reference, or p and places: letters of the states (empty: none, -: any),
--          number of queues (-1: any) and their names, number of tasks (-1: any) and their names
-- Result   { rows of those that fit states, queues and tasks (by key or reference: whatever they are); without whole
--            rows, bodies are left empty, id of the last one looked at or empty, 1 when there are no more,
--            how many jobs are in the places that fit }

-- include store
-- include counting
-- include jobs
-- include rows
-- include reader

at = 2
local isDown, after, limit, isWhole, by = take() == '1', take(), takeNumber(), take() == '1', take()
local ids, letters, total = {}, nil, 0

-- Adds the next ids of an index that is in their order.
local function addFrom(index)
  local some
  if isDown then
    some = call('ZREVRANGEBYLEX', index, after == '' and '+' or '(' .. after, '-', 'LIMIT', 0, limit)
  else
    some = call('ZRANGEBYLEX', index, after == '' and '-' or '(' .. after, '+', 'LIMIT', 0, limit)
  end
  for i = 1, #some do ids[#ids + 1] = some[i] end
end

-- Adds every running job behind `after`: there are no more of them than workers have leases.
local function addRunning()
  for _, worker in ipairs(call('ZRANGE', HOLDERS, 0, -1)) do
    for _, id in ipairs(call('ZRANGE', LEASES .. worker, 0, -1)) do
      if after == '' or (isDown and id < after) or (not isDown and id > after) then ids[#ids + 1] = id end
    end
  end
end

local function takeSet()
  local number = takeNumber()
  if number < 0 then return nil end
  local set = {}
  for _, name in ipairs(takeMany(number)) do set[name] = true end
  return set
end

local queues, tasks
local hasRunning = false
local function isWanted(letter) return letters == '-' or find(letters, letter, 1, true) ~= nil end
local function fits(kind)
  local queue, task = match(kind, '^([^%z]*)%z(.*)$')
  return (not queues or queues[queue]) and (not tasks or tasks[task])
end

-- Rows that one call takes from all places together, before the limit.
local FETCHED = 8000

if by == 'k' then
  addFrom(KEY .. take())
elseif by == 'r' then
  addFrom(REF .. take())
else
  letters, queues, tasks = take(), takeSet(), takeSet()
  local indexes, fields = {}, call('HGETALL', COUNTS)
  for i = 1, #fields, 2 do
    local letter, kind = sub(fields[i], 1, 1), sub(fields[i], 2)
    if isWanted(letter) and fits(kind) then
      total = total + tonumber(fields[i + 1])
      if letter == RUNNING and not isWanted('r') then hasRunning = true else indexes[placeOf(letter, kind)] = true end
    end
  end
  local number = 0
  for _ in pairs(indexes) do number = number + 1 end
  limit = math.min(limit, math.max(64, math.floor(FETCHED / math.max(1, number))))
  for index in pairs(indexes) do addFrom(index) end
  -- Ready jobs lie in the same place. When only running ones are wanted, those must not be looked through.
  if hasRunning then addRunning() end
end

table.sort(ids, function(a, b)
  if isDown then return a > b end
  return a < b
end)
local isLast = #ids < limit
for i = #ids, limit + 1, -1 do ids[i] = nil end

local texts, bodies, out = readMany(STATES, ids), isWhole and readMany(BODIES, ids), {}
for i = 1, #ids do
  local letter = sub(texts[i], 1, 1)
  if not letters or (isWanted(letter) and (letter ~= RUNNING or fits(parse(texts[i]).kind))) then
    if isWhole then
      addWhole(out, ids[i], bodies[i], texts[i])
    else
      addRow(out, ids[i], '\0\0\0', texts[i], '', '', '', '')
    end
  end
end
return { table.concat(out, '\0'), ids[#ids] or '', isLast and 1 or 0, int(total) }
