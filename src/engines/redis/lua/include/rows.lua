-- Jobs as they travel to the caller: one text, NUL between all fields. Jobs that follow each other and differ in id and
-- body alone make a run: their number, the 14 fields of their state, end of the lease, progress, checkpoint, request to
-- cancel; then id and the 5 fields of the body of each.

-- Counting a list is a search in Lua: on paths for many jobs, its length is kept beside it, as `n`.
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
  return table.concat(out, '\0')
end
