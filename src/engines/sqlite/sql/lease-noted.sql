-- Remembers that a running job has notes. Parameters: id.
update running set has_notes = 1 where id = ?
