-- Log lines of jobs. Parameters: ids. Result: id, fence, seq, at, level, message.
select id, fence, seq, at, level, message from posthaste.logs where id = any ($1::uuid[]) order by id, fence, seq
