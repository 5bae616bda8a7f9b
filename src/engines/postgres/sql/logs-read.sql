-- Log lines of a job. Parameters: id, then fence and seq after which to go on, limit. Result: fence, seq, at, level,
-- message.
select fence, seq, at, level, message from posthaste.logs
where id = $1 and (fence, seq) > ($2::bigint, $3::bigint)
order by fence, seq
limit $4
