-- Takes a job from the finished ones. Parameters: kind, state, id.
delete from finished where kind = ? and state = ? and id = ?
