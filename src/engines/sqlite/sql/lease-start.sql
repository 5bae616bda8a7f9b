-- Records that a handler began. Parameters: attempt, started_at, id, fence.
update running set attempt = ?, started_at = ?, started = 1 where id = ? and fence = ?
