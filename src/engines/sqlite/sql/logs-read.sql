-- Log lines of a job. Parameters: id, then fence and seq after which to go on, limit.
-- Result: fence, seq, at, level, message.
select fence, seq, at, level, message from logs
where id = ? and (fence, seq) > (?, ?)
order by fence, seq
limit ?
