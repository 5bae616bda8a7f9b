-- The next candidates of a list, in the order of their ids.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), 1 for the newest first, id of the last one before or empty, limit, 1 for whole rows,
--          k and a key, r and a reference, c and a parent, b and a batch, or p and places: letters of the states (empty: none, -: any),
--          number of queues (-1: any) and their names, number of tasks (-1: any) and their names
-- Result   { rows of those that fit states, queues and tasks (by anything else: whatever they are); without whole
--            rows, bodies are left empty, id of the last one looked at or empty, 1 when there are no more,
--            how many jobs are in the places that fit }

-- flags no-writes
-- include store
-- include counting
-- include ties
-- include lines
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

local function isBehind(id) return after == '' or (isDown and id < after) or (not isDown and id > after) end
local function addBehind(some)
  for i = 1, #some do
    if isBehind(some[i]) then ids[#ids + 1] = some[i] end
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
local function isWanted(letter) return letters == '-' or find(letters, letter, 1, true) ~= nil end
local function fits(kind)
  local queue, task = match(kind, '^([^%z]*)%z([^%z]*)')
  return (not queues or queues[queue]) and (not tasks or tasks[task])
end

-- Rows that one call takes from all places together, before the limit.
local FETCHED = 8000
-- Jobs that are looked at one by one where the place holds others, too.
local LOOKED = 1000
-- Up to so many are rather collected from the orders of their states.
local FEW = 2000

-- Ready, running and completed jobs share a place. Collects those of them that are wanted without it.
local function addSome()
  if isWanted(RUNNING) then
    for _, worker in ipairs(call('ZRANGE', HOLDERS, 0, -1)) do addBehind(call('ZRANGE', LEASES .. worker, 0, -1)) end
  end
  if isWanted('r') then
    for _, index in ipairs({ LANES, FAIRLANES }) do
      for _, lane in ipairs(call('ZRANGE', index, 0, -1)) do
        if fits(sub(lane, 3)) then addBehind(call('ZRANGE', READY .. lane, 0, -1)) end
      end
    end
  end
  if isWanted('c') then
    for _, member in ipairs(call('ZRANGE', FINISHED .. 'c', 0, -1)) do
      local some = {}
      splitIds(member, some)
      addBehind(some)
    end
  end
end

local isMixed, isCollected, most = false, false, limit
if by == 'k' then
  addFrom(KEY .. take())
elseif by == 'r' then
  addFrom(REF .. take())
elseif by == 'c' then
  addFrom(CHILDREN .. take())
elseif by == 'b' then
  addFrom(BATCH .. take())
else
  letters, queues, tasks = take(), takeSet(), takeSet()
  local shared = { r = 0, u = 0, c = 0 }
  local indexes, number, fields, others, completed = {}, 0, call('HGETALL', COUNTS), 0, 0
  for i = 1, #fields, 2 do
    local letter, kind, jobs = sub(fields[i], 1, 1), sub(fields[i], 2), tonumber(fields[i + 1])
    if letter == 'c' then completed = completed + jobs end
    if fits(kind) then
      if isWanted(letter) then
        total = total + jobs
        indexes[placeOf(letter, kind)] = true
        if shared[letter] then shared[letter] = shared[letter] + jobs end
      elseif shared[letter] then
        others = others + jobs
      end
    end
  end
  local some = shared.r + shared.u + (isWanted('c') and completed or 0)
  isMixed = others > 0 and shared.r + shared.u + shared.c > 0
  -- There are no more running jobs than workers have leases.
  isCollected = isMixed and (some <= FEW or not (isWanted('r') or isWanted('c')))
  if isCollected then
    for index in pairs(indexes) do
      if sub(index, #PLACE + 1, #PLACE + 1) == 'r' then indexes[index] = nil end
    end
    addSome()
  elseif isMixed then
    limit = LOOKED
  end
  for _ in pairs(indexes) do number = number + 1 end
  limit = math.min(limit, math.max(64, math.floor(FETCHED / math.max(1, number))))
  for index in pairs(indexes) do addFrom(index) end
end

table.sort(ids, function(a, b)
  if isDown then return a > b end
  return a < b
end)
local isLast = #ids < limit
for i = #ids, limit + 1, -1 do ids[i] = nil end

local texts = readMany(STATES, ids)
local found, last = {}, #ids
for i = 1, #ids do
  local letter = sub(texts[i], 1, 1)
  if not letters or (isWanted(letter) and (not isCollected or fits(parse(texts[i]).kind))) then
    if #found == most then
      last, isLast = i - 1, false
      break
    end
    found[#found + 1] = i
  end
end

local out, wanted = {}, {}
for n = 1, #found do wanted[n] = ids[found[n]] end
local bodies = isWhole and readMany(BODIES, wanted)
for n = 1, #found do
  local text = texts[found[n]]
  if isWhole then
    addWhole(out, wanted[n], bodies[n], text)
  else
    addRow(out, wanted[n], '\0\0\0\0', text, '', '', '', '')
  end
end
return { table.concat(out, '\0'), ids[last] or '', isLast and 1 or 0, int(total) }
