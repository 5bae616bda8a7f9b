-- Forgets all but the newest log lines of a job. Parameters: id, how many are kept.
delete from logs
where id = :id and (fence, seq) in (
  select fence, seq from logs where id = :id order by fence desc, seq desc limit -1 offset :keep
)
