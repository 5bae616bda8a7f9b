-- Jobs as they travel to the caller: one text, NUL between all fields, 23 fields a job:
-- id, the 4 of its body, the 14 of its state, end of its lease, progress, checkpoint, request to cancel.

-- Counting a list is a search in Lua: on paths for many jobs, its length is kept beside it, as `n`.
local function addRow(out, id, body, text, leaseUntil, progress, checkpoint, cancel)
  local n = out.n or 0
  out[n + 1], out[n + 2], out[n + 3], out[n + 4] = id, body, text, leaseUntil
  out[n + 5], out[n + 6], out[n + 7] = progress, checkpoint, cancel
  out.n = n + 7
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
  return table.concat(out, '\0')
end
