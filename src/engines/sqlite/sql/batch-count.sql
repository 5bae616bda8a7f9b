-- Counts jobs of a batch. Parameters: batch, and what is added to unfinished, completed, cancelled, dead, removed.
insert into batches (batch, unfinished, completed, cancelled, dead, removed) values (?, ?, ?, ?, ?, ?)
on conflict do update set
  unfinished = unfinished + excluded.unfinished, completed = completed + excluded.completed,
  cancelled = cancelled + excluded.cancelled, dead = dead + excluded.dead, removed = removed + excluded.removed
