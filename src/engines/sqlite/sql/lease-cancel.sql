-- Asks the holder of a lease to stop; the first request is kept. Parameters: request as JSON text, id.
update running set cancel = coalesce(cancel, ?) where id = ?
