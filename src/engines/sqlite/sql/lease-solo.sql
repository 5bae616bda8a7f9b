-- Records the start of a job that is handed out alone. Parameters: now, id.
update running set attempt = attempt + 1, started_at = ?, started = 1 where id = ?
