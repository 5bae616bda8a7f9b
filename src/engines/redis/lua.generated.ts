// Generated from the files in lua/ by `npm run generate`. Do not edit.

/** What scripts share, each piece behind those that it needs. */
export const INCLUDES = {
  store: `-- What every script begins with: the keys of the installation, its clock, and whole numbers as text.
--
-- A server that knows functions (Redis 7) makes all of these once, when the library is loaded, and not anew for every
-- call. So nothing here may remember anything from call to call but what \`begin\` sets: see scripts.ts.
--
-- The only key given is the installation's prefix, \`{posthaste}:\`; every other key begins with it and so lies in the same
-- slot. ARGV[1] is the time that a test's clock gives, or empty; ARGV[2] is the latest time that the caller was told.

local ARGV, PREFIX
local CLOCK, BODIES, STATES, NOTES, COUNTS, PLACE, LANES, READY, WAITING, HOLDERS, LEASES, FINISHED
local KEYHOLDERS, KEYEXPIRY, TIED, CHILDREN, BATCH, BATCHES, NEWS, NEWSNUMBERS, TOLD, STARTBY
local KEY, REF, LOG, QUEUES, PAUSED, DOCUMENTS, NAMES, EXPIRY
local FAIR, TURNS, IDLE, FAIRLANES, GROUPED, FRONTS, HEADS, KEYED, KEYEDQUEUES, PLACED
local LIMITS, RUNS, RATE, RATES, HELD, OPENINGS, QUEUED, HELDIN, AJAR

-- Those of groups and limits: see lines.lua and gates.lua.
local function nameLimits()
  -- Queues in which groups take turns → the furthest turn that was had there; queue, group → its turn; and the groups
  -- of a queue that have no ready job, and are ahead of it, by their turns.
  FAIR = PREFIX .. 'fair'
  TURNS = PREFIX .. 'turns'
  IDLE = PREFIX .. 'idle:'
  -- The lanes of those queues that are not empty, by priority; queue, group → how many of them are its own.
  FAIRLANES = PREFIX .. 'fairlanes'
  GROUPED = PREFIX .. 'grouped'
  -- Fronts by priority; a front's groups by turn; a group's first jobs with limit keys, and queues that ever had any;
  -- lane → where it stands there.
  FRONTS = PREFIX .. 'fronts'
  HEADS = PREFIX .. 'heads:'
  KEYED = PREFIX .. 'keyed:'
  KEYEDQUEUES = PREFIX .. 'keyedqueues'
  PLACED = PREFIX .. 'placed'
  -- Gate → its setting; group or limit key → how many of its jobs run.
  LIMITS = PREFIX .. 'limits'
  RUNS = PREFIX .. 'runs'
  -- When jobs were claimed under a rate, the latest last; and gates by the time from which this is of no use.
  RATE = PREFIX .. 'rate:'
  RATES = PREFIX .. 'rates'
  -- The lanes that a gate holds back; and gates that hold any, by the time at which they open, or infinity.
  HELD = PREFIX .. 'held:'
  OPENINGS = PREFIX .. 'openings'
  -- Limit key and front → the lanes that it holds there, in their order; limit key → those fronts; and front → limit
  -- keys that are open, or were a moment ago, and hold lanes all the same.
  QUEUED = PREFIX .. 'queued:'
  HELDIN = PREFIX .. 'heldin:'
  AJAR = PREFIX .. 'ajar:'
end

-- Names all keys; done once for as long as the calls of one installation follow each other.
local function nameKeys(prefix)
  PREFIX = prefix
  CLOCK = PREFIX .. 'clock'
  -- id → what never changes of a job: retries allowed, options, tags, ties, payload; NUL between them.
  BODIES = PREFIX .. 'bodies'
  -- id → everything else; see jobs.lua.
  STATES = PREFIX .. 'states'
  -- p, k or c, then id → progress, checkpoint, request to cancel; for the few jobs that have one.
  NOTES = PREFIX .. 'notes'
  -- The letter of a state, then the kind → how many jobs.
  COUNTS = PREFIX .. 'counts'
  -- The letter of a place, then the kind → ids, in their order. Serves lists.
  PLACE = PREFIX .. 'place:'
  -- Lanes with claimable jobs by priority, and each lane's ids by due time.
  LANES = PREFIX .. 'lanes'
  READY = PREFIX .. 'ready:'
  -- Scheduled and retrying jobs by due time.
  WAITING = PREFIX .. 'waiting'
  -- Workers with running jobs by the end of the first of their leases, and each worker's ids by the end of the lease.
  HOLDERS = PREFIX .. 'holders'
  LEASES = PREFIX .. 'leases:'
  -- The letter of a state → ids of jobs that ended together, by the time of it. Serves retention.
  FINISHED = PREFIX .. 'finished:'
  -- Unique key → who holds it, and keys by the time at which their hold ends by itself: see ties.lua.
  KEYHOLDERS = PREFIX .. 'keyholders'
  KEYEXPIRY = PREFIX .. 'keyexpiry'
  -- id → ties of a job; the jobs that depend on it; the jobs of a batch; batch → its numbers.
  TIED = PREFIX .. 'tied'
  CHILDREN = PREFIX .. 'children:'
  BATCH = PREFIX .. 'batch:'
  BATCHES = PREFIX .. 'batches'
  -- j or b, then id of the job or batch that there is news of, in their order; → number; the latest number.
  NEWS = PREFIX .. 'news'
  NEWSNUMBERS = PREFIX .. 'newsnumbers'
  TOLD = PREFIX .. 'told'
  -- Jobs that have to start by a time and did not yet.
  STARTBY = PREFIX .. 'startby'
  -- Every job that has this key, or this reference, finished or not. Serves lists.
  KEY = PREFIX .. 'key:'
  REF = PREFIX .. 'ref:'
  LOG = PREFIX .. 'log:'
  QUEUES = PREFIX .. 'queues'
  -- Queue → since when and by whom it is paused.
  PAUSED = PREFIX .. 'paused'
  -- Collection → documents; and their keys in their order: see documents.lua.
  DOCUMENTS = PREFIX .. 'documents:'
  NAMES = PREFIX .. 'names:'
  -- Collection NUL key by the time at which the document is gone.
  EXPIRY = PREFIX .. 'expiry'
  nameLimits()
end

-- While a library is being loaded nothing of this is there: \`begin\` fetches it.
local call, sub, find, match, byte, char

-- Lua would write a large number with an exponent and round it.
local function int(number) return string.format('%.0f', number) end

-- The time of this call, epoch ms: never earlier than what the store wrote or the caller was told before.
local now, nowText
-- What the store remembers of it, as text.
local stamped

-- What a call must find fresh, however the one before ended.
local beginners = {}
local function onBegin(beginner) beginners[#beginners + 1] = beginner end

local function begin(keys, values)
  if keys[1] ~= PREFIX then nameKeys(keys[1]) end
  ARGV = values
  if not call then
    call = redis.call
    sub, find, match, byte, char = string.sub, string.find, string.match, string.byte, string.char
  end
  if ARGV[1] == '' then
    local time = call('TIME')
    now = time[1] * 1000 + math.floor(time[2] / 1000)
  else
    now = tonumber(ARGV[1])
  end
  stamped = call('GET', CLOCK) or '0'
  now = math.max(now, tonumber(ARGV[2]), tonumber(stamped))
  nowText = int(now)
  for i = 1, #beginners do beginners[i]() end
end

-- To be called before the first write: what is written at this time keeps the store from going back behind it.
local function stamp()
  if stamped == nowText then return end
  stamped = nowText
  call('SET', CLOCK, nowText)
end

-- Lists of this length may be handed to one command; Lua's stack has room for some thousand values.
local CHUNK = 2000

-- A command for any number of arguments. Their number must be a multiple of what belongs together, as CHUNK is.
local function callMany(command, key, list)
  for first = 1, #list, CHUNK do
    call(command, key, unpack(list, first, math.min(first + CHUNK - 1, #list)))
  end
end

-- Values of a hash by their fields, false for what is not there.
local function readMany(key, fields)
  if #fields <= CHUNK then
    if #fields == 0 then return {} end
    return call('HMGET', key, unpack(fields))
  end
  local values = {}
  for first = 1, #fields, CHUNK do
    local some = call('HMGET', key, unpack(fields, first, math.min(first + CHUNK - 1, #fields)))
    for i = 1, #some do values[first + i - 1] = some[i] end
  end
  return values
end

-- Ids have one length, so they travel, and are kept, in a row.
local ID_LENGTH = 36

-- Adds the ids of a row to a list.
local function splitIds(row, ids)
  local n = #ids
  for place = 1, #row, ID_LENGTH do
    n = n + 1
    ids[n] = sub(row, place, place + ID_LENGTH - 1)
  end
end
`,
  counting: `-- Numbers of jobs, and where lists find them. Letters of the states: see jobs.lua.

local RUNNING = 'u'

-- Kinds and workers whose numbers changed; written by \`flush\`.
local counted, touched
onBegin(function() counted, touched = {}, {} end)

local function count(letter, kind, difference)
  local field = letter .. kind
  counted[field] = (counted[field] or 0) + difference
end

-- The place of a job in the lists of its kind. A job that succeeds keeps its place from the add to the end: moving a
-- million of them costs more than passing over some when only ready or only completed ones are listed.
local function placeOf(letter, kind)
  return PLACE .. ((letter == RUNNING or letter == 'c') and 'r' or letter) .. kind
end

-- What else is written then.
local flushers = {}
local function onFlush(flusher) flushers[#flushers + 1] = flusher end

-- Writes the numbers that changed, and when the first lease of each worker ends.
local function flush()
  for field, difference in pairs(counted) do
    if difference ~= 0 and call('HINCRBY', COUNTS, field, difference) == 0 then call('HDEL', COUNTS, field) end
  end
  counted = {}
  for worker in pairs(touched) do
    local first = call('ZRANGE', LEASES .. worker, 0, 0, 'WITHSCORES')
    if first[2] then call('ZADD', HOLDERS, first[2], worker) else call('ZREM', HOLDERS, worker) end
  end
  touched = {}
  for i = 1, #flushers do flushers[i]() end
end
`,
  ties: `-- What binds jobs: unique keys, jobs that depend on others, batches, and times to start by.

-- Unique keys. A holder is the id of a job; then, unless it is held until the job is finished: \`s\` until it is claimed,
-- \`f\` until it is finished or \`t\` for a time, and when the hold ends by itself, or nothing.

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

-- Gives a key to a job, whoever had it. \`ms\` is empty when the hold does not end by itself.
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

-- Takes the key from a job that is claimed (\`s\`) or over (\`f\`), when it is this job that holds it, and no longer.
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

-- Tells that there is something to decide about a job (\`j\`) or a batch (\`b\`). No number comes twice.
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

-- Binds a new job. \`missing(parent)\` says whether a parent was not there when its turn came, though it is now.
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

-- A job that may be bound went from one state to another, or was removed (\`-\`).
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
`,
  lines: `-- Lanes of queues in which groups take turns. A queue is one of them, or *fair*, as soon as it had a job with a group or
-- a limit key; nothing of this is written for the others.
--
-- A lane is a front (priority, queue, task), a group and perhaps a limit key. The fourth field of a lane says both: what
-- the group is, empty or \`=\` and its name; or, with a limit key, \`+\`, that, byte 1 and byte 3, and the key (byte 1 in a
-- group is followed by byte 2 then).
--
-- A group stands among the heads of its front by its turn, then by the due time and id of its first job, as far as it is
-- not held back by a gate (see gates.lua). Its first job is the first one without a limit key, or the first of its lanes
-- with one: those stand in \`KEYED\` by their first jobs. A turn in \`HEADS\` may be an earlier one than the group's, which
-- whoever meets it there sets right; it is never a later one.

local laneOf, isAnyFair, isFair, makeFair, adopt, enterLane, leaveLane, place, putAside, putBack
local turnOf, setTurn, advance, catchUp, runs, freed

do
  -- Groups without ready jobs of which a queue remembers that they are ahead of the others, at most.
  local TURNS_KEPT = 10000

  -- Lanes taken apart, fair queues, turns: what this call found out.
  local lanes, fairQueues, keyedQueues, anyFair, turns, lasts
  -- Turns, queues and gates whose numbers changed; written by \`flush\`.
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
      local last = find(field, '\\1\\3', 2, true)
      lane.group, lane.key = string.gsub(sub(field, 2, last - 1), '\\1\\2', '\\1'), sub(field, last + 2)
      lane.keyGate = 'k' .. lane.key
    end
    lane.of = queue .. '\\0' .. lane.group
    lane.groupLane = lane.key and front .. '\\0' .. lane.group or name
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
    local of = queue .. '\\0' .. group
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
    return id, keyed[2], lane.front .. '\\0' .. sub(keyed[1], ID_LENGTH + 1)
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
    local queued = lane.key and QUEUED .. gate .. '\\0' .. lane.front
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
      call('ZADD', QUEUED .. gate .. '\\0' .. lane.front, int(turnOf(lane)), member)
      call('SADD', HELDIN .. gate, lane.front)
    end
    call('HSET', PLACED, lane.name, '-' .. member)
    if lane.key then place(laneOf(lane.groupLane)) end
  end

  -- Puts one back.
  function putBack(lane, gate)
    if lane.key then
      call('ZREM', QUEUED .. gate .. '\\0' .. lane.front, sub(call('HGET', PLACED, lane.name), 2))
    end
    call('ZREM', HELD .. gate, lane.name)
    if call('EXISTS', HELD .. gate) == 0 then call('DEL', HELDIN .. gate) end
    call('HDEL', PLACED, lane.name)
    place(lane)
  end

  -- Lets a group stand where its first job belongs. \`free\`: its first one without a limit key, when that is known.
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
`,
  jobs: `-- A job's state as one text, and the indexes in which its id stands because of it.
--
--   letter flags fence NUL worker NUL runAt leaseMs createdAt NUL priority NUL queue NUL task NUL group NUL key NUL ref
--   NUL finishedAt attempt startedAt retries crashes NUL reason NUL output NUL error NUL history
--
-- What stands in the place of the group also says the limit key, if there is one: see lines.lua.
--
-- Numbers are separated by spaces, none is empty. Texts that may be null are empty then, and else begin with \`=\`. No
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

-- Moves a job from one state to another. The text is the caller's to write. \`after\`: what it is then, with another
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

-- Writes a note of a job or removes it; answers the flags with the one that says so. A value begins with \`=\`.
local function writeNote(id, name, value, flags, flag)
  if value == '' then
    call('HDEL', NOTES, name .. id)
  else
    call('HSET', NOTES, name .. id, sub(value, 2))
  end
  return with(flags, flag, value ~= '')
end
`,
  rows: `-- Jobs as they travel to the caller: one text, NUL between all fields. Jobs that follow each other and differ in id and
-- body alone make a run: their number, the 14 fields of their state, end of the lease, progress, checkpoint, request to
-- cancel; then id and the 5 fields of the body of each.

-- Counting a list is a search in Lua: on paths for many jobs, its length is kept beside it, as \`n\`.
local function addRow(out, id, body, text, leaseUntil, progress, checkpoint, cancel)
  local n = out.n or 0
  if out.text ~= text or out.leaseUntil ~= leaseUntil or out.progress ~= progress or out.checkpoint ~= checkpoint
    or out.cancel ~= cancel then
    out.text, out.leaseUntil, out.progress, out.checkpoint, out.cancel = text, leaseUntil, progress, checkpoint, cancel
    out.run = n + 1
    out[n + 1], out[n + 2], out[n + 3] = 0, text, leaseUntil
    out[n + 4], out[n + 5], out[n + 6] = progress, checkpoint, cancel
    n = n + 6
  end
  out[out.run] = out[out.run] + 1
  out[n + 1], out[n + 2] = id, body
  out.n = n + 2
end

local function note(flags, flag, name, id)
  return has(flags, flag) and '=' .. call('HGET', NOTES, name .. id) or ''
end

-- Adds a job with whatever belongs to its state.
local function addWhole(out, id, body, text)
  local flags, leaseUntil = sub(text, 2, 2), ''
  if sub(text, 1, 1) == 'u' then leaseUntil = call('ZSCORE', LEASES .. parse(text).worker, id) end
  addRow(out, id, body, text, leaseUntil, note(flags, PROGRESS, 'p', id), note(flags, CHECKPOINT, 'k', id),
    note(flags, CANCEL, 'c', id))
end

-- The jobs with these ids, those that exist, in this order.
local function rowsOf(ids)
  local out, bodies, texts = {}, readMany(BODIES, ids), readMany(STATES, ids)
  for i = 1, #ids do
    if texts[i] then addWhole(out, ids[i], bodies[i], texts[i]) end
  end
  return table.concat(out, '\\0')
end
`,
  hints: `-- Hints to whoever listens: r, jobs may have become claimable; c, jobs or queues changed.
--
-- ARGV[3]: the hints that may be told at once; the caller told the others a moment ago and repeats them by itself.

local hints
onBegin(function() hints = {} end)
local function hint(letter) hints[letter] = true end

-- Tells what happened, as far as it may. Answers what was told, a space, and what is left to be told.
local function tell()
  local told, left = '', ''
  for letter in pairs(hints) do
    if find(ARGV[3], letter, 1, true) then told = told .. letter else left = left .. letter end
  end
  if told ~= '' then call('PUBLISH', PREFIX .. 'hints', told) end
  return told .. ' ' .. left
end
`,
  reader: `-- Reads the arguments behind the first \`at\`, one after the other.
local at
local function take()
  at = at + 1
  return ARGV[at]
end
local function takeNumber() return tonumber(take()) end

-- The next \`n\` arguments as a list.
local function takeMany(n)
  local list = { unpack(ARGV, at + 1, at + n) }
  at = at + n
  return list
end
`,
  documents: `-- Documents: a hash for each collection, key → version, expiry (or nothing) NUL value; and the keys in their order.

-- Expired documents that a write clears away at most.
local CLEARED = 100

-- Version, expiry as text and value of a document; version 0 when there is none, or it expired.
local function readDocument(collection, key)
  local text = call('HGET', DOCUMENTS .. collection, key)
  if not text then return 0 end
  local version, expiresAt, value = match(text, '^(%d+) (%d*)%z(.*)$')
  if expiresAt ~= '' and tonumber(expiresAt) <= now then return 0 end
  return tonumber(version), expiresAt, value
end

-- Reads \`n\` writes from the arguments: collection, key, version expected or empty, time to live or empty, value.
local function takeWrites(n)
  local writes = {}
  for i = 1, n do
    writes[i] = { collection = take(), key = take(), expect = take(), ttl = take(), value = take() }
    writes[i].version = readDocument(writes[i].collection, writes[i].key)
  end
  return writes
end

local function isExpected(write) return write.expect == '' or tonumber(write.expect) == write.version end

-- Whether every document has the version that its write expects.
local function areExpected(writes)
  for i = 1, #writes do
    if not isExpected(writes[i]) then return false end
  end
  return true
end

local function dropDocument(collection, key)
  call('HDEL', DOCUMENTS .. collection, key)
  call('ZREM', NAMES .. collection, key)
  call('ZREM', EXPIRY, collection .. '\\0' .. key)
end

-- Writes without looking. A value begins with \`=\`; an empty one removes the document. Answers the new versions.
local function writeDocuments(writes)
  local versions = {}
  if #writes == 0 then return versions end
  stamp()
  for i = 1, #writes do
    local write = writes[i]
    local collection, key = write.collection, write.key
    if write.value == '' then
      dropDocument(collection, key)
      versions[i] = '0'
    else
      versions[i] = int(write.version + 1)
      local member, expiresAt = collection .. '\\0' .. key, ''
      if write.ttl == '' then
        call('ZREM', EXPIRY, member)
      else
        expiresAt = int(now + tonumber(write.ttl))
        call('ZADD', EXPIRY, expiresAt, member)
      end
      call('HSET', DOCUMENTS .. collection, key, versions[i] .. ' ' .. expiresAt .. '\\0' .. sub(write.value, 2))
      call('ZADD', NAMES .. collection, 0, key)
    end
  end
  local gone = call('ZRANGEBYSCORE', EXPIRY, '-inf', nowText, 'LIMIT', 0, CLEARED)
  for i = 1, #gone do dropDocument(match(gone[i], '^([^%z]*)%z(.*)$')) end
  return versions
end
`,
  changing: `-- Changes of jobs that nobody runs.

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
  call('HSET', STATES, id, to .. with(job.flags, SOLO, change.solo == '1') .. int(tonumber(change.fence) + 1) .. '\\0'
    .. job.worker .. '\\0' .. keep(after, runAt) .. '\\0' .. (isOver(to) and nowText or '') .. ' ' .. change.attempt .. ' '
    .. job.startedAt .. ' ' .. change.values)
  if isOver(to) then freeKey(id, job, 'f') end
  bondMoved(id, job.letter, to, change.attempt)
  hint('c')
  if to == 'r' then hint('r') end
  return 'o'
end
`,
  adding: `-- Adds jobs. They are described by shapes, of which many jobs have the same one, and by what each has for itself.

-- What the ties of a shape say: who the key may come from, how it is held, and what is kept of them.
local function takeTies(shape, text)
  local from, letter, ms, start, rest = match(text, '^([%x-]*) (%a) (%d*) ([+=]?%d*) (.*)$')
  if sub(start, 1, 1) == '+' then start = int(now + tonumber(sub(start, 2))) else start = sub(start, 2) end
  shape.keyFrom, shape.keyLetter, shape.keyMs = from, letter, ms
  shape.ties = letter .. ' ' .. ms .. ' ' .. start .. ' ' .. rest
end

-- Reads a shape: flags, due (empty: now; \`+\` and a delay; \`=\` and a time), blocked (why, or empty), leaseMs, lane, key,
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
  shape.text = shape.letter .. flags .. '0\\0\\0' .. shape.runAt .. ' ' .. leaseMs .. ' ' .. nowText .. '\\0' .. lane .. '\\0'
    .. key .. '\\0' .. ref .. '\\0 0  0 0\\0' .. blocked .. '\\0\\0\\0'
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
`,
  settling: `-- What lease holders write: settlements, starts, renewals.

-- What a job had at its side while it ran and keeps beyond that.
local function keptFlags(flags, isSolo)
  return with(with(with(flags, STARTED, false), CANCEL, false), SOLO, isSolo)
end

-- The state of a job under other values: \`values\` is attempt … crashes NUL reason … history.
local function stateOf(letter, flags, fence, job, runAt, values)
  return letter .. flags .. fence .. '\\0' .. job.worker .. '\\0' .. keep(job, runAt) .. '\\0'
    .. (isOver(letter) and nowText or '') .. ' ' .. values
end

-- What a first success makes of jobs that have this state, for all that are settled alike.
local function plainEnd(text, fence, values)
  local job, verdict = underLease(text, fence)
  if not job then
    if verdict == 's' and parse(text).letter == 'c' and parse(text).fence == fence then verdict = 'o' end
    return { verdict = verdict }
  end
  local flags = job.flags
  return {
    verdict = 'o',
    job = job,
    jobs = 0,
    isAsked = has(flags, CANCEL),
    text = stateOf('c', keptFlags(flags, false), fence, job, job.runAt, values),
  }
end

-- First successes, no id twice: nothing but one text and one move each, written for all of them together.
-- Arguments: the number of groups; fence, values, and ids in a row of each.
local function settlePlain()
  local groups = takeNumber()
  if groups == 0 then return '' end
  local ids, lasts, fences, allValues = {}, {}, {}, {}
  for g = 1, groups do
    fences[g], allValues[g] = take(), take()
    splitIds(take(), ids)
    lasts[g] = #ids
  end
  local texts = readMany(STATES, ids)
  local verdicts, states, finished, n = {}, {}, {}, 0
  -- By worker: what leaves its leases.
  local leases = {}
  local first = 1
  for g = 1, groups do
    local made = {}
    for i = first, lasts[g] do
      local id, text = ids[i], texts[i]
      local done = made[text]
      if not done then
        done = plainEnd(text, fences[g], allValues[g])
        made[text] = done
        if done.job then
          done.lease = leases[done.job.worker] or { n = 0 }
          leases[done.job.worker] = done.lease
        end
      end
      if done.job then
        states[2 * n + 1], states[2 * n + 2] = id, done.text
        n = n + 1
        finished[n] = id
        local lease = done.lease
        lease.n = lease.n + 1
        lease[lease.n] = id
        done.jobs = done.jobs + 1
        if done.isAsked then call('HDEL', NOTES, 'c' .. id) end
        if done.job.key ~= '' then freeKey(id, done.job, 'f') end
        if isAnyTied() then bondMoved(id, RUNNING, 'c', '1') end
      end
      verdicts[i] = done.verdict
    end
    for _, done in pairs(made) do
      if done.job then
        count(RUNNING, done.job.kind, -done.jobs)
        runs(done.job.lane, -done.jobs)
        count('c', done.job.kind, done.jobs)
      end
    end
    first = lasts[g] + 1
  end
  if n == 0 then return table.concat(verdicts) end
  stamp()
  callMany('HSET', STATES, states)
  enterFinished('c', finished, nowText)
  for worker, lease in pairs(leases) do
    callMany('ZREM', LEASES .. worker, lease)
    touched[worker] = true
  end
  hint('c')
  return table.concat(verdicts)
end

-- Any settlement. Arguments: id, fence, letter, 1 when solo, values, delay or empty, 1 when not to be carried out
-- against a request to cancel, p or empty and a progress, k or empty and a checkpoint, number of documents and their
-- writes, number of arguments that describe the jobs to add, and these.
local function settle()
  local id, fence, letter, solo, values = take(), take(), take(), take(), take()
  local delay, unlessCancelled = take(), take()
  local namesProgress, progress, namesCheckpoint, checkpoint = take(), take(), take(), take()
  local writes = takeWrites(takeNumber())
  local size = takeNumber()
  local beyond = at + size
  local text = call('HGET', STATES, id)
  local job, verdict = underLease(text, fence)
  if not job then
    if verdict == 's' and parse(text).letter == letter and parse(text).fence == fence then verdict = 'o' end
  elseif unlessCancelled == '1' and has(job.flags, CANCEL) then
    verdict = 'c'
  elseif not areExpected(writes) then
    verdict = 'f'
  else
    verdict = 'o'
    stamp()
    if has(job.flags, CANCEL) then call('HDEL', NOTES, 'c' .. id) end
    local flags = keptFlags(job.flags, solo == '1')
    if namesProgress == 'p' then flags = writeNote(id, 'p', progress, flags, PROGRESS) end
    if namesCheckpoint == 'k' then flags = writeNote(id, 'k', checkpoint, flags, CHECKPOINT) end
    local runAt = delay == '' and job.runAt or int(now + tonumber(delay))
    move(id, job, letter, runAt)
    call('HSET', STATES, id, stateOf(letter, flags, fence, job, runAt, values))
    if isOver(letter) then freeKey(id, job, 'f') end
    bondMoved(id, RUNNING, letter, match(values, '^%d+'))
    hint('c')
    if letter == 'r' then hint('r') end
    writeDocuments(writes)
    if size > 0 then addJobs() end
  end
  at = beyond
  return verdict
end

-- Records that handlers began. Arguments: number; id, fence, attempt, startedAt of each.
local function start()
  local verdicts = {}
  for i = 1, takeNumber() do
    local id, fence, attempt, startedAt = take(), take(), take(), take()
    local job, verdict = underLease(call('HGET', STATES, id), fence)
    if job then
      stamp()
      verdict = 'o'
      local values = attempt .. ' ' .. startedAt .. ' ' .. job.retries .. ' ' .. job.crashes .. '\\0' .. job.tail
      call('HSET', STATES, id, stateOf(RUNNING, with(job.flags, STARTED, true), fence, job, job.runAt, values))
    end
    verdicts[i] = verdict
  end
  return table.concat(verdicts)
end

-- Renews leases. Arguments: length, 1 when these are all leases that the worker knows, number, id and fence of each.
-- Answers a verdict for each, and the rows of the jobs that run under this worker's name without its knowledge.
local function renew(worker, most)
  local leaseMs, isComplete, leases = takeNumber(), take(), takeNumber()
  local verdicts, fences, ids, ends = {}, {}, {}, {}
  for i = 1, leases do ids[i] = ARGV[at + 2 * i - 1] end
  local texts = readMany(STATES, ids)
  for i = 1, leases do
    local id, fence = ids[i], ARGV[at + 2 * i]
    local job, verdict = underLease(texts[i], fence)
    if job then
      verdict = has(job.flags, CANCEL) and 'c' or 'o'
      local some = ends[job.worker] or {}
      ends[job.worker] = some
      table.insert(some, int(now + (job.leaseMs ~= '' and tonumber(job.leaseMs) or leaseMs)))
      table.insert(some, id)
      -- A job may be named under an old fence, too.
      fences[id] = fence
    end
    verdicts[i] = verdict
  end
  at = at + 2 * leases
  for holder, some in pairs(ends) do
    stamp()
    callMany('ZADD', LEASES .. holder, some)
    touched[holder] = true
  end
  if isComplete ~= '1' then return table.concat(verdicts), '' end
  local unknown = {}
  for _, id in ipairs(call('ZRANGE', LEASES .. worker, 0, -1)) do
    if not fences[id] then table.insert(unknown, id) end
  end
  table.sort(unknown)
  for i = #unknown, most + 1, -1 do unknown[i] = nil end
  return table.concat(verdicts), rowsOf(unknown)
end
`,
  gates: `-- Gates: limits that hold jobs back. A gate is named by a letter and a name: q queue, t task, g queue/group, k limit key;
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
      local queued = QUEUED .. gate .. '\\0' .. front
      local isOpen, opensAt = stateOfGate(gate, settingOf(gate))
      if not isOpen then call('ZADD', OPENINGS, opensAt and int(opensAt) or '+inf', gate) end
      while isOpen do
        first = call('ZRANGE', queued, 0, 0, 'WITHSCORES')
        if not first[1] then break end
        local lane = laneOf(front .. '\\0' .. sub(first[1], 17 + ID_LENGTH))
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
`,
  cursors: `-- The next jobs of a lane, which are taken from its front.
local Cursor = {}
Cursor.__index = Cursor

local function cursorOf(lane, chunk)
  local cursor = setmetatable({ lane = lane, chunk = chunk, taken = 0, first = 0 }, Cursor)
  cursor:fetch()
  return cursor
end

-- Reads the heads behind those that were taken.
function Cursor:fetch()
  self.heads = call('ZRANGE', READY .. self.lane, self.taken, self.taken + self.chunk - 1, 'WITHSCORES')
  self.first = self.taken
  self:look()
end

function Cursor:look()
  local i = 2 * (self.taken - self.first)
  self.id = self.heads[i + 1]
  self.runAt = tonumber(self.heads[i + 2])
end

function Cursor:advance()
  self.taken = self.taken + 1
  if 2 * (self.taken - self.first) >= #self.heads and #self.heads == 2 * self.chunk then self:fetch() else self:look() end
end
`,
  walking: `-- Claims where settings or groups matter: job by job, in turn, passing over what gates hold back.
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
      local from = laneOf(front .. '\\0' .. sub(head[1], 17 + ID_LENGTH))
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
            for j = 1, #keyed do others[#others + 1] = laneOf(lane.front .. '\\0' .. sub(keyed[j], ID_LENGTH + 1)) end
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

  -- Chooses up to \`limit\` jobs, in the order of turns, each of which is a list of sources. Answers their ids and states,
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
`,
  claiming: `-- Claims jobs: the heads of the lanes that fit, merged into one order.

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
      text = 'u' .. flags .. int(tonumber(job.fence) + 1) .. '\\0' .. worker .. '\\0' .. job.kept .. '\\0' .. job.finishedAt
        .. ' ' .. attempt .. ' ' .. startedAt .. ' ' .. job.retries .. ' ' .. job.crashes .. '\\0' .. job.tail,
      leaseMs = job.leaseMs ~= '' and tonumber(job.leaseMs) or nil,
      isPlain = flags == '0',
      kind = job.kind,
      key = job.key,
    }
  end

  -- Chooses up to \`limit\` jobs where only their order matters. Answers their ids, states, whether others were left behind.
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
    return table.concat(out, '\\0')
  end

  -- Claims up to \`limit\` jobs. Answers their rows, 1 when claimable jobs were left behind, and when a rate opens for
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
`,
} as const

