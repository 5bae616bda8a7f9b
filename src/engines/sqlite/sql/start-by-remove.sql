-- A job started, or needs not start any more. Parameters: at, id.
delete from start_by where at = ? and id = ?
