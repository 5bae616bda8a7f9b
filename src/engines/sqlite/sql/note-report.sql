-- Notes the progress or the checkpoint of a running job. Parameters: id, progress, checkpoint, and for each of the two
-- whether it is given.
insert into notes (id, retries, crashes, progress, checkpoint) values (:id, 0, 0, :progress, :checkpoint)
on conflict do update set
  progress = iif(:has_progress, excluded.progress, progress),
  checkpoint = iif(:has_checkpoint, excluded.checkpoint, checkpoint)
