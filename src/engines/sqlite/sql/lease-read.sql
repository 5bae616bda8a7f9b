-- A lease. Parameters: id. Result: fence, has_notes, cancel.
select fence, has_notes, cancel from running where id = ?
