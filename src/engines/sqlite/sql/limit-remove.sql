-- Removes a setting. Parameters: scope, name.
delete from limits where scope = ? and name = ?
