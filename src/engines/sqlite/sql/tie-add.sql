-- Binds a job. Parameters: target, id.
insert into ties (target, id) values (?, ?)
