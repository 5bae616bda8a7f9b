-- Removes some of the documents that have expired. Parameters: now, limit. Index: records_by_expiry.
delete from records where rowid in (select rowid from records where expires_at <= ? limit ?)
