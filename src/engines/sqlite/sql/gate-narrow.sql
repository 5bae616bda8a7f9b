-- Nothing is behind a gate any more. Parameters: gate.
update gates set width = 0, opens_at = null where gate = ?
