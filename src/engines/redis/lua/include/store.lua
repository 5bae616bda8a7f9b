-- What every script begins with: the keys of the installation, its clock, and whole numbers as text.
--
-- A server that knows functions (Redis 7) makes all of these once, when the library is loaded, and not anew for every
-- call. So nothing here may remember anything from call to call but what `begin` sets: see scripts.ts.
--
-- The only key given is the installation's prefix, `{posthaste}:`; every other key begins with it and so lies in the same
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

-- While a library is being loaded nothing of this is there: `begin` fetches it.
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
