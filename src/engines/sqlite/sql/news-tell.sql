-- Tells of a job or a batch. Parameters: topic, id, seq.
insert or replace into news (topic, id, seq) values (?, ?, ?)
