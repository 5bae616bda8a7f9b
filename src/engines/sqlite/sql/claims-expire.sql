-- Removes some of the claims that no rate counts any more. Parameters: now, limit. Index: claims_by_expiry.
delete from claims where (gate, at) in (select gate, at from claims where expires_at <= ? limit ?)
