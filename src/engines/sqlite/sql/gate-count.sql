-- Counts claims for the rate of a gate. Parameters: number, gate.
update gates set total = total + ? where gate = ?
