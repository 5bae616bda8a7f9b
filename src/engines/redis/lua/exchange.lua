-- The one hot call of a worker: settle, start, renew, claim, in this order.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), hints that may be told, `=` and the worker or empty, greatest number of unknown jobs to answer;
--          first successes, number of other settlements and these, starts (settling.lua);
--          1 when leases are renewed, and the renewal;
--          1 when jobs are claimed, and: limit, length of leases, l for queues in the listed order or m for merged,
--          number of queues (-1: any) and their names, number of tasks (-1: any) and their names
-- Result   { now, verdicts of the first successes, of the other settlements, of the starts, of the renewals, rows of
--          unknown jobs, rows of claimed jobs, 1 when claimable jobs were left behind, when the earliest waiting job
--          is due, or a rate opens for one that is ready, or empty, hints told and left to be told }

-- include store
-- include counting
-- include ties
-- include lines
-- include jobs
-- include rows
-- include hints
-- include reader
-- include documents
-- include adding
-- include settling
-- include gates
-- include cursors
-- include walking
-- include claiming

at = 3
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
return { nowText, plain, table.concat(settled), started, renewed, unknown, jobs, more, due or '', tell() }
