-- Takes a job from the claimable ones. Parameters: lane, priority, run_at, id.
delete from ready where lane = ? and priority = ? and run_at = ? and id = ?