export const LUA = {
  /**
   * The numbers of batches.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2), batches
   * Result   of each unfinished, completed, cancelled, dead, removed, or an empty text
   */
  batches: {
    includes: ['store'],
    flags: ['no-writes'],
    text: `local texts = readMany(BATCHES, { unpack(ARGV, 3) })
for i = 1, #texts do texts[i] = texts[i] or '' end
return texts`,
  },
  /**
   * Workers say that they live; those that were not heard of for too long are forgotten.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2), number of beats; id, about, time to live, and 1 when it is gone, of each
   * Result   nothing
   */
  beat: {
    includes: ['store', 'reader'],
    flags: [],
    text: `-- Worker → time to live, first and last time it was heard of, NUL about; and workers by the end of that.
local WORKERS = PREFIX .. 'workers'
local BEATS = PREFIX .. 'beats'

at = 2
stamp()
local gone = call('ZRANGEBYSCORE', BEATS, '-inf', nowText)
callMany('HDEL', WORKERS, gone)
callMany('ZREM', BEATS, gone)
for _ = 1, takeNumber() do
  local id, about, ttl, isGone = take(), take(), takeNumber(), take() == '1'
  if isGone then
    call('HDEL', WORKERS, id)
    call('ZREM', BEATS, id)
  else
    local known = call('HGET', WORKERS, id)
    local first = known and match(known, '^%d+ (%d+)') or nowText
    call('HSET', WORKERS, id, int(ttl) .. ' ' .. first .. ' ' .. nowText .. '\\0' .. about)
    call('ZADD', BEATS, int(now + ttl), id)
  end
end
return ''`,
  },
  /**
   * Changes of jobs that nobody runs.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2), hints that may be told, number of changes, and these (changing.lua)
   * Result   { a letter for each change, holders of the keys that were taken, hints told and left to be told }
   */
  change: {
    includes: ['store', 'counting', 'ties', 'lines', 'jobs', 'hints', 'reader', 'changing'],
    flags: [],
    text: `at = 3
local verdicts, holders = {}, {}
for i = 1, takeNumber() do
  local holder
  verdicts[i], holder = carryOut(takeChange())
  if holder then table.insert(holders, holder) end
end
flush()
return { table.concat(verdicts), holders, tell() }`,
  },
  /**
   * Forgets news, unless there are newer ones.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2), topic and id, number, of each
   */
  clearNews: {
    includes: ['store'],
    flags: [],
    text: `for i = 3, #ARGV, 2 do
  if call('HGET', NEWSNUMBERS, ARGV[i]) == ARGV[i + 1] then
    call('HDEL', NEWSNUMBERS, ARGV[i])
    call('ZREM', NEWS, ARGV[i])
  end
end`,
  },
  /**
   * How many jobs there are by kind and state.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2)
   * Result   letter, queue NUL task, and number, in turn
   */
  counts: {
    includes: ['store'],
    flags: ['no-writes'],
    text: `return call('HGETALL', COUNTS)`,
  },
  /**
   * The one hot call of a worker: settle, start, renew, claim, in this order.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2), hints that may be told, `=` and the worker or empty, greatest number of unknown jobs to answer;
   *          first successes, number of other settlements and these, starts (settling.lua);
   *          1 when leases are renewed, and the renewal;
   *          1 when jobs are claimed, and: limit, length of leases, l for queues in the listed order or m for merged,
   *          number of queues (-1: any) and their names, number of tasks (-1: any) and their names
   * Result   { now, verdicts of the first successes, of the other settlements, of the starts, of the renewals, rows of
   *          unknown jobs, rows of claimed jobs, 1 when claimable jobs were left behind, when the earliest waiting job
   *          is due, or a rate opens for one that is ready, or empty, hints told and left to be told }
   */
  exchange: {
    includes: ['store', 'counting', 'ties', 'lines', 'jobs', 'rows', 'hints', 'reader', 'documents', 'adding', 'settling', 'gates', 'cursors', 'walking', 'claiming'],
    flags: [],
    text: `at = 3
local worker, most = take(), takeNumber()
local plain = settlePlain()
local settled = {}
for i = 1, takeNumber() do settled[i] = settle() end
-- Whoever rescues a job takes no other: the permits that it held are for those who wait to be told.
if worker == '' and #settled > 0 then hint('r') end
local started = start()
local renewed, unknown = '', ''
if take() == '1' then renewed, unknown = renew(worker, most) end
reopen()
local jobs, more, opensAt = '', 0, nil
if take() == '1' then
  local limit, leaseMs, order = takeNumber(), takeNumber(), take()
  local number = takeNumber()
  local queues = number >= 0 and takeMany(number) or nil
  number = takeNumber()
  local tasks = number >= 0 and takeMany(number) or nil
  jobs, more, opensAt = claim(worker, limit, leaseMs, queues, tasks, order == 'l')
end
flush()
local due = call('ZRANGE', WAITING, 0, 0, 'WITHSCORES')[2]
if opensAt and (not due or opensAt < tonumber(due)) then due = int(opensAt) end
return { nowText, plain, table.concat(settled), started, renewed, unknown, jobs, more, due or '', tell() }`,
  },
  /**
   * Running jobs whose lease ran out, by the end of the lease, then id.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2), limit, end of the lease and id of the last job before, or two empty texts
   * Result   rows
   */
  expired: {
    includes: ['store', 'counting', 'ties', 'lines', 'jobs', 'rows'],
    flags: ['no-writes'],
    text: `local limit, afterEnd, afterId = tonumber(ARGV[3]), ARGV[4], ARGV[5]
if limit == 0 then return '' end
local found = {}

local function collect(worker, least, greatest, most)
  local some = call('ZRANGEBYSCORE', LEASES .. worker, least, greatest, 'WITHSCORES', 'LIMIT', 0, most)
  for i = 1, #some, 2 do
    if some[i + 1] ~= afterEnd or some[i] > afterId then
      table.insert(found, { id = some[i], ends = tonumber(some[i + 1]) })
    end
  end
end

for _, worker in ipairs(call('ZRANGEBYSCORE', HOLDERS, '-inf', nowText)) do
  if afterEnd == '' then
    collect(worker, '-inf', nowText, limit)
  else
    if tonumber(afterEnd) <= now then collect(worker, afterEnd, afterEnd, -1) end
    collect(worker, '(' .. afterEnd, nowText, limit)
  end
end
table.sort(found, function(a, b)
  if a.ends ~= b.ends then return a.ends < b.ends end
  return a.id < b.id
end)
local ids = {}
for i = 1, math.min(limit, #found) do ids[i] = found[i].id end
return rowsOf(ids)`,
  },
  /**
   * Finished jobs of one state by the end of them, then id, with their logs.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2), letter of the state, age, end and id of the last job before or two empty texts, limit
   * Result   { rows, for each job the list of its log lines }
   */
  finished: {
    includes: ['store', 'counting', 'ties', 'lines', 'jobs', 'rows'],
    flags: ['no-writes'],
    text: `local index, latest = FINISHED .. ARGV[3], int(now - tonumber(ARGV[4]))
local afterEnd, afterId, limit = ARGV[5], ARGV[6], tonumber(ARGV[7])
local ids = {}

-- Adds those that ended at this time, behind an id.
local function addEnded(at, id)
  local some = {}
  for _, member in ipairs(call('ZRANGEBYSCORE', index, at, at)) do splitIds(member, some) end
  table.sort(some)
  for i = 1, #some do
    if some[i] > id and #ids < limit then table.insert(ids, some[i]) end
  end
end

if limit > 0 and afterEnd ~= '' and tonumber(afterEnd) <= tonumber(latest) then addEnded(afterEnd, afterId) end
local least = afterEnd == '' and '-inf' or '(' .. afterEnd
while #ids < limit do
  local following = call('ZRANGEBYSCORE', index, least, latest, 'WITHSCORES', 'LIMIT', 0, 1)
  if not following[2] then break end
  addEnded(following[2], '')
  least = '(' .. following[2]
end
local logs = {}
for i = 1, #ids do logs[i] = call('ZRANGE', LOG .. ids[i], 0, -1) end
return { rowsOf(ids), logs }`,
  },
  /**
   * Forgets the numbers of batches.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2), batches
   */
  forgetBatches: {
    includes: ['store'],
    flags: [],
    text: `callMany('HDEL', BATCHES, { unpack(ARGV, 3) })`,
  },
  /**
   * Documents by collection and key.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2), collection and key of each
   * Result   version, expiry or empty, and value of each; version 0 when there is none
   */
  getRecords: {
    includes: ['store', 'reader', 'documents'],
    flags: ['no-writes'],
    text: `local out = {}
for i = 3, #ARGV, 2 do
  local version, expiresAt, value = readDocument(ARGV[i], ARGV[i + 1])
  table.insert(out, int(version))
  table.insert(out, expiresAt or '')
  table.insert(out, value or '')
end
return out`,
  },
  /**
   * Jobs by their ids.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2), ids
   * Result   rows of those that exist
   */
  get: {
    includes: ['store', 'counting', 'ties', 'lines', 'jobs', 'rows'],
    flags: ['no-writes'],
    text: `return rowsOf({ unpack(ARGV, 3) })`,
  },
  /**
   * Adds jobs on a condition: documents that have the versions expected and are written, and other jobs that are as
   * expected and are changed.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2), hints that may be told, number of documents, their writes, number of changes, these (changing.lua),
   *          then the jobs (adding.lua)
   * Result   { now, 1 or 0: whether the documents had the versions expected, a letter for each job, or nothing when the
   *          condition did not hold, holders of the keys of duplicates, a letter for each change, hints told and left to be
   *          told }
   */
  insertIf: {
    includes: ['store', 'counting', 'ties', 'lines', 'jobs', 'hints', 'reader', 'documents', 'changing', 'adding'],
    flags: [],
    text: `at = 3
local writes = takeWrites(takeNumber())
local changes, letters, holds = {}, {}, true
for i = 1, takeNumber() do
  changes[i] = takeChange()
  local _, verdict = atRest(changes[i])
  letters[i] = verdict
  holds = holds and verdict == 'o'
end
local areWritable = areExpected(writes)
if not areWritable or not holds then
  return { nowText, areWritable and 1 or 0, '', {}, table.concat(letters), ' ' }
end
writeDocuments(writes)
for i = 1, #changes do carryOut(changes[i]) end
local verdicts, holders = addJobs()
flush()
return { nowText, 1, verdicts, holders, table.concat(letters), tell() }`,
  },
  /**
   * Adds jobs.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2), hints that may be told, then the jobs (adding.lua)
   * Result   { now, 1, a letter for each job, holders of the keys of duplicates, hints told and left to be told }
   */
  insert: {
    includes: ['store', 'counting', 'ties', 'lines', 'hints', 'reader', 'adding'],
    flags: [],
    text: `at = 3
local verdicts, holders = addJobs()
flush()
return { nowText, 1, verdicts, holders, tell() }`,
  },
  /**
   * limits
   * Every setting of a limit, and what is under it.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2)
   * Result   for each: its gate, what is kept of it (set-limits.lua), how many of its jobs run, when its rate opens or
   *          nothing
   */
  limits: {
    includes: ['store', 'counting', 'ties', 'lines', 'gates'],
    flags: ['no-writes'],
    text: `local fields, out, groups = call('HGETALL', LIMITS), {}, nil

-- How many jobs run in groups of a queue that have no setting of their own.
local function runningInGroups(queue)
  groups = groups or call('HGETALL', RUNS)
  local prefix, jobs = 'g' .. queue .. '/', 0
  for i = 1, #groups, 2 do
    if sub(groups[i], 1, #prefix) == prefix and not settingOf(groups[i]) then jobs = jobs + tonumber(groups[i + 1]) end
  end
  return jobs
end

for i = 1, #fields, 2 do
  local gate = fields[i]
  out[#out + 1], out[#out + 2] = gate, fields[i + 1]
  if sub(gate, 1, 1) == 'G' then
    out[#out + 1], out[#out + 2] = int(runningInGroups(sub(gate, 2))), ''
  else
    out[#out + 1] = int(runningOf(gate))
    local opensAt = rateOpens(gate, settingOf(gate))
    out[#out + 1] = opensAt and int(opensAt) or ''
  end
end
return out`,
  },
  /**
   * Documents of a collection by key.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2), collection, prefix of the keys, `=` and the last key before or empty, limit
   * Result   key, version, expiry or empty, and value of each
   */
  listRecords: {
    includes: ['store', 'reader', 'documents'],
    flags: ['no-writes'],
    text: `local collection, prefix, after, limit = ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local out, from = {}, '[' .. prefix
-- Bytes decide: the greater of both bounds is taken by asking whether the last key lies behind the first one.
if after ~= '' then
  local last = sub(after, 2)
  if call('ZLEXCOUNT', NAMES .. collection, from, '[' .. last) > 0 then from = '(' .. last end
end
-- No text contains the byte 255.
local to = '[' .. prefix .. '\\255'
local found = 0
while found < limit do
  local keys = call('ZRANGEBYLEX', NAMES .. collection, from, to, 'LIMIT', 0, limit)
  for i = 1, #keys do
    local version, expiresAt, value = readDocument(collection, keys[i])
    if version > 0 and found < limit then
      found = found + 1
      local n = #out
      out[n + 1], out[n + 2], out[n + 3], out[n + 4] = keys[i], int(version), expiresAt, value
    end
  end
  if #keys < limit then break end
  from = '(' .. keys[#keys]
end
return out`,
  },
  /**
   * The next candidates of a list, in the order of their ids.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2), 1 for the newest first, id of the last one before or empty, limit, 1 for whole rows,
   *          k and a key, r and a reference, c and a parent, b and a batch, or p and places: letters of the states (empty: none, -: any),
   *          number of queues (-1: any) and their names, number of tasks (-1: any) and their names
   * Result   { rows of those that fit states, queues and tasks (by anything else: whatever they are); without whole
   *            rows, bodies are left empty, id of the last one looked at or empty, 1 when there are no more,
   *            how many jobs are in the places that fit }
   */
  list: {
    includes: ['store', 'counting', 'ties', 'lines', 'jobs', 'rows', 'reader'],
    flags: ['no-writes'],
    text: `at = 2
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
    addRow(out, wanted[n], '\\0\\0\\0\\0', text, '', '', '', '')
  end
end
return { table.concat(out, '\\0'), ids[last] or '', isLast and 1 or 0, int(total) }`,
  },
  /**
   * Log lines of a job by fence and seq.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2), id, fence and seq in a fixed width of the last line before or empty, limit
   * Result   the lines: fence and seq in a fixed width NUL at NUL level NUL message
   */
  logs: {
    includes: ['store'],
    flags: ['no-writes'],
    text: `return call('ZRANGEBYLEX', LOG .. ARGV[3], ARGV[4] == '' and '-' or '(' .. ARGV[4] .. '\\0\\255', '+', 'LIMIT', 0, ARGV[5])`,
  },
  /**
   * What there is to decide about jobs and batches, by topic, then id.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2), limit, topic and id of the last one before, or empty
   * Result   topic and id, number, of each
   */
  news: {
    includes: ['store'],
    flags: ['no-writes'],
    text: `local limit, after = tonumber(ARGV[3]), ARGV[4]
if limit == 0 then return {} end
local members = call('ZRANGEBYLEX', NEWS, after == '' and '-' or '(' .. after, '+', 'LIMIT', 0, limit)
local numbers, answer = readMany(NEWSNUMBERS, members), {}
for i = 1, #members do answer[2 * i - 1], answer[2 * i] = members[i], numbers[i] end
return answer`,
  },
  /**
   * The store's clock.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2)
   * Result   epoch ms
   */
  now: {
    includes: ['store'],
    flags: ['no-writes'],
    text: `return nowText`,
  },
  /**
   * open
   * Opens the installation, or makes it, or brings its layout up to date.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2), version of the layout that the caller knows
   * Result   version of the layout that is there, or empty when this is no installation of Posthaste
   */
  open: {
    includes: ['store', 'counting', 'ties', 'lines', 'jobs', 'gates'],
    flags: [],
    text: `local SCHEMA = PREFIX .. 'schema'
local kind = call('TYPE', SCHEMA)['ok']
if kind == 'none' then
  stamp()
  call('SET', SCHEMA, ARGV[3])
  return ARGV[3]
end
if kind ~= 'string' then return '' end
local version = call('GET', SCHEMA)
if not match(version, '^%d+$') then return '' end
if tonumber(version) >= tonumber(ARGV[3]) then return version end

-- Version 1 knew no limits: groups were parts of lanes and nothing else.
for _, lane in ipairs(call('ZRANGE', LANES, 0, -1)) do
  if byte(lane, #lane) ~= 0 then makeFair(laneOf(lane).queue) end
end
for _, worker in ipairs(call('ZRANGE', HOLDERS, 0, -1)) do
  local texts = readMany(STATES, call('ZRANGE', LEASES .. worker, 0, -1))
  for i = 1, #texts do runs(parse(texts[i]).lane, 1) end
end
flush()
call('SET', SCHEMA, ARGV[3])
return ARGV[3]`,
  },
  /**
   * Jobs at rest that never started although they had to by now, by that time, then id.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2), limit, time and id of the last job before, or two empty texts
   * Result   rows
   */
  overdue: {
    includes: ['store', 'counting', 'ties', 'lines', 'jobs', 'rows'],
    flags: ['no-writes'],
    text: `local limit, afterTime, afterId = tonumber(ARGV[3]), ARGV[4], ARGV[5]
local ids = {}

-- Those of a stretch of time that do not run, as many as are still wanted.
local function collect(least, greatest)
  local some = call('ZRANGEBYSCORE', STARTBY, least, greatest)
  for i = 1, #some do
    if #ids == limit then return end
    local isBehind = least ~= afterTime or some[i] > afterId
    if isBehind and sub(call('HGET', STATES, some[i]), 1, 1) ~= RUNNING then ids[#ids + 1] = some[i] end
  end
end

if afterTime == '' then
  collect('-inf', nowText)
elseif tonumber(afterTime) <= now then
  collect(afterTime, afterTime)
  collect('(' .. afterTime, nowText)
end
return rowsOf(ids)`,
  },
  /**
   * Pauses or resumes queues.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2), hints that may be told, number of requests; queue, 1 to pause, and who asks, of each
   * Result   { hints told and left to be told }
   */
  pause: {
    includes: ['store', 'hints', 'reader'],
    flags: [],
    text: `at = 3
for _ = 1, takeNumber() do
  local queue, isPaused, by = take(), take() == '1', take()
  if isPaused and call('HEXISTS', PAUSED, queue) == 0 then
    stamp()
    call('SADD', QUEUES, queue)
    call('HSET', PAUSED, queue, nowText .. '\\0' .. by)
    hint('c')
  elseif not isPaused and call('HDEL', PAUSED, queue) == 1 then
    stamp()
    hint('c')
    hint('r')
  end
end
return { tell() }`,
  },
  /**
   * Moves scheduled and retrying jobs whose time has come to ready, the earliest first.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2), hints that may be told, limit
   * Result   { how many, when the first is due that is not due yet or empty, hints told and left to be told }
   */
  promote: {
    includes: ['store', 'counting', 'ties', 'lines', 'jobs', 'hints'],
    flags: [],
    text: `local limit = tonumber(ARGV[4])
local ids = limit > 0 and call('ZRANGEBYSCORE', WAITING, '-inf', nowText, 'LIMIT', 0, limit) or {}
if #ids > 0 then
  stamp()
  hint('r')
  hint('c')
end
local texts = readMany(STATES, ids)
for i = 1, #ids do
  local job = parse(texts[i])
  move(ids[i], job, 'r', job.runAt)
  call('HSET', STATES, ids[i], 'r' .. sub(texts[i], 2))
end
flush()
local due = call('ZRANGEBYSCORE', WAITING, '(' .. nowText, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
return { #ids, due[2] or '', tell() }`,
  },
  /**
   * Removes finished jobs of one state, the oldest first.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2), hints that may be told, letter of the state, age, number of jobs kept, least age, limit
   * Result   { how many were removed, 1 when more are to be, hints told and left to be told }
   */
  prune: {
    includes: ['store', 'counting', 'ties', 'lines', 'jobs', 'hints'],
    flags: [],
    text: `local letter, age, kept = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local leastAge, limit = tonumber(ARGV[7]), tonumber(ARGV[8])
local index = FINISHED .. letter

local total, fields = 0, call('HGETALL', COUNTS)
for i = 1, #fields, 2 do
  if sub(fields[i], 1, 1) == letter then total = total + tonumber(fields[i + 1]) end
end
local surplus = total - kept
local ids = {}

-- Of so many jobs that ended at this time, and that are the oldest: how many are to go.
local function excess(at, jobs)
  if at > now - leastAge then return 0 end
  if at < now - age then return jobs end
  return math.max(0, math.min(jobs, surplus - #ids))
end

local more = false
while limit > 0 do
  local head = call('ZRANGE', index, 0, 0, 'WITHSCORES')
  local at = head[2]
  more = at ~= nil and excess(tonumber(at), 1) > 0
  if not more or #ids == limit then break end
  local members, some = call('ZRANGEBYSCORE', index, at, at, 'LIMIT', 0, MEMBERS), {}
  for i = 1, #members do splitIds(members[i], some) end
  table.sort(some)
  local gone = math.min(limit - #ids, excess(tonumber(at), #some))
  for i = 1, gone do ids[#ids + 1] = some[i] end
  callMany('ZREM', index, members)
  for first = gone + 1, #some, MEMBERS do
    call('ZADD', index, at, table.concat(some, '', first, math.min(first + MEMBERS - 1, #some)))
  end
end

if #ids > 0 then
  stamp()
  local jobs, texts = {}, readMany(STATES, ids)
  for i = 1, #ids do
    jobs[i] = parse(texts[i])
    count(letter, jobs[i].kind, -1)
  end
  forget(ids, jobs)
  hint('c')
end
flush()
return { #ids, more and 1 or 0, tell() }`,
  },
  /**
   * Writes documents, all or none.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2), number of writes, and these (documents.lua)
   * Result   for each write o and its new version, or, when nothing was written, f and the version that is there, or
   *          r: this one would have been written
   */
  putRecords: {
    includes: ['store', 'reader', 'documents'],
    flags: [],
    text: `at = 2
local writes = takeWrites(takeNumber())
if areExpected(writes) then
  local versions = writeDocuments(writes)
  for i = 1, #versions do versions[i] = 'o' .. versions[i] end
  return versions
end
local verdicts = {}
for i = 1, #writes do verdicts[i] = isExpected(writes[i]) and 'r' or 'f' .. int(writes[i].version) end
return verdicts`,
  },
  /**
   * Every queue, whether it is paused, and its lanes with the time at which their oldest job became due.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2)
   * Result   { queues, paused queues and since when NUL by whom in turn, queues of lanes and due times in turn }
   */
  queues: {
    includes: ['store'],
    flags: ['no-writes'],
    text: `local oldest = {}
for _, index in ipairs({ LANES, FAIRLANES }) do
  for _, lane in ipairs(call('ZRANGE', index, 0, -1)) do
    local head = call('ZRANGE', READY .. lane, 0, 0, 'WITHSCORES')
    table.insert(oldest, (match(lane, '^%d%z([^%z]*)%z')))
    table.insert(oldest, head[2])
  end
end
return { call('SMEMBERS', QUEUES), call('HGETALL', PAUSED), oldest }`,
  },
  /**
   * Fenced writes of running jobs beside their settlement.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2), hints that may be told, log lines that a job keeps at most, number of reports; each: id, fence,
   *          p or empty and a progress, k or empty and a checkpoint, number of lines; each: seq, and at NUL level NUL message
   * Result   { a letter for each report, hints told and left to be told }
   */
  report: {
    includes: ['store', 'counting', 'ties', 'lines', 'jobs', 'hints', 'reader'],
    flags: [],
    text: `-- A line is a member of a sorted set: fence and seq in a fixed width, so that its place tells its order.
local function place(fence, seq) return string.format('%016.0f%016.0f', tonumber(fence), tonumber(seq)) end

at = 3
local most, verdicts = takeNumber(), {}
for i = 1, takeNumber() do
  local id, fence = take(), take()
  local namesProgress, progress, namesCheckpoint, checkpoint = take(), take(), take(), take()
  local lines = takeNumber()
  local text = call('HGET', STATES, id)
  local job, verdict = underLease(text, fence)
  if job then
    verdict = 'o'
    stamp()
    hint('c')
    local flags = job.flags
    if namesProgress == 'p' then flags = writeNote(id, 'p', progress, flags, PROGRESS) end
    if namesCheckpoint == 'k' then flags = writeNote(id, 'k', checkpoint, flags, CHECKPOINT) end
    if flags ~= job.flags then call('HSET', STATES, id, sub(text, 1, 1) .. flags .. sub(text, 3)) end
    for n = 1, lines do
      local line = place(fence, ARGV[at + 2 * n - 1]) .. '\\0'
      local known = call('ZRANGEBYLEX', LOG .. id, '[' .. line, '[' .. line .. '\\255', 'LIMIT', 0, 1)
      if #known == 0 then call('ZADD', LOG .. id, 0, line .. ARGV[at + 2 * n]) end
    end
    if lines > 0 then call('ZREMRANGEBYRANK', LOG .. id, 0, -most - 1) end
  end
  at = at + 2 * lines
  verdicts[i] = verdict
end
return { table.concat(verdicts), tell() }`,
  },
  /**
   * Asks the holders of running jobs to stop; the first request of a run is kept.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2), hints that may be told, number of requests; id and request of each
   * Result   { a letter for each request, hints told and left to be told }
   */
  requestCancel: {
    includes: ['store', 'counting', 'ties', 'lines', 'jobs', 'hints', 'reader'],
    flags: [],
    text: `at = 3
local verdicts = {}
for i = 1, takeNumber() do
  local id, request = take(), take()
  local text = call('HGET', STATES, id)
  if not text then
    verdicts[i] = 'm'
  elseif sub(text, 1, 1) ~= RUNNING then
    verdicts[i] = 's'
  else
    verdicts[i] = 'o'
    hint('c')
    local flags = sub(text, 2, 2)
    if not has(flags, CANCEL) then
      stamp()
      call('HSET', NOTES, 'c' .. id, request)
      call('HSET', STATES, id, RUNNING .. with(flags, CANCEL, true) .. sub(text, 3))
    end
  end
end
return { table.concat(verdicts), tell() }`,
  },
  /**
   * Stores jobs as they are: finished ones, and ready ones that are to be run again.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2), hints that may be told, number of jobs; each: id, body, state, progress, checkpoint (each empty,
   *          or = and text), ties (empty, or as in ties.lua), number of log lines, the lines
   * Result   { a letter for each job: o ok, n known, k key taken; holders of the keys that were taken; hints told and
   *          left to be told }
   */
  restore: {
    includes: ['store', 'counting', 'ties', 'lines', 'jobs', 'hints', 'reader'],
    flags: [],
    text: `local holders = {}

-- Whether the job that is there has to give way.
local function isOlder(there, job)
  return isOver(there.letter) and tonumber(there.fence) < tonumber(job.fence)
end

local function store(id, body, text, progress, checkpoint, ties, lines)
  local job = parse(text)
  local before = call('HGET', STATES, id)
  if before and not isOlder(parse(before), job) then return 'n' end
  local letter, ms = match(ties, '^(%a) (%d*) ')
  local takesKey = job.key ~= '' and not isOver(job.letter) and letter ~= 't'
  if takesKey then
    local holder = keyHolder(sub(job.key, 2))
    if holder then
      table.insert(holders, holder)
      return 'k'
    end
  end
  stamp()
  if before then
    leave(id, parse(before))
    forget({ id }, { parse(before) })
  end
  call('HSET', BODIES, id, body)
  call('HSET', STATES, id, text)
  writeNote(id, 'p', progress, job.flags, PROGRESS)
  writeNote(id, 'k', checkpoint, job.flags, CHECKPOINT)
  call('SADD', QUEUES, job.queue)
  if byte(job.lane, #job.lane) ~= 0 then makeFair(job.queue) end
  call('ZADD', placeOf(job.letter, job.kind), 0, id)
  if job.key ~= '' then call('ZADD', KEY .. sub(job.key, 2), 0, id) end
  if job.ref ~= '' then call('ZADD', REF .. sub(job.ref, 2), 0, id) end
  for i = 1, #lines do call('ZADD', LOG .. id, 0, lines[i]) end
  if isOver(job.letter) then
    enterFinished(job.letter, { id }, job.finishedAt)
  else
    if takesKey then takeKey(sub(job.key, 2), id, letter or 'f', ms or '') end
    call('ZADD', READY .. job.lane, job.runAt, id)
    enterLane(job.lane)
    hint('r')
  end
  if ties ~= '' then
    local kept = keepTies(id, ties)
    -- A finished one was counted in its batch when it ended.
    if not isOver(job.letter) then
      if kept.batch then countBatch(kept.batch, nil, 'u') end
      if kept.due ~= '' and job.attempt == '0' then call('ZADD', STARTBY, kept.due, id) end
    end
  end
  count(job.letter, job.kind, 1)
  hint('c')
  return 'o'
end

at = 3
local verdicts = {}
for i = 1, takeNumber() do
  local id, body, text, progress, checkpoint, ties = take(), take(), take(), take(), take(), take()
  verdicts[i] = store(id, body, text, progress, checkpoint, ties, takeMany(takeNumber()))
end
flush()
return { table.concat(verdicts), holders, tell() }`,
  },
  /**
   * set-limits
   * Writes settings of limits, all or none.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2), hints that may be told, number of settings; of each: its gate (gates.lua, or G for groups), version
   *          expected or empty, limit of running jobs, claims and length of a rate, weight (each may be empty), who
   *          stopped it (empty, or = and text), by whom it is written
   * Result   { for each: o and the new version (0: removed), c and the version that is there, or r: it would have been
   *          written; hints told and left to be told }
   */
  setLimits: {
    includes: ['store', 'counting', 'ties', 'lines', 'hints', 'reader', 'gates'],
    flags: [],
    text: `at = 3
local writes, areExpected = {}, true
for i = 1, takeNumber() do
  local write = { gate = take(), expect = take(), concurrency = take(), max = take(), perMs = take() }
  write.weight, write.pausedBy, write.by = take(), take(), take()
  write.before = settingOf(write.gate)
  write.version = write.before and write.before.version or '0'
  write.fits = write.expect == '' or write.expect == write.version
  areExpected = areExpected and write.fits
  writes[i] = write
end

local answers = {}
if not areExpected then
  for i = 1, #writes do answers[i] = writes[i].fits and 'r' or 'c' .. writes[i].version end
  return { answers, ' ' }
end

-- The gates that a setting is about, of those in a sorted set.
local function gatesIn(index, gate)
  if sub(gate, 1, 1) ~= 'G' then return { gate } end
  local prefix, found = 'g' .. sub(gate, 2) .. '/', {}
  for _, one in ipairs(call('ZRANGE', index, 0, -1)) do
    if sub(one, 1, #prefix) == prefix then found[#found + 1] = one end
  end
  return found
end

for i = 1, #writes do
  local write, before, gate = writes[i], writes[i].before, writes[i].gate
  stamp()
  hint('r')
  local max, perMs = before and before.max or '', before and before.perMs or ''
  if max ~= (tonumber(write.max) or '') or perMs ~= (tonumber(write.perMs) or '') then
    for _, one in ipairs(gatesIn(RATES, gate)) do
      call('DEL', RATE .. one)
      call('ZREM', RATES, one)
    end
  end
  local queue, group = match(gate, '^g([^/]*)/(.*)$')
  -- A group that was stopped, say, has saved nothing up.
  if queue and call('HEXISTS', GROUPED, queue .. '\\0=' .. group) == 1 then
    catchUp({ queue = queue, of = queue .. '\\0=' .. group })
  end
  if write.concurrency .. write.max .. write.weight .. write.pausedBy == '' then
    call('HDEL', LIMITS, gate)
    answers[i] = 'o0'
  else
    local version, pausedAt = int(write.version + 1), ''
    if write.pausedBy ~= '' then pausedAt = before and before.pausedAt ~= '' and before.pausedAt or nowText end
    local numbers = { version, write.concurrency, write.max, write.perMs, write.weight, pausedAt }
    call('HSET', LIMITS, gate, table.concat(numbers, ' ') .. '\\0' .. write.pausedBy .. '\\0' .. write.by)
    answers[i] = 'o' .. version
  end
  for _, one in ipairs(gatesIn(OPENINGS, gate)) do release(one) end
end
flush()
return { answers, tell() }`,
  },
  /**
   * Workers that were heard of within their time to live.
   *
   * KEYS[1]  prefix
   * ARGV     clock (2)
   * Result   id, and time to live, first and last time NUL about, in turn
   */
  workers: {
    includes: ['store'],
    flags: ['no-writes'],
    text: `local ids = call('ZRANGEBYSCORE', PREFIX .. 'beats', '(' .. nowText, '+inf')
local about, out = readMany(PREFIX .. 'workers', ids), {}
for i = 1, #ids do
  table.insert(out, ids[i])
  table.insert(out, about[i])
end
return out`,
  },
} as const
