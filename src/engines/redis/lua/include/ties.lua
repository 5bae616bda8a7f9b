-- What binds jobs: unique keys, jobs that depend on others, batches, and times to start by.

-- Unique keys. A holder is the id of a job; then, unless it is held until the job is finished: `s` until it is claimed,
-- `f` until it is finished or `t` for a time, and when the hold ends by itself, or nothing.

-- Holds that expired and are cleared away when a key is taken: more than it makes.
local HOLDS_CLEARED = 2

local function isOver(letter) return letter == 'c' or letter == 'x' or letter == 'd' end

-- Who holds a key, how, and whether it still does.
local function readHolder(key)
  local text = call('HGET', KEYHOLDERS, key)
  if not text then return nil end
  local ends = sub(text, ID_LENGTH + 2)
  return sub(text, 1, ID_LENGTH), sub(text, ID_LENGTH + 1, ID_LENGTH + 1), ends == '' or tonumber(ends) > now
end

local function keyHolder(key)
  local id, _, holds = readHolder(key)
  return holds and id or nil
end

-- Gives a key to a job, whoever had it. `ms` is empty when the hold does not end by itself.
local function takeKey(key, id, letter, ms)
  local hold = id
  call('ZREM', KEYEXPIRY, key)
  if letter ~= 'f' or ms ~= '' then
    hold = id .. letter
    if ms ~= '' then
      local ends = int(now + tonumber(ms))
      hold = hold .. ends
      call('ZADD', KEYEXPIRY, ends, key)
    end
  end
  call('HSET', KEYHOLDERS, key, hold)
  local gone = call('ZRANGEBYSCORE', KEYEXPIRY, '-inf', nowText, 'LIMIT', 0, HOLDS_CLEARED)
  for i = 1, #gone do
    call('ZREM', KEYEXPIRY, gone[i])
    call('HDEL', KEYHOLDERS, gone[i])
  end
end

-- Takes the key from a job that is claimed (`s`) or over (`f`), when it is this job that holds it, and no longer.
local function freeKey(id, job, event)
  if job.key == '' then return end
  local key = sub(job.key, 2)
  local holder, letter = readHolder(key)
  if holder ~= id or letter == 't' or (event == 's' and letter ~= 's') then return end
  call('HDEL', KEYHOLDERS, key)
  call('ZREM', KEYEXPIRY, key)
end

-- Ties, as they are kept of the jobs that have any: how the key is held and for how many ms or nothing, when to start
-- by or nothing, ids of parents in a row, batch. Empty for a job that others depend on and that has none itself.
local TIES = '^(%a) (%d*) (%d*) ([%x-]*) (.*)$'

-- Whether any job of the installation is bound; looked at once a call, and only when it matters.
local anyTied
onBegin(function() anyTied = nil end)
local function isAnyTied()
  if anyTied == nil then anyTied = call('EXISTS', TIED) == 1 end
  return anyTied
end

local function readTies(text)
  local letter, ms, due, parents, batch = match(text, TIES)
  if not letter then return nil end
  local ids = {}
  splitIds(parents, ids)
  return { letter = letter, ms = ms, due = due, parents = ids, batch = batch ~= '' and sub(batch, 2) or nil }
end

local function tiesOf(id)
  local text = isAnyTied() and call('HGET', TIED, id)
  return text and readTies(text) or nil
end

-- Tells that there is something to decide about a job (`j`) or a batch (`b`). No number comes twice.
local function tellNews(topic, id)
  local member = topic .. id
  call('HSET', NEWSNUMBERS, member, call('INCR', TOLD))
  call('ZADD', NEWS, 0, member)
end

-- The numbers of a batch: unfinished, completed, cancelled, dead, removed.
local PLACES = { u = 1, c = 2, x = 3, d = 4, ['-'] = 5 }
local function countBatch(batch, from, to)
  local numbers = {}
  for number in string.gmatch(call('HGET', BATCHES, batch) or '0 0 0 0 0', '%d+') do
    numbers[#numbers + 1] = tonumber(number)
  end
  if from then numbers[PLACES[from]] = numbers[PLACES[from]] - 1 end
  numbers[PLACES[to]] = numbers[PLACES[to]] + 1
  for i = 1, 5 do numbers[i] = int(numbers[i]) end
  call('HSET', BATCHES, batch, table.concat(numbers, ' '))
end

-- Keeps the ties of a job, so that it is found by them.
local function keepTies(id, text)
  local ties = readTies(text)
  call('HSET', TIED, id, text)
  anyTied = true
  if ties.batch then call('ZADD', BATCH .. ties.batch, 0, id) end
  for i = 1, #ties.parents do
    call('HSETNX', TIED, ties.parents[i], '')
    call('ZADD', CHILDREN .. ties.parents[i], 0, id)
  end
  return ties
end

-- Binds a new job. `missing(parent)` says whether a parent was not there when its turn came, though it is now.
local function bind(id, text, missing)
  local ties, hasNews = keepTies(id, text), false
  if ties.due ~= '' then call('ZADD', STARTBY, ties.due, id) end
  if ties.batch then countBatch(ties.batch, nil, 'u') end
  local states = readMany(STATES, ties.parents)
  for i = 1, #ties.parents do
    local state = states[i]
    if not state or isOver(sub(state, 1, 1)) or missing(ties.parents[i]) then hasNews = true end
  end
  if hasNews then tellNews('j', id) end
end

local function placeIn(letter) return (letter == '-' or isOver(letter)) and letter or 'u' end

-- A job that may be bound went from one state to another, or was removed (`-`).
local function bondMoved(id, from, to, attempt)
  if not isAnyTied() then return end
  local text = call('HGET', TIED, id)
  if not text then return end
  local ties = readTies(text)
  if ties and ties.due ~= '' then
    if placeIn(to) ~= 'u' or attempt ~= '0' then call('ZREM', STARTBY, id) else call('ZADD', STARTBY, ties.due, id) end
  end
  from, to = placeIn(from), placeIn(to)
  -- That a finished job is forgotten changes nothing of what became of it.
  if from == to or (from ~= 'u' and to == '-') then return end
  if ties and ties.batch then countBatch(ties.batch, from, to) end
  if to == 'u' then return end
  local children = call('ZRANGE', CHILDREN .. id, 0, -1)
  for i = 1, #children do tellNews('j', children[i]) end
  if ties and ties.batch then tellNews('b', ties.batch) end
end

-- Forgets the ties of jobs. What others depend on stays noted as long as they do.
local function forgetTies(ids)
  if not isAnyTied() then return end
  local texts = readMany(TIED, ids)
  for i = 1, #ids do
    local id, ties = ids[i], texts[i] and readTies(texts[i])
    if ties then
      if ties.batch then call('ZREM', BATCH .. ties.batch, id) end
      if ties.due ~= '' then call('ZREM', STARTBY, id) end
      for k = 1, #ties.parents do
        local parent = ties.parents[k]
        call('ZREM', CHILDREN .. parent, id)
        if call('EXISTS', CHILDREN .. parent) == 0 and call('HGET', TIED, parent) == ''
          and call('HEXISTS', STATES, parent) == 0 then
          call('HDEL', TIED, parent)
        end
      end
    end
    if texts[i] then
      if call('EXISTS', CHILDREN .. id) == 1 then call('HSET', TIED, id, '') else call('HDEL', TIED, id) end
    end
  end
end
