-- Notes when a job has to start. Parameters: at, id.
insert or ignore into start_by (at, id) values (?, ?)
