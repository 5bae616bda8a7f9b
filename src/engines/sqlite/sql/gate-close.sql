-- Closes a gate. Parameters: opens_at or null, gate.
update gates set opens_at = ?, width = iif(width = 0, 0, 2) where gate = ?
