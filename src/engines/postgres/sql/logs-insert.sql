-- Stores log lines; a line that is there stays as it came first. Parameters: arrays of ids, fences, seqs, at,
-- levels, messages.
insert into posthaste.logs (id, fence, seq, at, level, message)
select * from unnest($1::uuid[], $2::integer[], $3::bigint[], $4::bigint[], $5::text[], $6::text[])
on conflict (id, fence, seq) do nothing
