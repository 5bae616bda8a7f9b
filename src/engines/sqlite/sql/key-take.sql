-- Gives a unique key to a job, whoever had it. Parameters: key, id, until, expires_at.
insert or replace into keys (key, id, until, expires_at) values (?, ?, ?, ?)
