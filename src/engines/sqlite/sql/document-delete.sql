-- Removes a document. Parameters: collection, key.
delete from records where collection = ? and key = ?
