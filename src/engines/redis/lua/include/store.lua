-- What every script begins with: the keys of the installation, its clock, and whole numbers as text.
--
-- KEYS[1] is the installation's prefix, `{posthaste}:`; every other key begins with it and so lies in the same slot.
-- ARGV[1] is the time that a test's clock gives, or empty; ARGV[2] is the latest time that the caller was told.

local PREFIX = KEYS[1]
local CLOCK = PREFIX .. 'clock'
-- id → what never changes of a job: retries allowed, options, tags, payload; NUL between them.
local BODIES = PREFIX .. 'bodies'
-- id → everything else; see jobs.lua.
local STATES = PREFIX .. 'states'
-- p, k or c, then id → progress, checkpoint, request to cancel; for the few jobs that have one.
local NOTES = PREFIX .. 'notes'
-- The letter of a state, then the kind → how many jobs.
local COUNTS = PREFIX .. 'counts'
-- The letter of a place, then the kind → ids, in their order. Serves lists.
local PLACE = PREFIX .. 'place:'
-- Lanes with claimable jobs by priority, and each lane's ids by due time.
local LANES = PREFIX .. 'lanes'
local READY = PREFIX .. 'ready:'
-- Scheduled and retrying jobs by due time.
local WAITING = PREFIX .. 'waiting'
-- Workers with running jobs by the end of the first of their leases, and each worker's ids by the end of the lease.
local HOLDERS = PREFIX .. 'holders'
local LEASES = PREFIX .. 'leases:'
-- The letter of a state → ids by the end of the job. Serves retention.
local FINISHED = PREFIX .. 'finished:'
-- Unique key → the unfinished job that holds it.
local KEYHOLDERS = PREFIX .. 'keyholders'
-- Every job that has this key, or this reference, finished or not. Serves lists.
local KEY = PREFIX .. 'key:'
local REF = PREFIX .. 'ref:'
local LOG = PREFIX .. 'log:'
local QUEUES = PREFIX .. 'queues'
-- Queue → since when and by whom it is paused.
local PAUSED = PREFIX .. 'paused'

local call = redis.call
local sub, find, match, byte, char = string.sub, string.find, string.match, string.byte, string.char

-- Lua would write a large number with an exponent and round it.
local function int(number) return string.format('%.0f', number) end

-- The time of this call, epoch ms: never earlier than what the store wrote or the caller was told before.
local now
if ARGV[1] == '' then
  local time = call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
else
  now = tonumber(ARGV[1])
end
now = math.max(now, tonumber(ARGV[2]), tonumber(call('GET', CLOCK) or '0'))
local nowText = int(now)

-- To be called before the first write: what is written at this time keeps the store from going back behind it.
local isStamped = false
local function stamp()
  if isStamped then return end
  isStamped = true
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
